//! What the operator asked for by a changing verb.

use super::journal::Journal;
use super::{Engine, EngineError};
use crate::lifecycle::plan::hold_covers;
use crate::lifecycle::{
    Class, Failure, Hold, HoldScope, Outcome, Policy, Record, Stage, schedule, settle,
};
use crate::observe::event::{self, Event};
use crate::store::{Changes, Request};

impl Engine {
    /// Whether a request waits.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn request_waits(&self) -> Result<bool, EngineError> {
        Ok(self.store().request_waits().await?)
    }

    /// Takes what was asked for, and makes it due. The pass that follows does the work; then
    /// [`Engine::finish_requests`].
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn take_requests(&self) -> Result<Vec<Request>, EngineError> {
        let now = self.environment.clock.now();
        let requests = self.store().take_requests(now).await?;
        for request in &requests {
            let words = if request.domains.is_empty() {
                "all that is due".to_owned()
            } else {
                request.domains.join(", ")
            };
            let mut journal = Journal::default();
            journal.add(Event::new(
                event::REQUEST_TAKEN,
                format!("asked to renew {words}"),
            ));
            journal.write(self.store(), now).await?;
            self.grant(request).await?;
        }
        Ok(requests)
    }

    /// Notes that the pass of these requests is over.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn finish_requests(&self, requests: &[Request]) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        for request in requests {
            self.store().finish_request(request.id, now).await?;
        }
        Ok(())
    }

    async fn grant(&self, request: &Request) -> Result<(), EngineError> {
        let settings = self.settings();
        let mut holds = self.store().holds().await?;
        if request.domains.is_empty() {
            self.lift(&mut holds, |hold| hold.scope.keeps_list())
                .await?;
            for (account, _) in settings.clients() {
                self.store()
                    .wake(account, self.environment.clock.now())
                    .await?;
            }
            return Ok(());
        }
        for domain in &request.domains {
            let Some(listing) = self.store().record(domain).await? else {
                continue;
            };
            let policy = settings.policy(domain, listing.record.order.as_ref());
            let record = &listing.record;
            // What a person asks about is looked at where it lives: the service may see it otherwise since.
            let home = record
                .held
                .as_ref()
                .map_or(&record.account, |held| &held.account);
            self.lock_asked().insert(home.clone());
            self.lift(&mut holds, |hold| {
                hold_covers(hold, record)
                    || (hold.scope == HoldScope::Fetch && hold.account == record.acting_account())
            })
            .await?;
            self.make_due(listing.record, &policy, request, &holds)
                .await?;
        }
        Ok(())
    }

    /// Asked for by a person, it is tried now: what it waited for may have been mended.
    async fn make_due(
        &self,
        mut record: Record,
        policy: &Policy,
        request: &Request,
        holds: &[Hold],
    ) -> Result<(), EngineError> {
        let now = self.environment.clock.now();
        let mut closed = None;
        let is_stuck = matches!(
            record.order.as_ref().map(|order| &order.stage),
            Some(Stage::Issued { .. })
        ) && record.retry.failures > 0;
        if request.force && is_stuck {
            // What can't be fetched must not be in the way of what is asked for.
            let failure = record.retry.last.clone().unwrap_or_else(|| Failure {
                class: Class::Transient,
                code: None,
                message: "it could not be fetched".to_owned(),
                request_id: None,
            });
            let dice = self.environment.dice.roll();
            let settled = settle(now, policy, record, Outcome::Unusable(failure), dice);
            record = settled.record;
            closed = settled.closed;
        }
        record.parked = None;
        record.retry.not_before = None;
        record.retry.unvalidated = 0;
        // A request that comes again after a crash must not order again what it has got already.
        let granted = record
            .held
            .as_ref()
            .is_some_and(|held| held.installed_at >= request.created_at);
        if request.force && record.order.is_none() && !granted {
            record.forced = Some(request.created_at);
        }
        self.store()
            .save(
                now,
                Changes {
                    record: &record,
                    closed: closed.as_ref(),
                    schedule: schedule(now, policy, &record, holds),
                    history: &[],
                },
            )
            .await?;
        Ok(())
    }

    async fn lift(
        &self,
        holds: &mut Vec<Hold>,
        which: impl Fn(&Hold) -> bool,
    ) -> Result<(), EngineError> {
        for hold in holds.iter().filter(|hold| which(hold)) {
            self.let_go(hold).await?;
        }
        holds.retain(|hold| !which(hold));
        Ok(())
    }
}
