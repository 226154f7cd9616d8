//! Proving control, as far as it meets the world.
//!
//! A step may run a command for a minute, so proofs are work of their own beside the passes, one task a proof.

mod memory;
mod steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use self::memory::Proofs;
use super::journal::Journal;
use super::{Engine, Environment, Settings};
use crate::config::{Dns, Provider, Validation};
use crate::lifecycle::proof::{self, ProofPace, ProofSettled};
use crate::lifecycle::{Method, Proof, ProofOutcome, ProofStage, ProofStep};
use crate::observe::{Event, Fact};
use crate::store::StoreError;
use crate::validation::{self, Job, Listeners, Tools};

/// Steps in a row, before others get their turn.
const STEPS: usize = 8;
/// No proof is at work for longer: the service closes an order that is not validated within days, and what is put up is
/// taken down soon after.
const LONGEST_PROOF: TimeDelta = TimeDelta::days(30);

impl Engine {
    /// The proofs that are due for a step. The caller runs each, one at a time.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn proofs_due(&self) -> Result<Vec<ProofWork>, StoreError> {
        if !self.proofs.started.load(Ordering::Relaxed) {
            self.serve_again().await?;
            self.proofs.started.store(true, Ordering::Relaxed);
        }
        if !self.proofs.any.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let now = self.environment.clock.now();
        let restored = self.store().restored_at().await?;
        let is_restored = restored.is_some_and(|at| now - at < LONGEST_PROOF);
        let settings = self.settings();
        let due = self.store().proofs_due(now).await?.into_iter();
        let work = due.map(|proof| ProofWork {
            environment: self.environment.clone(),
            settings: Arc::clone(&settings),
            listeners: Arc::clone(&self.proofs.listeners),
            proof,
            is_restored,
        });
        Ok(work.collect())
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

    /// When the first proof is due.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_proof(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        // Until one is found there is none, unless an order says meanwhile that it wants one.
        if !self.proofs.any.swap(false, Ordering::Relaxed) {
            return Ok(None);
        }
        let now = self.environment.clock.now();
        let next = self.store().next_proof(now).await;
        if !matches!(next, Ok(None)) {
            self.proofs.expect();
        }
        next
    }
}

/// Why a step did not do what it is for.
enum Trouble {
    /// Nothing can be recorded.
    Store(StoreError),
    /// In words, to be recorded as a failure of the proof.
    Failed(String),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One proof at work.
pub struct ProofWork {
    environment: Environment,
    settings: Arc<Settings>,
    listeners: Arc<Listeners>,
    proof: Proof,
    /// The proof may be a restored backup's.
    is_restored: bool,
}

impl ProofWork {
    /// No two with the same key run at once.
    pub fn key(&self) -> &str {
        &self.proof.order_id
    }

    /// Does the steps that are due. Each records that it begins where that matters, and its outcome before the next; ending
    /// it at any point is harmless.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn run(mut self) -> Result<(), StoreError> {
        self.steps().await
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
            let done = match proof::next(self.now(), &self.proof) {
                ProofStep::Rest(until) if until == self.proof.next_at => return Ok(()),
                ProofStep::Rest(until) => {
                    return self.settle(ProofOutcome::Waiting(until), Vec::new()).await;
                }
                ProofStep::Describe => self.describe().await,
                ProofStep::Present => self.present().await,
                ProofStep::Look => self.look().await,
                ProofStep::Ask => self.ask().await,
                ProofStep::Check => self.check().await,
                ProofStep::CleanUp => self.clean_up().await,
                ProofStep::Forget => return self.forget(Vec::new()).await,
            };
            match done {
                Ok(()) => {}
                Err(Trouble::Store(error)) => return Err(error),
                Err(Trouble::Failed(words)) => self.failed(&words).await?,
            }
        }
        Ok(())
    }

    async fn failed(&mut self, words: &str) -> Result<(), StoreError> {
        let ProofSettled { proof, gave_up } = self.after(ProofOutcome::Failed(words.to_owned()));
        if gave_up {
            return self.leave(words).await;
        }
        let fact = Fact::ValidationFailed {
            is_cleaning: proof.stage == ProofStage::Clearing,
            reason: words.into(),
        };
        let event = self
            .event(fact)
            .attempt(proof.failures.into())
            .next_attempt(proof.next_at);
        self.save(proof, vec![event]).await
    }

    /// Settles an outcome, and records it together with these events.
    async fn settle(
        &mut self,
        outcome: ProofOutcome,
        events: Vec<Event>,
    ) -> Result<(), StoreError> {
        let settled = self.after(outcome);
        self.save(settled.proof, events).await
    }

    fn after(&self, outcome: ProofOutcome) -> ProofSettled {
        let pace = ProofPace {
            poll: self.settings.poll(),
            manual: self.way().as_ref().is_some_and(is_manual),
            others: self.settings.for_others(self.proof.method),
        };
        let random = self.environment.rng.fraction();
        proof::settle(self.now(), pace, self.proof.clone(), outcome, random)
    }

    async fn save(&mut self, proof: Proof, events: Vec<Event>) -> Result<(), StoreError> {
        let journal = Journal::from(events);
        let store = &self.environment.store;
        store
            .save_proof(self.now(), &proof, &journal.entries())
            .await?;
        self.proof = proof;
        journal.emit();
        Ok(())
    }

    /// The means to put it up with: the config's where they fit the order, so that a corrected hook acts at once; else
    /// those it was tried with before.
    fn way(&self) -> Option<Validation> {
        let before = self.means();
        if !matches!(
            self.proof.stage,
            ProofStage::Wanted | ProofStage::Described | ProofStage::Presenting
        ) {
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

    /// An event about this proof's certificate.
    fn event(&self, fact: Fact) -> Event {
        Event::of(fact)
            .certificate(&self.proof.domain)
            .account(&self.proof.account)
            .certificate_id(self.proof.certificate_id.as_str())
    }

    fn now(&self) -> DateTime<Utc> {
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
