//! What follows from targets that share commands: who waits for whom, who is delivered alone, and who is tried again when
//! another one has arrived.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::targets::{commands, install_of, names};
use super::together::Together;
use super::work::{Work, poll};
use crate::config::Install;
use crate::engine::{Concurrency, Engine};
use crate::lifecycle::delivery::{
    Delivery, DeliveryStep, InstallStage, State, TargetKind, Trigger, due_steps,
};
use crate::store::StoreError;

/// How long a round waits for another member, where the config has others with the same commands.
const LONGEST_SETTLE: Duration = Duration::from_secs(2);

/// A certificate whose delivery is about to begin. Until it is known what it writes, it counts as about to write all that
/// its config names.
pub struct Coming {
    together: Arc<Together>,
    domain: String,
}

impl Coming {
    /// Whose it is.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.together.set_ahead(&self.domain, BTreeSet::new());
    }
}

impl Engine {
    /// Announces a delivery: rounds of check and reload that its targets share wait for it. What becomes due together is
    /// announced before the first of it begins.
    pub fn coming(&self, domain: &str) -> Coming {
        let settings = self.settings();
        let installs = settings
            .certificate(domain)
            .map_or(&[][..], |certificate| &certificate.targets.install);
        let names = installs.iter().flat_map(names).collect();
        self.together.set_ahead(domain, names);
        Coming {
            together: Arc::clone(&self.together),
            domain: domain.to_owned(),
        }
    }
}

/// Whether a step changes files that a check or a server may read.
pub(super) fn writes(step: DeliveryStep) -> bool {
    matches!(
        step,
        DeliveryStep::Save | DeliveryStep::Write | DeliveryStep::Restore
    )
}

impl<'a> Work<'a> {
    /// The commands whose files are about to be written, told to whoever would run them.
    pub(super) fn say_ahead(&self, coming: &Coming) {
        let due = due_steps(&self.known, self.now());
        let ahead = due
            .into_iter()
            .filter(|(place, step)| self.row(*place).kind() == TargetKind::Install && writes(*step))
            .filter_map(|(place, _)| self.install_of(place))
            .flat_map(names)
            .collect();
        coming.together.set_ahead(coming.domain(), ahead);
    }

    /// The rows that have the same step to do, with the same commands.
    pub(super) fn same(&self, place: usize, step: DeliveryStep, install: &Install) -> Vec<usize> {
        let due = due_steps(&self.known, self.now());
        let equal =
            |other: &Install| other.check == install.check && other.reload == install.reload;
        let mut places: Vec<usize> = due
            .into_iter()
            .filter(|(other, next)| *next == step && self.install_of(*other).is_some_and(equal))
            .map(|(other, _)| other)
            .collect();
        if places.is_empty() {
            places.push(place);
        }
        places
    }

    /// What failed is delivered by itself: in a round it might be what others fail by.
    pub(super) fn is_alone(&self) -> bool {
        let mut rows = self.known.rows.iter();
        rows.any(|row| row.kind() == TargetKind::Install && row.attempts > 0)
    }

    /// The commands of all its targets.
    pub(super) fn all_commands(&self) -> Vec<&'a [String]> {
        let certificate = self.certificate;
        let installs = certificate.targets.install.iter();
        installs
            .flat_map(|install| commands(install).all())
            .collect()
    }

    /// How long a round waits for others: not at all where the config has none with one of these commands.
    pub(super) fn settle_time(&self, install: &Install) -> Duration {
        if self.engine.environment.concurrency == Concurrency::Nothing {
            return Duration::ZERO;
        }
        let own: BTreeSet<&[String]> = commands(install).all().collect();
        let mut others = self.settings.config.certificates.iter();
        let shared = others.any(|certificate| {
            let mut installs = certificate.targets.install.iter();
            certificate.domain != self.known.domain
                && installs.any(|other| commands(other).all().any(|command| own.contains(command)))
        });
        if !shared {
            return Duration::ZERO;
        }
        let poll = poll(self.settings).to_std().unwrap_or(LONGEST_SETTLE);
        poll.min(LONGEST_SETTLE)
    }

    /// A target has arrived: what failed by the same check is tried again, since it may have lacked this one's files.
    /// Only what arrives wakes others, so that two that fail never wake each other for ever.
    pub(super) async fn wake_others(&self, target: &str) -> Result<(), StoreError> {
        let install = install_of(self.certificate, target);
        let Some(check) = install.and_then(|install| install.check.as_ref()) else {
            return Ok(());
        };
        let shares_check = |domain: &str, row: &Delivery| {
            let waits = match &row.state {
                State::Install(install) => matches!(
                    install.stage,
                    InstallStage::Idle | InstallStage::Checking(_)
                ),
                _ => false,
            };
            let certificate = self.settings.certificate(domain);
            let other = certificate.and_then(|certificate| install_of(certificate, &row.target));
            waits
                && domain != self.known.domain
                && other.is_some_and(|other| other.check.as_ref() == Some(check))
        };
        let store = self.engine.store();
        store
            .trigger_deliveries(self.now(), Trigger::Retry, shares_check)
            .await
    }
}
