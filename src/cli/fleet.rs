//! `fleet`: which machines order for the fleet, whose turn it is, and what is newest in the account beside what is installed
//! here. From the account's last list and this machine's record; nobody is asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Gives, local, rfc3339, show, table};
use super::step::turn;
use super::view::View;
use crate::config::{Fleet, FleetOrders, main_domain};
use crate::engine::Settings;
use crate::lifecycle::{Orders, Ours};
use crate::sentence::{Language, Phrase, Sentence, phrases, say, sentences};
use crate::store::{Holding, Store};

/// What `fleet` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// As an object
    #[arg(long)]
    json: bool,
}

/// Among so many orders of a name is that of what is installed.
const LATEST: u32 = 5;

/// One machine, as its orders show it.
#[derive(Default)]
struct Member {
    orders: u32,
    last: Option<DateTime<Utc>>,
    is_this: bool,
}

/// One certificate: the newest that the account has of the fleet, and what is installed here.
struct Newest {
    domain: String,
    newest: Option<Holding>,
    machine: Option<u8>,
    installed: Option<String>,
}

struct Seen<'a> {
    fleet: &'a Fleet,
    ours: Ours,
    orders: Orders,
    listed: Option<DateTime<Utc>>,
    members: BTreeMap<(u8, String), Member>,
    certificates: Vec<Newest>,
    now: DateTime<Utc>,
}

phrases! {
    ALONE "alone" "唯一";
    NO_FLEET "this machine is in no fleet: its config has no `[fleet]`; docs/fleet.md says what one is" "本机不属于多台机器的部署：配置中没有 `[fleet]`，说明见 docs/zh-CN/fleet.md";
    FOLLOWERS "Machines that never order make no orders: they are seen by their own pages and metrics." "从不申请的机器没有订单：请看它们各自的状态页和指标。";
}

sentences! {
    in_turn(machine) "machine {machine}, which orders in its turns" "{machine} 号机器，轮流申请";
    follower(seconds) "a machine that never orders, and looks every {seconds} s" "从不申请的机器，每 {seconds} 秒查看一次";
    this_is(fleet, role) "fleet {fleet}: this is {role}" "{fleet}：本机是{role}";
    was_listed(at) "the account was listed: {at}" "账号的证书列表查询于：{at}";
    this_one(name) "{name} (this)" "{name}（本机）";
    machine_is(machine) "machine {machine}" "{machine} 号机器";
    behind(id) "behind: {id}" "落后：{id}";
}

/// What the columns have.
const MEMBERS: [Phrase; 4] = [
    say("MACHINE", "机器"),
    say("INSTALLATION", "安装"),
    say("ORDERS", "申请数"),
    say("LAST", "最近申请"),
];
const CERTIFICATES: [Phrase; 5] = [
    say("DOMAIN", "域名"),
    say("NEWEST", "最新证书"),
    say("ORDERED BY", "申请者"),
    say("ENDS", "到期"),
    say("HERE", "本机"),
];

pub(super) async fn run(
    config: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let view = View::open(config, language).await?;
    let Some(fleet) = &view.config.fleet else {
        return Err(Failure::other(NO_FLEET.sentence()));
    };
    let seen = look(&view, fleet).await?;
    show(arguments.json, || seen.json(), || seen.text(language))?;
    Ok(ExitCode::SUCCESS)
}

async fn look<'a>(view: &View, fleet: &'a Fleet) -> Result<Seen<'a>, Failure> {
    let mut holdings = Vec::new();
    let mut installation = String::new();
    if let Some(store) = &view.store {
        installation = store.installation().await?;
        for account in view.config.accounts.keys() {
            holdings.extend(store.holdings(account).await?);
        }
        let unlisted = unlisted(view, store, &holdings).await?;
        holdings.extend(unlisted);
    }
    let ours = Settings::ours(&view.config, &installation);
    let mut members: BTreeMap<(u8, String), Member> = BTreeMap::new();
    if let Some((machine, own)) = ours.this() {
        let member = members.entry((machine, own.to_owned())).or_default();
        member.is_this = true;
    }
    for holding in &holdings {
        let Some((machine, installation)) = ours.member(&holding.alias) else {
            continue;
        };
        let member = members
            .entry((machine, installation.to_owned()))
            .or_default();
        member.orders += 1;
        member.last = member.last.max(at(holding.inserted));
    }
    let certificates = view.lines().into_iter().map(|line| {
        let domain = line.record.domain.clone();
        let of_name = holdings
            .iter()
            .filter(|one| one.domain == domain && one.state == "issued");
        let newest = of_name
            .max_by_key(|one| (one.not_after, one.inserted))
            .cloned();
        let maker = newest.as_ref().and_then(|one| ours.member(&one.alias));
        Newest {
            machine: maker.map(|(machine, _)| machine),
            installed: line.record.installed.map(|one| one.certificate_id),
            newest,
            domain,
        }
    });
    Ok(Seen {
        certificates: certificates.collect(),
        members,
        fleet,
        orders: Settings::orders_of(&view.config, None),
        listed: listed(view),
        now: view.now,
        ours,
    })
}

fn listed(view: &View) -> Option<DateTime<Utc>> {
    view.sweeps.iter().map(|sweep| sweep.at).max()
}

/// What was installed here since the account was listed: the list is of before.
async fn unlisted(
    view: &View,
    store: &Store,
    holdings: &[Holding],
) -> Result<Vec<Holding>, Failure> {
    let listed = listed(view);
    let mut unlisted = Vec::new();
    for line in view.lines() {
        let domain = &line.record.domain;
        let installed = line.record.installed.as_ref();
        let installed = installed.filter(|one| Some(one.installed_at) > listed);
        let is_known = |id: &str| holdings.iter().any(|one| one.certificate_id == id);
        let Some(installed) = installed.filter(|one| !is_known(&one.certificate_id)) else {
            continue;
        };
        let orders = store.orders(domain, LATEST).await?.into_iter();
        let mut orders =
            orders.filter(|order| order.certificate_id.as_ref() == Some(&installed.certificate_id));
        let order = orders.next();
        unlisted.push(Holding {
            certificate_id: installed.certificate_id.clone(),
            domain: domain.clone(),
            main_domain: main_domain(domain),
            alias: order
                .as_ref()
                .map_or_else(String::new, |order| order.marker.clone()),
            status: 1,
            state: "issued".to_owned(),
            slot: true,
            not_after: Some(installed.not_after.timestamp_millis()),
            inserted: order.map(|order| order.opened.timestamp_millis()),
        });
    }
    Ok(unlisted)
}

fn at(millis: Option<i64>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(millis?)
}

impl Newest {
    /// Whether the newest is installed here; nothing is said of a name that the account has nothing for.
    fn is_here(&self) -> Option<bool> {
        let newest = self.newest.as_ref()?;
        Some(self.installed.as_ref() == Some(&newest.certificate_id))
    }
}

impl Seen<'_> {
    fn role(&self) -> Sentence {
        match (self.fleet.orders, self.fleet.machine) {
            (FleetOrders::InTurn, Some(machine)) => in_turn(machine),
            (FleetOrders::Alone, _) => {
                say("the only machine that orders", "唯一申请证书的机器").sentence()
            }
            _ => follower(self.fleet.look.as_secs()),
        }
    }

    fn json(&self) -> Value {
        let turn = match self.orders {
            Orders::InTurn { turns, .. } => json!({
                "next": rfc3339(Some(turns.next(self.now))),
                "open_until": rfc3339(turns.open_until(self.now)),
            }),
            Orders::Here | Orders::Elsewhere { .. } => Value::Null,
        };
        let members = self
            .members
            .iter()
            .map(|((machine, installation), member)| {
                json!({
                    "machine": machine,
                    "installation": installation,
                    "this": member.is_this,
                    "orders": member.orders,
                    "last_order": rfc3339(member.last),
                })
            });
        let certificates = self.certificates.iter().map(|one| {
            let newest = one.newest.as_ref();
            json!({
                "domain": one.domain,
                "newest": newest.map(|newest| &newest.certificate_id),
                "not_after": rfc3339(newest.and_then(|newest| at(newest.not_after))),
                "ordered": rfc3339(newest.and_then(|newest| at(newest.inserted))),
                "ordered_by": one.machine,
                "installed": one.installed,
                "current": one.is_here(),
            })
        });
        json!({
            "fleet": self.fleet.name,
            "marker": format!("ec-{}-", self.fleet.id()),
            "orders": self.fleet.orders.name(),
            "machine": self.fleet.machine,
            "listed": rfc3339(self.listed),
            "turn": turn,
            "members": members.collect::<Vec<_>>(),
            "certificates": certificates.collect::<Vec<_>>(),
        })
    }

    fn text(&self, language: Language) -> String {
        let said = |sentence: Sentence| language.of(&sentence).to_owned();
        let role = self.role();
        let mut text = said(this_is(&self.fleet.name, language.of(&role)));
        if let Orders::InTurn { .. } = self.orders {
            text.push_str(&format!("\n{}", said(turn(self.orders, self.now))));
        }
        let not_yet = || language.of_phrase(say("not yet", "尚未查询")).to_owned();
        let listed = self.listed.map_or_else(not_yet, local);
        text.push_str(&format!("\n{}\n\n", said(was_listed(listed))));
        let members = self
            .members
            .iter()
            .map(|((machine, installation), member)| {
                let name = match machine {
                    0 => language.of_phrase(ALONE).to_owned(),
                    number => number.to_string(),
                };
                let name = match member.is_this {
                    true => said(this_one(name)),
                    false => name,
                };
                vec![
                    name,
                    installation.clone(),
                    member.orders.to_string(),
                    member.last.map_or_else(nothing, local),
                ]
            });
        let titles = |titles: &[Phrase]| -> Vec<&'static str> {
            titles
                .iter()
                .map(|title| language.of_phrase(*title))
                .collect()
        };
        text.push_str(&table(
            &titles(&MEMBERS),
            &members.collect::<Vec<_>>(),
            Gives {
                names: 1,
                prose: 0,
                below: false,
            },
        ));
        let rows = self.certificates.iter().map(|one| row(one, language));
        text.push('\n');
        text.push_str(&table(
            &titles(&CERTIFICATES),
            &rows.collect::<Vec<_>>(),
            Gives {
                names: 0,
                prose: 4,
                below: false,
            },
        ));
        if self.ours.this().is_none() {
            text.push_str(&format!("\n{}\n", language.of_phrase(FOLLOWERS)));
        }
        text
    }
}

fn nothing() -> String {
    "-".to_owned()
}

fn row(one: &Newest, language: Language) -> Vec<String> {
    let said = |sentence: Sentence| language.of(&sentence).to_owned();
    let Some(newest) = &one.newest else {
        let here = one.installed.clone().unwrap_or_else(nothing);
        return vec![one.domain.clone(), nothing(), nothing(), nothing(), here];
    };
    let by = match one.machine {
        Some(0) => language.of_phrase(ALONE).to_owned(),
        Some(machine) => said(machine_is(machine)),
        None => language.of_phrase(say("others", "他人")).to_owned(),
    };
    let here = match (one.is_here(), &one.installed) {
        (Some(true), _) => language.of_phrase(say("the same", "相同")).to_owned(),
        (_, Some(id)) => said(behind(id)),
        (_, None) => language.of_phrase(say("nothing", "无")).to_owned(),
    };
    vec![
        one.domain.clone(),
        newest.certificate_id.clone(),
        by,
        at(newest.not_after).map_or_else(nothing, local),
        here,
    ]
}
