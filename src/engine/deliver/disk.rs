//! Steps on the disk: each target's files saved, written, looked at and put back.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::delivery::targets::{Found, Restored, Target, TargetError};
use crate::delivery::{Leaf, Live, LiveError, Shown};
use crate::files::Awaited;
use crate::lifecycle::delivery::{DeliveryOutcome, DeliveryStep, Wanted};

/// A step on the disk, to be done where blocking is allowed.
pub(super) struct Disk {
    pub(super) target: Target,
    pub(super) live: Arc<Live>,
    pub(super) domain: String,
    pub(super) wanted: Wanted,
    pub(super) now: DateTime<Utc>,
    pub(super) forced: bool,
    /// The server took what is wanted, and where that is looked at, it was served.
    pub(super) is_proven: bool,
    pub(super) keeps_first: bool,
    /// Ends when the step is given up.
    pub(super) awaited: Awaited,
}

/// Seen where there is no whole certificate.
const NONE: &str = "none";

fn wrong(seen: String, reason: &str) -> DeliveryOutcome {
    DeliveryOutcome::Wrong {
        seen,
        not_after: None,
        reason: reason.to_owned(),
    }
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
        if self.would_go_back_to_an_ended_one()? {
            let reason = "the certificate before has ended; these files stay";
            return Ok(DeliveryOutcome::NotYet(reason.to_owned()));
        }
        let back = self.target.restore(&self.wanted.fingerprint, &self.awaited);
        match back.map_err(|error| error.to_string())? {
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
            Ok(Found::Certificate(leaf)) => leaf.fingerprint,
            Ok(Found::Nothing) => NONE.to_owned(),
            Ok(Found::Opaque) | Err(_) => "something else".to_owned(),
        }
    }

    fn save(&self) -> Result<DeliveryOutcome, String> {
        let failed = |error: TargetError| error.to_string();
        if let Some(foreign) = self.foreign()?
            && (!self.forced
                || self
                    .certificate()?
                    .is_some_and(|leaf| self.would_end(&leaf)))
        {
            return Ok(foreign);
        }
        // What was saved before the same files were written once is what there is to go back to, until they have proved
        // good themselves.
        if self.is_proven || !self.target.holds(&self.material()?).map_err(failed)? {
            self.target.save(&self.awaited).map_err(failed)?;
        }
        Ok(DeliveryOutcome::Done)
    }

    fn inspect(&self) -> Result<DeliveryOutcome, String> {
        if let Some(foreign) = self.foreign()? {
            return Ok(foreign);
        }
        let seen = match self.target.found().map_err(|error| error.to_string())? {
            Found::Certificate(leaf) if leaf.fingerprint != self.wanted.fingerprint => {
                leaf.fingerprint
            }
            Found::Nothing => NONE.to_owned(),
            Found::Certificate(_) | Found::Opaque => return self.inspect_the_rest(),
        };
        Ok(wrong(seen, "its files are no longer what was written"))
    }

    /// The certificate is the right one: so must be key and chain, or the server's next start fails.
    fn inspect_the_rest(&self) -> Result<DeliveryOutcome, String> {
        let found = self.live.material(&self.domain, &self.wanted.fingerprint);
        // What the archive has lost is its own trouble.
        let Some(material) = found.map_err(|error| error.to_string())? else {
            return Ok(DeliveryOutcome::Done);
        };
        let flaw = self.target.flaw(&material);
        Ok(match flaw.map_err(|error| error.to_string())? {
            Some(flaw) => wrong(NONE.to_owned(), flaw),
            None => DeliveryOutcome::Done,
        })
    }

    /// A certificate for the same name that ends later than ours and is left: somebody else's, or one of ours that the live
    /// folder shows, where a record that was restored knows an earlier one only.
    fn foreign(&self) -> Result<Option<DeliveryOutcome>, String> {
        let Some(leaf) = self.certificate()? else {
            return Ok(None);
        };
        if leaf.fingerprint == self.wanted.fingerprint {
            return Ok(None);
        }
        let would_end = self.would_end(&leaf);
        let is_later = leaf.not_after > self.wanted.not_after && leaf.rivals(&self.domain);
        let whose = if self.is_shown_as_newer(&leaf) {
            "a later one of ours is there than the record knows"
        } else if is_later && !self.is_ours(&leaf.fingerprint)? {
            "somebody else put a certificate there that ends later than ours"
        } else if is_later && would_end {
            "a later one of ours is there"
        } else {
            return Ok(None);
        };
        let remedy = match would_end {
            true => "ours has ended, so it is not put in its place".to_owned(),
            false => format!("it is left; `evercert deploy {}` replaces it", self.domain),
        };
        Ok(Some(DeliveryOutcome::Foreign {
            reason: format!("{whose} ({}); {remedy}", leaf.not_after.format("%Y-%m-%d")),
            seen: leaf.fingerprint,
        }))
    }

    /// What is wanted has ended, and this one has not: nobody is served better by ours.
    fn would_end(&self, leaf: &Leaf) -> bool {
        self.wanted.not_after <= self.now && leaf.not_after > self.now
    }

    fn would_go_back_to_an_ended_one(&self) -> Result<bool, String> {
        let before = self.target.before().map_err(|error| error.to_string())?;
        if before.is_none_or(|before| before.not_after > self.now) {
            return Ok(false);
        }
        let present = self.certificate()?;
        Ok(present.is_some_and(|present| present.not_after > self.now))
    }

    fn certificate(&self) -> Result<Option<Leaf>, String> {
        match self.target.found().map_err(|error| error.to_string())? {
            Found::Certificate(leaf) => Ok(Some(leaf)),
            Found::Nothing | Found::Opaque => Ok(None),
        }
    }

    fn is_ours(&self, fingerprint: &str) -> Result<bool, String> {
        let found = self.live.material(&self.domain, fingerprint);
        Ok(found.map_err(|error| error.to_string())?.is_some())
    }

    /// Whether the live folder shows it too, and it is newer than what is wanted. After a rollback that shows what was gone
    /// back to.
    fn is_shown_as_newer(&self, leaf: &Leaf) -> bool {
        let wanted = &self.wanted;
        let shown = self
            .live
            .shown(&self.domain, &wanted.fingerprint, wanted.not_after);
        matches!(shown, Shown::Newer(current) if current.fingerprint_sha256 == leaf.fingerprint)
    }

    fn material(&self) -> Result<crate::delivery::Material, String> {
        let found: Result<_, LiveError> =
            self.live.material(&self.domain, &self.wanted.fingerprint);
        found
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "the archive no longer has this certificate".to_owned())
    }
}
