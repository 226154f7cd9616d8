//! What makes targets due beside their own steps.

use chrono::{DateTime, TimeDelta, Utc};

use super::state::{CloudStage, Delivery, InstallStage, State, TargetKind};

/// Hooks for failures are told of one a day.
const TOLD_EVERY: TimeDelta = TimeDelta::days(1);

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Trigger<'a> {
    /// Another certificate was installed.
    Installed,
    /// The operator asked for it: every target is worked on from its beginning, whatever it has.
    Asked,
    /// A scheduled check: what was not looked at since then is looked at; cloud resources, which cost calls, since
    /// `cloud_since`.
    Check {
        /// For files and what is served.
        since: DateTime<Utc>,
        /// For cloud resources.
        cloud_since: DateTime<Utc>,
    },
    /// What copies and hooks that failed need may have come: they are tried now.
    Retry,
    /// Something failed for this reason: hooks for failures are told.
    Failed(&'a str),
    /// While a step was under way, something else became wanted: nothing is put to rest by that step.
    WantedChanged,
}

impl Delivery {
    /// The target after that. True if it is due now because of it.
    pub fn trigger(&mut self, trigger: Trigger<'_>, now: DateTime<Utc>) -> bool {
        let is_hit = match trigger {
            Trigger::Installed | Trigger::Asked => self.kind() != TargetKind::Failure,
            Trigger::Check { since, cloud_since } => self.is_to_be_seen(since, cloud_since, now),
            Trigger::Retry => {
                matches!(self.state, State::Install(_) | State::Deploy)
                    && self.attempts > 0
                    && self.next_at.is_some_and(|at| at > now)
            }
            Trigger::Failed(_) => self.is_to_be_told(now),
            Trigger::WantedChanged => self.kind() != TargetKind::Failure && self.next_at.is_none(),
        };
        if !is_hit {
            return false;
        }
        match trigger {
            Trigger::Installed => {
                self.attempts = 0;
                self.is_unseen();
            }
            Trigger::Asked => {
                self.is_unseen();
                self.begin_anew();
            }
            Trigger::Failed(reason) => {
                self.attempts = 0;
                if let State::Failure(hook) = &mut self.state {
                    hook.reason = Some(reason.to_owned());
                }
            }
            Trigger::Check { .. } | Trigger::Retry | Trigger::WantedChanged => {}
        }
        self.next_at = Some(now);
        true
    }

    fn is_to_be_seen(
        &self,
        since: DateTime<Utc>,
        cloud_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        let since = match self.kind() {
            TargetKind::Install | TargetKind::Verify => since,
            TargetKind::Cloud => cloud_since,
            TargetKind::Deploy | TargetKind::Failure => return false,
        };
        self.state.stage().is_none()
            && self.next_at.is_none()
            && self.delivered.is_some()
            && self.seen_at.is_none_or(|at| at <= since || at > now)
    }

    fn is_to_be_told(&self, now: DateTime<Utc>) -> bool {
        self.kind() == TargetKind::Failure
            && self.next_at.is_none()
            && self
                .seen_at
                .is_none_or(|at| at <= now - TOLD_EVERY || at > now)
    }

    /// What goes back goes back first, and what the cloud is at is followed to its end.
    fn begin_anew(&mut self) {
        self.attempts = 0;
        match &mut self.state {
            State::Install(install) => {
                install.forced = true;
                if !install.stage.goes_back() {
                    install.stage = InstallStage::Idle;
                }
            }
            State::Cloud(cloud) => {
                cloud.forced = true;
                if cloud.stage != CloudStage::Undoing {
                    cloud.stage = CloudStage::Idle;
                }
            }
            State::Verify(verify) => {
                verify.looking = None;
                // What it had is what is gone back to where another one is served.
                return;
            }
            State::Deploy | State::Failure(_) => {}
        }
        self.delivered = None;
    }
}

/// The targets after an edit of the config: what it no longer has goes, what is new is due, and the rest has new titles.
pub fn sync(mut known: Vec<Delivery>, wanted: &[Delivery], now: DateTime<Utc>) -> Vec<Delivery> {
    let mut synced = Vec::new();
    for new in wanted {
        let old = known.iter().position(|row| row.target == new.target);
        let mut row = old.map_or_else(|| new.clone(), |place| known.swap_remove(place));
        if old.is_none() && row.kind() != TargetKind::Failure {
            row.next_at = Some(now);
        }
        row.title.clone_from(&new.title);
        synced.push(row);
    }
    synced
}
