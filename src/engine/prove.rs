//! Proving control, as far as it meets the world: its own look in each pass.
//!
//! A step may run a command for a minute, so steps run beside the passes and not in them (but for runs that must replay):
//! a pass starts what is due and goes on. Each step records that it begins where that matters, and its outcome before the next; ending the process at
//! any point is harmless. There is one runner a proof at a time, and a bounded number of them.

mod steps;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::task::JoinSet;

use super::journal::Journal;
use super::{Beside, Engine, EngineError, Environment, Settings};
use crate::config::{Dns, Provider, Validation};
use crate::lifecycle::proof::{self, Pace};
use crate::lifecycle::{Method, Proof, ProofOutcome, ProofStep};
use crate::observe::event::{self, Event};
use crate::store::StoreError;
use crate::validation::{self, Job, Listeners, Tools};

/// How many proofs are at work at once.
const AT_ONCE: usize = 24;
/// Steps in a row, before others get their turn.
const STEPS: usize = 8;
/// No proof is at work for longer: the service closes an order that is not validated within days, and what is put up is
/// taken down soon after.
const LONGEST_PROOF: TimeDelta = TimeDelta::days(30);
/// While runners are at work, the next pass comes no later than this, to start what follows.
const NEXT_PASS: TimeDelta = TimeDelta::seconds(1);

/// The runners, and what outlives them in this process.
#[derive(Default)]
pub(super) struct Proofs {
    running: Mutex<JoinSet<()>>,
    busy: Arc<Mutex<HashSet<String>>>,
    listeners: Arc<Listeners>,
    started: AtomicBool,
    /// There may be proofs. With `DNS_AUTO` alone there never are, and a pass need not ask for them.
    any: AtomicBool,
}

impl Proofs {
    /// Notes that an order wants a proof, or may.
    pub(super) fn expect(&self) {
        self.any.store(true, Ordering::Relaxed);
    }

    /// True if this proof has no runner yet and may have one now.
    fn take(&self, order_id: &str) -> bool {
        let mut busy = lock(&self.busy);
        busy.len() < AT_ONCE && busy.insert(order_id.to_owned())
    }
}

impl Engine {
    /// Starts what is due of the proofs. Returns at once.
    ///
    /// # Errors
    /// The database can't be read.
    pub(super) async fn prove(&self, settings: &Arc<Settings>) -> Result<(), EngineError> {
        if !self.proofs.started.load(Ordering::Relaxed) {
            self.serve_again().await?;
            self.proofs.started.store(true, Ordering::Relaxed);
        }
        if !self.proofs.any.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = self.environment.clock.now();
        let restored = self.store().restored_at().await?;
        let is_restored = restored.is_some_and(|at| now - at < LONGEST_PROOF);
        let mut runners = Vec::new();
        for proof in self.store().proofs_due(now).await? {
            if !self.proofs.take(&proof.order_id) {
                continue;
            }
            runners.push(Runner {
                environment: self.environment.clone(),
                settings: Arc::clone(settings),
                listeners: Arc::clone(&self.proofs.listeners),
                _busy: Busy {
                    all: Arc::clone(&self.proofs.busy),
                    id: proof.order_id.clone(),
                },
                proof,
                is_restored,
            });
        }
        match self.environment.beside {
            Beside::Tasks => self.run_beside(runners),
            Beside::Nothing => {
                for runner in runners {
                    runner.run().await;
                }
            }
        }
        Ok(())
    }

    /// What lived in the process before is set up again after a start: for every proof, due or not, and also while its
    /// account is paused, for the CA may look at any time.
    async fn serve_again(&self) -> Result<(), StoreError> {
        for proof in self.store().proofs().await? {
            self.proofs.expect();
            keep_up(&proof, &self.proofs.listeners).await;
        }
        Ok(())
    }

    fn run_beside(&self, runners: Vec<Runner>) {
        let mut running = lock(&self.proofs.running);
        while let Some(ended) = running.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "the runner of a proof broke off");
            }
        }
        for runner in runners {
            running.spawn(runner.run());
        }
    }

    /// When proofs want the next pass.
    pub(super) async fn next_proof(
        &self,
    ) -> Result<Option<chrono::DateTime<chrono::Utc>>, StoreError> {
        if !self.proofs.any.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let now = self.environment.clock.now();
        let busy = lock(&self.proofs.busy).len();
        if busy > 0 {
            return Ok(Some(now + NEXT_PASS));
        }
        let next = self.store().next_proof(now).await?;
        if next.is_none() {
            // The last one is over; the next order that wants one says so.
            self.proofs.any.store(false, Ordering::Relaxed);
        }
        Ok(next)
    }

    /// Waits for the runners to record what they are at, but no longer than this; the rest is ended, which is harmless.
    pub async fn finish_proofs(&self, patience: impl Future<Output = ()>) {
        let mut running = std::mem::take(&mut *lock(&self.proofs.running));
        tokio::select! {
            () = async { while running.join_next().await.is_some() {} } => {}
            () = patience => running.abort_all(),
        }
        // Aborted ones are waited for too, so that their commands are ended and nobody uses the database any more.
        while running.join_next().await.is_some() {}
    }
}

/// Frees the proof for its next runner, however this one ends.
struct Busy {
    all: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl Drop for Busy {
    fn drop(&mut self) {
        lock(&self.all).remove(&self.id);
    }
}

/// One proof at work.
struct Runner {
    environment: Environment,
    settings: Arc<Settings>,
    listeners: Arc<Listeners>,
    proof: Proof,
    /// The proof may be a restored backup's.
    is_restored: bool,
    /// Held until the runner ends.
    _busy: Busy,
}

impl Runner {
    async fn run(mut self) {
        if let Err(error) = self.steps().await {
            let words = format!("the proof for {} ended early: {error}", self.proof.domain);
            Event::new(event::TURN_BROKEN, words).emit();
        }
    }

    async fn steps(&mut self) -> Result<(), StoreError> {
        // Where its address was taken when the process began, it may be free now.
        keep_up(&self.proof, &self.listeners).await;
        for _ in 0..STEPS {
            // As it is now: the order may have ended meanwhile.
            let Some(current) = self.environment.store.proof(&self.proof.order_id).await? else {
                return Ok(());
            };
            self.proof = current;
            match proof::next(self.now(), &self.proof) {
                ProofStep::Rest(until) if until == self.proof.next_at => return Ok(()),
                ProofStep::Rest(until) => {
                    self.proof.next_at = until;
                    return self.save(Vec::new()).await;
                }
                ProofStep::Describe => self.describe().await?,
                ProofStep::Present => self.present().await?,
                ProofStep::Look => self.look().await?,
                ProofStep::Ask => self.ask().await?,
                ProofStep::Check => self.check().await?,
                ProofStep::CleanUp => self.clean_up().await?,
                ProofStep::Forget => {
                    return self
                        .environment
                        .store
                        .forget_proof(self.now(), &self.proof.order_id, &[])
                        .await;
                }
            }
        }
        Ok(())
    }

    async fn failed(&mut self, words: &str) -> Result<(), StoreError> {
        let next = self.after(ProofOutcome::Failed(words.to_owned()));
        let doing = match next.stage {
            proof::ProofStage::Clearing => "taking down the proof",
            _ => "validation",
        };
        let message = format!("{}: {doing} fails: {words}", self.proof.domain);
        let event = self
            .event(event::VALIDATION_FAILED, message)
            .attempt(next.failures.into())
            .next_attempt(next.next_at);
        self.proof = next;
        self.save(vec![event]).await
    }

    async fn follow(
        &mut self,
        outcome: ProofOutcome,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        self.proof = self.after(outcome);
        self.save(events).await
    }

    fn after(&self, outcome: ProofOutcome) -> Proof {
        let manual = self.way().as_ref().is_some_and(is_manual);
        let poll = self.settings.config.schedule.poll;
        let pace = Pace {
            poll: TimeDelta::from_std(poll).unwrap_or(TimeDelta::seconds(30)),
            manual,
        };
        let dice = self.environment.dice.roll();
        proof::follow(self.now(), pace, self.proof.clone(), outcome, dice)
    }

    async fn save(&self, events: Vec<Event>) -> Result<(), StoreError> {
        let mut journal = Journal::default();
        for event in events {
            journal.add(event);
        }
        let store = &self.environment.store;
        store
            .save_proof(self.now(), &self.proof, &journal.entries())
            .await?;
        journal.emit();
        Ok(())
    }

    /// The means to put it up with: the config's where they fit the order, so that a mended hook acts at once; else
    /// those it was tried with before.
    fn way(&self) -> Option<Validation> {
        let up = !matches!(
            self.proof.stage,
            proof::ProofStage::Wanted
                | proof::ProofStage::Described
                | proof::ProofStage::Presenting
        );
        let before = self.means();
        if up {
            return before;
        }
        let entry = self.settings.certificate(&self.proof.domain);
        let fitting = entry
            .map(|entry| entry.validation.clone())
            .filter(|way| Method::from_name(way.as_str()) == Some(self.proof.method));
        // Something may be up by the old means already: only where those are of the same kind may the new ones go on.
        match (fitting, before) {
            (Some(new), Some(old)) if !same_kind(&new, &old) => Some(old),
            (Some(new), _) => Some(new),
            (None, before) => before,
        }
    }

    fn means(&self) -> Option<Validation> {
        means(&self.proof).filter(|way| !self.is_restored || may_use(way, &self.settings))
    }

    fn tools<'a>(&'a self, way: &Validation, scratch: &'a Path) -> Tools<'a> {
        let account = match way {
            Validation::Dns(Dns {
                provider:
                    Provider::Dnspod {
                        account: Some(name),
                    },
                ..
            }) => name,
            _ => &self.proof.account,
        };
        Tools {
            clock: Arc::clone(&self.environment.clock),
            client: self.settings.client(account),
            listeners: &self.listeners,
            scratch,
        }
    }

    fn scratch(&self) -> PathBuf {
        self.settings.config.state_dir.join("scratch")
    }

    fn job(&self) -> Job<'_> {
        Job {
            domain: &self.proof.domain,
            marker: &self.proof.marker,
            challenges: &self.proof.challenges,
            handles: &self.proof.handles,
            is_restored: self.is_restored,
        }
    }

    fn without_account(&self) -> String {
        format!(
            "the order was made in account \"{}\", which the config no longer has",
            self.proof.account
        )
    }

    fn event(&self, kind: event::Kind, message: String) -> Event {
        Event::new(kind, message)
            .certificate(&self.proof.domain)
            .account(&self.proof.account)
            .certificate_id(self.proof.certificate_id.as_str())
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.environment.clock.now()
    }
}

/// Whether what a restored record says of means may be done. It comes from a backup that somebody may have made: programs
/// are run, and files of secrets read, only where the config says the same. How long they may take is no matter.
fn may_use(way: &Validation, settings: &Settings) -> bool {
    let Validation::Dns(dns) = way else {
        return true;
    };
    match dns.provider {
        Provider::Dnspod { .. } | Provider::Manual => true,
        Provider::Exec { .. } | Provider::AcmeSh { .. } | Provider::Rfc2136 { .. } => {
            let mut all = settings.config.certificates.iter();
            all.any(|entry| {
                matches!(&entry.validation, Validation::Dns(named) if is_same(&named.provider, &dns.provider))
            })
        }
    }
}

/// Whether both run the same programs and read the same files.
fn is_same(one: &Provider, other: &Provider) -> bool {
    let plain = |provider: &Provider| {
        let mut provider = provider.clone();
        if let Provider::Exec { timeout, .. } | Provider::AcmeSh { timeout, .. } = &mut provider {
            *timeout = Duration::ZERO;
        }
        provider
    };
    plain(one) == plain(other)
}

/// The means it was put up with.
fn means(proof: &Proof) -> Option<Validation> {
    serde_json::from_str(proof.means.as_deref()?).ok()
}

/// Sees to it that what only this process can show is shown.
async fn keep_up(proof: &Proof, listeners: &Listeners) {
    let (Some(way), false) = (means(proof), proof.over) else {
        return;
    };
    let kept = validation::keep_up(&way, &proof.domain, &proof.challenges, listeners).await;
    if let Err(error) = kept {
        tracing::warn!(certificate = %proof.domain, %error, "its validation file is not served");
    }
}

fn is_manual(way: &Validation) -> bool {
    matches!(way, Validation::Dns(dns) if dns.provider == Provider::Manual)
}

fn same_kind(new: &Validation, old: &Validation) -> bool {
    match (new, old) {
        (Validation::Dns(new), Validation::Dns(old)) => new.provider.name() == old.provider.name(),
        (Validation::File(new), Validation::File(old)) => new.place == old.place,
        _ => false,
    }
}

/// Only lists, whole at any moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
