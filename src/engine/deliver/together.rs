//! What is delivered together: targets with the same commands are written first, then checked once and reloaded once.
//!
//! A domain says for which commands it is about to write files; a round of check and reload waits until nobody is, and for
//! a moment longer where the config has others with the same commands, since certificates that are renewed in one pass
//! come in one after the other. No file of such a target is written while a round runs: writers keep the commands' turn
//! ([`command::turn`]).
//!
//! Nobody waits for ever: to write files waits for no round but one that runs, whose commands have a time limit; and a
//! round waits for [`LONGEST_GATHERING`] at most.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};

use crate::clock::Clock;
use crate::command::{self, Turn};

/// How many steps are done at once. Each may be a process or a few connections.
const SLOTS: usize = 16;

/// A round begins at the latest after so long, whoever is still about to write: a disk that hangs keeps nobody else
/// waiting, and has a round of its own later.
const LONGEST_GATHERING: Duration = Duration::from_secs(30);

/// The two commands of a target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commands<'a> {
    pub(super) check: Option<&'a [String]>,
    pub(super) reload: Option<&'a [String]>,
}

impl<'a> Commands<'a> {
    /// Those that there are.
    pub(super) fn all(self) -> impl Iterator<Item = &'a [String]> {
        self.check.into_iter().chain(self.reload)
    }

    /// What a round is known by: both commands.
    fn key(self) -> Round {
        (
            self.check.map(command::name),
            self.reload.map(command::name),
        )
    }
}

/// What came of a round.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// Of the check; good where there is none.
    pub(super) check: Result<(), String>,
    /// Of the reload; `None` where it was not run.
    pub(super) reload: Option<Result<(), String>>,
}

type Round = (Option<String>, Option<String>);

#[derive(Default)]
struct State {
    /// Who is about to write files, and which commands read them.
    ahead: BTreeMap<String, BTreeSet<String>>,
    rounds: BTreeMap<Round, Open>,
}

/// A round that has not begun.
struct Open {
    members: BTreeSet<String>,
    verdict: watch::Receiver<Option<Verdict>>,
}

/// All rounds of an engine.
pub(in crate::engine) struct Together {
    state: Mutex<State>,
    changed: Notify,
    slots: Semaphore,
}

impl Default for Together {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            slots: Semaphore::new(SLOTS),
        }
    }
}

/// How a domain takes part.
enum Seat {
    Leads(watch::Sender<Option<Verdict>>),
    Follows(watch::Receiver<Option<Verdict>>),
}

impl Together {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says for which commands this domain is about to write files; none ends that.
    pub(super) fn set_ahead(&self, domain: &str, commands: BTreeSet<String>) {
        let mut state = self.state();
        let changed = if commands.is_empty() {
            state.ahead.remove(domain).is_some()
        } else {
            state.ahead.insert(domain.to_owned(), commands.clone()) != Some(commands)
        };
        drop(state);
        if changed {
            self.changed.notify_waiters();
        }
    }

    /// Waits for a place among those who do something now. Whoever waits for a turn takes it first.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.slots.acquire().await.ok()
    }

    /// Takes part in a round of these commands, or leads one: then `work` runs them for all members, named in order.
    /// Rounds are gathered for `settle` where others may come. `None`: it is asked to do nothing new.
    pub(super) async fn round<F, W>(
        &self,
        commands: Commands<'_>,
        domain: &str,
        (settle, clock): (Duration, &dyn Clock),
        is_yielding: impl Fn() -> bool,
        work: W,
    ) -> Option<Verdict>
    where
        F: Future<Output = Verdict>,
        W: FnOnce(Vec<String>) -> F,
    {
        let key = commands.key();
        let verdict = loop {
            match self.sit(&key, domain) {
                Seat::Leads(verdict) => break verdict,
                // An error: who led it was dropped before it ran.
                Seat::Follows(mut verdict) => {
                    if let Ok(verdict) = verdict.wait_for(Option::is_some).await {
                        return verdict.clone();
                    }
                }
            }
        };
        let mut open = Opened {
            together: self,
            key: &key,
            is_open: true,
        };
        self.gather(commands, (settle, clock)).await;
        let _turn: Turn = command::turn(commands.all()).await;
        let members = open.close();
        if is_yielding() {
            return None;
        }
        let _slot = self.slot().await;
        let outcome = work(members).await;
        verdict.send_replace(Some(outcome.clone()));
        Some(outcome)
    }

    fn sit(&self, key: &Round, domain: &str) -> Seat {
        let mut state = self.state();
        if let Some(open) = state.rounds.get_mut(key) {
            open.members.insert(domain.to_owned());
            return Seat::Follows(open.verdict.clone());
        }
        let (sender, verdict) = watch::channel(None);
        let members = BTreeSet::from([domain.to_owned()]);
        state.rounds.insert(key.clone(), Open { members, verdict });
        Seat::Leads(sender)
    }

    /// Waits until nobody is about to write, and then for `settle` without anybody new.
    async fn gather(&self, commands: Commands<'_>, (settle, clock): (Duration, &dyn Clock)) {
        let names: BTreeSet<String> = commands.all().map(command::name).collect();
        let key = commands.key();
        let until = clock.monotonic() + LONGEST_GATHERING;
        let mut seen = None;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let left = until.saturating_sub(clock.monotonic());
            if left.is_zero() {
                return;
            }
            let (is_awaited, members) = self.look(&names, &key);
            if is_awaited {
                tokio::select! {
                    () = changed => {}
                    () = clock.sleep(left) => {}
                }
            } else if settle.is_zero() || seen == Some(members) {
                return;
            } else {
                seen = Some(members);
                clock.sleep(settle).await;
            }
        }
    }

    /// Whether somebody is about to write for these commands, and how many members the round has.
    fn look(&self, names: &BTreeSet<String>, key: &Round) -> (bool, usize) {
        let state = self.state();
        let is_awaited = state
            .ahead
            .values()
            .any(|ahead| ahead.intersection(names).next().is_some());
        let members = state.rounds.get(key).map_or(0, |open| open.members.len());
        (is_awaited, members)
    }
}

/// A round that takes members; when this is dropped, it takes none any more.
struct Opened<'a> {
    together: &'a Together,
    key: &'a Round,
    is_open: bool,
}

impl Opened<'_> {
    fn close(&mut self) -> Vec<String> {
        // Once: who comes after opens another one under this key.
        if !std::mem::take(&mut self.is_open) {
            return Vec::new();
        }
        let open = self.together.state().rounds.remove(self.key);
        open.map_or_else(Vec::new, |open| open.members.into_iter().collect())
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.close();
    }
}
