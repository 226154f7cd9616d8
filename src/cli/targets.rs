//! What `status` says of a certificate's targets: installed, bound, served.

use serde_json::{Value, json};

use super::output::rfc3339;
use super::view::{Line, View};
use crate::lifecycle::delivery::{Delivery, Kind};
use crate::store::Deliveries;

/// Adds the keys of the targets to a certificate's object.
pub(super) fn add_json(view: &View, line: &Line<'_>, object: &mut Value) {
    let known = view.deliveries(&line.record.domain);
    let wanted = known.and_then(|known| known.wanted.as_ref());
    let seen = |kind| row(known, kind).and_then(|row| row.seen.as_deref());
    let bound: Vec<u64> = rows(known, Kind::Cloud)
        .filter_map(|row| row.cloud.count)
        .collect();
    object["bound_resources"] = json!((!bound.is_empty()).then(|| bound.iter().sum::<u64>()));
    object["bound_at"] = rfc3339(row(known, Kind::Cloud).and_then(|row| row.seen_at));
    object["installed"] = json!(wanted.map(|wanted| wanted.fingerprint.as_str()));
    object["bound"] = json!(seen(Kind::Cloud));
    object["served"] = json!(seen(Kind::Verify));
    object["served_at"] = rfc3339(row(known, Kind::Verify).and_then(|row| row.seen_at));
    object["rolled_back"] = json!(known.is_some_and(|known| known.rolled_back));
    let targets = known.map_or(&[][..], |known| known.rows.as_slice());
    let targets: Vec<Value> = targets
        .iter()
        .map(|row| {
            json!({
                "target": row.title,
                "kind": row.kind.name(),
                "state": row.state(wanted),
                "delivered": row.delivered,
                "seen": row.seen,
                "seen_at": rfc3339(row.seen_at),
                "failures": row.attempts,
                "next_at": rfc3339(row.next_at),
                "last_error": row.last_error,
            })
        })
        .collect();
    object["targets"] = Value::from(targets);
}

/// One word each for installed, bound and served.
pub(super) fn words(view: &View, line: &Line<'_>) -> String {
    let places = view.places(line);
    format!(
        "{} / {} / {}",
        places.installed.word(),
        places.bound.word(),
        places.served.word()
    )
}

/// What people should know beyond the table.
pub(super) fn notes(view: &View, line: &Line<'_>) -> Option<String> {
    let known = view.deliveries(&line.record.domain)?;
    known.rolled_back.then(|| {
        format!(
            "\n{} is rolled back to the certificate before; the next renewal, or `evercert deploy {}`, ends that\n",
            line.display, line.record.domain
        )
    })
}

/// The row of this kind; of several the one that has most to say: what is not as it should be, then what is bound.
fn row(known: Option<&Deliveries>, kind: Kind) -> Option<&Delivery> {
    let wanted = known.and_then(|known| known.wanted.as_ref());
    rows(known, kind).min_by_key(|row| {
        let done = wanted.is_some_and(|wanted| row.is_done(wanted)) && row.attempts == 0;
        (done, row.cloud.count == Some(0))
    })
}

fn rows(known: Option<&Deliveries>, kind: Kind) -> impl Iterator<Item = &Delivery> {
    let rows = known.map_or(&[][..], |known| known.rows.as_slice());
    rows.iter().filter(move |row| row.kind == kind)
}
