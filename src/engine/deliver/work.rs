//! One certificate's delivery: what its steps share.

use chrono::{DateTime, TimeDelta, Utc};

use crate::command::Turn;
use crate::config::{Certificate, Install};
use crate::engine::deliver::targets::install_of;
use crate::engine::{Engine, Settings};
use crate::lifecycle::delivery::{
    Deliveries, Delivery, DeliveryMoment, DeliveryOutcome, DeliveryPace, DeliveryStep, Mark,
};

pub(super) struct Work<'a> {
    pub(super) engine: &'a Engine,
    pub(super) settings: &'a Settings,
    pub(super) certificate: &'a Certificate,
    /// The targets as they were read or written last.
    pub(super) known: Deliveries,
    /// Held while a target that failed before is delivered by itself, so that nobody else's check meets its files.
    pub(super) alone: Option<Turn>,
}

impl<'a> Work<'a> {
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.engine.environment.clock.now()
    }

    pub(super) fn row(&self, place: usize) -> &Delivery {
        &self.known.rows[place]
    }

    /// The copies for a server that the target at `place` is, as the config has them.
    pub(super) fn install_of(&self, place: usize) -> Option<&'a Install> {
        install_of(self.certificate, &self.row(place).target)
    }

    /// What came of a step of the target at `place`.
    pub(super) fn mark(&self, place: usize, step: DeliveryStep, outcome: DeliveryOutcome) -> Mark {
        Mark {
            target: self.row(place).target.clone(),
            step,
            outcome,
        }
    }

    /// What outcomes are judged by now.
    pub(super) fn moment(&self) -> DeliveryMoment {
        let targets = &self.certificate.targets;
        let patience = targets.verify.as_ref().and_then(|verify| verify.patience);
        let patience = patience.and_then(|patience| TimeDelta::from_std(patience).ok());
        let mut clouds = targets.cloud.iter();
        let edges = clouds.any(|cloud| cloud.resources.iter().any(|kind| kind.edges));
        DeliveryMoment {
            now: self.now(),
            pace: DeliveryPace::from_poll(poll(self.settings), patience, edges),
            random: self.engine.environment.rng.fraction(),
            shares_cloud: self.settings.config.fleet.is_some(),
        }
    }
}

/// The config's `poll`.
pub(super) fn poll(settings: &Settings) -> TimeDelta {
    TimeDelta::from_std(settings.config.schedule.poll).unwrap_or(TimeDelta::seconds(30))
}
