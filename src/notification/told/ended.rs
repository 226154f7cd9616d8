//! Which problems a fact ends.

use super::{Fact, Family, Problems};
use crate::observe::event::{self, Kind};

type Key = (String, Family);

/// What has to do with getting a certificate.
const ISSUING: &[Family] = &[
    Family::Order,
    Family::Parked,
    Family::Proof,
    Family::Wanted,
    Family::Life,
];

/// What ends what, for one certificate.
const OF_CERTIFICATES: &[(Kind, &[Family])] = &[
    (event::CERTIFICATE_INSTALLED, ISSUING),
    (event::CERTIFICATE_RENEWED, ISSUING),
    (event::CERTIFICATE_INSTALLED, &[Family::Live]),
    (event::LIVE_MENDED, &[Family::Live]),
    (event::CERTIFICATE_RESUMED, &[Family::Parked]),
    (event::CERTIFICATE_RENEWED, &[Family::Drift]),
    (event::CERTIFICATE_SERVED, &[Family::Drift]),
    (event::VALIDATION_VISIBLE, &[Family::Proof, Family::Wanted]),
    (event::ORDER_ISSUED, &[Family::Proof, Family::Wanted]),
    (event::VALIDATION_CLEANED, &[Family::Left]),
];

/// The keys of the problems that are over.
pub(super) fn ended(problems: &Problems, fact: &Fact<'_>) -> Vec<Key> {
    let is = |kind: Kind| fact.event == kind.name;
    let mut over: Vec<Key> = Vec::new();
    if let Some(domain) = fact.certificate {
        let subject = format!("certificate {domain}");
        for (_, families) in OF_CERTIFICATES.iter().filter(|(kind, _)| is(*kind)) {
            over.extend(families.iter().map(|family| (subject.clone(), *family)));
        }
        over.retain(|key| problems.contains_key(key));
        // Both are said only once every target is done.
        if is(event::CERTIFICATE_RENEWED) || is(event::CERTIFICATE_SERVED) {
            over.extend(below(problems, &format!("{subject} at ")));
        }
        if is(event::CERTIFICATE_DEPLOYED) {
            let target = fact.message.split_once(" (").map(|(_, title)| title);
            let target = target.and_then(|title| title.strip_suffix(')'));
            let subject = format!("{subject} at {}", target.unwrap_or_default());
            over.extend(below(problems, &subject).filter(|(name, _)| *name == subject));
        }
    }
    if is(event::CONFIG_RELOADED) {
        over.extend(below(problems, "config"));
    }
    if let Some(account) = fact.account {
        over.extend(of_account(problems, fact, account));
    }
    over
}

/// An account that answers, and one that takes an application.
fn of_account(problems: &Problems, fact: &Fact<'_>, account: &str) -> Vec<Key> {
    let is = |kind: Kind| fact.event == kind.name;
    let key = |family| (format!("account {account}"), family);
    let mut over = Vec::new();
    if is(event::ACCOUNT_RESUMED) {
        over.extend([key(Family::Account), key(Family::List)]);
    }
    if is(event::ORDER_APPLIED) || is(event::ORDER_ISSUED) {
        over.push(key(Family::List));
    }
    if is(event::ORDER_APPLIED) {
        over.push(key(Family::Quota));
    }
    over.retain(|key| problems.contains_key(key));
    if let (true, Some(domain)) = (is(event::ORDER_APPLIED), fact.certificate) {
        let full = below(problems, "domain ").filter(|(name, _)| {
            let main = name.trim_start_matches("domain ");
            domain == main || domain.ends_with(&format!(".{main}"))
        });
        over.extend(full);
    }
    over
}

/// The keys of the problems whose subject begins so.
fn below<'p>(problems: &'p Problems, prefix: &str) -> impl Iterator<Item = Key> + use<'p> {
    let prefix = prefix.to_owned();
    problems
        .range((prefix.clone(), Family::Order)..)
        .map(|(key, _)| key.clone())
        .take_while(move |(name, _)| name.starts_with(&prefix))
}
