//! What comes of a hook: done, or tried again.

use super::state::{Delivery, State, Wanted};
use super::step::{Moment, Outcome, Settled};

/// A hook for failures only tells of something else: after so many tries it is not worth more.
const MOST_TRIES: u32 = 3;

/// `wanted`: none before the first certificate.
pub(super) fn settle(
    moment: Moment,
    wanted: Option<&Wanted>,
    row: &mut Delivery,
    outcome: Outcome,
) -> Settled {
    match outcome {
        Outcome::Done => {
            row.received(wanted);
            row.saw(None, moment.now);
            if let State::Failure(hook) = &mut row.state {
                hook.reason = None;
            }
            Settled::Delivered
        }
        Outcome::Failed(reason) => {
            let settled = row.fails(moment, reason);
            if matches!(row.state, State::Failure(_)) && row.attempts >= MOST_TRIES {
                row.next_at = None;
            }
            settled
        }
        _ => Settled::Nothing,
    }
}
