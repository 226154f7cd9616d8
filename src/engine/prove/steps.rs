//! The steps of a proof: what each asks of the world, and what it writes down.

use super::super::Beside;
use super::super::journal::Journal;
use super::{ProofWork, is_manual};
use crate::config::Validation;
use crate::lifecycle::proof::{self, Kind};
use crate::lifecycle::{Challenge, Class, ProofOutcome};
use crate::observe::event::{self, Event};
use crate::store::StoreError;
use crate::validation::{self, Sight, challenge, reason};

impl ProofWork {
    pub(super) async fn describe(&mut self) -> Result<(), StoreError> {
        let Some(client) = self.settings.client(&self.proof.account) else {
            return self.failed(&self.without_account()).await;
        };
        let answer = match client.describe(&self.proof.certificate_id).await {
            Ok(answer) => answer,
            Err(error) => return self.failed(&error.to_string()).await,
        };
        let proofs = &answer.value.proofs;
        let found = challenge::read(&self.proof.domain, self.proof.method, proofs);
        let challenges = match found {
            Ok(challenges) if challenges.is_empty() => {
                return self.follow(ProofOutcome::NotYet, Vec::new()).await;
            }
            Ok(challenges) => challenges,
            Err(error) => return self.failed(&error.to_string()).await,
        };
        self.follow(ProofOutcome::Described(challenges), Vec::new())
            .await
    }

    pub(super) async fn present(&mut self) -> Result<(), StoreError> {
        let Some(way) = self.way() else {
            let words = format!(
                "the config no longer says how control is proved by {}, which its order was made for; \
                 put that back until the order is done",
                self.proof.method.name()
            );
            return self.failed(&words).await;
        };
        let means = match serde_json::to_string(&way) {
            Ok(means) => means,
            Err(error) => return self.failed(&error.to_string()).await,
        };
        // Written before anything is up: from here on there may be something to take down.
        self.follow(ProofOutcome::Presenting(means), Vec::new())
            .await?;
        let scratch = self.scratch();
        let handles = validation::present(&way, self.job(), &self.tools(&way, &scratch)).await;
        match handles {
            Ok(handles) => {
                let event = self.presented(&way);
                self.follow(ProofOutcome::Presented(handles), vec![event])
                    .await
            }
            Err(error) => self.failed(&error.to_string()).await,
        }
    }

    fn presented(&self, way: &Validation) -> Event {
        let what: Vec<String> = self.proof.challenges.iter().map(in_words).collect();
        let what = what.join(" and ");
        let domain = &self.proof.domain;
        if is_manual(way) {
            let words =
                format!("{domain}: please set {what}; Evercert goes on by itself once it sees it");
            self.event(event::VALIDATION_WANTED, words)
        } else {
            self.event(
                event::VALIDATION_PRESENTED,
                format!("{domain}: put up {what}"),
            )
        }
    }

    pub(super) async fn look(&mut self) -> Result<(), StoreError> {
        // A look runs no program and reads no secret.
        let Some(way) = super::means(&self.proof) else {
            return self
                .failed("the record does not say by what means it was put up")
                .await;
        };
        let sight = match self.environment.beside {
            Beside::Tasks => validation::look(&way, self.job()).await,
            Beside::Nothing => Sight::Unknown("nobody looks here".to_owned()),
        };
        let (outcome, event) = match sight {
            Sight::Seen => {
                let words = format!("{}: the proof can be seen from outside", self.proof.domain);
                (
                    ProofOutcome::Seen,
                    Some(self.event(event::VALIDATION_VISIBLE, words)),
                )
            }
            Sight::Unseen(words) => (self.unseen(words, true), None),
            Sight::Unknown(words) => (self.unseen(words, false), None),
        };
        let before = self.proof.stage;
        let words = match &outcome {
            ProofOutcome::Unseen { words, .. } => Some(words.clone()),
            _ => None,
        };
        let next = self.after(outcome);
        let mut events: Vec<Event> = event.into_iter().collect();
        if let Some(words) = words
            && next.stage != before
        {
            let words = format!(
                "{}: the proof is not seen from here, and the CA is asked all the same: {words}",
                self.proof.domain
            );
            events.push(self.event(event::VALIDATION_UNSEEN, words));
        }
        self.proof = next;
        self.save(events).await
    }

    fn unseen(&self, words: String, certain: bool) -> ProofOutcome {
        let words = if self.means().as_ref().is_some_and(is_manual) {
            let wanted: Vec<String> = self.proof.challenges.iter().map(in_words).collect();
            format!("waits for you to set {} ({words})", wanted.join(" and "))
        } else {
            words
        };
        ProofOutcome::Unseen { words, certain }
    }

    pub(super) async fn ask(&mut self) -> Result<(), StoreError> {
        let Some(client) = self.settings.client(&self.proof.account) else {
            return self.failed(&self.without_account()).await;
        };
        match client.complete(&self.proof.certificate_id).await {
            Ok(answer) => {
                let words = format!("{}: asked the service to validate", self.proof.domain);
                let event = self
                    .event(event::VALIDATION_ASKED, words)
                    .request_id(answer.request_id.as_deref())
                    .attempt(u64::from(self.proof.asked) + 1);
                self.follow(ProofOutcome::Asked, vec![event]).await
            }
            // It is past validation; the list will tell.
            Err(error) if error.class() == Class::AlreadySo => {
                self.follow(ProofOutcome::Asked, Vec::new()).await
            }
            Err(error) => self.failed(&error.to_string()).await,
        }
    }

    /// Asked a while ago, and still pending: what does the service see? Only the answer is of interest, so a failure is
    /// no failure of the proof.
    pub(super) async fn check(&mut self) -> Result<(), StoreError> {
        let mut words = None;
        if let Some(client) = self.settings.client(&self.proof.account) {
            match client.check_validation(&self.proof.certificate_id).await {
                Ok(answer) => words = reason::words(&answer.value),
                Err(error) => tracing::debug!(%error, "the validation can't be checked"),
            }
        }
        let mut events = Vec::new();
        if self.proof.asked >= 2 && self.environment.beside == Beside::Tasks {
            let found = self.diagnose().await;
            if !found.is_empty() {
                let found = found.join("; ");
                words =
                    Some(words.map_or_else(|| found.clone(), |words| format!("{words}; {found}")));
            }
        }
        // Said less and less often, for it may take a person days.
        if let Some(words) = &words
            && self.proof.asked.is_power_of_two()
        {
            let message = format!("{}: not validated yet: {words}", self.proof.domain);
            events.push(self.event(event::VALIDATION_WAITING, message));
        }
        self.follow(ProofOutcome::Checked(words), events).await
    }

    async fn diagnose(&self) -> Vec<String> {
        let Some(way) = self.means() else {
            return Vec::new();
        };
        let clock = &*self.environment.clock;
        match validation::diagnose::look(&self.proof.domain, &way, clock).await {
            Ok(findings) => findings
                .into_iter()
                .map(|finding| format!("{}: {}", finding.what.english, finding.remedy.english))
                .collect(),
            Err(error) => {
                tracing::debug!(error, "nothing could be asked about the domain");
                Vec::new()
            }
        }
    }

    pub(super) async fn clean_up(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        self.proof = proof::clearing(now, self.proof.clone());
        self.save(Vec::new()).await?;
        let Some(way) = self.means() else {
            return self
                .leave("the config no longer says the means that it was put up with")
                .await;
        };
        let scratch = self.scratch();
        let removed = validation::remove(&way, self.job(), &self.tools(&way, &scratch)).await;
        match removed {
            Ok(()) => {
                let words = format!("{}: what was put up is taken down", self.proof.domain);
                let words = if is_manual(&way) {
                    format!(
                        "{}: the record for validation is no longer needed",
                        self.proof.domain
                    )
                } else {
                    words
                };
                let event = self.event(event::VALIDATION_CLEANED, words);
                self.forget(event).await
            }
            Err(error) => {
                let words = error.to_string();
                let failed = self.after(ProofOutcome::Failed(words.clone()));
                if proof::gives_up(self.now(), &failed) {
                    return self.leave(&words).await;
                }
                self.failed(&words).await
            }
        }
    }

    /// It can't be taken down: said once, with what is left.
    async fn leave(&mut self, words: &str) -> Result<(), StoreError> {
        let left: Vec<String> = self.proof.challenges.iter().map(in_words).collect();
        let message = format!(
            "{}: {} is left and can't be taken down: {words}; please remove it by hand",
            self.proof.domain,
            left.join(" and ")
        );
        let event = self.event(event::VALIDATION_LEFT, message);
        self.forget(event).await
    }

    async fn forget(&mut self, event: Event) -> Result<(), StoreError> {
        let mut journal = Journal::default();
        journal.add(event);
        let store = &self.environment.store;
        store
            .forget_proof(self.now(), &self.proof.order_id, &journal.entries())
            .await?;
        journal.emit();
        Ok(())
    }
}

fn in_words(challenge: &Challenge) -> String {
    match challenge.kind {
        Kind::File => format!("the file {}", challenge.name),
        kind => format!(
            "the {} record {} = {}",
            kind.name(),
            challenge.name,
            challenge.value
        ),
    }
}
