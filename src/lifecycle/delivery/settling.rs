//! Step + outcome → the new rows.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Delivery, Kind, Outcome, Pace, Said, Stage, Step, Wanted, blocked, bound};

/// The longest pause between two attempts at a target.
pub(super) const CEILING: TimeDelta = TimeDelta::hours(1);

/// What was too slow once is given so many times as long before it counts as wrong again.
const PATIENCE_GROWS: i32 = 4;

/// A previous certificate is not gone back to when it has less life left than this.
const WORTH_GOING_BACK: TimeDelta = TimeDelta::days(1);

/// What a judgement goes by.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Now.
    pub now: DateTime<Utc>,
    /// The pace.
    pub pace: &'a Pace,
    /// What every target should have.
    pub wanted: &'a Wanted,
    /// In `[0, 1)`; spreads retries.
    pub dice: f64,
}

/// The rows after an outcome of the row at `place`.
pub fn settle(
    moment: Moment<'_>,
    rows: &mut [Delivery],
    place: usize,
    step: Step,
    outcome: Outcome,
) -> Said {
    let said = match rows[place].kind {
        Kind::Install => install(moment, &mut rows[place], step, outcome),
        Kind::Verify => verify(moment, rows, place, outcome),
        Kind::Cloud => bound::cloud(moment, &mut rows[place], step, outcome),
        Kind::Deploy | Kind::Failure => plain(moment, &mut rows[place], outcome),
    };
    unblock(moment.now, rows, moment.wanted);
    said
}

/// Rows that wait for others get their time once the others are done, in the same write as what they waited for.
pub fn unblock(now: DateTime<Utc>, rows: &mut [Delivery], wanted: &Wanted) {
    for place in 0..rows.len() {
        let row = &mut rows[place];
        if row.kind == Kind::Deploy && row.is_done(wanted) {
            row.next_at = None;
        }
        if row.kind != Kind::Verify {
            continue;
        }
        if blocked(rows, place, wanted) {
            rows[place].next_at = None;
        } else if !rows[place].is_done(wanted) && rows[place].next_at.is_none() {
            rows[place].next_at = Some(now);
        }
    }
}

pub(super) fn enter(moment: Moment<'_>, row: &mut Delivery, stage: Stage) {
    row.stage = stage;
    row.since = Some(moment.now);
    row.aim = Some(moment.wanted.fingerprint.clone());
    row.next_at = Some(moment.now);
}

pub(super) fn delivered(moment: Moment<'_>, row: &mut Delivery) {
    let wanted = moment.wanted;
    row.stage = Stage::Idle;
    row.since = None;
    row.aim = None;
    row.delivered = Some(wanted.fingerprint.clone());
    row.delivered_not_after = Some(wanted.not_after);
    row.attempts = 0;
    row.next_at = None;
    row.last_error = None;
    row.forced = false;
    row.task = None;
}

pub(super) fn failed(moment: Moment<'_>, row: &mut Delivery, reason: String) {
    row.attempts = row.attempts.saturating_add(1);
    row.last_error = Some(reason);
    row.next_at = Some(moment.now + backoff(moment, row.attempts));
}

/// Doubling from the first pause, up to an hour; half of it is chance.
fn backoff(moment: Moment<'_>, attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(12);
    let grown = (moment.pace.retry * (1_i32 << doublings)).min(CEILING);
    grown / 2
        + TimeDelta::milliseconds((grown.num_milliseconds() as f64 * moment.dice / 2.0) as i64)
}

fn install(moment: Moment<'_>, row: &mut Delivery, step: Step, outcome: Outcome) -> Said {
    let now = moment.now;
    match (step, outcome) {
        (Step::Save, Outcome::Done) => {
            enter(moment, row, Stage::Writing);
            Said::Nothing
        }
        (Step::Write, Outcome::Done) => {
            enter(moment, row, Stage::Checking);
            Said::Nothing
        }
        (Step::Check, Outcome::Done) => {
            enter(moment, row, Stage::Reloading);
            Said::Nothing
        }
        (Step::Reload, Outcome::Done) => {
            delivered(moment, row);
            row.seen = Some(moment.wanted.fingerprint.clone());
            row.seen_at = Some(now);
            Said::Delivered
        }
        (Step::Inspect, Outcome::Done) => {
            row.next_at = None;
            row.seen_at = Some(now);
            Said::Nothing
        }
        (Step::Inspect, Outcome::Wrong { seen, reason, .. }) => {
            row.delivered = None;
            row.seen = Some(seen);
            row.seen_at = Some(now);
            row.last_error = Some(reason);
            row.next_at = Some(now);
            Said::Drift
        }
        // Nothing was reloaded yet: only the files go back.
        (Step::Write | Step::Check, Outcome::Failed(reason)) => {
            row.stage = Stage::Undoing;
            row.since = Some(now);
            row.next_at = Some(now);
            row.last_error = Some(reason);
            Said::Nothing
        }
        (Step::Reload, Outcome::Failed(reason)) => {
            row.stage = Stage::UndoingAll;
            row.since = Some(now);
            row.next_at = Some(now);
            row.last_error = Some(reason);
            Said::Nothing
        }
        (Step::Restore, Outcome::Done) if row.stage == Stage::UndoingAll => {
            row.stage = Stage::ReloadingOld;
            row.next_at = Some(now);
            Said::Nothing
        }
        (Step::Restore | Step::ReloadOld, Outcome::Done) => undone(moment, row, None),
        // The server may not even take the old files; they are back, and it is said.
        (Step::ReloadOld, Outcome::Failed(reason)) => undone(moment, row, Some(reason)),
        (Step::Restore, Outcome::Failed(reason)) => {
            failed(
                moment,
                row,
                format!("the files can't be put back: {reason}"),
            );
            Said::Failed
        }
        // With the next look of the server's, or when another target with the same check has arrived.
        (_, Outcome::NotYet(reason)) => {
            let reason = match row.last_error.take() {
                Some(before) if step == Step::Restore => format!("{before}; {reason}"),
                _ => reason,
            };
            enter(moment, row, Stage::Checking);
            failed(moment, row, reason);
            Said::Failed
        }
        (_, Outcome::Foreign { seen, reason }) => {
            row.stage = Stage::Idle;
            row.seen = Some(seen);
            row.seen_at = Some(now);
            failed(moment, row, reason);
            // Left until somebody decides; looked at again now and then.
            row.next_at = Some(now + CEILING);
            Said::Foreign
        }
        (_, Outcome::Failed(reason) | Outcome::Unreachable(reason)) => {
            failed(moment, row, reason);
            Said::Failed
        }
        _ => Said::Nothing,
    }
}

/// What was there is there again: the failure that led here counts now.
pub(super) fn undone(moment: Moment<'_>, row: &mut Delivery, more: Option<String>) -> Said {
    let mut reason = row.last_error.take().unwrap_or_default();
    if let Some(more) = more {
        reason = format!("{reason}; the reload after putting the files back failed too: {more}");
    }
    row.stage = Stage::Idle;
    row.since = None;
    row.aim = None;
    // What it had before it has again, and that is known but for what was replaced after it was delivered.
    if row.delivered.as_deref() == Some(moment.wanted.fingerprint.as_str()) {
        row.delivered = None;
        row.delivered_not_after = None;
    }
    failed(moment, row, reason);
    Said::RolledBack
}

/// Hooks: done, or tried again.
fn plain(moment: Moment<'_>, row: &mut Delivery, outcome: Outcome) -> Said {
    let now = moment.now;
    match outcome {
        Outcome::Done => {
            delivered(moment, row);
            row.seen = None;
            row.seen_at = Some(now);
            Said::Delivered
        }
        Outcome::Failed(reason) => {
            row.stage = Stage::Idle;
            row.task = None;
            failed(moment, row, reason);
            if row.kind == Kind::Failure && row.attempts >= 3 {
                // It only tells of something else; it is not worth more.
                row.next_at = None;
            }
            Said::Failed
        }
        _ => Said::Nothing,
    }
}

fn verify(moment: Moment<'_>, rows: &mut [Delivery], place: usize, outcome: Outcome) -> Said {
    let (now, pace, wanted) = (moment.now, moment.pace, moment.wanted);
    let row = &mut rows[place];
    let was_done = row.is_done(wanted);
    match outcome {
        Outcome::Done => {
            let mended = row.attempts > 0;
            delivered(moment, row);
            row.seen = Some(moment.wanted.fingerprint.clone());
            row.seen_at = Some(now);
            if was_done && !mended {
                Said::Nothing
            } else {
                Said::Delivered
            }
        }
        Outcome::Imperfect { seen, reason } => {
            row.stage = Stage::Idle;
            row.seen = Some(seen);
            row.seen_at = Some(now);
            failed(moment, row, reason);
            Said::Failed
        }
        Outcome::Wrong {
            seen,
            not_after,
            reason,
        } => {
            row.seen = Some(seen);
            row.seen_at = Some(now);
            if row.stage != Stage::Looking
                || row.aim.as_deref() != Some(wanted.fingerprint.as_str())
            {
                enter(moment, row, Stage::Looking);
            }
            let began = row.since.unwrap_or(now);
            let patience = match went_back(row, wanted) {
                true => pace.patience * PATIENCE_GROWS,
                false => pace.patience,
            };
            if now < began + patience {
                let pause = pace.look.max((now - began) / 10);
                row.next_at = Some((now + pause).min(began + patience));
                return Said::Nothing;
            }
            wrong(moment, rows, place, not_after, reason)
        }
        Outcome::Failed(reason)
        | Outcome::Unreachable(reason)
        | Outcome::Foreign { reason, .. } => {
            row.stage = Stage::Idle;
            failed(moment, row, reason);
            Said::Failed
        }
        _ => Said::Nothing,
    }
}

/// A wrong certificate, after all patience. Three cases: somebody else's newer one is left; what was right before and is
/// wrong now is brought again; what never became right goes back to what was right.
fn wrong(
    moment: Moment<'_>,
    rows: &mut [Delivery],
    place: usize,
    seen_not_after: Option<DateTime<Utc>>,
    reason: String,
) -> Said {
    let (now, wanted) = (moment.now, moment.wanted);
    let row = &mut rows[place];
    let was_right = row.delivered.as_deref() == Some(wanted.fingerprint.as_str());
    let first = row.attempts == 0;
    let before = row.delivered_not_after.filter(|_| !was_right);
    let stays = went_back(row, wanted);
    row.stage = Stage::Idle;
    row.since = None;
    row.aim = None;
    failed(moment, row, reason.clone());
    let (again, attempts) = (row.next_at, row.attempts);
    if seen_not_after.is_some_and(|end| end > wanted.not_after) {
        row.next_at = Some(now + CEILING);
        return Said::Foreign;
    }
    if was_right {
        // The right one was served before: whatever replaced it, ours is brought again.
        row.delivered = None;
        row.delivered_not_after = None;
        for copy in rows.iter_mut().filter(|row| row.kind.delivers()) {
            copy.delivered = None;
            copy.next_at = Some(if first { now } else { again.unwrap_or(now) });
        }
        return Said::Drift;
    }
    let worth = before.is_some_and(|end| end - now >= WORTH_GOING_BACK);
    let (mut back, mut cloud_back) = (false, false);
    if worth {
        for copy in rows.iter_mut().filter(|row| goes_back(row, stays)) {
            copy.stage = match copy.kind {
                Kind::Cloud => Stage::Undoing,
                _ => Stage::UndoingAll,
            };
            // So that the pauses grow with the check's failures: each delivery in between was a success by itself.
            copy.attempts = attempts.saturating_sub(1);
            copy.since = Some(now);
            copy.next_at = Some(now);
            copy.last_error = Some(reason.clone());
            back = true;
            cloud_back |= copy.kind == Kind::Cloud;
        }
    }
    let row = &mut rows[place];
    if cloud_back {
        row.went_back = Some(wanted.fingerprint.clone());
    }
    if back {
        return Said::RollsBack;
    }
    if stays {
        // To and fro helps nobody: what they have stays, and once it is served that is seen.
        row.last_error = Some(format!(
            "{reason}; its cloud resources went back once already, so now they keep it, and it is looked at again"
        ));
    }
    Said::Failed
}

/// Whether cloud resources went back from this certificate already.
fn went_back(row: &Delivery, wanted: &Wanted) -> bool {
    row.went_back.as_deref() == Some(wanted.fingerprint.as_str())
}

/// Copies are saved before they are replaced; cloud resources go back where it is known what they had, and once: it is
/// their own edges that take their time.
fn goes_back(row: &Delivery, stays: bool) -> bool {
    match row.kind {
        Kind::Install => true,
        Kind::Cloud => row.cloud.before.is_some() && !stays,
        _ => false,
    }
}
