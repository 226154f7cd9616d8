//! What a step does. Each can be done twice.

use std::sync::Arc;

use chrono::SecondsFormat;

use super::Work;
use crate::command::{self, Environment, Run};
use crate::config::{self, Install, hook_key};
use crate::delivery::targets::{Format, Found, Target, TargetError};
use crate::delivery::{Live, LiveError};
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
    /// Does a step, or in a run with the stand-in says what it would do.
    pub(super) async fn perform(
        &self,
        place: usize,
        step: Step,
        wanted: &Wanted,
    ) -> Result<Outcome, EngineError> {
        if self.settings.config.pretend {
            self.pretend(place, step).await?;
            return Ok(Outcome::Done);
        }
        Ok(match self.row(place).kind {
            Kind::Install => self.install(place, step, wanted).await,
            Kind::Deploy | Kind::Failure => self.hook(place, wanted).await?,
            Kind::Verify => self.look(place, wanted).await,
            Kind::Cloud => return self.cloud(place, step, wanted).await,
        })
    }

    async fn install(&self, place: usize, step: Step, wanted: &Wanted) -> Outcome {
        let key = &self.row(place).target;
        let installs = &self.certificate.targets.install;
        let Some(install) = installs.iter().find(|install| install.key() == *key) else {
            return Outcome::Failed("the config no longer has this target".to_owned());
        };
        match step {
            Step::Check => {
                self.told(install, install.check.as_ref(), Occasion::Check, wanted)
                    .await
            }
            Step::Reload | Step::ReloadOld => {
                self.told(install, install.reload.as_ref(), Occasion::Reload, wanted)
                    .await
            }
            _ => self.on_disk(place, install, step, wanted).await,
        }
    }

    /// Runs a target's command; done where it has none.
    async fn told(
        &self,
        install: &Install,
        command: Option<&Vec<String>>,
        occasion: Occasion,
        wanted: &Wanted,
    ) -> Outcome {
        let Some(command) = command else {
            return Outcome::Done;
        };
        let run = Run::new(command, self.environment(occasion, wanted), install.timeout);
        match command::run(run, &*self.engine.environment.clock).await {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed(format!("{}: {error}", occasion.name())),
        }
    }

    async fn on_disk(
        &self,
        place: usize,
        install: &Install,
        step: Step,
        wanted: &Wanted,
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
        };
        let beside = self.engine.environment.beside;
        let done = beside.block(move || disk.perform(step)).await;
        done.flatten().unwrap_or_else(Outcome::Failed)
    }

    /// Runs a hook. What it wrote is kept in the history of each run, also of one that a crash has begun anew.
    async fn hook(&self, place: usize, wanted: &Wanted) -> Result<Outcome, EngineError> {
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
            return Ok(Outcome::Failed(reason));
        };
        let mut environment = self.environment(occasion, wanted);
        if let (Occasion::Failure, Some(reason)) = (occasion, &row.task) {
            environment = environment.with("EVERCERT_ERROR", reason);
        }
        let run = Run::new(command, environment, hooks.timeout);
        match command::run(run, &*self.engine.environment.clock).await {
            Ok(ran) => {
                let event = self.ran(place, &ran.output, wanted);
                let mut journal = Journal::default();
                journal.add(event);
                journal.write(self.engine.store(), self.now()).await?;
                Ok(Outcome::Done)
            }
            Err(error) => Ok(Outcome::Failed(error.to_string())),
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

/// A step on the disk, to be done where blocking is allowed.
struct Disk {
    target: Target,
    live: Arc<Live>,
    domain: String,
    wanted: Wanted,
    forced: bool,
}

impl Disk {
    fn perform(&self, step: Step) -> Result<Outcome, String> {
        let failed = |error: TargetError| error.to_string();
        match step {
            Step::Save => return self.save(),
            Step::Inspect => return self.inspect(),
            Step::Write => self.target.write(&self.material()?).map_err(failed)?,
            Step::Restore => self.target.restore().map_err(failed)?,
            _ => {}
        }
        Ok(Outcome::Done)
    }

    fn save(&self) -> Result<Outcome, String> {
        let failed = |error: TargetError| error.to_string();
        if let Some(foreign) = self.foreign()?.filter(|_| !self.forced) {
            return Ok(foreign);
        }
        // What was saved before the same files were written once is what there is to go back to.
        if !self.target.holds(&self.material()?).map_err(failed)? {
            self.target.save().map_err(failed)?;
        }
        Ok(Outcome::Done)
    }

    fn inspect(&self) -> Result<Outcome, String> {
        if let Some(foreign) = self.foreign()? {
            return Ok(foreign);
        }
        let seen = match self.target.found().map_err(|error| error.to_string())? {
            Found::Opaque => return Ok(Outcome::Done),
            Found::Certificate { fingerprint, .. } if fingerprint == self.wanted.fingerprint => {
                return Ok(Outcome::Done);
            }
            Found::Certificate { fingerprint, .. } => fingerprint,
            Found::Nothing => "none".to_owned(),
        };
        Ok(Outcome::Wrong {
            seen,
            not_after: None,
            reason: "its files are no longer what was written".to_owned(),
        })
    }

    /// Somebody else's certificate for the same name that ends later than ours.
    fn foreign(&self) -> Result<Option<Outcome>, String> {
        let Found::Certificate {
            fingerprint,
            not_after,
            names,
        } = self.target.found().map_err(|error| error.to_string())?
        else {
            return Ok(None);
        };
        let newer = not_after > self.wanted.not_after && names.contains(&self.domain);
        if !newer || fingerprint == self.wanted.fingerprint || self.is_ours(&fingerprint)? {
            return Ok(None);
        }
        let reason = format!(
            "somebody else put a certificate there that ends later than ours ({}); it is left; \
             `evercert deploy {}` replaces it",
            not_after.format("%Y-%m-%d"),
            self.domain
        );
        Ok(Some(Outcome::Foreign {
            seen: fingerprint,
            reason,
        }))
    }

    fn is_ours(&self, fingerprint: &str) -> Result<bool, String> {
        let found = self.live.material(&self.domain, fingerprint);
        Ok(found.map_err(|error| error.to_string())?.is_some())
    }

    fn material(&self) -> Result<crate::delivery::Material, String> {
        let found: Result<_, LiveError> =
            self.live.material(&self.domain, &self.wanted.fingerprint);
        found
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "the archive no longer has this certificate".to_owned())
    }
}
