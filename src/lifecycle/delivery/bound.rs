//! Cloud resources: what the steps of their target come to.

use super::settling::{CEILING, delivered, enter, failed, undone};
use super::{Delivery, Moment, Outcome, Said, Stage, Step};
/// What is known of the resources of a cloud target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// How many had the certificate when that was last looked at.
    pub count: Option<u64>,
    /// The service's id of the certificate that they had before; a roll-back goes there.
    pub before: Option<String>,
    /// A task that changes load balancers may be under way: no other may begin in the account.
    pub holds_balancer: bool,
}

/// Work that the cloud is at, to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The work.
    pub text: String,
    /// Whether a task that changes load balancers may be under way.
    pub holds_balancer: bool,
    /// Failures in a row of what fails most; none once all goes on.
    pub failures: u32,
    /// Why that fails, in a sentence.
    pub error: Option<String>,
}

/// The row of a cloud target after an outcome.
pub(super) fn cloud(moment: Moment<'_>, row: &mut Delivery, step: Step, outcome: Outcome) -> Said {
    let now = moment.now;
    row.cloud.holds_balancer = false;
    match outcome {
        Outcome::Working { task, pause } => {
            // Looking at it again is no move, and going back stays that.
            if step == Step::Move {
                if row.stage != Stage::Moving {
                    enter(moment, row, Stage::Moving);
                }
                // What still fails is shown while the rest goes on, and no longer than that.
                row.attempts = task.failures;
                row.last_error.clone_from(&task.error);
            }
            keep(row, task);
            row.next_at = Some(now + pause);
            Said::Nothing
        }
        Outcome::Moved { .. } if step == Step::MoveBack => {
            row.task = None;
            row.seen = None;
            undone(moment, row, None)
        }
        Outcome::Moved {
            count,
            from,
            foreign,
            left,
        } => {
            let said = moved(moment, row, step, (count, from, foreign));
            let known = row.last_error.is_some();
            if !known {
                row.last_error = left;
            }
            match said {
                Said::Nothing if !known && row.last_error.is_some() => Said::Left,
                said => said,
            }
        }
        Outcome::Wrong { seen, reason, .. } => {
            row.delivered = None;
            row.task = None;
            row.seen = Some(seen);
            row.seen_at = Some(now);
            row.last_error = Some(reason);
            row.next_at = Some(now);
            Said::Drift
        }
        Outcome::Foreign { seen, reason } => {
            row.seen = Some(seen);
            left(moment, row, reason);
            Said::Foreign
        }
        Outcome::Hosted { reason } => {
            left(moment, row, reason);
            Said::Hosted
        }
        Outcome::Broken {
            task,
            failure,
            pause,
        } => {
            row.attempts = task.failures.max(1);
            row.last_error = Some(failure.message);
            row.next_at = Some(now + pause);
            keep(row, task);
            Said::Failed
        }
        Outcome::NoWayBack { reason } => {
            // They have the new one, or get it again; what is served then is looked at as ever.
            row.cloud.before = None;
            row.delivered = None;
            row.task = None;
            row.stage = Stage::Idle;
            row.since = None;
            let why = format!("{reason}; its resources keep the new certificate");
            failed(moment, row, why);
            row.next_at = Some(now);
            Said::Failed
        }
        Outcome::Failed(reason)
        | Outcome::NotYet(reason)
        | Outcome::Unreachable(reason)
        | Outcome::Imperfect { reason, .. } => {
            failed(moment, row, reason);
            Said::Failed
        }
        // Pretended.
        Outcome::Done => {
            delivered(moment, row);
            match step {
                Step::Inspect => Said::Nothing,
                _ => Said::Delivered,
            }
        }
    }
}

fn keep(row: &mut Delivery, task: Task) {
    row.cloud.holds_balancer = task.holds_balancer;
    row.task = Some(task.text);
}

/// It is left as it is until somebody decides; looked at again now and then.
fn left(moment: Moment<'_>, row: &mut Delivery, reason: String) {
    row.stage = Stage::Idle;
    row.task = None;
    row.seen_at = Some(moment.now);
    failed(moment, row, reason);
    row.next_at = Some(moment.now + CEILING);
}

fn moved(
    moment: Moment<'_>,
    row: &mut Delivery,
    step: Step,
    (count, from, foreign): (u64, Option<String>, Option<String>),
) -> Said {
    let before = row.cloud.count.filter(|_| step == Step::Inspect);
    delivered(moment, row);
    row.seen = (count > 0).then(|| moment.wanted.fingerprint.clone());
    row.seen_at = Some(moment.now);
    row.cloud.count = Some(count);
    if from.is_some() {
        row.cloud.before = from;
    }
    match before {
        Some(before) if count < before => {
            let whose = foreign.map_or_else(String::new, |id| {
                format!("; somebody else's certificate {id}, which ends later, is bound to some")
            });
            row.last_error = Some(format!(
                "{} of {before} cloud resources no longer have our certificate{whose}",
                before - count
            ));
            Said::Fewer
        }
        _ if step == Step::Inspect => Said::Nothing,
        _ => Said::Delivered,
    }
}
