//! One pass: a look at every certificate that is due for something.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use futures_util::{FutureExt, StreamExt};

use super::failure::Judged;
use super::picture::Picture;
use super::turn::{Holds, Turn, is_dead};
use super::{Engine, EngineError, Settings};
use crate::lifecycle::{Hold, Record, Stage, Step, plan};
use crate::observe::event::{self, Event};
use crate::tencent::Client;

/// How many certificates are at work at once. Far above what ten requests a second keep busy.
const AT_ONCE: usize = 32;

/// The picture of an account is renewed this often even when nothing is due.
const SWEEP_EVERY: TimeDelta = TimeDelta::hours(24);

/// Which certificates a pass looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All that are due: a scheduled check, a start, a changed config, or a `renew` of all.
    Check,
    /// Those that go on by their own pace, and those that are urgent.
    InFlight,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Certificates that were due for something.
    pub due: usize,
    /// Of these, the turns that ended in a failure of the database.
    pub broken: usize,
}

/// The certificates of one account that are due.
struct Group {
    records: Vec<Record>,
    wants: Wants,
}

/// What the group needs to see before its turns.
#[derive(Default)]
struct Wants {
    sweep: bool,
    polled: Vec<String>,
}

impl Engine {
    /// Makes one pass. The certificates of an account progress together; accounts don't wait for each other.
    ///
    /// # Errors
    /// The record of what is due can't be read. A failure of one certificate is its own, and in the record.
    pub async fn pass(&self, kind: Kind) -> Result<Summary, EngineError> {
        let settings = self.settings();
        let now = self.environment.clock.now();
        self.mend(&settings, kind).await?;
        let listings = self.store().due(now, kind == Kind::Check).await?;
        let mut summary = Summary {
            due: listings.len(),
            broken: 0,
        };
        // Also where nothing is due: a paused account must not be asked for its daily list.
        let holds = self.store().holds().await?;
        let records = listings.into_iter().map(|listing| listing.record);
        let mut groups = self.grouped(now, &settings, &holds, records);
        if kind == Kind::Check || !self.lock_asked().is_empty() {
            self.add_sweeps(now, kind, &settings, &holds, &mut groups)
                .await?;
        }
        let accounts = groups.into_iter().map(|(account, group)| {
            let holds = holds_of(&holds, &account);
            self.account_pass(&settings, account, group, holds).boxed()
        });
        let broken: Vec<Result<usize, EngineError>> =
            futures_util::future::join_all(accounts).await;
        for result in broken {
            summary.broken += result?;
        }
        self.advance();
        Ok(summary)
    }

    fn grouped(
        &self,
        now: DateTime<Utc>,
        settings: &Settings,
        holds: &[Hold],
        records: impl Iterator<Item = Record>,
    ) -> BTreeMap<String, Group> {
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for record in records {
            let policy = settings.policy(&record.domain, record.order.as_ref());
            let group = groups
                .entry(record.acting_account().to_owned())
                .or_insert_with(|| Group {
                    records: Vec::new(),
                    wants: Wants::default(),
                });
            let account_holds = holds_of(holds, record.acting_account());
            match plan(now, &policy, &record, &account_holds) {
                Step::Order { .. } | Step::LookUp => group.wants.sweep = true,
                Step::Poll => {
                    let id = record
                        .order
                        .as_ref()
                        .and_then(|order| order.stage.certificate_id());
                    group.wants.polled.extend(id.map(str::to_owned));
                }
                Step::Rest { .. } | Step::Fetch => {}
            }
            group.records.push(record);
        }
        groups
    }

    /// Once a day, in a check, the picture of each account is made anew, so that duplicates, twins and slots are known;
    /// and in every pass that of the accounts of names that a person asked about.
    async fn add_sweeps(
        &self,
        now: DateTime<Utc>,
        kind: Kind,
        settings: &Settings,
        holds: &[Hold],
        groups: &mut BTreeMap<String, Group>,
    ) -> Result<(), EngineError> {
        let sweeps = self.store().sweeps().await?;
        for (account, _) in settings.clients() {
            let is_fresh = kind != Kind::Check
                || sweeps.iter().any(|sweep| {
                    sweep.account == account && now - sweep.at < SWEEP_EVERY && sweep.at <= now
                });
            let used = settings
                .config
                .certificates
                .iter()
                .any(|certificate| certificate.account == account);
            let paused = holds_of(holds, account)
                .iter()
                .any(|hold| hold.scope.keeps_list() && hold.in_force(now));
            let asked = self.lock_asked().remove(account);
            if (is_fresh && !asked) || !used || paused {
                continue;
            }
            groups
                .entry(account.to_owned())
                .or_insert_with(|| Group {
                    records: Vec::new(),
                    wants: Wants::default(),
                })
                .wants
                .sweep = true;
        }
        Ok(())
    }

    /// The turns of one account. Returns how many broke on the database.
    async fn account_pass(
        &self,
        settings: &Settings,
        account: String,
        group: Group,
        holds: Vec<Hold>,
    ) -> Result<usize, EngineError> {
        let holds = Holds::new(holds);
        let Some(client) = settings.client(&account) else {
            return self
                .without_account(settings, &account, group, &holds)
                .await;
        };
        let mut picture = None;
        if group.wants.sweep || !group.wants.polled.is_empty() {
            match self.look(settings, &account, client, &group.wants).await {
                Ok(taken) => {
                    self.account_answers(&account, &holds).await?;
                    picture = Some(taken);
                }
                Err(error) => {
                    let judged = self
                        .list_failure(settings, &account, &error, &holds, &group.records)
                        .await?;
                    return self
                        .all_failed(settings, &account, group, &holds, judged)
                        .await;
                }
            }
        }
        let mut records = group.records;
        if let Some(picture) = picture.as_ref().filter(|_| group.wants.sweep) {
            self.add_the_dead(&account, picture, &mut records).await?;
        }
        // Renewals first, the soonest to expire before the others (as the store sorts them): where slots are short, a
        // site that is up stays up.
        records.sort_by_key(|record| record.held.is_none());
        let turns = records.into_iter().map(|record| {
            let turn = Turn::new(
                self,
                settings,
                Some(client),
                record,
                picture.as_ref(),
                &holds,
            );
            turn.run().boxed()
        });
        // After a quota, one certificate tries whether it is over before the others do.
        let at_once = if holds.all().is_empty() { AT_ONCE } else { 1 };
        let broken = stream::iter(turns)
            .buffer_unordered(at_once)
            .filter_map(|result| async move { result.err() })
            .inspect(report)
            .count()
            .await;
        Ok(broken)
    }

    /// As a pass would, for a list that was taken outside of one.
    pub(super) async fn replace_the_dead(
        &self,
        settings: &Settings,
        account: &str,
        client: &Client,
        picture: &Picture,
    ) -> Result<(), EngineError> {
        let mut records = Vec::new();
        self.add_the_dead(account, picture, &mut records).await?;
        let holds = Holds::new(holds_of(&self.store().holds().await?, account));
        for record in records {
            Turn::new(self, settings, Some(client), record, Some(picture), &holds)
                .run()
                .await?;
        }
        Ok(())
    }

    /// The installed certificates that the list shows as dead have a turn also where nothing else is due.
    async fn add_the_dead(
        &self,
        account: &str,
        picture: &Picture,
        records: &mut Vec<Record>,
    ) -> Result<(), EngineError> {
        for (domain, id) in self.store().installed_of(account).await? {
            if records.iter().any(|record| record.domain == domain) || !is_dead(picture, &id) {
                continue;
            }
            let listing = self.store().record(&domain).await?;
            records.extend(listing.map(|listing| listing.record));
        }
        Ok(())
    }

    async fn look(
        &self,
        settings: &Settings,
        account: &str,
        client: &Client,
        wants: &Wants,
    ) -> Result<Picture, crate::tencent::ApiError> {
        let taken_at = self.environment.clock.now();
        if !wants.sweep {
            return Picture::until(client, taken_at, &wants.polled).await;
        }
        let picture = Picture::whole(client, taken_at).await?;
        self.advance();
        if let Err(error) = self.reconcile(settings, account, client, &picture).await {
            report(&error);
        }
        Ok(picture)
    }

    /// The list could not be had: every certificate that needed it says so and waits.
    async fn all_failed(
        &self,
        settings: &Settings,
        account: &str,
        group: Group,
        holds: &Holds,
        judged: Judged,
    ) -> Result<usize, EngineError> {
        for record in group.records {
            let mut turn = Turn::new(
                self,
                settings,
                settings.client(account),
                record,
                None,
                holds,
            );
            // The end comes near also where the account can't be asked.
            turn.alarm();
            turn.failed(Judged {
                failure: judged.failure.clone(),
                held_back: judged.held_back,
            })
            .await?;
        }
        Ok(0)
    }

    async fn without_account(
        &self,
        settings: &Settings,
        account: &str,
        group: Group,
        holds: &Holds,
    ) -> Result<usize, EngineError> {
        let failure = crate::lifecycle::Failure {
            class: crate::lifecycle::Class::Operator,
            code: None,
            message: format!(
                "the order was made in account \"{account}\", which the config no longer has; \
                 put the account back until the order is done"
            ),
            request_id: None,
        };
        let judged = Judged {
            failure,
            held_back: false,
        };
        self.all_failed(settings, account, group, holds, judged)
            .await
    }

    /// The account gave its list: a pause for refused credentials is over, and so is the wait for the list.
    async fn account_answers(&self, account: &str, holds: &Holds) -> Result<(), EngineError> {
        let over: Vec<Hold> = holds
            .all()
            .into_iter()
            .filter(|hold| hold.scope.keeps_list())
            .collect();
        if over.is_empty() {
            return Ok(());
        }
        for hold in &over {
            self.hold_is_over(hold, holds).await?;
        }
        let now = self.environment.clock.now();
        Ok(self.store().wake(account, now).await?)
    }

    /// When something is due by its own pace: a certificate in flight or urgent, or a live folder that could not be put
    /// right. Scheduled checks are apart.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, EngineError> {
        let due = self.store().next_due(false).await?;
        let mend = self.mender.again_at();
        Ok(due.into_iter().chain(mend).min())
    }
}

pub(super) fn holds_of(holds: &[Hold], account: &str) -> Vec<Hold> {
    holds
        .iter()
        .filter(|hold| hold.account == account)
        .cloned()
        .collect()
}

/// A turn that broke on the database is said once, here; the next pass finds the record as it was.
fn report(error: &EngineError) {
    Event::new(event::TURN_BROKEN, format!("a turn ended early: {error}")).emit();
}

/// The stage's id, for records that have one.
pub(super) fn certificate_id(record: &Record) -> Option<&str> {
    record.order.as_ref().and_then(|order| match &order.stage {
        Stage::Intended { .. } => None,
        stage => stage.certificate_id(),
    })
}
