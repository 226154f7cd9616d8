//! Asks the daemon for something by a request row, or does it here where none runs: one path does the work.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::identity::become_owner;
use crate::clock::{Clock, SystemClock};
use crate::config::Loaded;
use crate::daemon::assemble;
use crate::observe::{Format, log};
use crate::store::{Lock, OperatorVerb, Store};

/// How often the answer is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// A daemon that does not answer for this long is not well.
const UNANSWERED: Duration = Duration::from_secs(120);

/// What came of a request, or why it can't be done.
pub(super) type Answer = Result<String, String>;

/// Asks for this about each of the subjects. The answers come in their order.
pub(super) async fn ask(
    loaded: Loaded,
    verb: OperatorVerb,
    subjects: &[String],
) -> Result<Vec<Answer>, Failure> {
    let state_dir = loaded.config.state_dir.clone();
    become_owner(&state_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    if Lock::is_taken(&state_dir)? {
        let store = Store::open(&state_dir, clock.now()).await?;
        let requests = write(&store, &*clock, verb, subjects).await?;
        return answers(&store, &*clock, &requests).await;
    }
    log::init(Format::Auto, "error").map_err(|error| Failure::other(error.to_string()))?;
    let assembled = assemble::assemble(loaded, Arc::clone(&clock)).await?;
    let store = assembled.engine.store().clone();
    let requests = write(&store, &*clock, verb, subjects).await?;
    assembled.engine.take_operator_requests().await?;
    let answers = answers(&store, &*clock, &requests).await;
    store.close().await;
    answers
}

async fn write(
    store: &Store,
    clock: &dyn Clock,
    verb: OperatorVerb,
    subjects: &[String],
) -> Result<Vec<i64>, Failure> {
    let mut requests = Vec::new();
    for subject in subjects {
        requests.push(store.ask_operation(clock.now(), verb, subject).await?);
    }
    Ok(requests)
}

async fn answers(
    store: &Store,
    clock: &dyn Clock,
    requests: &[i64],
) -> Result<Vec<Answer>, Failure> {
    let began = clock.monotonic();
    let mut answers = Vec::new();
    for request in requests {
        loop {
            if let Some(answer) = store.operator_answer(*request).await? {
                answers.push(answer);
                break;
            }
            if clock.monotonic() - began > UNANSWERED {
                return Err(Failure::other(
                    "the daemon has not answered for two minutes; look at its log",
                ));
            }
            clock.sleep(LOOK).await;
        }
    }
    Ok(answers)
}
