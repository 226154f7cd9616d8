//! Whether the state folder may be a copy of one that is at work on another machine (a cloned image, say).
//!
//! Two copies have the same installation id, and each takes the other's orders for its own: names are ordered twice. Two
//! things give a copy away: the machine's id is another one than when the database was last at work; and an order has
//! our marker, but our record has never heard of it. Either may also be a machine that moved, or whose disk was put back.
//! Nobody but the operator can tell, so nothing is ordered, cancelled or deleted until `evercert claim`. What is installed
//! is looked after as ever, and orders that are under way are followed to their end.

use std::path::Path;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::Engine;
use super::failure::Judged;
use super::listing::Listing;
use super::order::turn::Turn;
use crate::lifecycle::{Class, Failure, SightingState};
use crate::observe::event::{CLAIM, Event, Fact, Twin};
use crate::store::StoreError;

/// Where the machine's id is (machine-id(5)).
const MACHINE_ID: &str = "/etc/machine-id";

/// An order that was inserted so shortly after a restore, or after the operator's decision, may have been under way before.
const MARGIN: TimeDelta = TimeDelta::minutes(10);

/// A digest of this machine's id; `None` where it has none (in many containers). The id itself is not to be shown.
#[must_use]
pub fn machine() -> Option<String> {
    machine_of(Path::new(MACHINE_ID))
}

fn machine_of(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let id = text.trim();
    // While a machine is made, the file holds "uninitialized".
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| {
        let digest = Sha256::new_with_prefix("evercert")
            .chain_update(id)
            .finalize();
        digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    })
}

impl Engine {
    /// At a start: whether this is the machine that the database was last at work on.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn notice_machine(&self, machine: Option<&str>) -> Result<(), StoreError> {
        let Some(machine) = machine else {
            return Ok(());
        };
        match self.store().machine().await? {
            None => Ok(self.store().set_machine(machine).await?),
            Some(known) if known == machine => self.say_copied().await,
            Some(_) => {
                let reason = "the state folder was at work on another machine before: it may be a copy, and both may run";
                self.suspect(reason.to_owned()).await
            }
        }
    }

    /// Says at a start that the operator has not decided yet.
    async fn say_copied(&self) -> Result<(), StoreError> {
        if let Some(reason) = self.store().may_be_copy().await? {
            seen(&reason).emit();
        }
        Ok(())
    }

    async fn suspect(&self, reason: String) -> Result<(), StoreError> {
        if self.store().may_be_copy().await?.is_some() {
            return self.say_copied().await;
        }
        self.store().suspect_copy(&reason).await?;
        self.say(vec![seen(&reason)]).await
    }

    /// Whether it is to leave everything at the service as it is.
    pub(super) async fn is_copy(&self) -> Result<bool, StoreError> {
        Ok(self.store().may_be_copy().await?.is_some())
    }

    /// Looks for orders with our marker that our record has never heard of. A restored record lacks those that were made
    /// since the backup; they are older than the restore.
    pub(super) async fn find_copy(
        &self,
        account: &str,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        let ours = self.ours();
        let listed = listing.service_now();
        let since = self.store().first_list_since_decided(account, listed);
        let since = since.await?;
        let own = listing
            .entries()
            .filter(|(_, one)| matches!(one.state, SightingState::Pending | SightingState::Issued))
            .filter(|(_, one)| ours.made_here(&one.alias))
            .filter_map(|(domain, one)| Some((domain, one, ours.marker(&one.alias)?)))
            .filter(|(_, one, _)| match (since, one.inserted) {
                (Some(since), Some(inserted)) => inserted > since + MARGIN,
                (Some(_), None) => false,
                (None, _) => true,
            });
        let own: Vec<_> = own.collect();
        if own.is_empty() {
            return Ok(());
        }
        let known = self.store().markers().await?;
        let Some((domain, one, marker)) = own
            .into_iter()
            .find(|(_, _, marker)| !known.contains(*marker))
        else {
            return Ok(());
        };
        let reason = format!(
            "{domain}: the order {} has the marker {marker}, which is this installation's own, but is not in its record: \
             a copy of its state folder is at work on another machine",
            one.certificate_id
        );
        self.suspect(reason).await
    }
}

/// It may be a copy.
fn seen(reason: &str) -> Event {
    let what = Twin::Copy(reason.into());
    Event::of(Fact::TwinSeen { what })
}

impl Turn<'_> {
    /// A copy orders nothing until its operator has decided.
    pub(super) async fn must_be_claimed(&mut self) -> Result<bool, StoreError> {
        let Some(reason) = self.engine.store().may_be_copy().await? else {
            return Ok(false);
        };
        let failure = Failure::ours(Class::Operator, format!("{reason}; {CLAIM}"));
        self.failed(Judged::own(failure)).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_an_id_only_where_the_file_holds_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine-id");
        assert_eq!(machine_of(&path), None);
        for none in ["", "uninitialized\n", "0123"] {
            std::fs::write(&path, none).unwrap();
            assert_eq!(machine_of(&path), None, "{none:?}");
        }
        std::fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
        let one = machine_of(&path).unwrap();
        assert!(one.len() == 32 && !one.contains("0123456789abcdef"));
        std::fs::write(&path, "0123456789abcdef0123456789abcde0\n").unwrap();
        assert_ne!(machine_of(&path), Some(one));
    }
}
