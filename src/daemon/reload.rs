//! Takes in an edited config, whole or not at all, and says in words what that changes.

use std::sync::Arc;
use std::time::Duration;

use super::jobs::Jobs;
use super::watch::{Reading, Watch};
use super::{Daemon, DaemonError, assemble};
use crate::config::{self, Change, Diff, Effective, Loaded, Rejected};
use crate::engine::Taken;
use crate::files::off_the_runtime;
use crate::observe::event::{
    ChangedName, ConfigChange, Event, Fact, MistakeParts, Names, Plain, Resumed,
};

/// Files that take longer to read do not answer.
const LONGEST_READING: Duration = Duration::from_secs(5);

/// So soon they are read again.
const READ_AGAIN: Duration = Duration::from_secs(30);

/// So many threads read them, those that hang among them.
const READERS: usize = 2;

/// The config is to be put in force once the pass under way has ended.
pub(super) struct Edit {
    /// A signal asks for it; else its files changed.
    is_asked: bool,
}

impl Daemon {
    /// Reads the config again, as a signal asks. What is wrong is said at once, however often it is asked.
    pub(super) async fn reload(&mut self) {
        if self.source.is_none() {
            return;
        }
        self.systemd.reloading();
        match self.read().await {
            Some((_, Ok(_))) => self.wants(Edit { is_asked: true }),
            Some((reading, Err(rejected))) => {
                self.reject(&rejected).await;
                self.systemd.ready();
                self.settle(reading);
            }
            None => self.systemd.ready(),
        }
    }

    /// Reads the config and the files that it names, and how they were right before. They may lie where nobody answers,
    /// which holds up nothing else: that is said once, and the edit stays open.
    async fn read(&mut self) -> Option<(Option<Reading>, Result<Loaded, Rejected>)> {
        let path = self.source.clone()?;
        let place = path.clone();
        let reading = self.watch.as_ref().map(Watch::reading);
        let work = move || (reading.map(|look| look()), config::load(&path));
        match off_the_runtime(&place, READERS, &*self.clock, LONGEST_READING, work).await {
            Ok(read) => {
                self.is_unanswered = false;
                self.edit_at = Duration::ZERO;
                Some(read)
            }
            Err(stuck) => {
                self.edit = Some(Edit { is_asked: true });
                self.edit_at = self.clock.monotonic() + READ_AGAIN;
                if !std::mem::replace(&mut self.is_unanswered, true) {
                    let why = format!(
                        "the config's files, or files that it names, can't be read now ({stuck}); look at the file systems \
                         that they lie on; the edit is taken in once they answer"
                    );
                    self.say_refused(&why).await;
                }
                None
            }
        }
    }

    /// Reads the config after its files changed. What is wrong is read once more a while later, since it may have been
    /// half written, and then said once. What differs from the config in force ends the pass under way early.
    pub(super) async fn look_at_edit(&mut self) {
        let Some((Some(reading), read)) = self.read().await else {
            return;
        };
        let now = self.clock.monotonic();
        let Some(watch) = self.watch.as_mut() else {
            return;
        };
        let loaded = match read {
            Ok(loaded) => loaded,
            Err(rejected) => {
                if watch.doubts(now) {
                    self.reject(&rejected).await;
                    self.settle(Some(reading));
                }
                return;
            }
        };
        // Touched, or put back to what is in force: nothing to do, and nothing to say unless a mistake was told before.
        let try_again = watch.has_other_secrets(&reading);
        if !self.is_in_force(&loaded) || self.is_rejected {
            return self.wants(Edit { is_asked: false });
        }
        self.settle(Some(reading));
        if try_again {
            match self.engine().try_waiting_again().await {
                Ok(()) => self.jobs.orders.check(),
                Err(error) => self.broken(&error),
            }
            self.worker.wake();
        }
    }

    fn is_in_force(&self, loaded: &Loaded) -> bool {
        assemble::digest(loaded) == self.assembled.engine.settings().digest
    }

    /// The pass under way is asked to end early, and none begins before the config is in force.
    fn wants(&mut self, edit: Edit) {
        let before = self.edit.take();
        let is_asked = edit.is_asked || before.is_some_and(|before| before.is_asked);
        self.edit = Some(Edit { is_asked });
        self.jobs.orders.hold(true);
        self.engine().yield_soon(true);
    }

    /// Puts the config in force, where no pass is under way any more. It is read anew: it may have been changed again, or put
    /// back, meanwhile.
    pub(super) async fn adopt_once_idle(&mut self) {
        let is_early = self.clock.monotonic() < self.edit_at || self.is_paused(self.clock.now());
        if is_early || !self.worker.is_idle(Jobs::ORDERS) {
            return;
        }
        let Some(edit) = self.edit.take() else {
            return;
        };
        self.systemd.reloading();
        match self.read().await {
            Some((reading, Ok(loaded)))
                if !edit.is_asked && !self.is_rejected && self.is_in_force(&loaded) =>
            {
                self.settle(reading);
            }
            Some((reading, Ok(loaded))) => {
                self.is_rejected = false;
                match self.take_in(loaded).await {
                    // Nothing is wrong with the config: it is taken in once the database works again.
                    Err(DaemonError::Store(error)) => {
                        self.edit = Some(Edit { is_asked: true });
                        self.broken(&error);
                    }
                    Err(error) => {
                        self.is_rejected = true;
                        let why = format!("the config can't be put in force: {error}");
                        self.say_refused(&why).await;
                        self.settle(reading);
                    }
                    Ok(()) => self.settle(reading),
                }
            }
            Some((reading, Err(rejected))) if edit.is_asked => {
                self.reject(&rejected).await;
                self.settle(reading);
            }
            // Half written, say: the watch sees it again. Or nobody answers.
            Some((_, Err(_))) | None => {}
        }
        self.systemd.ready();
        self.engine().yield_soon(false);
        self.jobs.orders.hold(false);
        // What was due at a check that ended early still is.
        self.jobs.orders.check();
        self.worker.wake();
        self.next_tick = self.clock.monotonic();
    }

    async fn reject(&mut self, rejected: &Rejected) {
        self.note(rejections(rejected)).await;
        self.is_rejected = true;
    }

    /// Goes by the settings in force, where they are new: the rate, the schedule, the port and what is watched.
    pub(super) async fn follow_settings(&mut self) {
        let settings = Arc::clone(&self.settings.borrow_and_update());
        let config = &settings.config;
        self.assembled.limiter.set_rate(assemble::rate(config));
        self.checks.follow(&config.schedule).await;
        self.exposure.apply(&config.http).await;
        if let Some(watch) = self.watch.as_mut() {
            watch.follow(config.secret_files());
        }
    }

    fn settle(&mut self, reading: Option<Reading>) {
        self.assembled.health.config_read(!self.is_rejected);
        if let (Some(watch), Some(reading)) = (self.watch.as_mut(), reading) {
            watch.settled(reading);
        }
    }

    /// Says why a config without a mistake is not put in force: that concerns no line of it.
    async fn say_refused(&mut self, why: &str) {
        let file = self.source.as_deref();
        let file = file.map_or_else(String::new, |path| path.display().to_string());
        let rejected = Event::of(Fact::ConfigRejected {
            mistake: why.into(),
            is_mistake: false,
            parts: None,
        });
        self.note(vec![rejected.place_in(file, 0)]).await;
    }

    async fn take_in(&mut self, loaded: Loaded) -> Result<(), DaemonError> {
        let old = self.assembled.engine.settings();
        if loaded.config.state_dir != old.config.state_dir {
            self.is_rejected = true;
            self.say_refused("state_dir can't change while the daemon runs; restart it for that")
                .await;
            return Ok(());
        }
        let diff = Effective::of(&old.config).diff(&Effective::of(&loaded.config));
        assemble::say_warnings(&loaded.warnings);
        // All that can fail comes first; then the settings are in force for everybody.
        let settings = self.assembled.settings(loaded)?;
        let taken = self.assembled.engine.adopt_settings(settings).await?;
        let resumed = taken.synced.resumed.iter().map(|domain| {
            let why = Resumed::Edited;
            Event::of(Fact::CertificateResumed { why }).certificate(domain)
        });
        let mut events: Vec<Event> = resumed.collect();
        events.push(Event::of(Fact::ConfigReloaded {
            change: Box::new(change(&diff, &taken)),
        }));
        self.note(events).await;
        if diff
            .settings
            .iter()
            .any(|change| change.key.starts_with("log."))
        {
            let warning = "[log] changed; it takes effect when the service is restarted";
            assemble::say_warning(warning.to_owned()).emit();
        }
        Ok(taken.released?)
    }
}

/// The difference, and what it costs.
fn change(diff: &Diff, taken: &Taken) -> ConfigChange {
    let names = |names: &[String]| Names::of(names.iter().cloned().map(Plain::from));
    let keys =
        |changes: &[Change]| Names::of(changes.iter().map(|change| change.key.as_str().into()));
    let changed = diff.changed.iter();
    let changed =
        changed.map(|(domain, changes)| ChangedName::Keys(domain.as_str().into(), keys(changes)));
    ConfigChange {
        added: names(&diff.added),
        removed: names(&diff.removed),
        changed: Names::of(changed),
        settings: keys(&diff.settings),
        orders: taken.orders,
    }
}

/// Each mistake with its place.
fn rejections(rejected: &Rejected) -> Vec<Event> {
    let mistakes = rejected.mistakes.iter();
    let events = mistakes.map(|mistake| {
        Event::of(Fact::ConfigRejected {
            mistake: mistake.to_string().into(),
            is_mistake: true,
            parts: Some(MistakeParts {
                place: mistake.place().into(),
                message: mistake.message.as_str().into(),
                help: mistake.help.as_deref().map(Plain::from),
            }),
        })
        .place_in(mistake.file.display().to_string(), mistake.line as u64)
    });
    events.collect()
}
