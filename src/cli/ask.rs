//! Asks for something by a request row: of the daemon, or of an engine made here where none runs. One path does the work.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use crate::clock::{Clock, SystemClock};
use crate::config::{Loaded, LogFormat};
use crate::daemon::assemble::{self, Assembled};
use crate::observe::log;
use crate::store::{Answer, Lock, RequestState, Store, Verb};

/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// A daemon that does not answer for this long is not well.
const UNANSWERED: Duration = Duration::from_secs(120);

/// Whoever does what is asked.
pub(super) struct Asked {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Store,
    /// The engine that does it here, with the folder's lock; `None` where a daemon does it.
    pub(super) here: Option<Assembled>,
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
            });
        }
        log::init(LogFormat::Auto, level)?;
        let assembled = assemble::assemble(loaded.clone(), Arc::clone(&clock)).await?;
        Ok(Self {
            clock,
            store: assembled.engine.store().clone(),
            here: Some(assembled),
        })
    }

    /// Writes a request. Returns its number.
    pub(super) async fn ask(&self, verb: &Verb) -> Result<i64, Failure> {
        Ok(self.store.ask(self.clock.now(), verb).await?)
    }

    /// Waits for the answer to a request.
    pub(super) async fn answer(&self, request: i64) -> Result<Answer, Failure> {
        let began = self.clock.monotonic();
        loop {
            let state = match self.store.request_state(request).await? {
                RequestState::Done(answer) => return Ok(answer),
                state => state,
            };
            self.give_up(&state, began)?;
            self.clock.sleep(LOOK).await;
        }
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
