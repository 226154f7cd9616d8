//! One pass: a look at every certificate that is due for something.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use futures_util::{FutureExt, StreamExt};

use super::turn::{SKEW_THAT_MATTERS, Turn};
use crate::engine::failure::Judged;
use crate::engine::holds::Holds;
use crate::engine::listing::Listing;
use crate::engine::{Engine, Settings};
use crate::lifecycle::{Class, Failure, Hold, Record, Step, plan};
use crate::observe::{Event, Fact};
use crate::store::StoreError;
use crate::tencent::{ApiError, Client};

/// How many certificates are at work at once. Far above what ten requests a second keep busy.
const AT_ONCE: usize = 32;

/// The listing of an account is renewed this often even when nothing is due.
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

/// The certificates of one account that are due, and what they need to see before their turns.
#[derive(Default)]
struct Group {
    /// Each with its next step.
    records: Vec<(Record, Step)>,
    /// The whole list.
    sweep: bool,
    /// The orders of these ids.
    polled: Vec<String>,
}

impl Engine {
    /// Makes one pass. The certificates of an account progress together; accounts don't wait for each other.
    ///
    /// # Errors
    /// The record of what is due can't be read. A failure of one certificate is its own, and in the record.
    pub async fn pass(&self, kind: Kind) -> Result<Summary, StoreError> {
        let settings = self.settings();
        let now = self.environment.clock.now();
        self.repair(&settings, kind).await?;
        let due = self.store().due(now, kind == Kind::Check).await?;
        let mut summary = Summary {
            due: due.len(),
            broken: 0,
        };
        // Also where nothing is due: a paused account must not be asked for its daily list.
        let holds = self.store().holds().await?;
        let records = due.into_iter().map(|listing| listing.record);
        let mut groups = self.grouped(now, &settings, &holds, records);
        let looks = self.looks_now(&settings).await?;
        self.lock_asked().extend(looks);
        if kind == Kind::Check || !self.lock_asked().is_empty() {
            self.add_sweeps(now, kind, &settings, &holds, &mut groups)
                .await?;
        }
        let accounts = groups.into_iter().map(|(account, group)| {
            let holds = Holds::of(&account, &holds);
            self.account_pass(&settings, group, holds).boxed()
        });
        for broken in futures_util::future::join_all(accounts).await {
            summary.broken += broken?;
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
            let account = record.acting_account();
            let group = groups.entry(account.to_owned()).or_default();
            let of_account = Holds::of(account, holds).all();
            let step = plan(now, &policy, &record, &of_account);
            match step {
                // Nothing is ordered that the settings do not know.
                Step::Order { .. } | Step::Seek { .. }
                    if settings.certificate(&record.domain).is_none() => {}
                Step::Order { .. } | Step::Seek { .. } | Step::LookUp => group.sweep = true,
                Step::Poll => group.polled.extend(record.ordered_id().map(str::to_owned)),
                Step::Rest { .. } | Step::Fetch => {}
            }
            group.records.push((record, step));
        }
        groups
    }

    /// Once a day, in a check, the listing of each account is made anew, so that duplicates, twins and slots are known; and
    /// in every pass that of the accounts of names that a person asked about.
    async fn add_sweeps(
        &self,
        now: DateTime<Utc>,
        kind: Kind,
        settings: &Settings,
        holds: &[Hold],
        groups: &mut BTreeMap<String, Group>,
    ) -> Result<(), StoreError> {
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
            let paused = holds.iter().any(|hold| {
                hold.account == account && hold.scope.keeps_list() && hold.in_force(now)
            });
            let asked = self.lock_asked().remove(account);
            if asked && paused {
                // Nobody looks before the hold is over.
                self.fleet
                    .looked(account, self.environment.clock.monotonic());
            }
            if (is_fresh && !asked) || !used || paused {
                continue;
            }
            groups.entry(account.to_owned()).or_default().sweep = true;
        }
        Ok(())
    }

    /// The turns of one account. Returns how many broke on the database.
    async fn account_pass(
        &self,
        settings: &Settings,
        group: Group,
        holds: Holds,
    ) -> Result<usize, StoreError> {
        let Some(client) = settings.client(holds.account()) else {
            let judged = without_account(holds.account());
            let needs_account = |step: &Step| !matches!(step, Step::Rest { .. });
            let (failed, others) = parted(group.records, needs_account);
            self.all_failed(settings, failed, &holds, judged).await?;
            return Ok(self.turns(settings, others, None, &holds).await);
        };
        let mut listing = None;
        if group.sweep || !group.polled.is_empty() {
            match self.look(settings, client, &group).await {
                Ok(taken) => {
                    self.account_answers(&holds).await?;
                    listing = Some(taken);
                }
                Err(error) => {
                    let needs_list = |step: &Step| !matches!(step, Step::Rest { .. } | Step::Fetch);
                    let (failed, others) = parted(group.records, needs_list);
                    let judged = self.list_failure(settings, &error, &holds, &failed).await?;
                    self.all_failed(settings, failed, &holds, judged).await?;
                    return Ok(self.turns(settings, others, None, &holds).await);
                }
            }
        }
        let (mut records, _) = parted(group.records, |_| true);
        if let Some(listing) = listing.as_ref().filter(|_| group.sweep) {
            self.add_revoked(holds.account(), listing, &mut records)
                .await?;
            self.add_due_by_the_service(holds.account(), listing, &mut records)
                .await?;
            self.add_newer(settings, holds.account(), listing, &mut records)
                .await?;
        }
        // Renewals first, the soonest to expire before the others (as the store sorts them): where slots are short, a
        // site that is up stays up.
        records.sort_by_key(|record| record.installed.is_none());
        let listing = listing.as_ref();
        let broken = self.turns(settings, records, listing, &holds).await;
        if let Some(listing) = listing.filter(|listing| listing.is_whole)
            && !self.is_yielding()
            && let Err(error) = self.tidy_up(settings, client, listing).await
        {
            report(&error);
        }
        Ok(broken)
    }

    /// Runs the turns of these. Returns how many broke on the database.
    async fn turns(
        &self,
        settings: &Settings,
        records: Vec<Record>,
        listing: Option<&Listing>,
        holds: &Holds,
    ) -> usize {
        let turns = records.into_iter().map(|record| {
            let turn = Turn::new(self, settings, record, listing, holds);
            turn.run().boxed()
        });
        // After a quota, one certificate tries whether it is over before the others do.
        let at_once = if holds.all().is_empty() { AT_ONCE } else { 1 };
        stream::iter(turns)
            .buffer_unordered(at_once)
            .filter_map(|result| async move { result.err() })
            .inspect(report)
            .count()
            .await
    }

    /// As a pass would, for a list that was taken outside of one.
    pub(in crate::engine) async fn renew_revoked(
        &self,
        settings: &Settings,
        account: &str,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        let mut records = Vec::new();
        self.add_revoked(account, listing, &mut records).await?;
        let holds = Holds::of(account, &self.store().holds().await?);
        for record in records {
            Turn::new(self, settings, record, Some(listing), &holds)
                .run()
                .await?;
        }
        Ok(())
    }

    /// The installed certificates that the list shows as revoked have a turn also where nothing else is due.
    async fn add_revoked(
        &self,
        account: &str,
        listing: &Listing,
        records: &mut Vec<Record>,
    ) -> Result<(), StoreError> {
        for (domain, id) in self.store().installed_of(account).await? {
            if records.iter().any(|record| record.domain == domain) || !listing.is_revoked(&id) {
                continue;
            }
            let known = self.store().record(&domain).await?;
            records.extend(known.map(|known| known.record));
        }
        Ok(())
    }

    /// Where our clock is behind, what is due by the service's has a turn too: by ours it would come too late.
    async fn add_due_by_the_service(
        &self,
        account: &str,
        listing: &Listing,
        records: &mut Vec<Record>,
    ) -> Result<(), StoreError> {
        let Some(behind) = listing.skew().filter(|skew| *skew > SKEW_THAT_MATTERS) else {
            return Ok(());
        };
        let now = self.environment.clock.now();
        let there: HashSet<String> = records.iter().map(|known| known.domain.clone()).collect();
        let due = self.store().due(now + behind, true).await?;
        let added = due.into_iter().map(|known| known.record).filter(|record| {
            record.account == account && record.order.is_none() && !there.contains(&record.domain)
        });
        records.extend(added);
        Ok(())
    }

    /// Says that the clocks differ, whether anything is due or not: by a clock that is behind, nothing is.
    async fn say_skew(&self, account: &str, listing: &Listing) -> Result<(), StoreError> {
        let Some(skew) = listing.skew().filter(|skew| skew.abs() > SKEW_THAT_MATTERS) else {
            self.skews.forget(account);
            return Ok(());
        };
        let monotonic = self.environment.clock.monotonic();
        if !self.skews.is_news(account, skew, monotonic) {
            return Ok(());
        }
        let seconds = skew.num_seconds();
        let event = Event::of(Fact::ClockSkewed { seconds }).account(account);
        self.say(vec![event]).await
    }

    async fn look(
        &self,
        settings: &Settings,
        client: &Client,
        group: &Group,
    ) -> Result<Listing, ApiError> {
        let taken_at = self.environment.clock.now();
        if !group.sweep {
            return Listing::until(client, taken_at, &group.polled).await;
        }
        // Also where it fails: the next look is not to come at once.
        let monotonic = self.environment.clock.monotonic();
        self.fleet.looked(client.account(), monotonic);
        let listing = Listing::whole(client, taken_at).await?;
        if listing.time.is_some() {
            self.fleet.has_time(client.account());
        }
        self.advance();
        let reconciled = async {
            self.say_skew(client.account(), &listing).await?;
            self.reconcile(settings, client, &listing).await
        };
        if let Err(error) = reconciled.await {
            report(&error);
        }
        Ok(listing)
    }

    /// The list, or the account, could not be had: every certificate that needed it says so and waits. Who needed neither
    /// has its turn as ever.
    async fn all_failed(
        &self,
        settings: &Settings,
        records: Vec<Record>,
        holds: &Holds,
        judged: Judged,
    ) -> Result<(), StoreError> {
        let turns = records.into_iter().map(|record| {
            let mut turn = Turn::new(self, settings, record, None, holds);
            // The end comes near also where the account can't be asked.
            turn.alarm();
            turn
        });
        Turn::all_failed(self, turns.collect(), &judged).await
    }

    /// The account gave its list: a pause for refused credentials is over, and so is the wait for the list.
    async fn account_answers(&self, holds: &Holds) -> Result<(), StoreError> {
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
        self.store().wake(holds.account(), now).await
    }

    /// When something is due by its own pace: a certificate in flight or urgent, or a live folder that could not be put
    /// right. Scheduled checks are apart.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let due = self.store().next_due(false).await?;
        let repair = self.repairs.again_at();
        let look = self.next_look().await?;
        Ok(due.into_iter().chain(repair).chain(look).min())
    }
}

/// The records whose next step is of this kind, and the others.
fn parted(
    records: Vec<(Record, Step)>,
    is_of_kind: impl Fn(&Step) -> bool,
) -> (Vec<Record>, Vec<Record>) {
    let (of_kind, others): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|(_, step)| is_of_kind(step));
    let plain = |records: Vec<(Record, Step)>| records.into_iter().map(|(record, _)| record);
    (plain(of_kind).collect(), plain(others).collect())
}

/// What an order waits for whose account the config has no longer.
fn without_account(account: &str) -> Judged {
    let message = format!(
        "the order was made in account \"{account}\", which the config no longer has; \
         put the account back until the order is done"
    );
    Judged::own(Failure::ours(Class::Operator, message))
}

/// A turn that broke on the database is said once, here; the next pass finds the record as it was.
fn report(error: &StoreError) {
    Event::of(Fact::TurnBroken {
        what: "a turn".into(),
        reason: error.to_string().into(),
    })
    .emit();
}
