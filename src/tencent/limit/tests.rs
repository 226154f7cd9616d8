//! The limit is tried against a virtual clock: a service that counts, with arbitrary delays on the way.

use super::*;
use crate::clock::VirtualClock;
use chrono::DateTime;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use proptest::prelude::*;

fn clock() -> VirtualClock {
    VirtualClock::new(DateTime::from_timestamp(1_740_000_000, 0).unwrap())
}

fn limiter(clock: &VirtualClock, permits: usize) -> Limiter {
    Limiter::with_first_call_after(Arc::new(clock.clone()), permits, Duration::ZERO)
}

fn ready(limiter: &Limiter) -> Option<Permit> {
    limiter.acquire().now_or_never()
}

#[test]
fn the_first_call_waits_two_seconds() {
    let clock = clock();
    let limiter = Limiter::new(Arc::new(clock.clone()), 10);
    assert!(ready(&limiter).is_none());
    clock.advance(Duration::from_millis(1_999));
    assert!(ready(&limiter).is_none());
    clock.advance(Duration::from_millis(1));
    assert!(ready(&limiter).is_some());
}

#[test]
fn a_permit_comes_back_one_second_after_its_answer() {
    let clock = clock();
    let limiter = limiter(&clock, 1);
    let permit = ready(&limiter).unwrap();
    clock.advance(Duration::from_secs(30));
    assert!(ready(&limiter).is_none(), "still in flight");
    permit.answered();
    clock.advance(Duration::from_millis(999));
    assert!(ready(&limiter).is_none(), "rests");
    clock.advance(Duration::from_millis(1));
    assert!(ready(&limiter).is_some());
}

#[test]
fn a_permit_without_an_answer_comes_back_after_ten_seconds() {
    let clock = clock();
    let limiter = limiter(&clock, 1);
    drop(ready(&limiter).unwrap());
    clock.advance(Duration::from_millis(9_999));
    assert!(ready(&limiter).is_none());
    clock.advance(Duration::from_millis(1));
    assert!(ready(&limiter).is_some());
}

#[test]
fn a_request_that_was_never_sent_keeps_its_permit_for_a_second() {
    let clock = clock();
    let limiter = limiter(&clock, 1);
    ready(&limiter).unwrap().not_sent();
    assert!(ready(&limiter).is_none());
    clock.advance(Duration::from_secs(1));
    assert!(ready(&limiter).is_some());
}

#[test]
fn the_rate_stays_between_one_and_ten() {
    let clock = clock();
    assert_eq!(limiter(&clock, 0).rate(), 1);
    assert_eq!(limiter(&clock, 1_000).rate(), 10);
    let limiter = limiter(&clock, 5);
    limiter.set_rate(400);
    assert_eq!(limiter.rate(), 10);
}

#[test]
fn a_raised_rate_lets_the_waiting_go() {
    let clock = clock();
    let limiter = limiter(&clock, 1);
    let _held = ready(&limiter).unwrap();
    let mut waiting = Box::pin(limiter.acquire());
    assert!((&mut waiting).now_or_never().is_none());
    limiter.set_rate(2);
    assert!((&mut waiting).now_or_never().is_some());
}

#[test]
fn callers_are_served_in_the_order_of_asking() {
    let clock = clock();
    let limiter = limiter(&clock, 1);
    ready(&limiter).unwrap().answered();
    let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(limiter.acquire())).collect();
    for wait in &mut waiting {
        assert!(wait.now_or_never().is_none());
    }
    for served in 0..waiting.len() {
        clock.advance(Duration::from_secs(1));
        // Asked from the last to the first: only the one whose turn it is may get the permit.
        for index in (served..waiting.len()).rev() {
            let got = (&mut waiting[index]).now_or_never();
            assert_eq!(
                got.is_some(),
                index == served,
                "caller {index} at turn {served}"
            );
            if let Some(permit) = got {
                permit.answered();
            }
        }
    }
}

#[test]
fn a_caller_that_gives_up_loses_no_permit() {
    let clock = clock();
    let limiter = limiter(&clock, 2);
    for _ in 0..2 {
        ready(&limiter).unwrap().answered();
    }
    for _ in 0..50 {
        let mut first = Box::pin(limiter.acquire());
        let mut second = Box::pin(limiter.acquire());
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(first);
        drop(second);
    }
    clock.advance(Duration::from_secs(1));
    let installed = (ready(&limiter), ready(&limiter));
    assert!(
        installed.0.is_some() && installed.1.is_some(),
        "both permits are there"
    );
    assert!(ready(&limiter).is_none(), "and no more than both");
}

#[test]
fn calls_of_the_last_minute_are_counted() {
    let clock = clock();
    let limiter = limiter(&clock, 10);
    for _ in 0..3 {
        ready(&limiter).unwrap().answered();
        clock.advance(Duration::from_secs(25));
    }
    assert_eq!(
        limiter.calls_last_minute(),
        2,
        "the one 75 seconds ago is out"
    );
    clock.advance(Duration::from_secs(60));
    assert_eq!(limiter.calls_last_minute(), 0);
}

/// What the way does to one call: milliseconds until the service receives it, until it answers, until the answer is
/// here; or the answer is lost, and the caller gives up after a while.
#[derive(Clone, Debug)]
struct Way {
    there: u64,
    work: u64,
    back: u64,
    lost: bool,
    started: u64,
}

fn any_way() -> impl Strategy<Value = Way> {
    // Often no delay at all, which is where a limiter that starts its second too soon is caught.
    let delay = || prop_oneof![3 => Just(0u64), 3 => 0u64..50, 2 => 0u64..1_500, 1 => 0u64..9_000];
    (
        delay(),
        delay(),
        delay(),
        prop::bool::weighted(0.1),
        0u64..2_000,
    )
        .prop_map(|(there, work, back, lost, started)| Way {
            there,
            work,
            back,
            lost,
            started,
        })
}

async fn one_call(
    clock: VirtualClock,
    limiter: Arc<Limiter>,
    way: Way,
    received: Arc<Mutex<Vec<Duration>>>,
) {
    let ms = Duration::from_millis;
    clock.sleep(ms(way.started)).await;
    let permit = limiter.acquire().await;
    if way.lost {
        // The connection is given up at once; the request may still arrive, up to ten seconds later.
        let arrives = clock.monotonic() + ms(way.there);
        received.lock().unwrap().push(arrives);
        drop(permit);
        return;
    }
    clock.sleep(ms(way.there)).await;
    received.lock().unwrap().push(clock.monotonic());
    clock.sleep(ms(way.work)).await;
    clock.sleep(ms(way.back)).await;
    permit.answered();
}

/// Runs all calls to their end and gives the moments at which the service received them, in order.
fn receive_times(ways: Vec<Way>, permits: usize) -> Vec<Duration> {
    let clock = clock();
    let limiter = Arc::new(limiter(&clock, permits));
    let received = Arc::new(Mutex::new(Vec::new()));
    let calls: FuturesUnordered<BoxFuture<'static, ()>> = ways
        .into_iter()
        .map(|way| {
            one_call(
                clock.clone(),
                Arc::clone(&limiter),
                way,
                Arc::clone(&received),
            )
            .boxed()
        })
        .collect();
    let total = calls.len();
    let mut all = calls.collect::<Vec<_>>();
    let mut rounds = 0;
    while (&mut all).now_or_never().is_none() {
        assert!(clock.advance_to_next(), "a caller waits for nothing");
        rounds += 1;
        assert!(rounds < 100_000, "no end in sight");
    }
    let mut times = received.lock().unwrap().clone();
    assert_eq!(times.len(), total, "every call was made");
    times.sort();
    times
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_service_never_sees_one_call_too_many_in_a_second(ways in prop::collection::vec(any_way(), 1..90), permits in 1usize..=10) {
        let times = receive_times(ways, permits);
        for window in times.windows(permits + 1) {
            // Half-open: a call exactly one second after another is in the next window.
            prop_assert!(window[permits] - window[0] >= Duration::from_secs(1), "{window:?}");
        }
    }
}

#[test]
fn the_full_rate_is_reached() {
    let at_once = Way {
        there: 0,
        work: 0,
        back: 0,
        lost: false,
        started: 0,
    };
    let times = receive_times(vec![at_once; 101], 10);
    assert_eq!(
        times.last(),
        Some(&Duration::from_secs(10)),
        "ten a second, not fewer"
    );
}

#[test]
fn the_peak_is_that_of_the_busiest_second_of_the_last_minute() {
    let clock = clock();
    let limiter = limiter(&clock, 10);
    let call = || ready(&limiter).unwrap().answered();
    call();
    clock.advance(Duration::from_millis(600));
    (0..3).for_each(|_| call());
    clock.advance(Duration::from_millis(500));
    call();
    assert_eq!(limiter.peak_last_minute(), 4);
    clock.advance(Duration::from_secs(60));
    assert_eq!(limiter.peak_last_minute(), 0);
    // What comes a second later comes in another second.
    call();
    clock.advance(Duration::from_secs(1));
    call();
    assert_eq!(limiter.peak_last_minute(), 1);
}
