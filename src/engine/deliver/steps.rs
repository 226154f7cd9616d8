//! What a step does. Each can be done twice.

use std::path::Path;
use std::sync::Arc;

use chrono::SecondsFormat;

use super::disk::Disk;
use super::group::{commands, keeps_first, writes};
use super::together::Verdict;
use super::{Mark, Work};
use crate::command::{self, Environment, Run};
use crate::config::{self, Install, hook_key};
use crate::delivery::targets::{Format, Target};
use crate::engine::EngineError;
use crate::engine::journal::Journal;
use crate::lifecycle::delivery::{Kind, Outcome, Step, Wanted};

/// What a hook is told to have been called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    Check,
    Reload,
    Deploy,
    Failure,
}

impl Occasion {
    fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Reload => "reload",
            Self::Deploy => "deploy",
            Self::Failure => "failure",
        }
    }
}

impl Work<'_> {
    /// Does a step, or in a run with the stand-in says what it would do. `None`: it is asked to do nothing new.
    pub(super) async fn perform(
        &mut self,
        place: usize,
        step: Step,
        wanted: &Wanted,
    ) -> Result<Option<Vec<Mark>>, EngineError> {
        let one = |outcome| {
            Ok(Some(vec![Mark {
                place,
                step,
                outcome,
            }]))
        };
        if self.settings.config.pretend {
            self.pretend(place, step).await?;
            return one(Outcome::Done);
        }
        if self.row(place).kind == Kind::Install {
            return Ok(self.install(place, step, wanted).await);
        }
        *self.alone = None;
        match self.row(place).kind {
            Kind::Deploy | Kind::Failure => match self.hook(place, wanted).await? {
                Some(outcome) => one(outcome),
                // A stop came while it waited for its turn.
                None => Ok(None),
            },
            Kind::Cloud => {
                let _slot = self.engine.together.slot().await;
                one(self.cloud(place, step, wanted).await?)
            }
            Kind::Install | Kind::Verify => {
                let _slot = self.engine.together.slot().await;
                one(self.look(place, wanted).await)
            }
        }
    }

    async fn install(&mut self, place: usize, step: Step, wanted: &Wanted) -> Option<Vec<Mark>> {
        let Some(install) = self.install_of(place) else {
            let outcome = Outcome::Failed("the config no longer has this target".to_owned());
            return Some(vec![Mark {
                place,
                step,
                outcome,
            }]);
        };
        if self.is_alone() && self.alone.is_none() {
            *self.alone = Some(command::turn(self.all_commands()).await);
        }
        // A stop may have come while it waited.
        if self.engine.is_yielding() {
            return None;
        }
        if matches!(step, Step::Check | Step::Reload | Step::ReloadOld) {
            return self.tell_server(place, install, step, wanted).await;
        }
        let turn = match &self.alone {
            None if writes(step) => Some(command::turn(commands(install).all()).await),
            _ => None,
        };
        let _slot = self.engine.together.slot().await;
        let outcome = self.on_disk(place, install, step, wanted, turn).await;
        Some(vec![Mark {
            place,
            step,
            outcome,
        }])
    }

    /// Check and reload, or the reload alone, for every target with the same commands that is as far.
    async fn tell_server(
        &self,
        place: usize,
        install: &Install,
        step: Step,
        wanted: &Wanted,
    ) -> Option<Vec<Mark>> {
        let places = self.same(place, step, install);
        let mut round = commands(install);
        if step != Step::Check {
            round.check = None;
        }
        let verdict = if self.alone.is_some() {
            let _slot = self.engine.together.slot().await;
            self.ask_server(install, step, vec![self.known.domain.clone()], wanted)
                .await
        } else {
            let clock = &*self.engine.environment.clock;
            let domain = &self.known.domain;
            let ask = |domains| self.ask_server(install, step, domains, wanted);
            let together = &self.engine.together;
            let is_yielding = || self.engine.is_yielding();
            together
                .round(
                    round,
                    domain,
                    (self.settle(install), clock),
                    is_yielding,
                    ask,
                )
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
        step: Step,
        domains: Vec<String>,
        wanted: &Wanted,
    ) -> Verdict {
        let told = |command, occasion| self.told(install, command, occasion, (&domains, wanted));
        let check = match step {
            Step::Check => told(install.check.as_ref(), Occasion::Check).await,
            _ => Ok(()),
        };
        let reload = match check {
            Ok(()) => Some(told(install.reload.as_ref(), Occasion::Reload).await),
            Err(_) => None,
        };
        Verdict { check, reload }
    }

    /// What a verdict is to one row. Before the first delivery there is nothing to go back to: the files stay.
    async fn marks(&self, place: usize, step: Step, verdict: &Verdict) -> Vec<Mark> {
        let mut marks = Vec::new();
        let asked = (step == Step::Check).then_some((Step::Check, &verdict.check));
        let next = match step {
            Step::ReloadOld => Step::ReloadOld,
            _ => Step::Reload,
        };
        let told = verdict.reload.as_ref().map(|reload| (next, reload));
        for (step, outcome) in asked.into_iter().chain(told) {
            let outcome = match outcome {
                Ok(()) => Outcome::Done,
                Err(reason) if step != Step::ReloadOld && self.is_first(place).await => {
                    Outcome::NotYet(reason.clone())
                }
                Err(reason) => Outcome::Failed(reason.clone()),
            };
            marks.push(Mark {
                place,
                step,
                outcome,
            });
        }
        marks
    }

    /// Whether nothing was there before this target's files.
    async fn is_first(&self, place: usize) -> bool {
        let Some(install) = self.install_of(place) else {
            return false;
        };
        let state_dir = &self.settings.config.state_dir;
        let key = &self.row(place).target;
        let target = target(install, &self.known.domain, state_dir, key);
        let beside = self.engine.environment.beside;
        let found = beside.block(move || target.has_saved()).await;
        // What can't be looked at is put back the usual way, which says why.
        !found.unwrap_or(true)
    }

    /// Runs a target's command; done where it has none.
    async fn told(
        &self,
        install: &Install,
        command: Option<&Vec<String>>,
        occasion: Occasion,
        (domains, wanted): (&[String], &Wanted),
    ) -> Result<(), String> {
        let Some(command) = command else {
            return Ok(());
        };
        let names = domains.join(" ");
        let environment = self
            .environment(occasion, wanted)
            .with("EVERCERT_DOMAINS", &names)
            .with("RENEWED_DOMAINS", &names);
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
        step: Step,
        wanted: &Wanted,
        turn: Option<command::Turn>,
    ) -> Outcome {
        let row = self.row(place);
        let disk = Disk {
            target: target(
                install,
                &self.known.domain,
                &self.settings.config.state_dir,
                &row.target,
            ),
            live: Arc::clone(&self.engine.environment.live),
            domain: self.known.domain.clone(),
            wanted: wanted.clone(),
            forced: row.forced,
            keeps_first: keeps_first(row),
        };
        let beside = self.engine.environment.beside;
        let folder = folder(install).to_owned();
        // What hangs and is given up may still write later: until then nobody else's turn begins.
        let work = move || {
            let _turn = turn;
            disk.perform(step)
        };
        let done = beside.block_at(&folder, work).await;
        done.flatten().unwrap_or_else(Outcome::Failed)
    }

    /// Runs a hook. What it wrote is kept in the history of each run, also of one that a crash has begun anew.
    async fn hook(&self, place: usize, wanted: &Wanted) -> Result<Option<Outcome>, EngineError> {
        let row = self.row(place);
        let hooks = &self.certificate.targets.hooks;
        let (commands, occasion) = match row.kind {
            Kind::Failure => (&hooks.failure, Occasion::Failure),
            _ => (&hooks.deploy, Occasion::Deploy),
        };
        let found = commands
            .iter()
            .find(|command| hook_key(row.kind.name(), command) == row.target);
        let Some(command) = found else {
            let reason = "the config no longer has this hook".to_owned();
            return Ok(Some(Outcome::Failed(reason)));
        };
        let mut environment = self.environment(occasion, wanted);
        if let (Occasion::Failure, Some(reason)) = (occasion, &row.task) {
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
                let event = self.ran(place, &ran.output, wanted);
                let mut journal = Journal::default();
                journal.add(event);
                journal.write(self.engine.store(), self.now()).await?;
                Ok(Some(Outcome::Done))
            }
            Err(error) => Ok(Some(Outcome::Failed(error.to_string()))),
        }
    }

    /// What a command is told: all that is known of the certificate, and certbot's own names for it. No secret.
    fn environment(&self, occasion: Occasion, wanted: &Wanted) -> Environment {
        let domain = &self.known.domain;
        let environment = Environment::default()
            .with("EVERCERT_EVENT", occasion.name())
            .with("EVERCERT_DOMAIN", domain);
        if self.known.wanted.is_none() {
            return environment;
        }
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
            .with("RENEWED_DOMAINS", domain)
            .with("EVERCERT_DOMAINS", domain)
    }
}

/// The files of a target, and where what they held before is saved. `key` is the target's own ([`Install::key`]).
pub fn target(install: &Install, domain: &str, state_dir: &std::path::Path, key: &str) -> Target {
    Target {
        format: match &install.format {
            config::Format::Pem { cert, key, chain } => Format::Pem {
                cert: cert.clone(),
                key: key.clone(),
                chain: chain.clone(),
            },
            config::Format::Combined { file } => Format::Combined { file: file.clone() },
            config::Format::Pkcs12 {
                file,
                password_file,
                alias,
            } => Format::Pkcs12 {
                file: file.clone(),
                password_file: password_file.clone(),
                alias: alias.clone().unwrap_or_else(|| domain.to_owned()),
            },
        },
        owner: install.owner.clone(),
        group: install.group.clone(),
        mode: install.mode,
        create_folders: install.create_folders,
        saved: state_dir.join("undo").join(domain).join(key),
    }
}

/// Where a target's files are.
fn folder(install: &Install) -> &Path {
    let file = match &install.format {
        config::Format::Pem { cert, .. } => cert,
        config::Format::Combined { file } | config::Format::Pkcs12 { file, .. } => file,
    };
    file.parent().unwrap_or(file)
}
