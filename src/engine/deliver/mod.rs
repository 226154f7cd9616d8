//! From installed to served: one certificate's targets, each by its own row.
//!
//! Deliveries run beside passes, one certificate at a time each, so that a command that hangs keeps nobody else waiting.
//! Every outcome is recorded before the next step; dropping a delivery at any await ends its command, and the step it
//! fell into is done again.
//!
//! - `steps`: what a step does;
//! - `disk`: the steps on the disk;
//! - `together`: what is due together is written first, then checked and reloaded once;
//! - `group`: which of the config's targets share commands;
//! - `cloud`: the calls that moving cloud resources takes;
//! - `look`: what is served, judged;
//! - `say`: the events;
//! - `ask`: what the verbs `deploy` and `rollback` ask for.

mod ask;
mod cloud;
mod disk;
mod group;
mod look;
mod say;
mod steps;
mod together;

pub use group::Coming;
pub(super) use together::Together;

pub use look::{judge, place};
pub use steps::target;

use chrono::{DateTime, TimeDelta, Utc};

use super::journal::Journal;
use super::{Engine, EngineError, Settings};
use crate::command::Turn;
use crate::config::{Certificate, hook_key};
use crate::lifecycle::delivery::{
    Delivery, Kind, Moment, Outcome, Pace, Said, Step, Wanted, all_done, mend_times, next, settle,
    unblock,
};
use crate::store::{Deliveries, DeliveryChanges, WantedTarget};

/// Steps in one delivery; what is left is due still.
const STEPS: usize = 100;

/// What is served is looked at with each scheduled check, but not more often than this many polls apart.
const POLLS_BETWEEN_LOOKS: i32 = 2;

/// A look at cloud resources is several calls: a day apart with the default `poll`.
const POLLS_BETWEEN_BOUND_LOOKS: i32 = 2_880;

/// Whether anything is to be done with it between being installed and being served.
pub(super) fn delivers(certificate: &Certificate) -> bool {
    wanted_targets(certificate)
        .iter()
        .any(|target| target.kind != Kind::Failure)
}

/// The targets of a certificate, as the store keeps them.
pub(super) fn wanted_targets(certificate: &Certificate) -> Vec<WantedTarget> {
    let targets = &certificate.targets;
    let row = |target: String, kind, title: String| WantedTarget {
        target,
        kind,
        title,
    };
    let hook = |kind: Kind, command: &Vec<String>| {
        row(
            hook_key(kind.name(), command),
            kind,
            format!("hook {}", crate::command::title(command)),
        )
    };
    let installs = targets
        .install
        .iter()
        .map(|install| row(install.key(), Kind::Install, install.title()));
    let verify = targets.verify.iter().map(|verify| {
        row(
            verify.key(),
            Kind::Verify,
            format!("verify {}", verify.address()),
        )
    });
    let clouds = targets
        .cloud
        .iter()
        .map(|cloud| row(cloud.key(), Kind::Cloud, cloud.title()));
    installs
        .chain(clouds)
        .chain(
            targets
                .hooks
                .deploy
                .iter()
                .map(|command| hook(Kind::Deploy, command)),
        )
        .chain(verify)
        .chain(
            targets
                .hooks
                .failure
                .iter()
                .map(|command| hook(Kind::Failure, command)),
        )
        .collect()
}

/// One certificate's delivery.
struct Work<'a> {
    engine: &'a Engine,
    settings: &'a Settings,
    certificate: &'a Certificate,
    known: Deliveries,
    /// The rows as they were read: only what changed is written, since a failure elsewhere may make hooks due meanwhile.
    read: Vec<Delivery>,
    /// Held while a target that failed before is delivered by itself, so that nobody else's check meets its files.
    alone: &'a mut Option<Turn>,
}

/// A step that was done, and what came of it.
struct Mark {
    place: usize,
    step: Step,
    outcome: Outcome,
}

impl Engine {
    /// The certificates that have something to deliver or to look at now. With `check`, what is served is looked at
    /// also where nothing is new.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn deliveries_due(&self, check: bool) -> Result<Vec<String>, EngineError> {
        let now = self.environment.clock.now();
        if check {
            let poll = poll(&self.settings());
            let apart =
                (poll * POLLS_BETWEEN_LOOKS).clamp(TimeDelta::seconds(2), TimeDelta::minutes(5));
            let bound_apart =
                (poll * POLLS_BETWEEN_BOUND_LOOKS).clamp(TimeDelta::minutes(1), TimeDelta::days(1));
            self.store()
                .look_again(now, now - apart, now - bound_apart)
                .await?;
        }
        Ok(self.store().deliveries_due(now).await?)
    }

    /// When the first target becomes due.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_delivery(&self) -> Result<Option<DateTime<Utc>>, EngineError> {
        let now = self.environment.clock.now();
        Ok(self.store().next_delivery(now).await?)
    }

    /// Works on one certificate's targets until none has anything to do now. One call a certificate at a time.
    ///
    /// # Errors
    /// The database can't be read or written. A target that fails is its own row's matter.
    pub async fn deliver(&self, domain: &str) -> Result<(), EngineError> {
        self.deliver_coming(self.coming(domain)).await
    }

    /// As [`Engine::deliver`], for a certificate that was announced before.
    ///
    /// # Errors
    /// As there.
    pub async fn deliver_coming(&self, coming: Coming) -> Result<(), EngineError> {
        let domain = coming.domain();
        let mut alone = None;
        let settings = self.settings();
        let Some(certificate) = settings.certificate(domain) else {
            return Ok(());
        };
        for _ in 0..STEPS {
            if self.is_yielding() {
                return Ok(());
            }
            let Some(mut known) = self.store().deliveries(domain).await? else {
                return Ok(());
            };
            let read = known.rows.clone();
            mend_times(self.environment.clock.now(), &mut known.rows);
            let mut work = Work {
                engine: self,
                settings: &settings,
                certificate,
                read,
                known,
                alone: &mut alone,
            };
            work.say_ahead(&coming);
            if !work.go_on().await? {
                return Ok(());
            }
            self.advance();
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Does the next step. False where there is none.
    async fn go_on(&mut self) -> Result<bool, EngineError> {
        let wanted = self.wanted();
        let Some((place, step)) = next(self.now(), &self.known.rows, &wanted) else {
            self.settle_rest(&wanted).await?;
            return Ok(false);
        };
        let Some(marks) = self.perform(place, step, &wanted).await? else {
            return Ok(false);
        };
        let mut journal = Journal::default();
        let mut said = Vec::new();
        for mark in marks {
            said.push((mark.place, self.take_in(mark, &wanted, &mut journal)));
        }
        self.save(journal, &wanted).await?;
        for (place, said) in said {
            self.tell_failure_hooks(place, said).await?;
            self.wake_others(place, said).await?;
        }
        Ok(true)
    }

    /// The rows after a step, and what is said of it.
    fn take_in(&mut self, mark: Mark, wanted: &Wanted, journal: &mut Journal) -> Said {
        let Mark {
            place,
            step,
            outcome,
        } = mark;
        let before = self.known.rows[place].clone();
        let pace = self.pace();
        let moment = Moment {
            now: self.now(),
            pace: &pace,
            wanted,
            dice: self.engine.environment.dice.roll(),
        };
        let failure = match &outcome {
            Outcome::Broken { failure, .. } => Some(failure.clone()),
            _ => None,
        };
        let said = settle(moment, &mut self.known.rows, place, step, outcome);
        for event in self.events(place, said, (&before, failure.as_ref()), wanted) {
            journal.add(event);
        }
        said
    }

    /// Nothing is to be done: the rows are told so where they don't know yet, and the certificate is done if it is.
    async fn settle_rest(&mut self, wanted: &Wanted) -> Result<(), EngineError> {
        if self.known.wanted.is_none() {
            return Ok(());
        }
        unblock(self.now(), &mut self.known.rows, wanted);
        if self.read != self.known.rows || self.finishes(wanted) {
            self.save(Journal::default(), wanted).await?;
        }
        Ok(())
    }

    /// Whether everything is done now, and that was not said yet.
    fn finishes(&self, wanted: &Wanted) -> bool {
        let known = &self.known;
        known.wanted.is_some()
            && !known.announced
            && !known.rolled_back
            && known.rows.iter().any(|row| row.kind != Kind::Failure)
            && all_done(&known.rows, wanted)
    }

    async fn save(&mut self, mut journal: Journal, wanted: &Wanted) -> Result<(), EngineError> {
        let finishes = self.finishes(wanted);
        if finishes && self.known.renewal {
            journal.add(self.renewed(wanted));
        }
        let rows = self.known.rows.iter().zip(&self.read);
        let changed: Vec<&Delivery> = rows
            .filter(|(row, read)| row != read)
            .map(|(row, _)| row)
            .collect();
        let changes = DeliveryChanges {
            domain: &self.known.domain,
            wanted: self.known.wanted.as_ref(),
            rows: &changed,
            announced: finishes.then_some(wanted.fingerprint.as_str()),
            history: &journal.entries(),
        };
        self.engine
            .store()
            .save_deliveries(self.now(), changes)
            .await?;
        journal.emit();
        Ok(())
    }

    /// What the targets should have. Before the first certificate only the hooks for failures have anything to do.
    fn wanted(&self) -> Wanted {
        self.known.wanted.clone().unwrap_or_else(|| Wanted {
            fingerprint: String::new(),
            not_after: self.now(),
        })
    }

    async fn tell_failure_hooks(&self, place: usize, said: Said) -> Result<(), EngineError> {
        let row = &self.known.rows[place];
        let failed = matches!(said, Said::Failed | Said::RollsBack | Said::RolledBack);
        if !failed || row.kind == Kind::Failure {
            return Ok(());
        }
        let reason = row.last_error.as_deref().unwrap_or_default();
        let text = format!("{}: {reason}", row.title);
        self.engine
            .store()
            .tell_failure_hooks(self.now(), &self.known.domain, &text)
            .await?;
        Ok(())
    }

    fn pace(&self) -> Pace {
        let verify = self.certificate.targets.verify.as_ref();
        let patience = verify.and_then(|verify| verify.patience);
        let patience = patience.and_then(|patience| TimeDelta::from_std(patience).ok());
        let mut clouds = self.certificate.targets.cloud.iter();
        let edges = clouds.any(|cloud| cloud.resources.iter().any(|kind| kind.edges));
        Pace::from_poll(poll(self.settings), patience, edges)
    }

    fn now(&self) -> DateTime<Utc> {
        self.engine.environment.clock.now()
    }

    fn row(&self, place: usize) -> &Delivery {
        &self.known.rows[place]
    }
}

fn poll(settings: &Settings) -> TimeDelta {
    TimeDelta::from_std(settings.config.schedule.poll).unwrap_or(TimeDelta::seconds(30))
}
