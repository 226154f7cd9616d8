//! What `status` says of a certificate's targets: installed, bound, served.

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::rfc3339;
use super::view::{Line, View};
use crate::lifecycle::delivery::{Delivery, Reached, TargetKind, Wanted};
use crate::observe::overview::Place;
use crate::sentence::{Language, Phrase, say};
use crate::store::Store;

/// Adds the keys of the targets to a certificate's object.
pub(super) fn add_json(view: &View, line: &Line<'_>, object: &mut Value) {
    let domain = &line.record.domain;
    let (targets, wanted) = (view.targets(domain), view.wanted(domain));
    let cloud = row(targets, wanted, TargetKind::Cloud);
    let verify = row(targets, wanted, TargetKind::Verify);
    let seen = |row: Option<&Delivery>| row.and_then(|row| Some(row.look()?.0.to_owned()));
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
            "seen": row.look().map(|(seen, _)| seen),
            "seen_at": rfc3339(row.seen_at),
            "failures": row.attempts,
            "next_at": rfc3339(row.next_at),
            "last_error": row.last_error,
        })
    });
    object["targets"] = targets.collect();
}

/// One word each for installed, bound and served.
pub(super) fn words(language: Language, view: &View, line: &Line<'_>) -> String {
    let places = view.places(line);
    let place = |place| language.of_phrase(phrase(place));
    format!(
        "{} / {} / {}",
        place(places.installed),
        place(places.bound),
        place(places.served)
    )
}

/// Whether it is there.
pub(super) fn phrase(place: Place) -> Phrase {
    match place {
        Place::Yes => say("yes", "是"),
        Place::No => say("no", "否"),
        Place::NotWanted => Phrase {
            english: "-",
            chinese: "-",
        },
        Place::Nowhere => say("none", "无资源"),
        Place::NotYet => say("not yet", "未完成"),
        Place::Unseen => say("not looked at yet", "尚未检查"),
        Place::Failing => say("failing", "失败"),
        Place::Other => say("other", "其他证书"),
    }
}

/// Where a target stands, by its stable name.
pub(super) fn state(name: &'static str) -> Phrase {
    let chinese = match name {
        "done" => "完成",
        "failing" => "失败",
        "writing" => "写入中",
        "checking" => "检查中",
        "reloading" => "重新加载中",
        "undoing" | "undoing-all" | "reloading-old" => "回退中",
        "moving" => "更换中",
        "looking" => "核对中",
        _ => "等待",
    };
    say(name, chinese)
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

/// How far a certificate's targets are, and what fails there.
pub(super) async fn how_far(store: &Store, domain: &str) -> Result<(Reached, String), Failure> {
    let Some(known) = store.deliveries(domain).await? else {
        return Ok((Reached::Done, String::new()));
    };
    let mut rows = known.rows.iter();
    let failing = rows.find(|row| row.attempts > 0 && row.kind() != TargetKind::Failure);
    let reason = failing.and_then(|row| row.last_error.clone());
    Ok((known.reached(), reason.unwrap_or_default()))
}
