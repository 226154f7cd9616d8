//! The config beside the record at one moment: what the reading verbs and the status page show.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Settings;
use crate::config::{Account, Certificate, Config, Dns, Provider, Validation};
use crate::lifecycle::delivery::{Deliveries, Delivery, Reached, TargetKind, Wanted};
use crate::lifecycle::{
    Challenge, Class, Hold, Note, Policy, Proof, ProofStage, Record, Rest, Schedule, Standing,
    State, Step, WaitsFor, note, plan, schedule,
};
use crate::observe::overview::{Place, Places, Tone, URGENT_DAYS};
use crate::store::{Listing, Store, StoreError, Sweep};
use crate::tencent::codes::FREE_LIMIT;

/// Config and record at one moment.
pub(crate) struct View {
    /// What the operator wrote.
    pub(crate) config: Arc<Config>,
    /// The record; `None` where there is none yet.
    pub(crate) store: Option<Store>,
    /// When it was read.
    pub(crate) now: DateTime<Utc>,
    /// What holds back more than one certificate, over or not.
    pub(crate) holds: Vec<Hold>,
    /// The last full listing of each account.
    pub(crate) sweeps: Vec<Sweep>,
    listings: HashMap<String, Listing>,
    deliveries: HashMap<String, Deliveries>,
    proofs: Vec<Proof>,
    live_troubles: BTreeMap<String, String>,
    /// Where each name's entry is in the config.
    entries: HashMap<String, usize>,
}

/// One certificate as the verbs show it.
pub(crate) struct Line<'a> {
    /// What is known of it.
    pub(crate) record: Record,
    /// What the operator asked for.
    pub(crate) policy: Policy,
    /// Its name as people write it.
    pub(crate) display: &'a str,
    /// When it is looked at next.
    pub(crate) schedule: Schedule,
    /// Its next step.
    pub(crate) step: Step,
    /// The holds of its account, over or not.
    pub(crate) holds: Vec<Hold>,
    /// Where it stands.
    pub(crate) standing: Standing,
    /// What a person is to publish for its open order; empty where nobody is waited for.
    pub(crate) by_hand: &'a [Challenge],
}

impl View {
    /// Reads the record beside this config. Of it, only these names where some are given.
    ///
    /// # Errors
    /// The database can't be read.
    pub(crate) async fn read(
        config: Arc<Config>,
        store: Option<Store>,
        now: DateTime<Utc>,
        domains: &[String],
    ) -> Result<Self, StoreError> {
        let mut listings = Vec::new();
        let mut deliveries = HashMap::new();
        let (mut holds, mut sweeps) = (Vec::new(), Vec::new());
        let mut proofs = Vec::new();
        let mut live_troubles = BTreeMap::new();
        if let Some(store) = &store {
            if domains.is_empty() {
                listings = store.records().await?;
                deliveries = store.all_deliveries().await?;
            }
            for domain in domains {
                listings.extend(store.record(domain).await?);
                if let Some(known) = store.deliveries(domain).await? {
                    deliveries.insert(domain.clone(), known);
                }
            }
            holds = store.holds().await?;
            sweeps = store.sweeps().await?;
            proofs = store.proofs().await?;
            live_troubles = store.live_troubles().await?;
        }
        Ok(Self {
            entries: entries(&config),
            config,
            store,
            now,
            holds,
            sweeps,
            deliveries,
            proofs,
            live_troubles,
            listings: listings
                .into_iter()
                .map(|listing| (listing.record.domain.clone(), listing))
                .collect(),
        })
    }

    /// Every certificate of the config in its order, then those that it no longer names and that still have an order.
    pub(crate) fn lines(&self) -> Vec<Line<'_>> {
        let named = self
            .config
            .certificates
            .iter()
            .map(|certificate| self.line(certificate));
        let mut lines: Vec<Line<'_>> = named.collect();
        lines.extend(self.recorded(|record| !record.wanted && record.order.is_some()));
        lines
    }

    /// The line of one certificate of the config.
    pub(crate) fn line<'a>(&'a self, certificate: &'a Certificate) -> Line<'a> {
        let policy = Settings::policy_of(&self.config, certificate);
        let record = self.listings.get(&certificate.domain).map_or_else(
            || Record::new(&certificate.domain, &certificate.account),
            |listing| listing.record.clone(),
        );
        // As the config is now, also where the daemon has not read it yet.
        let edited = Note::Edited {
            account: certificate.account.clone(),
            inputs: policy.inputs.clone(),
        };
        let record = note(self.now, record, edited).record;
        let by_hand = match self.proof(&certificate.domain) {
            Some(proof) => awaited_of_a_person(certificate, proof),
            None => &[],
        };
        self.made(record, policy, &certificate.display, by_hand)
    }

    fn made<'a>(
        &'a self,
        record: Record,
        policy: Policy,
        display: &'a str,
        by_hand: &'a [Challenge],
    ) -> Line<'a> {
        let holds: Vec<Hold> = self
            .holds
            .iter()
            .filter(|hold| hold.account == record.acting_account())
            .cloned()
            .collect();
        let reached = self
            .deliveries
            .get(&record.domain)
            .map_or(Reached::Done, Deliveries::reached);
        let standing = Standing::of(self.now, &policy, &record, &holds, reached)
            .awaiting_a_person(!by_hand.is_empty());
        Line {
            schedule: schedule(self.now, &policy, &record, &holds),
            step: plan(self.now, &policy, &record, &holds),
            record,
            policy,
            display,
            holds,
            standing,
            by_hand,
        }
    }

    /// Every certificate that the config in force names, as the daemon last read it.
    pub(crate) fn lines_in_force(&self) -> Vec<Line<'_>> {
        self.recorded(|record| record.wanted)
    }

    /// The certificates whose records are like this, by their names.
    fn recorded(&self, is_chosen: impl Fn(&Record) -> bool) -> Vec<Line<'_>> {
        let all = self.listings.values();
        let mut chosen: Vec<&Listing> = all.filter(|listing| is_chosen(&listing.record)).collect();
        chosen.sort_by(|a, b| a.record.domain.cmp(&b.record.domain));
        chosen
            .into_iter()
            .map(|listing| {
                let policy = self.policy_in_force(listing);
                self.made(listing.record.clone(), policy, &listing.record.domain, &[])
            })
            .collect()
    }

    /// Whether the next pass orders this name also without an edit of the config: as the daemon last read it.
    pub(crate) fn is_ordered_anyway(&self, domain: &str) -> bool {
        let Some(listing) = self.listings.get(domain) else {
            return false;
        };
        let policy = self.policy_in_force(listing);
        let step = plan(self.now, &policy, &listing.record, &[]);
        matches!(step, Step::Order { .. })
    }

    /// The policy of a record as the daemon last read it.
    fn policy_in_force(&self, listing: &Listing) -> Policy {
        Policy {
            inputs: listing.inputs.clone(),
            renew_before: listing.renew_before,
            poll: chrono::TimeDelta::from_std(self.config.schedule.poll).unwrap_or_default(),
            algorithm: crate::lifecycle::Algorithm::Rsa,
            orders: Settings::orders_of(&self.config, self.entry(&listing.record.domain)),
        }
    }

    /// How many free certificates this account may hold.
    pub(crate) fn free_limit(&self, account: &Account) -> u32 {
        free_limit(account, &self.sweeps, &self.holds, self.now)
    }

    /// How many certificates this keeps back now.
    pub(crate) fn held_by(&self, hold: &Hold) -> usize {
        let lines = self.lines();
        let those = lines.iter().filter(|line| line.hold() == Some(hold));
        those.count()
    }

    fn entry(&self, domain: &str) -> Option<&Certificate> {
        self.config.certificates.get(*self.entries.get(domain)?)
    }

    /// The targets of this certificate; none where the record does not know it.
    pub(crate) fn targets(&self, domain: &str) -> &[Delivery] {
        self.deliveries
            .get(domain)
            .map_or(&[][..], |known| known.rows.as_slice())
    }

    /// What its targets should have.
    pub(crate) fn wanted(&self, domain: &str) -> Option<&Wanted> {
        self.deliveries.get(domain)?.wanted.as_ref()
    }

    /// Whether its operator went back to the certificate before.
    pub(crate) fn is_rolled_back(&self, domain: &str) -> bool {
        self.deliveries
            .get(domain)
            .is_some_and(|known| known.rolled_back)
    }

    /// When something is looked at next: what is in flight, urgent, or waits for a scheduled check.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.listings
            .values()
            .filter_map(|listing| listing.next_at)
            .min()
    }

    /// The proof of control of this name's open order, where it has one.
    pub(crate) fn proof(&self, domain: &str) -> Option<&Proof> {
        self.proofs
            .iter()
            .find(|proof| proof.domain == domain && !proof.over)
    }

    /// What was seen last of this name's trouble: why it is parked, its last failure, or that of its proof.
    pub(crate) fn last_error(&self, line: &Line<'_>) -> Option<String> {
        let record = &line.record;
        match &record.parked {
            Some(parked) => Some(parked.reason.clone()),
            None => {
                let own = record.retry.last.as_ref().map(|last| last.message.clone());
                own.or_else(|| self.proof_trouble(&record.domain).map(str::to_owned))
                    .or_else(|| revoked(record))
            }
        }
    }

    /// What is wrong with its live folder, if anything is.
    pub(crate) fn live_trouble(&self, domain: &str) -> Option<&str> {
        self.live_troubles.get(domain).map(String::as_str)
    }

    /// What is wrong with a target of it, if anything is.
    pub(crate) fn target_error(&self, line: &Line<'_>) -> Option<String> {
        let mut targets = self.targets(&line.record.domain).iter();
        let failing = targets.find(|row| row.attempts > 0 && row.kind() != TargetKind::Failure)?;
        let reason = failing.last_error.as_deref().unwrap_or_default();
        Some(format!("{}: {reason}", failing.title))
    }

    /// Whether it is installed, bound and served.
    pub(crate) fn places(&self, line: &Line<'_>) -> Places {
        let domain = &line.record.domain;
        let wanted = self.wanted(domain);
        let place = |kind| {
            let mut targets = self.targets(domain).iter();
            let Some(row) = targets.find(|row| row.kind() == kind) else {
                return Place::NotWanted;
            };
            let delivered = wanted.is_some_and(|wanted| row.is_done(wanted));
            match wanted {
                _ if delivered && row.bound() == Some(0) => Place::Nowhere,
                _ if delivered && row.attempts == 0 => Place::Yes,
                Some(wanted) if row.has_other(wanted) => Place::Other,
                _ if row.attempts > 0 => Place::Failing,
                Some(_) if kind == TargetKind::Verify && row.look().is_none() => Place::Unseen,
                _ => Place::NotYet,
            }
        };
        Places {
            installed: match &line.record.installed {
                Some(_) if self.live_trouble(domain).is_some() => Place::Failing,
                Some(_) => Place::Yes,
                None => Place::No,
            },
            bound: place(TargetKind::Cloud),
            served: place(TargetKind::Verify),
        }
    }

    /// How it is.
    pub(crate) fn tone(&self, line: &Line<'_>) -> Tone {
        let (record, standing) = (&line.record, line.standing);
        let overdue = record.installed.as_ref().is_some_and(|installed| {
            line.policy.renew_at(installed) <= self.now || record.shown_until.is_some()
        });
        let days_left = line.days_left(self.now);
        let ending = overdue && days_left.is_some_and(|days| days < URGENT_DAYS);
        let last = record.retry.last.as_ref();
        // What keeps others back too is for its operator once, and not once a certificate.
        let waits = matches!(
            standing.waits_for,
            Some(WaitsFor::Quota | WaitsFor::Account | WaitsFor::Service)
        );
        let by_operator = !waits
            && record.retry.failures > 0
            && last.is_some_and(|last| matches!(last.class, Class::Operator | Class::Permanent));
        let awaited = standing.waits_for == Some(WaitsFor::Operator);
        if record.dead.is_some()
            || (awaited && standing.state != State::Paused)
            || (record.wanted && ending)
            || by_operator
            || self.live_trouble(&record.domain).is_some()
        {
            Tone::Bad
        } else if waits
            || record.paused.is_some()
            || record.retry.failures > 0
            || standing.delivery == Reached::Failing
            || self.drifts(&record.domain)
        {
            Tone::Wary
        } else if standing.state == State::Installed && self.is_settled(line) {
            Tone::Well
        } else {
            Tone::Busy
        }
    }

    /// Whether everything is where it should be.
    fn is_settled(&self, line: &Line<'_>) -> bool {
        let places = self.places(line);
        let there = |place| matches!(place, Place::Yes | Place::NotWanted | Place::Nowhere);
        there(places.bound) && there(places.served)
    }

    /// Whether another certificate was seen at one of its targets than should be there, or its live folder is not right.
    pub(crate) fn drifts(&self, domain: &str) -> bool {
        let wanted = self.wanted(domain);
        let mut targets = self.targets(domain).iter();
        let has_other = |row: &Delivery| wanted.is_some_and(|wanted| row.has_other(wanted));
        self.live_trouble(domain).is_some() || targets.any(has_other)
    }

    /// What keeps the proof of control of this name's open order from going on, if anything does.
    pub(crate) fn proof_trouble(&self, domain: &str) -> Option<&str> {
        self.proof(domain)
            .and_then(|proof| proof.last_error.as_deref())
    }
}

/// How many free certificates an account may hold: as the config says, or as many as it held when the service gave no more.
fn free_limit(account: &Account, sweeps: &[Sweep], holds: &[Hold], now: DateTime<Utc>) -> u32 {
    let is_full = |hold: &Hold| {
        hold.account == account.name
            && hold.in_force(now)
            && hold.failure.code.as_deref() == Some(FREE_LIMIT)
    };
    let full = holds.iter().any(is_full).then(|| {
        let sweep = sweeps.iter().find(|sweep| sweep.account == account.name);
        sweep.map(|sweep| sweep.slots)
    });
    let met = full.flatten().filter(|held| *held > 0);
    met.map_or(account.free_limit, |held| held.min(account.free_limit))
}

/// What a person is to publish: of a proof by hand, where that is known and the order still waits for it.
pub(crate) fn awaited_of_a_person<'p>(
    certificate: &Certificate,
    proof: &'p Proof,
) -> &'p [Challenge] {
    let is_by_hand = matches!(
        &certificate.validation,
        Validation::Dns(Dns {
            provider: Provider::Manual,
            ..
        })
    );
    let is_known = !matches!(proof.stage, ProofStage::Wanted | ProofStage::Clearing);
    if is_by_hand && is_known && !proof.over {
        &proof.challenges
    } else {
        &[]
    }
}

fn entries(config: &Config) -> HashMap<String, usize> {
    let names = config.certificates.iter().enumerate();
    names
        .map(|(place, certificate)| (certificate.domain.clone(), place))
        .collect()
}

/// That the service calls what is installed dead, in words.
fn revoked(record: &Record) -> Option<String> {
    let status = record.dead?;
    Some(format!(
        "the installed certificate is revoked or refunded at the service (status {status})"
    ))
}

impl Line<'_> {
    /// The hold that keeps back what is due of it.
    pub(crate) fn hold(&self) -> Option<&Hold> {
        match &self.step {
            Step::Rest {
                why: Rest::Hold(hold),
                ..
            } => Some(hold),
            _ => None,
        }
    }

    /// Whole days until what visitors get ends; negative once it has.
    pub(crate) fn days_left(&self, now: DateTime<Utc>) -> Option<i64> {
        Some((self.record.ends()? - now).num_days())
    }
}

#[cfg(test)]
impl View {
    /// One of these records and holds, without a database.
    pub(crate) fn sample(
        config: Config,
        now: DateTime<Utc>,
        records: Vec<Record>,
        holds: Vec<Hold>,
    ) -> Self {
        let listing = |record: Record| {
            let listing = Listing {
                next_at: None,
                looked_at: None,
                renew_before: chrono::TimeDelta::days(30),
                inputs: String::new(),
                record,
            };
            (listing.record.domain.clone(), listing)
        };
        let entries = entries(&config);
        Self {
            config: Arc::new(config),
            store: None,
            now,
            holds,
            sweeps: Vec::new(),
            listings: records.into_iter().map(listing).collect(),
            deliveries: HashMap::new(),
            proofs: Vec::new(),
            live_troubles: BTreeMap::new(),
            entries,
        }
    }

    /// With these targets, and these proofs of control.
    pub(crate) fn with(mut self, deliveries: Vec<Deliveries>, proofs: Vec<Proof>) -> Self {
        let known = deliveries.into_iter();
        self.deliveries = known.map(|known| (known.domain.clone(), known)).collect();
        self.proofs = proofs;
        self
    }
}
