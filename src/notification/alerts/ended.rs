//! Which problems an event ends.

use super::{Family, Subject};
use crate::observe::{Event, Fact};

/// Whether the problem that this subject has of this family is over with the event.
pub(super) fn ended(event: &Event, subject: &Subject, family: Family) -> bool {
    let about = &event.about;
    let is_certificate = |name: &String| about.certificate.as_ref() == Some(name);
    match subject {
        Subject::Certificate(name) => is_certificate(name) && of_certificate(&event.fact, family),
        Subject::Target(name, title) => {
            is_certificate(name)
                && match event.fact {
                    // Both are said only once every target is done.
                    Fact::CertificateRenewed { .. } | Fact::CertificateServed => true,
                    Fact::CertificateDeployed { .. } => about.target.as_ref() == Some(title),
                    _ => false,
                }
        }
        Subject::Account(name) => {
            about.account.as_ref() == Some(name) && of_account(&event.fact, family)
        }
        // An application for a name below it was taken.
        Subject::MainDomain(main) => {
            let below = |name: &String| {
                let rest = name.strip_suffix(main.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            matches!(event.fact, Fact::OrderApplied { .. })
                && about.certificate.as_ref().is_some_and(below)
        }
        Subject::Config(..) => matches!(event.fact, Fact::ConfigReloaded { .. }),
        Subject::Machine => false,
    }
}

fn of_certificate(fact: &Fact, family: Family) -> bool {
    let is_issuing = matches!(
        family,
        Family::Order
            | Family::Stalled
            | Family::Parked
            | Family::Proof
            | Family::Zone
            | Family::Wanted
            | Family::Waiting
            | Family::Life
    );
    match fact {
        Fact::CertificateInstalled => is_issuing || family == Family::Live,
        Fact::CertificateRenewed { .. } => is_issuing || family == Family::Drift,
        Fact::CertificateServed => family == Family::Drift,
        Fact::LiveMended { .. } => family == Family::Live,
        Fact::CertificateResumed { .. } => family == Family::Parked,
        Fact::ValidationVisible => matches!(family, Family::Proof | Family::Wanted),
        Fact::OrderIssued => matches!(
            family,
            Family::Proof | Family::Wanted | Family::Stalled | Family::Zone
        ),
        // Another order takes the place of the one that it was said of; that it was lost is told by itself.
        Fact::OrderApplied { .. } | Fact::OrderAdopted { .. } => {
            matches!(family, Family::Stalled | Family::Zone)
        }
        Fact::ValidationCleaned { .. } => family == Family::Left,
        _ => false,
    }
}

/// An account that answers, and one that takes an application.
fn of_account(fact: &Fact, family: Family) -> bool {
    match fact {
        Fact::AccountResumed => matches!(family, Family::Account | Family::List),
        Fact::OrderIssued => family == Family::List,
        Fact::OrderApplied { .. } => matches!(family, Family::List | Family::Quota),
        _ => false,
    }
}
