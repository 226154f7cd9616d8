//! What `status` says of a certificate's targets: installed, bound, served.

use serde_json::{Value, json};

use super::output::rfc3339;
use super::view::{Line, View};
use crate::lifecycle::delivery::{Delivery, TargetKind, Wanted};

/// Adds the keys of the targets to a certificate's object.
pub(super) fn add_json(view: &View, line: &Line<'_>, object: &mut Value) {
    let domain = &line.record.domain;
    let (targets, wanted) = (view.targets(domain), view.wanted(domain));
    let cloud = row(targets, wanted, TargetKind::Cloud);
    let verify = row(targets, wanted, TargetKind::Verify);
    let seen = |row: Option<&Delivery>| row.and_then(|row| row.seen.clone());
    let seen_at = |row: Option<&Delivery>| rfc3339(row.and_then(|row| row.seen_at));
    let bound: Vec<u64> = targets.iter().filter_map(Delivery::bound).collect();
    object["bound_resources"] = json!((!bound.is_empty()).then(|| bound.iter().sum::<u64>()));
    object["bound_at"] = seen_at(cloud);
    object["installed"] = json!(wanted.map(|wanted| wanted.fingerprint.as_str()));
    object["bound"] = json!(seen(cloud));
    object["served"] = json!(seen(verify));
    object["served_at"] = seen_at(verify);
    object["rolled_back"] = json!(view.is_rolled_back(domain));
    let targets = targets.iter().map(|row| {
        json!({
            "target": row.title,
            "kind": row.kind().name(),
            "state": row.status(wanted),
            "delivered": row.delivered.as_ref().map(|delivered| delivered.fingerprint.as_str()),
            "seen": row.seen,
            "seen_at": rfc3339(row.seen_at),
            "failures": row.attempts,
            "next_at": rfc3339(row.next_at),
            "last_error": row.last_error,
        })
    });
    object["targets"] = targets.collect();
}

/// One word each for installed, bound and served.
pub(super) fn words(view: &View, line: &Line<'_>) -> String {
    let places = view.places(line);
    format!(
        "{} / {} / {}",
        places.installed.name(),
        places.bound.name(),
        places.served.name()
    )
}

/// What people should know beyond the table.
pub(super) fn notes(view: &View, line: &Line<'_>) -> Option<String> {
    let is_rolled_back = view.is_rolled_back(&line.record.domain);
    is_rolled_back.then(|| {
        format!(
            "\n{} is rolled back to the certificate before; the next renewal, or `evercert deploy {}`, ends that\n",
            line.display, line.record.domain
        )
    })
}

/// The target of this kind; of several the one that has most to say: what is not as it should be, then what is bound.
fn row<'t>(
    targets: &'t [Delivery],
    wanted: Option<&Wanted>,
    kind: TargetKind,
) -> Option<&'t Delivery> {
    let those = targets.iter().filter(|row| row.kind() == kind);
    those.min_by_key(|row| {
        let done = wanted.is_some_and(|wanted| row.is_done(wanted)) && row.attempts == 0;
        (done, row.bound() == Some(0))
    })
}
