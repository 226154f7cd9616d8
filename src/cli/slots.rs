//! Who holds an account's slots, as its last full listing showed: for `account`, `status` and `plan`.

use crate::words::words;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Gives, day, local, prose, prose_width, rfc3339, table};
use crate::config::{Account, Config, display_name, main_domain};
use crate::engine::{self, Settings};
use crate::lifecycle::Ours;
use crate::sentence::{Language, Phrase, Sentence, phrases, say, sentences};
use crate::store::{Holding, Store, Unlisted};

/// An account's slots at one moment.
pub(super) struct Slots {
    pub(super) account: String,
    /// When the account was listed last.
    pub(super) seen: DateTime<Utc>,
    /// How many were used then.
    pub(super) used: u32,
    /// How many there are.
    pub(super) limit: u32,
    /// How many there are by the config.
    configured: u32,
    /// How many there are for each main domain.
    pub(super) domain_limit: u32,
    /// Used ones by main domain, the most used first.
    pub(super) domains: Vec<(String, u32)>,
    /// All free certificates and orders, the one that ends first before the others.
    pub(super) holdings: Vec<Holding>,
    /// What was ordered from here since.
    ordered: Vec<Holding>,
    ours: Ours,
    known: BTreeSet<String>,
}

words! {
    /// Whose a certificate at the service is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Owner {
        /// Made by this installation.
        Ours = "ours",
        /// Made by somebody else, and used by this installation.
        Adopted = "adopted",
        /// Made by another installation of Evercert.
        Twin = "another evercert",
        /// Somebody else's.
        Other = "others",
    }
}

impl Owner {
    fn phrase(self) -> Phrase {
        match self {
            Self::Ours => say("ours", "本安装"),
            Self::Adopted => say("adopted", "已接管"),
            Self::Twin => say("another evercert", "另一个 evercert"),
            Self::Other => say("others", "其他"),
        }
    }
}

/// The state that a certificate or an order was listed in.
fn state_phrase(state: &str) -> Phrase {
    match state {
        "issued" => say("issued", "已签发"),
        "applying" => say("applying", "申请中"),
        "pending" => say("pending", "审核中"),
        "rejected" => say("rejected", "被拒绝"),
        "cancelled" => say("cancelled", "已取消"),
        "dead" => say("dead", "已失效"),
        _ => say("unknown", "未知"),
    }
}

phrases! {
    YES "yes" "是";
    NO "no" "否";
    SINCE "applied for since then" "此后申请";
    TIDY "can be deleted: `tidy = true` in the account does it" "可删除：账号配置 `tidy = true` 会自动删除";
    CONSOLE "can be deleted in the console" "可在控制台删除";
}

/// What the columns of the list have.
const TITLES: [Phrase; 7] = [
    say("DOMAIN", "域名"),
    say("CERTIFICATE", "证书 ID"),
    say("WHOSE", "归属"),
    say("STATE", "状态"),
    say("SLOT", "占用额度"),
    say("UNTIL", "到期"),
    say("NOTE", "备注"),
];

/// Which of them give way on a narrow terminal.
const GIVES: Gives = Gives {
    names: 0,
    prose: 6,
    below: true,
};

sentences! {
    gives_fewer(configured) "the service refused to give it more, though free_limit says {configured}: correct that in the config" "腾讯云拒绝再签发更多，而 free_limit 为 {configured}：请在配置中改正";
    used_of(account, used, limit, seen) "account \"{account}\": {used} of {limit} free certificates used, seen {seen}" "账号 \"{account}\"：免费证书额度已用 {used}/{limit}，查询于 {seen}";
    used_with_domains(account, used, limit, domains, seen) "account \"{account}\": {used} of {limit} free certificates used ({domains}), seen {seen}" "账号 \"{account}\"：免费证书额度已用 {used}/{limit}（{domains}），查询于 {seen}";
}

impl Slots {
    /// Reads what the record has of this account; `None` before its first listing.
    async fn read(
        store: &Store,
        view: &engine::View,
        account: &Account,
    ) -> Result<Option<Self>, Failure> {
        let Some(sweep) = view
            .sweeps
            .iter()
            .find(|sweep| sweep.account == account.name)
        else {
            return Ok(None);
        };
        let mut holdings = store.holdings(&account.name).await?;
        holdings.sort_by(|a, b| {
            let key = |one: &Holding| (one.not_after.unwrap_or(i64::MAX), one.domain.clone());
            key(a).cmp(&key(b))
        });
        let ordered = store.unlisted(&account.name).await?;
        let ordered: Vec<Holding> = ordered.into_iter().map(as_holding).collect();
        let mut domains: BTreeMap<&str, u32> = BTreeMap::new();
        for holding in holdings.iter().chain(&ordered).filter(|one| one.slot) {
            *domains.entry(&holding.main_domain).or_default() += 1;
        }
        let mut domains: Vec<(String, u32)> = domains
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect();
        domains.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(Some(Self {
            account: account.name.clone(),
            seen: sweep.at,
            used: sweep.slots,
            limit: view.free_limit(account),
            configured: account.free_limit,
            domain_limit: account.domain_limit,
            domains,
            holdings,
            ordered,
            ours: Settings::ours(&view.config, &store.installation().await?),
            known: store.all_known_ids().await?.into_iter().collect(),
        }))
    }

    /// Of every account of the config that was listed.
    pub(super) async fn all(store: &Store, view: &engine::View) -> Result<Vec<Self>, Failure> {
        let mut all = Vec::new();
        for account in view.config.accounts.values() {
            all.extend(Self::read(store, view, account).await?);
        }
        Ok(all)
    }

    /// Whose this one is.
    pub(super) fn owner(&self, holding: &Holding) -> Owner {
        if self.ours.marker(&holding.alias).is_some() {
            Owner::Ours
        } else if self.known.contains(&holding.certificate_id) {
            Owner::Adopted
        } else if holding.alias.starts_with("ec-") {
            Owner::Twin
        } else {
            Owner::Other
        }
    }

    /// What could be done to free its slot, if anything.
    fn advice(&self, holding: &Holding) -> Option<Phrase> {
        let dead = matches!(holding.state.as_str(), "rejected" | "cancelled" | "dead");
        match (dead, self.owner(holding)) {
            (false, _) => None,
            (true, Owner::Ours) => Some(TIDY),
            (true, _) => Some(CONSOLE),
        }
    }

    /// What was listed, and what was ordered since; with which of both it is.
    fn all_holdings(&self) -> impl Iterator<Item = (&Holding, bool)> {
        let listed = self.holdings.iter().map(|one| (one, true));
        listed.chain(self.ordered.iter().map(|one| (one, false)))
    }

    /// One line: used, of how many, seen when; and the main domains that use some.
    pub(super) fn summary(&self, config: &Config) -> Sentence {
        let named: BTreeSet<String> = config
            .certificates
            .iter()
            .map(|certificate| main_domain(&certificate.domain))
            .collect();
        // Those of the config first of all; and whoever is near the limit.
        let shown: Vec<&(String, u32)> = self
            .domains
            .iter()
            .filter(|(name, used)| named.contains(name) || *used + 2 >= self.domain_limit)
            .take(8)
            .collect();
        let (account, used, limit, seen) = (&self.account, self.used, self.limit, local(self.seen));
        if shown.is_empty() {
            return used_of(account, used, limit, seen);
        }
        let each = shown.iter();
        let limit_each = self.domain_limit;
        let each = each.map(|(name, used)| Sentence {
            english: format!("{name} {used} of {limit_each}"),
            chinese: format!("{name} {used}/{limit_each}"),
        });
        let domains = Sentence::list(each);
        used_with_domains(account, used, limit, domains, seen)
    }

    pub(super) fn json(&self) -> Value {
        let domain = |(name, used): &(String, u32)| json!({ "main_domain": name, "used": used, "limit": self.domain_limit });
        let holding = |(holding, listed): (&Holding, bool)| {
            json!({
                "listed": listed,
                "certificate_id": id_of(holding),
                "domain": holding.domain,
                "owner": self.owner(holding).name(),
                "state": holding.state,
                "slot": holding.slot,
                "not_after": rfc3339(at(holding.not_after)),
                "applied_at": rfc3339(at(holding.inserted)),
                "alias": holding.alias,
                "advice": self.advice(holding).map(|advice| advice.english),
            })
        };
        json!({
            "account": self.account,
            "seen_at": rfc3339(Some(self.seen)),
            "used": self.used,
            "limit": self.limit,
            "free_limit": self.configured,
            "main_domains": self.domains.iter().map(domain).collect::<Value>(),
            "certificates": self.all_holdings().map(holding).collect::<Value>(),
        })
    }

    /// All of it, for people.
    pub(super) fn text(&self, config: &Config, language: Language) -> String {
        let word = |phrase: Phrase| language.of_phrase(phrase).to_owned();
        let row = |(holding, listed): (&Holding, bool)| {
            let note = match listed {
                true => self.advice(holding),
                false => Some(SINCE),
            };
            vec![
                display_name(&holding.domain),
                id_of(holding).unwrap_or("-").to_owned(),
                word(self.owner(holding).phrase()),
                word(state_phrase(&holding.state)),
                word(if holding.slot { YES } else { NO }),
                at(holding.not_after).map_or_else(|| "-".to_owned(), day),
                note.map(word).unwrap_or_default(),
            ]
        };
        let rows: Vec<Vec<String>> = self.all_holdings().map(row).collect();
        let titles = TITLES.map(|title| language.of_phrase(title));
        let fewer = (self.limit < self.configured).then(|| gives_fewer(self.configured));
        let mut text = String::new();
        for sentence in std::iter::once(self.summary(config)).chain(fewer) {
            text.push_str(&prose(prose_width(), "", language.of(&sentence)));
        }
        format!("{text}\n{}", table(&titles, &rows, GIVES))
    }
}

/// Its id at the service; none before an application was answered.
fn id_of(holding: &Holding) -> Option<&str> {
    Some(holding.certificate_id.as_str()).filter(|id| !id.is_empty())
}

/// An order of ours as the next listing may show it; it counts as holding a slot until then.
fn as_holding(order: Unlisted) -> Holding {
    // What was kept is followed by nobody any more, and stands as it stood.
    let ending = order.ending.as_deref().filter(|ending| *ending != "kept");
    let state = match (ending, order.stage.as_str()) {
        (Some("installed"), _) | (None, "issued") => "issued",
        (None, "pending") => "pending",
        (None, _) => "applying",
        (Some("rejected"), _) => "rejected",
        (Some("cancelled"), _) => "cancelled",
        (Some(_), _) => "dead",
    };
    Holding {
        certificate_id: order.certificate_id.unwrap_or_default(),
        main_domain: main_domain(&order.domain),
        domain: order.domain,
        alias: order.marker,
        status: 0,
        state: state.to_owned(),
        slot: true,
        not_after: order.not_after,
        inserted: Some(order.opened_at),
    }
}

fn at(milliseconds: Option<i64>) -> Option<DateTime<Utc>> {
    milliseconds.and_then(DateTime::from_timestamp_millis)
}
