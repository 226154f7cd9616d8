//! What a step does. Each can be done twice.

use crate::words::words;
use std::path::Path;
use std::sync::Arc;

use chrono::SecondsFormat;

use super::disk::Disk;
use super::group::writes;
use super::targets::commands;
use super::together::Verdict;
use super::work::Work;
use crate::command::{self, Environment, Run};
use crate::config::{Install, hook_key};
use crate::delivery::targets::Target;
use crate::engine::journal::Journal;
use crate::files::Waiter;
use crate::lifecycle::delivery::{
    DeliveryOutcome, DeliveryStep, InstallStage, Mark, State, TargetKind, Wanted,
};
use crate::store::StoreError;

words! {
    /// What a hook is told to have been called for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Occasion {
        Check = "check",
        Reload = "reload",
        Deploy = "deploy",
        Failure = "failure",
    }
}

impl Work<'_> {
    /// Does a step, or in a run with the stand-in says what it would do. `None`: it is asked to do nothing new.
    pub(super) async fn perform(
        &mut self,
        place: usize,
        step: DeliveryStep,
    ) -> Result<Option<Vec<Mark>>, StoreError> {
        let kind = self.row(place).kind();
        let outcome = match (kind, self.known.wanted.clone()) {
            // What is served is looked at there too: the sandbox serves it.
            _ if self.settings.config.pretend && kind != TargetKind::Verify => {
                self.pretend(place, step).await?;
                Some(DeliveryOutcome::Done)
            }
            (TargetKind::Install, Some(wanted)) => {
                return Ok(self.install(place, step, &wanted).await);
            }
            (TargetKind::Deploy | TargetKind::Failure, _) => {
                self.alone = None;
                self.hook(place).await?
            }
            (TargetKind::Cloud, Some(wanted)) => {
                self.alone = None;
                let _slot = self.engine.together.slot().await;
                Some(self.cloud(place, step, &wanted).await?)
            }
            (TargetKind::Verify, Some(wanted)) => {
                self.alone = None;
                let _slot = self.engine.together.slot().await;
                Some(self.look(place, &wanted).await)
            }
            // Before the first certificate only the hooks for failures have a step.
            (_, None) => None,
        };
        Ok(outcome.map(|outcome| vec![self.mark(place, step, outcome)]))
    }

    async fn install(
        &mut self,
        place: usize,
        step: DeliveryStep,
        wanted: &Wanted,
    ) -> Option<Vec<Mark>> {
        let Some(install) = self.install_of(place) else {
            let outcome =
                DeliveryOutcome::Failed("the config no longer has this target".to_owned());
            return Some(vec![self.mark(place, step, outcome)]);
        };
        if self.is_alone() && self.alone.is_none() {
            self.alone = Some(command::turn(self.all_commands()).await);
        }
        // A stop may have come while it waited.
        if self.engine.is_yielding() {
            return None;
        }
        if matches!(
            step,
            DeliveryStep::Check | DeliveryStep::Reload | DeliveryStep::ReloadOld
        ) {
            return self.tell_server(place, install, step).await;
        }
        let _turn = match &self.alone {
            None if writes(step) => Some(command::turn(commands(install).all()).await),
            _ => None,
        };
        let _slot = self.engine.together.slot().await;
        let outcome = self.on_disk(place, install, step, wanted).await;
        Some(vec![self.mark(place, step, outcome)])
    }

    /// Check and reload, or the reload alone, for every target with the same commands that is as far.
    async fn tell_server(
        &self,
        place: usize,
        install: &Install,
        step: DeliveryStep,
    ) -> Option<Vec<Mark>> {
        let places = self.same(place, step, install);
        let mut round = commands(install);
        if step != DeliveryStep::Check {
            round.check = None;
        }
        let domain = &self.known.domain;
        let ask = |domains: Vec<String>| self.ask_server(install, step, domains);
        let together = &self.engine.together;
        let verdict = if self.alone.is_some() {
            let _slot = together.slot().await;
            ask(vec![domain.clone()]).await
        } else {
            let pace = (self.settle_time(install), &*self.engine.environment.clock);
            let is_yielding = || self.engine.is_yielding();
            together
                .round(round, domain, pace, is_yielding, ask)
                .await?
        };
        let mut marks = Vec::new();
        for place in places {
            marks.extend(self.marks(place, step, &verdict).await);
        }
        Some(marks)
    }

    /// Runs the check, unless that was done before, and the reload if the server would take the files.
    async fn ask_server(
        &self,
        install: &Install,
        step: DeliveryStep,
        domains: Vec<String>,
    ) -> Verdict {
        let names = domains.join(" ");
        let told = |command, occasion| self.told(install, command, occasion, &names);
        let check = match step {
            DeliveryStep::Check => told(install.check.as_ref(), Occasion::Check).await,
            _ => Ok(()),
        };
        let reload = match check {
            Ok(()) => Some(told(install.reload.as_ref(), Occasion::Reload).await),
            Err(_) => None,
        };
        Verdict { check, reload }
    }

    /// What a verdict is to one row. Before the first delivery there is nothing to go back to: the files stay.
    async fn marks(&self, place: usize, step: DeliveryStep, verdict: &Verdict) -> Vec<Mark> {
        let mut marks = Vec::new();
        let asked = (step == DeliveryStep::Check).then_some((DeliveryStep::Check, &verdict.check));
        let next = match step {
            DeliveryStep::ReloadOld => DeliveryStep::ReloadOld,
            _ => DeliveryStep::Reload,
        };
        let told = verdict.reload.as_ref().map(|reload| (next, reload));
        for (step, outcome) in asked.into_iter().chain(told) {
            let outcome = match outcome {
                Ok(()) => DeliveryOutcome::Done,
                Err(reason) if step != DeliveryStep::ReloadOld && self.is_first(place).await => {
                    DeliveryOutcome::NotYet(reason.clone())
                }
                Err(reason) => DeliveryOutcome::Failed(reason.clone()),
            };
            marks.push(self.mark(place, step, outcome));
        }
        marks
    }

    /// Whether nothing was there before this target's files.
    async fn is_first(&self, place: usize) -> bool {
        let Some(install) = self.install_of(place) else {
            return false;
        };
        let target = self.target(install);
        let beside = self.engine.environment.concurrency;
        let found = beside.block(move || target.has_saved()).await;
        // What can't be looked at is put back the usual way, which says why.
        !found.unwrap_or(true)
    }

    fn target(&self, install: &Install) -> Target {
        Target::new(install, &self.known.domain, &self.settings.config.state_dir)
    }

    /// Runs a target's command; done where it has none.
    async fn told(
        &self,
        install: &Install,
        command: Option<&Vec<String>>,
        occasion: Occasion,
        names: &str,
    ) -> Result<(), String> {
        let Some(command) = command else {
            return Ok(());
        };
        let environment = self.environment(occasion, names);
        let run = Run::new(command, environment, install.timeout);
        command::run(run, &*self.engine.environment.clock)
            .await
            .map(drop)
            .map_err(|error| format!("{}: {error}", occasion.name()))
    }

    async fn on_disk(
        &self,
        place: usize,
        install: &Install,
        step: DeliveryStep,
        wanted: &Wanted,
    ) -> DeliveryOutcome {
        let State::Install(state) = &self.row(place).state else {
            return DeliveryOutcome::Failed("it is no copy for a server".to_owned());
        };
        let waiter = Waiter::default();
        let disk = Disk {
            target: self.target(install),
            live: Arc::clone(&self.engine.environment.live),
            domain: self.known.domain.clone(),
            wanted: wanted.clone(),
            now: self.now(),
            forced: state.forced,
            is_proven: self.known.is_proven(self.row(place)),
            // Where they can't be put back to anything, they stay.
            keeps_first: state.stage == InstallStage::UndoingAll,
            awaited: waiter.awaited(),
        };
        let beside = self.engine.environment.concurrency;
        let folder = folder(install).to_owned();
        // What hangs is given up with the waiter and places nothing any more, so the commands' turn need not wait for it.
        let done = beside.block_at(&folder, move || disk.perform(step)).await;
        drop(waiter);
        done.flatten().unwrap_or_else(DeliveryOutcome::Failed)
    }

    /// Runs a hook. What it wrote is kept in the history of each run, also of one that a crash has begun anew.
    async fn hook(&self, place: usize) -> Result<Option<DeliveryOutcome>, StoreError> {
        let row = self.row(place);
        let hooks = &self.certificate.targets.hooks;
        let (commands, occasion, failed) = match &row.state {
            State::Failure(hook) => (&hooks.failure, Occasion::Failure, hook.reason.as_deref()),
            _ => (&hooks.deploy, Occasion::Deploy, None),
        };
        let is_it = |command: &&Vec<String>| hook_key(row.kind().name(), command) == row.target;
        let Some(command) = commands.iter().find(is_it) else {
            let reason = "the config no longer has this hook".to_owned();
            return Ok(Some(DeliveryOutcome::Failed(reason)));
        };
        let mut environment = self.environment(occasion, &self.known.domain);
        if let Some(reason) = failed {
            environment = environment.with("EVERCERT_ERROR", reason);
        }
        let run = Run::new(command, environment, hooks.timeout);
        let _turn = command::turn([command.as_slice()]).await;
        let _slot = self.engine.together.slot().await;
        if self.engine.is_yielding() {
            return Ok(None);
        }
        match command::run(run, &*self.engine.environment.clock).await {
            Ok(ran) => {
                let event = self.ran(place, &ran.output);
                let mut journal = Journal::default();
                journal.add(event);
                journal.write(self.engine.store(), self.now()).await?;
                Ok(Some(DeliveryOutcome::Done))
            }
            Err(error) => Ok(Some(DeliveryOutcome::Failed(error.to_string()))),
        }
    }

    /// What a command is told: all that is known of the certificate, the names that it is run for, and certbot's own names
    /// for both. No secret.
    fn environment(&self, occasion: Occasion, names: &str) -> Environment {
        let domain = &self.known.domain;
        let environment = Environment::default()
            .with("EVERCERT_EVENT", occasion.name())
            .with("EVERCERT_DOMAIN", domain);
        let Some(wanted) = &self.known.wanted else {
            return environment;
        };
        let live = self.settings.config.state_dir.join("live").join(domain);
        let file = |name: &str| live.join(name).display().to_string();
        environment
            .with("EVERCERT_LIVE", live.display().to_string())
            .with("EVERCERT_CERT", file("cert.pem"))
            .with("EVERCERT_CHAIN", file("chain.pem"))
            .with("EVERCERT_FULLCHAIN", file("fullchain.pem"))
            .with("EVERCERT_KEY", file("privkey.pem"))
            .with("EVERCERT_FINGERPRINT", &wanted.fingerprint)
            .with(
                "EVERCERT_NOT_AFTER",
                wanted.not_after.to_rfc3339_opts(SecondsFormat::Secs, true),
            )
            .with(
                "EVERCERT_CERTIFICATE_ID",
                self.known.certificate_id.clone().unwrap_or_default(),
            )
            .with("RENEWED_LINEAGE", live.display().to_string())
            .with("RENEWED_DOMAINS", names)
            .with("EVERCERT_DOMAINS", names)
    }
}

/// Where a target's files are.
fn folder(install: &Install) -> &Path {
    let file = install.format.files()[0];
    file.parent().unwrap_or(file)
}
