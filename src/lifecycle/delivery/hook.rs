//! What comes of a hook: done, or tried again.

use super::state::{Delivery, State, Wanted};
use super::step::{DeliveryMoment, DeliveryOutcome, DeliverySettled};

/// A hook for failures only tells of something else: after so many tries it is not worth more.
const MOST_TRIES: u32 = 3;

/// `wanted`: none before the first certificate.
pub(super) fn settle(
    moment: DeliveryMoment,
    wanted: Option<&Wanted>,
    row: &mut Delivery,
    outcome: DeliveryOutcome,
) -> DeliverySettled {
    match outcome {
        DeliveryOutcome::Done => {
            row.received(wanted);
            row.saw(None, moment.now);
            if let State::Failure(hook) = &mut row.state {
                hook.reason = None;
            }
            DeliverySettled::Delivered
        }
        DeliveryOutcome::Failed(reason) => {
            let settled = row.fails(moment, reason);
            if matches!(row.state, State::Failure(_)) && row.attempts >= MOST_TRIES {
                row.next_at = None;
            }
            settled
        }
        _ => DeliverySettled::Nothing,
    }
}
