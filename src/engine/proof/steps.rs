//! The steps of a proof: what each asks of the world, and what it writes down.

use super::{ProofSettled, ProofWork, Trouble, is_manual};
use crate::engine::Concurrency;
use crate::engine::journal::Journal;
use crate::lifecycle::{Class, ProofOutcome};
use crate::observe::event::Published;
use crate::observe::{Event, Fact};
use crate::store::StoreError;
use crate::tencent::Client;
use crate::validation::diagnose::{self, Gravity};
use crate::validation::{self, Sight, challenge, reason};

fn failed(reason: impl ToString) -> Trouble {
    Trouble::Failed(reason.to_string())
}

impl ProofWork {
    pub(super) async fn describe(&mut self) -> Result<(), Trouble> {
        let id = &self.proof.certificate_id;
        let answer = self.client()?.describe(id).await.map_err(failed)?;
        let proofs = &answer.value.proofs;
        let challenges =
            challenge::read(&self.proof.domain, self.proof.method, proofs).map_err(failed)?;
        let outcome = if challenges.is_empty() {
            ProofOutcome::NotYet
        } else {
            ProofOutcome::Described(challenges)
        };
        Ok(self.settle(outcome, Vec::new()).await?)
    }

    pub(super) async fn present(&mut self) -> Result<(), Trouble> {
        let way = self.way().ok_or_else(|| {
            failed(format!(
                "the config no longer says how control is proved by {}, which its order was made for; \
                 put that back until the order is done",
                self.proof.method.name()
            ))
        })?;
        let means = serde_json::to_string(&way).map_err(failed)?;
        // Written before anything is up: from here on there may be something to take down.
        self.settle(ProofOutcome::Presenting(means), Vec::new())
            .await?;
        let scratch = self.scratch();
        let handles = validation::present(&way, self.job(), &self.tools(&way, &scratch))
            .await
            .map_err(failed)?;
        let proof = self.wanted();
        let event = self.event(match is_manual(&way) {
            true => Fact::ValidationWanted { proof },
            false => Fact::ValidationPresented { proof },
        });
        Ok(self
            .settle(ProofOutcome::Presented(handles), vec![event])
            .await?)
    }

    pub(super) async fn look(&mut self) -> Result<(), Trouble> {
        // A look runs no program and reads no secret.
        let way = super::means(&self.proof)
            .ok_or_else(|| failed("the record does not say by what means it was published"))?;
        let sight = match self.environment.concurrency {
            Concurrency::Tasks => validation::look(&way, self.job()).await,
            Concurrency::Nothing => Sight::Unknown("nobody looks here".to_owned()),
        };
        let (words, certain) = match sight {
            Sight::Seen => {
                let event = self.event(Fact::ValidationVisible);
                return Ok(self.settle(ProofOutcome::Seen, vec![event]).await?);
            }
            Sight::Unseen(words) => (words, true),
            Sight::Unknown(words) => (words, false),
        };
        let words = match self.means() {
            Some(means) if is_manual(&means) => {
                format!("waits for you to set {} ({words})", self.wanted())
            }
            _ => words,
        };
        let reason = words.as_str().into();
        let ProofSettled { proof, .. } = self.after(ProofOutcome::Unseen { words, certain });
        let is_asked = proof.stage != self.proof.stage;
        let event = is_asked.then(|| self.event(Fact::ValidationUnseen { reason }));
        Ok(self.save(proof, event.into_iter().collect()).await?)
    }

    pub(super) async fn ask(&mut self) -> Result<(), Trouble> {
        let answer = self.client()?.complete(&self.proof.certificate_id).await;
        let events = match answer {
            Ok(answer) => vec![
                self.event(Fact::ValidationAsked)
                    .request_id(answer.request_id.as_deref())
                    .attempt(u64::from(self.proof.asked) + 1),
            ],
            // It is past validation; the list will tell.
            Err(error) if error.class() == Class::AlreadySo => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        Ok(self.settle(ProofOutcome::Asked, events).await?)
    }

    /// Asked a while ago, and still pending: what does the service see? Only the answer is of interest, so a failure is
    /// no failure of the proof.
    pub(super) async fn check(&mut self) -> Result<(), Trouble> {
        let mut found = Vec::new();
        if let Ok(client) = self.client() {
            match client.check_validation(&self.proof.certificate_id).await {
                Ok(answer) => found.extend(reason::words(&answer.value)),
                Err(error) => tracing::debug!(%error, "the validation can't be checked"),
            }
        }
        if self.proof.asked >= 2 && self.environment.concurrency == Concurrency::Tasks {
            found.extend(self.diagnose().await);
        }
        let words = (!found.is_empty()).then(|| found.join("; "));
        // Said less and less often, for it may take a person days.
        let said = words
            .as_ref()
            .filter(|_| self.proof.asked.is_power_of_two());
        let event = said.map(|words| {
            let reason = words.as_str().into();
            self.event(Fact::ValidationWaiting { reason })
        });
        Ok(self
            .settle(ProofOutcome::Checked(words), event.into_iter().collect())
            .await?)
    }

    pub(super) async fn clean_up(&mut self) -> Result<(), Trouble> {
        self.settle(ProofOutcome::Clearing, Vec::new()).await?;
        let Some(way) = self.means() else {
            let words = "the config no longer says the means that it was published with";
            return Ok(self.leave(words).await?);
        };
        let scratch = self.scratch();
        validation::remove(&way, self.job(), &self.tools(&way, &scratch))
            .await
            .map_err(failed)?;
        let is_manual = is_manual(&way);
        let event = self.event(Fact::ValidationCleaned { is_manual });
        Ok(self.forget(vec![event]).await?)
    }

    /// It can't be taken down: said once, with what is left.
    pub(super) async fn leave(&mut self, words: &str) -> Result<(), StoreError> {
        let event = self.event(Fact::ValidationLeft {
            proof: self.wanted(),
            reason: words.into(),
        });
        self.forget(vec![event]).await
    }

    /// Forgets the proof, for nothing is up or can be done.
    pub(super) async fn forget(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        let journal = Journal::from(events);
        let store = &self.environment.store;
        store
            .forget_proof(self.now(), &self.proof.order_id, &journal.entries())
            .await?;
        journal.emit();
        Ok(())
    }

    /// What is published.
    fn wanted(&self) -> Published {
        Published::of(&self.proof.challenges)
    }

    fn client(&self) -> Result<&Client, Trouble> {
        let account = &self.proof.account;
        self.settings.client(account).ok_or_else(|| {
            failed(format!(
                "the order was made in account \"{account}\", which the config no longer has"
            ))
        })
    }

    async fn diagnose(&self) -> Vec<String> {
        let Some(way) = self.means() else {
            return Vec::new();
        };
        let clock = &*self.environment.clock;
        match diagnose::look(&self.proof.domain, &way, clock).await {
            Ok(findings) => findings
                .into_iter()
                // What is not proven is for who asks, and no reason of anything.
                .filter(|finding| finding.gravity != Gravity::Unproven)
                .map(|finding| format!("{}: {}", finding.what.english, finding.remedy.english))
                .collect(),
            Err(error) => {
                tracing::debug!(error, "nothing could be asked about the domain");
                Vec::new()
            }
        }
    }
}
