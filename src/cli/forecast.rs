//! `plan --days`: every order, delivery and slot held until a day, if all goes well. With `--lifetime`, as it will be once
//! certificates live shorter.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Gives, local, prose, prose_width, rfc3339, show, table};
use super::peaks::{Peak, peaks};
use super::step::reason;
use super::trouble::kept_back;
use super::view::{Line, View};
use crate::calendar;
use crate::config::{display_name, main_domain};
use crate::lifecycle::forecast::{Event, LIFETIME, Slot, Subject, What, forecast};
use crate::lifecycle::{Rest, Step};
use crate::sentence::{Language, Phrase, Sentence, say, sentences};

/// A year's days.
pub(super) const YEAR: u32 = 365;

/// How far ahead is looked, and by which rules.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    pub(super) days: u32,
    /// How long what is ordered from now on lives, where that is not as today.
    pub(super) lifetime: Option<TimeDelta>,
}

/// What is to come by the config, and how many orders the one in force would make.
pub(super) struct Coming {
    ahead: Ahead,
    until: DateTime<Utc>,
    events: Vec<Event>,
    orders_in_force: Option<usize>,
    /// How many orders it would be with today's lifetime, where another one is played.
    orders_today: Option<usize>,
    /// How many targets get each certificate.
    targets: HashMap<String, usize>,
    /// The most slots that each account ever holds.
    accounts: Vec<(String, Peak)>,
    /// And each main domain.
    domains: Vec<(String, Peak)>,
    /// Why nothing is done for a certificate by itself, by its name.
    reasons: HashMap<String, Sentence>,
    /// What keeps certificates back now.
    kept_back: Vec<(DateTime<Utc>, Sentence)>,
}

pub(super) fn run(
    view: &View,
    language: Language,
    ahead: Ahead,
    as_json: bool,
) -> Result<(), Failure> {
    let coming = Coming::of(view, ahead);
    show(as_json, || coming.json(), || coming.text(language))
}

/// What the columns have.
const TITLES: [Phrase; 5] = [
    say("AT", "时间"),
    say("DOMAIN", "域名"),
    say("WHAT", "事项"),
    say("SLOTS", "账号占用额度"),
    say("OF MAIN DOMAIN", "主域名占用额度"),
];

sentences! {
    what_goes_wrong() "What goes wrong:\n" "会出现的问题：\n";
    nothing_goes_wrong(days) "Nothing goes wrong in {days} days.\n\n" "{days} 天内不会出现问题。\n\n";
    ends_unreplaced(domain) "{domain} ENDS, and nothing replaces it" "{domain} 过期，没有证书接替";
    ends_for(domain, why) "{domain} ENDS, and nothing replaces it: {why}" "{domain} 过期，没有证书接替：{why}";
    too_few(whose, most, limit) "{whose}: TOO FEW free certificates from then on, up to {most} of {limit}; orders wait until others end" "{whose}：从此时起免费证书额度不够，最多需要 {most} 个，上限 {limit} 个；申请需等待其他证书到期";
    ends() "ENDS, and nothing replaces it" "过期，没有证书接替";
    ordered() "ordered" "申请";
    ordered_for_one() "ordered, 1 target" "申请，1 个部署目标";
    ordered_for(targets) "ordered, {targets} targets" "申请，{targets} 个部署目标";
    as_if(days) "As if each certificate that is ordered from now on lived for {days} days. It is renewed renew_before, 30 days or half of that before its end, whichever is shortest." "假定今后申请的证书有效期为 {days} 天。续期提前量取 renew_before、30 天和有效期一半中最短的。";
    orders_in(orders, days) "{orders} orders in {days} days" "{days} 天内申请 {orders} 次";
    a_year(orders) ", {orders} a year" "，每年 {orders} 次";
    with_today_s_lifetime(orders) "; with today's lifetime it would be {orders}" "；按目前的有效期为 {orders} 次";
    with_config_in_force(orders) "; with the config in force it would be {orders}" "；按当前生效的配置为 {orders} 次";
    joined(first, more) "{first}{more}" "{first}{more}";
    full_stop() "." "。";
    account(name) "account \"{name}\"" "账号 \"{name}\"";
    domain(name) "main domain {name}" "主域名 {name}";
    held_at_most(whose, most, limit, at) "{whose}: {most} of {limit} free certificates held at most, on {at}" "{whose}：免费证书额度最多占用 {most}/{limit}，在 {at}";
}

/// Slots that will not be there.
pub(super) struct Shortage {
    pub(super) account: String,
    /// The main domain that needs them; `None` for the account as a whole.
    pub(super) main_domain: Option<String>,
    pub(super) needed: usize,
    pub(super) limit: u32,
    pub(super) at: DateTime<Utc>,
}

/// The first time within these days at which an account or a main domain needs more than it may hold.
pub(super) fn shortages(view: &View, days: u32) -> Vec<Shortage> {
    let mut found = BTreeMap::new();
    let ahead = Ahead {
        days,
        lifetime: None,
    };
    for event in events(view, &view.lines(), ahead) {
        let Some(account) = view.config.accounts.get(&event.account) else {
            continue;
        };
        let main = main_domain(&event.domain);
        for (main_domain, needed, limit) in [
            (None, event.account_slots, view.free_limit(account)),
            (Some(main), event.domain_slots, account.domain_limit),
        ] {
            if needed > limit as usize {
                let key = (event.account.clone(), main_domain.clone());
                found.entry(key).or_insert(Shortage {
                    account: event.account.clone(),
                    main_domain,
                    needed,
                    limit,
                    at: event.at,
                });
            }
        }
    }
    found.into_values().collect()
}

/// What happens to these certificates within so many days.
fn events(view: &View, lines: &[Line<'_>], ahead: Ahead) -> Vec<Event> {
    let mains: Vec<String> = lines
        .iter()
        .map(|line| main_domain(&line.record.domain))
        .collect();
    let subjects: Vec<Subject<'_>> = lines
        .iter()
        .zip(&mains)
        .map(|(line, main_domain)| Subject {
            record: &line.record,
            policy: &line.policy,
            main_domain,
        })
        .collect();
    let check = |at: DateTime<Utc>| {
        let just_before = at - TimeDelta::milliseconds(1);
        view.config.schedule.check.next_after(just_before)
    };
    let (now, end) = (view.now, until(view, ahead.days));
    forecast(now, end, &subjects, &slots(view), ahead.lifetime, check)
}

fn until(view: &View, days: u32) -> DateTime<Utc> {
    view.now + TimeDelta::days(i64::from(days))
}

impl Coming {
    pub(super) fn of(view: &View, ahead: Ahead) -> Self {
        let in_force = view.lines_in_force();
        let coming = events(view, &view.lines(), ahead);
        let held = slots(view);
        let as_today = Ahead {
            lifetime: None,
            ..ahead
        };
        let today = || orders(&events(view, &view.lines(), as_today));
        Self {
            ahead,
            until: until(view, ahead.days),
            orders_in_force: (!in_force.is_empty())
                .then(|| orders(&events(view, &in_force, ahead))),
            orders_today: ahead.lifetime.map(|_| today()),
            targets: targets(view),
            accounts: peaks(
                view,
                &held,
                &coming,
                |slot| &slot.account,
                |event, account| {
                    let limit = view.free_limit(account);
                    (event.account.clone(), event.account_slots, limit)
                },
            ),
            domains: peaks(
                view,
                &held,
                &coming,
                |slot| &slot.main_domain,
                |event, account| {
                    let limit = account.domain_limit;
                    (main_domain(&event.domain), event.domain_slots, limit)
                },
            ),
            reasons: reasons(view, &coming),
            kept_back: kept_back(view),
            events: coming,
        }
    }

    fn targets_of(&self, event: &Event) -> usize {
        match event.what {
            What::Order => self.targets.get(&event.domain).copied().unwrap_or(0),
            What::End => 0,
        }
    }

    fn json(&self) -> Value {
        let event = |event: &Event| {
            json!({
                "at": rfc3339(Some(event.at)),
                "domain": event.domain,
                "account": event.account,
                "what": name(event.what),
                "targets": self.targets_of(event),
                "account_slots": event.account_slots,
                "main_domain_slots": event.domain_slots,
            })
        };
        let peaks = |key: &str, peaks: &[(String, Peak)]| -> Value {
            let all = peaks.iter().map(|(name, peak)| {
                json!({
                    key: name,
                    "peak": peak.most,
                    "peak_at": rfc3339(Some(peak.at)),
                    "limit": peak.limit,
                    "short_from": rfc3339(peak.short_from),
                })
            });
            all.collect()
        };
        json!({
            "days": self.ahead.days,
            "lifetime_days": self.ahead.lifetime.map(|lifetime| lifetime.num_days()),
            "until": rfc3339(Some(self.until)),
            "events": self.events.iter().map(event).collect::<Value>(),
            "orders": orders(&self.events),
            "orders_a_year": self.orders_a_year(),
            "orders_in_force": self.orders_in_force,
            "orders_today": self.orders_today,
            "accounts": peaks("account", &self.accounts),
            "main_domains": peaks("main_domain", &self.domains),
        })
    }

    pub(super) fn text(&self, language: Language) -> String {
        let mut text = self.problems(language);
        let row = |event: &Event| {
            let what = match (event.what, self.targets_of(event)) {
                (What::End, _) => ends(),
                (What::Order, 0) => ordered(),
                (What::Order, 1) => ordered_for_one(),
                (What::Order, many) => ordered_for(many),
            };
            vec![
                local(event.at),
                display_name(&event.domain),
                language.of(&what).to_owned(),
                event.account_slots.to_string(),
                event.domain_slots.to_string(),
            ]
        };
        let rows: Vec<Vec<String>> = self.events.iter().map(row).collect();
        text.push_str(&table(
            &TITLES.map(|title| language.of_phrase(title)),
            &rows,
            Gives {
                names: 1,
                prose: 2,
                below: false,
            },
        ));
        text.push('\n');
        let (orders, days) = (orders(&self.events), self.ahead.days);
        let mut all = orders_in(orders, days);
        let mut more = |also: Sentence| all = joined(&all, also);
        if days != YEAR {
            more(a_year(self.orders_a_year()));
        }
        if let Some(other) = self.orders_today {
            more(with_today_s_lifetime(other));
        }
        if let Some(other) = self.orders_in_force.filter(|other| *other != orders) {
            more(with_config_in_force(other));
        }
        more(full_stop());
        // Main domains only where they come near their limit: there may be thousands.
        let is_near = |(_, peak): &(Sentence, &Peak)| peak.most + 2 >= peak.limit as usize;
        let peaks = self.of_accounts().chain(self.of_domains().filter(is_near));
        let peaks =
            peaks.map(|(name, peak)| held_at_most(name, peak.most, peak.limit, local(peak.at)));
        let lifetime = self.ahead.lifetime.map(|it| as_if(it.num_days()));
        for sentence in lifetime.into_iter().chain([all]).chain(peaks) {
            text.push_str(&prose(prose_width(), "", language.of(&sentence)));
        }
        text
    }

    /// What goes wrong, in the order of its beginning: before all else, for there may be a thousand rows.
    fn problems(&self, language: Language) -> String {
        let ends = self.events.iter().filter(|event| event.what == What::End);
        let ends = ends.map(|event| {
            let what = match self.reasons.get(&event.domain) {
                Some(why) => ends_for(display_name(&event.domain), why),
                None => ends_unreplaced(display_name(&event.domain)),
            };
            (event.at, what)
        });
        let peaks = self.of_accounts().chain(self.of_domains());
        let short = peaks.filter_map(|(name, peak)| {
            let from = peak.short_from?;
            Some((from, too_few(name, peak.most, peak.limit)))
        });
        let now = self.kept_back.iter().cloned();
        let mut problems: Vec<(DateTime<Utc>, Sentence)> = now.chain(ends).chain(short).collect();
        problems.sort_by_key(|(at, _)| *at);
        if problems.is_empty() {
            return language.of(&nothing_goes_wrong(self.ahead.days)).to_owned();
        }
        let mut text = language.of(&what_goes_wrong()).to_owned();
        for (at, what) in &problems {
            let begins = format!("  {}  ", local(*at));
            text.push_str(&prose(prose_width(), &begins, language.of(what)));
        }
        text.push('\n');
        text
    }

    fn of_accounts(&self) -> impl Iterator<Item = (Sentence, &Peak)> {
        self.accounts
            .iter()
            .map(|(name, peak)| (account(name), peak))
    }

    fn of_domains(&self) -> impl Iterator<Item = (Sentence, &Peak)> {
        let all = self.domains.iter();
        all.map(|(name, peak)| (domain(display_name(name)), peak))
    }

    /// At this pace, rounded.
    fn orders_a_year(&self) -> usize {
        let (days, year) = (self.ahead.days.max(1) as usize, YEAR as usize);
        (orders(&self.events) * year + days / 2) / days
    }
}

/// Why each of those that end are not renewed.
fn reasons(view: &View, events: &[Event]) -> HashMap<String, Sentence> {
    let ends: BTreeSet<&str> = events
        .iter()
        .filter(|event| event.what == What::End)
        .map(|event| event.domain.as_str())
        .collect();
    let lines = view.lines();
    let stopped = lines.iter().filter(|line| {
        let rests = matches!(
            line.step,
            Step::Rest {
                why: Rest::Paused | Rest::Parked,
                ..
            }
        );
        rests && ends.contains(line.record.domain.as_str())
    });
    stopped
        .map(|line| (line.record.domain.clone(), reason(line, view.now)))
        .collect()
}

fn orders(events: &[Event]) -> usize {
    let orders = events.iter().filter(|event| event.what == What::Order);
    orders.count()
}

fn name(what: What) -> &'static str {
    match what {
        What::Order => "order",
        What::End => "end",
    }
}

/// How many targets get each certificate.
fn targets(view: &View) -> HashMap<String, usize> {
    let all = view.config.certificates.iter();
    all.map(|certificate| {
        let targets = &certificate.targets;
        let count = targets.install.len() + targets.cloud.len() + targets.hooks.deploy.len();
        (certificate.domain.clone(), count)
    })
    .collect()
}

/// The slots held now: as the accounts were listed last, and what was ordered from here since.
fn slots(view: &View) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    for account in &view.slots {
        for holding in &account.holdings {
            listed.insert(&holding.certificate_id);
            let issued = holding.state == "issued";
            let end = holding.not_after.map(calendar::of_milliseconds);
            if holding.slot {
                slots.push(Slot {
                    account: account.account.clone(),
                    main_domain: holding.main_domain.clone(),
                    until: end.filter(|_| issued),
                });
            }
        }
    }
    for line in view.lines() {
        let record = &line.record;
        let main_domain = main_domain(&record.domain);
        let installed = record.installed.as_ref();
        let installed = installed.map(|installed| {
            (
                &installed.account,
                installed.certificate_id.as_str(),
                installed.not_after,
            )
        });
        let ordered = record.order.as_ref().map(|order| {
            let id = order.stage.certificate_id().unwrap_or_default();
            (&order.account, id, view.now + LIFETIME)
        });
        for (account, id, until) in installed.into_iter().chain(ordered) {
            if until > view.now && !listed.contains(id) {
                slots.push(Slot {
                    account: account.clone(),
                    main_domain: main_domain.clone(),
                    until: Some(until),
                });
            }
        }
    }
    slots
}
