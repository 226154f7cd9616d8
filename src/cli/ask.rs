//! Asks for something by a request row: of the daemon, or of an engine made here where none runs. One path does the work.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::failure::Failure;
use crate::clock::{Clock, SystemClock};
use crate::config::{Loaded, LogFormat};
use crate::daemon::assemble::{self, Assembled};
use crate::observe::log;
use crate::sentence::sentences;
use crate::store::{Answer, Lock, RequestState, Store, Verb};

/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// A daemon that does not answer for this long is not well.
const UNANSWERED: Duration = Duration::from_secs(120);

/// A daemon that is not there for this long has ended, and was not only started anew.
const ENDED: Duration = Duration::from_secs(60);

/// How often it is looked for: whoever looks is in the way of one that takes the lock just then.
const LOOK_FOR_DAEMON: Duration = Duration::from_secs(5);

/// A daemon that was started anew so often within [`RESTARTS_WITHIN`] does not stay up.
const MOST_RESTARTS: usize = 3;

/// Restarts that lie longer ago are those of an upgrade, or a person's.
const RESTARTS_WITHIN: Duration = Duration::from_secs(600);

/// Whoever does what is asked.
pub(super) struct Asked {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Store,
    /// The engine that does it here, with the folder's lock; `None` where a daemon does it.
    pub(super) here: Option<Assembled>,
    state_dir: PathBuf,
}

/// Since when a daemon is missing, and when it was started anew, as far as it was looked for; by the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Absence {
    looked: Option<Duration>,
    since: Option<Duration>,
    /// When the folder's lock was taken, as last seen.
    taken: Option<SystemTime>,
    restarts: Vec<Duration>,
}

impl Absence {
    /// Whether it is to be looked for now.
    fn wants_look(&self, now: Duration) -> bool {
        self.looked
            .is_none_or(|looked| now.saturating_sub(looked) >= LOOK_FOR_DAEMON)
    }

    /// Notes whether it is there. True once it has been missing for so long that nobody does what was asked.
    fn lasts(&mut self, is_there: bool, now: Duration) -> bool {
        self.looked = Some(now);
        if is_there {
            self.since = None;
            return false;
        }
        now.saturating_sub(*self.since.get_or_insert(now)) >= ENDED
    }

    /// Notes when the folder's lock was taken. True once that happens so often that the daemon does not stay up.
    fn repeats(&mut self, taken: Option<SystemTime>, now: Duration) -> bool {
        let before = std::mem::replace(&mut self.taken, taken);
        if before.is_some() && before != taken {
            self.restarts.push(now);
        }
        self.restarts
            .retain(|at| now.saturating_sub(*at) <= RESTARTS_WITHIN);
        self.restarts.len() >= MOST_RESTARTS
    }
}

sentences! {
    does_not_stay_up() "the daemon ends again and again, so nobody does what was asked; look at its log (`journalctl -u evercert`). The request stays" "守护进程反复退出，请求无法执行；请查看它的日志（`journalctl -u evercert`）。请求会保留";
}

impl Asked {
    /// Finds the daemon, or makes an engine, whose log has events from this level on.
    pub(super) async fn find(loaded: &Loaded, level: &str) -> Result<Self, Failure> {
        let state_dir = &loaded.config.state_dir;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        if Lock::is_taken(state_dir)? {
            let store = Store::open(state_dir, clock.now()).await?;
            return Ok(Self {
                clock,
                store,
                here: None,
                state_dir: state_dir.clone(),
            });
        }
        log::init(LogFormat::Auto, level)?;
        let assembled = assemble::assemble(loaded.clone(), Arc::clone(&clock)).await?;
        Ok(Self {
            clock,
            store: assembled.engine.store().clone(),
            here: Some(assembled),
            state_dir: state_dir.clone(),
        })
    }

    /// Writes a request. Returns its number.
    pub(super) async fn ask(&self, verb: &Verb) -> Result<i64, Failure> {
        Ok(self.store.ask(self.clock.now(), verb).await?)
    }

    /// Waits for the answer to a request.
    pub(super) async fn answer(&self, request: i64) -> Result<Answer, Failure> {
        let began = self.clock.monotonic();
        let mut absence = Absence::default();
        loop {
            let state = match self.store.request_state(request).await? {
                RequestState::Done(answer) => return Ok(answer),
                state => state,
            };
            self.give_up(&state, began)?;
            self.must_be_there(&mut absence)?;
            self.clock.sleep(LOOK).await;
        }
    }

    /// Fails where the daemon that was asked has ended. What was asked for stays.
    pub(super) fn must_be_there(&self, absence: &mut Absence) -> Result<(), Failure> {
        let now = self.clock.monotonic();
        if self.here.is_some() || !absence.wants_look(now) {
            return Ok(());
        }
        if absence.repeats(Lock::taken_at(&self.state_dir), now) {
            return Err(Failure::later(does_not_stay_up()));
        }
        if !absence.lasts(Lock::is_taken(&self.state_dir)?, now) {
            return Ok(());
        }
        Err(Failure::later(
            "the daemon has ended; the request stays, and is done after its next start",
        ))
    }

    /// Fails where a request has been in this state for too long since `began`, by the monotonic clock.
    pub(super) fn give_up(&self, state: &RequestState, began: Duration) -> Result<(), Failure> {
        if self.clock.monotonic() - began <= UNANSWERED {
            return Ok(());
        }
        Err(Failure::other(match state {
            RequestState::Waiting => {
                "the daemon has not taken the request for two minutes; look at its log"
            }
            _ => "the daemon has not answered for two minutes; look at its log",
        }))
    }
}

/// Asks for all of these, which need no pass. The answers come in their order.
pub(super) async fn ask(
    loaded: &Loaded,
    verbs: impl IntoIterator<Item = Verb>,
) -> Result<Vec<Answer>, Failure> {
    let asked = Asked::find(loaded, "error").await?;
    let mut requests = Vec::new();
    for verb in verbs {
        requests.push(asked.ask(&verb).await?);
    }
    if let Some(here) = &asked.here {
        here.engine.answer_requests().await?;
    }
    let mut answers = Vec::new();
    for request in requests {
        answers.push(asked.answer(request).await?);
    }
    asked.store.close().await;
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_is_missing_for_a_minute_has_ended_and_one_that_was_started_anew_has_not() {
        let seconds = Duration::from_secs;
        let mut absence = Absence::default();
        assert!(absence.wants_look(seconds(0)));
        assert!(!absence.lasts(false, seconds(100)));
        assert!(!absence.wants_look(seconds(104)) && absence.wants_look(seconds(105)));
        assert!(!absence.lasts(false, seconds(159)));
        assert!(absence.lasts(false, seconds(160)));
        assert!(!absence.lasts(true, seconds(165)));
        assert!(!absence.lasts(false, seconds(170)));
        assert!(!absence.lasts(false, seconds(229)));
    }

    #[test]
    fn a_daemon_that_is_started_again_and_again_does_not_stay_up_and_an_upgrade_is_no_such_thing() {
        let seconds = Duration::from_secs;
        let taken = |start| Some(SystemTime::UNIX_EPOCH + seconds(start));
        let mut absence = Absence::default();
        for (start, now) in [(10, 100), (10, 105), (135, 135), (170, 170)] {
            assert!(!absence.repeats(taken(start), seconds(now)), "{start}");
        }
        assert!(absence.repeats(taken(205), seconds(205)));
        // Each of these is a day of its own.
        let mut absence = Absence::default();
        for day in 1..9 {
            assert!(!absence.repeats(taken(day), seconds(day * 86_400)));
        }
    }

    #[test]
    fn whoever_takes_the_lock_anew_is_told_from_who_had_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::taken_at(folder.path()), None);
        let first = Lock::take(folder.path()).unwrap();
        let at = Lock::taken_at(folder.path());
        assert!(at.is_some());
        drop(first);
        assert_eq!(Lock::taken_at(folder.path()), at);
        let clock = SystemClock::new();
        // A file system may count time in coarse steps.
        while Lock::taken_at(folder.path()) == at && clock.monotonic() < Duration::from_secs(20) {
            drop(Lock::take(folder.path()).unwrap());
        }
        assert_ne!(Lock::taken_at(folder.path()), at);
    }
}
