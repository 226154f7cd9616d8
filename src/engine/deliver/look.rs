//! What is served, judged against what should be.

use chrono::{DateTime, Utc};

use super::work::Work;
use crate::delivery::addresses::is_own;
use crate::delivery::verify::{self, Place, Served, VerifyError};
use crate::lifecycle::delivery::{DeliveryOutcome, Wanted};

impl Work<'_> {
    /// Looks at what is served: well, where that is to be said; where it was seen before, over one connection.
    pub(super) async fn look(&self, row: usize, wanted: &Wanted) -> DeliveryOutcome {
        let Some(verify) = &self.certificate.targets.verify else {
            return DeliveryOutcome::Failed("the config no longer has this check".to_owned());
        };
        let place = Place::new(verify, &self.known.domain);
        let clock = &self.engine.environment.clock;
        let sleep = |time| clock.sleep(time);
        let served = if self.row(row).is_done(wanted) {
            verify::look(&place, sleep).await
        } else {
            verify::look_well(&place, &wanted.fingerprint, sleep).await
        };
        let is_elsewhere = self.settings.config.fleet.is_some()
            && served
                .as_ref()
                .is_ok_and(|served| is_elsewhere(served, wanted));
        match judge(served, &self.known.domain, &wanted.fingerprint) {
            // What another machine of the fleet serves is only told: nothing that is done here changes it.
            DeliveryOutcome::Wrong { seen, reason, .. } if is_elsewhere => {
                DeliveryOutcome::Elsewhere {
                    seen,
                    reason: format!(
                        "{reason}; that is another machine: `verify` should name an address of this one"
                    ),
                }
            }
            outcome => outcome,
        }
    }
}

/// Whether other machines serve another certificate, and this one does not.
fn is_elsewhere(served: &[Served], wanted: &Wanted) -> bool {
    let is_wrong = |one: &&Served| {
        let leaf = one.leaf.as_ref();
        leaf.is_ok_and(|leaf| leaf.fingerprint != wanted.fingerprint)
    };
    let mut wrong = served.iter().filter(is_wrong);
    !wrong.any(|one| is_own(one.address.ip()))
}

/// Any address that shows another certificate makes it wrong; addresses that can't be reached don't count while another
/// can be, since many machines have no way to some of their own. What is served by default, for another name or signed by
/// itself, is a mistake however late it ends.
pub fn judge(
    served: Result<Vec<Served>, VerifyError>,
    domain: &str,
    wanted: &str,
) -> DeliveryOutcome {
    let served = match served {
        Ok(served) => served,
        Err(error) => return DeliveryOutcome::Failed(error.to_string()),
    };
    let mut right = None;
    let mut unreachable = None;
    for one in &served {
        match &one.leaf {
            Ok(leaf) if leaf.fingerprint == wanted => right = Some(one),
            Ok(leaf) => {
                return DeliveryOutcome::Wrong {
                    seen: leaf.fingerprint.clone(),
                    not_after: leaf.rivals(domain).then_some(leaf.not_after),
                    reason: format!(
                        "{} serves another certificate ({}, ends {})",
                        one.address,
                        leaf.shown,
                        day(leaf.not_after)
                    ),
                };
            }
            Err(error) => unreachable = Some(error.to_string()),
        }
    }
    match right {
        // A public certificate is never signed by its root, so a chain of none is a server that was given the wrong file.
        Some(one) if one.chain.is_empty() => DeliveryOutcome::Imperfect {
            seen: wanted.to_owned(),
            reason: format!(
                "{} serves the certificate without its chain; give the server fullchain.pem",
                one.address
            ),
        },
        Some(_) => DeliveryOutcome::Done,
        None => {
            DeliveryOutcome::Failed(unreachable.unwrap_or_else(|| "there is no address".to_owned()))
        }
    }
}

fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}
