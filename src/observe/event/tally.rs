//! How often each event was said since the process began. Counted where events are emitted, so that no metric can be
//! forgotten beside its log line.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Kind;
use super::fact::EVENTS;

/// More than there are events; the test below holds that.
const ROOM: usize = 256;

static COUNTS: [AtomicU64; ROOM] = [const { AtomicU64::new(0) }; ROOM];

/// Counts one more.
pub(super) fn count(kind: &Kind) {
    let place = EVENTS.iter().position(|known| known.name == kind.name);
    if let Some(counter) = place.and_then(|place| COUNTS.get(place)) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Every event with its count, in the order of the documentation.
pub fn counts() -> Vec<(&'static Kind, u64)> {
    EVENTS
        .iter()
        .zip(&COUNTS)
        .map(|(kind, counter)| (kind, counter.load(Ordering::Relaxed)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Fact};
    use super::*;

    #[test]
    fn every_event_has_its_counter_and_emitting_counts() {
        assert!(EVENTS.len() <= ROOM);
        let count = || {
            let all = counts();
            let found = all.iter().find(|(kind, _)| kind.name == "order.foreign");
            found.map(|(_, count)| *count).unwrap()
        };
        let before = count();
        Event::of(Fact::OrderForeign).emit();
        assert!(count() > before);
    }
}
