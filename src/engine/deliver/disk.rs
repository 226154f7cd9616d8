//! Steps on the disk: each target's files saved, written, looked at and put back.

use std::sync::Arc;

use crate::delivery::targets::{Found, Restored, Target, TargetError};
use crate::delivery::{Live, LiveError};
use crate::files::Awaited;
use crate::lifecycle::delivery::{DeliveryOutcome, DeliveryStep, Wanted};

/// A step on the disk, to be done where blocking is allowed.
pub(super) struct Disk {
    pub(super) target: Target,
    pub(super) live: Arc<Live>,
    pub(super) domain: String,
    pub(super) wanted: Wanted,
    pub(super) forced: bool,
    pub(super) keeps_first: bool,
    /// Ends when the step is given up.
    pub(super) awaited: Awaited,
}

impl Disk {
    pub(super) fn perform(&self, step: DeliveryStep) -> Result<DeliveryOutcome, String> {
        match step {
            DeliveryStep::Save => self.save(),
            DeliveryStep::Inspect => self.inspect(),
            DeliveryStep::Write => self.write(),
            DeliveryStep::Restore => self.restore(),
            _ => Ok(DeliveryOutcome::Done),
        }
    }

    fn write(&self) -> Result<DeliveryOutcome, String> {
        let material = self.material()?;
        let Err(error) = self.target.write(&material, &self.awaited) else {
            return Ok(DeliveryOutcome::Done);
        };
        // Where that can't be seen, it is put back, which touches nothing that is not ours.
        if self.target.is_untouched(&material).unwrap_or(false) {
            return Ok(DeliveryOutcome::NotWritten(error.to_string()));
        }
        Err(error.to_string())
    }

    fn restore(&self) -> Result<DeliveryOutcome, String> {
        if self.keeps_first && !self.target.has_saved() {
            let reason = "there was nothing before these files; they stay";
            return Ok(DeliveryOutcome::NotYet(reason.to_owned()));
        }
        match self.target.restore(&self.awaited).map_err(|error| error.to_string())? {
            Restored::Done => Ok(DeliveryOutcome::Done),
            Restored::Left => Ok(DeliveryOutcome::Foreign {
                seen: self.seen(),
                reason: "somebody else put files there meanwhile, so what was there before is not put back".to_owned(),
            }),
        }
    }

    /// The fingerprint of what is there, or a word.
    fn seen(&self) -> String {
        match self.target.found() {
            Ok(Found::Certificate { fingerprint, .. }) => fingerprint,
            Ok(Found::Nothing) => "none".to_owned(),
            Ok(Found::Opaque) | Err(_) => "something else".to_owned(),
        }
    }

    fn save(&self) -> Result<DeliveryOutcome, String> {
        let failed = |error: TargetError| error.to_string();
        if let Some(foreign) = self.foreign()?.filter(|_| !self.forced) {
            return Ok(foreign);
        }
        // What was saved before the same files were written once is what there is to go back to.
        if !self.target.holds(&self.material()?).map_err(failed)? {
            self.target.save(&self.awaited).map_err(failed)?;
        }
        Ok(DeliveryOutcome::Done)
    }

    fn inspect(&self) -> Result<DeliveryOutcome, String> {
        if let Some(foreign) = self.foreign()? {
            return Ok(foreign);
        }
        let seen = match self.target.found().map_err(|error| error.to_string())? {
            Found::Opaque => return Ok(DeliveryOutcome::Done),
            Found::Certificate { fingerprint, .. } if fingerprint == self.wanted.fingerprint => {
                return Ok(DeliveryOutcome::Done);
            }
            Found::Certificate { fingerprint, .. } => fingerprint,
            Found::Nothing => "none".to_owned(),
        };
        Ok(DeliveryOutcome::Wrong {
            seen,
            not_after: None,
            reason: "its files are no longer what was written".to_owned(),
        })
    }

    /// Somebody else's certificate for the same name that ends later than ours.
    fn foreign(&self) -> Result<Option<DeliveryOutcome>, String> {
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
        Ok(Some(DeliveryOutcome::Foreign {
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
