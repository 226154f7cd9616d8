//! Takes in an edited config, whole or not at all, and says in words what that changes.

use std::sync::Arc;

use super::jobs::Jobs;
use super::watch::{Reading, Watch};
use super::{Daemon, DaemonError, assemble};
use crate::config::{self, Change, Diff, Effective, Loaded, Rejected};
use crate::engine::Taken;
use crate::observe::event::{ConfigChange, Event, Fact, Names, Resumed};

/// The config is to be put in force once the pass under way has ended.
pub(super) struct Edit {
    /// A signal asks for it; else its files changed.
    is_asked: bool,
}

impl Daemon {
    /// Reads the config again, as a signal asks. What is wrong is said at once, however often it is asked.
    pub(super) async fn reload(&mut self) {
        let Some(path) = self.source.clone() else {
            return;
        };
        let reading = self.watch.as_ref().map(Watch::reading);
        self.systemd.reloading();
        match config::load(&path) {
            Ok(_) => self.wants(Edit { is_asked: true }),
            Err(rejected) => {
                self.reject(&rejected).await;
                self.systemd.ready();
                self.settle(reading);
            }
        }
    }

    /// Reads the config after its files changed. What is wrong is read once more a while later, since it may have been
    /// half written, and then said once. What differs from the config in force ends the pass under way early.
    pub(super) async fn look_at_edit(&mut self) {
        let (Some(path), Some(watch)) = (self.source.clone(), self.watch.as_mut()) else {
            return;
        };
        let reading = watch.reading();
        let loaded = match config::load(&path) {
            Ok(loaded) => loaded,
            Err(rejected) => {
                if watch.doubts(self.clock.monotonic()) {
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
        if !self.worker.is_idle(Jobs::ORDERS) || self.is_paused(self.clock.now()) {
            return;
        }
        let (Some(edit), Some(path)) = (self.edit.take(), self.source.clone()) else {
            return;
        };
        self.systemd.reloading();
        let reading = self.watch.as_ref().map(Watch::reading);
        match config::load(&path) {
            Ok(loaded) if !edit.is_asked && !self.is_rejected && self.is_in_force(&loaded) => {
                self.settle(reading);
            }
            Ok(loaded) => {
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
            Err(rejected) if edit.is_asked => {
                self.reject(&rejected).await;
                self.settle(reading);
            }
            // Half written, say. The watch sees it again.
            Err(_) => {}
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
        Ok(())
    }
}

/// The difference, and what it costs.
fn change(diff: &Diff, taken: &Taken) -> ConfigChange {
    let keys = |changes: &[Change]| Names::of(changes.iter().map(|change| change.key.clone()));
    let changed = diff.changed.iter().map(|(domain, changes)| {
        let keys = keys(changes);
        format!("{domain} ({keys})")
    });
    ConfigChange {
        added: Names::of(diff.added.iter().cloned()),
        removed: Names::of(diff.removed.iter().cloned()),
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
        })
        .place_in(mistake.file.display().to_string(), mistake.line as u64)
    });
    events.collect()
}
