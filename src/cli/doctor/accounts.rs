//! Accounts: what the record knows, and what the service says of credentials and rights.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::finding::{Finding, Findings, Subject, cause};
use super::sentences as say;
use crate::cli::ask::ask as ask_the_daemon;
use crate::cli::failure::Failure;
use crate::cli::forecast::shortages;
use crate::cli::output::local;
use crate::cli::view::View;
use crate::clock::{Clock, SystemClock};
use crate::config::{Certificate, Dns, FleetOrders, Loaded, Provider, Validation};
use crate::daemon::assemble;
use crate::engine::{Settings, probe};
use crate::lifecycle::HoldScope;
use crate::sentence::Sentence;
use crate::store::{Answer, Lock, Verb};
use crate::tencent::codes::{lookup, told};

/// The service refuses signatures that are this many seconds off.
const REFUSED_SKEW: i64 = 300;

/// A clock that is this many seconds off is not kept in time.
const ODD_SKEW: i64 = 30;

/// Slots are looked at so many days ahead.
const AHEAD: u32 = 60;

/// What ordering takes.
const ORDER: [&str; 2] = ["ssl:ApplyCertificate", "ssl:CancelAuditCertificate"];

/// What an order takes whose control Evercert proves itself.
const PROVE: [&str; 2] = [
    "ssl:CompleteCertificate",
    "ssl:CheckCertificateDomainVerification",
];

/// What putting up records in a zone of DNSPod takes.
const RECORDS: [&str; 3] = [
    "dnspod:DescribeRecordList",
    "dnspod:CreateRecord",
    "dnspod:DeleteRecord",
];

/// What moving cloud resources takes. Asking what is bound begins a task at the service, so it is not tried either.
const CLOUD: [&str; 10] = [
    "ssl:CreateCertificateBindResourceSyncTask",
    "ssl:DescribeCertificateBindResourceTaskResult",
    "ssl:DescribeCertificateBindResourceTaskDetail",
    "ssl:UpdateCertificateRecordRetry",
    "ssl:UpdateCertificateInstance",
    "ssl:DescribeHostUpdateRecord",
    "ssl:DescribeHostUpdateRecordDetail",
    "ssl:DeployCertificateInstance",
    "ssl:DescribeHostDeployRecord",
    "ssl:DescribeHostDeployRecordDetail",
];

/// The zones of each account, where they were asked for.
#[derive(Debug, Default)]
pub(super) struct Zones(BTreeMap<String, Vec<String>>);

impl Zones {
    /// Whether this account has a zone for the name; `None` where that is not known.
    pub(super) fn has(&self, account: &str, domain: &str) -> Option<bool> {
        let zones = self.0.get(account)?;
        Some(zones.iter().any(|zone| {
            domain == zone
                || domain
                    .strip_suffix(zone.as_str())
                    .is_some_and(|front| front.ends_with('.'))
        }))
    }
}

/// The accounts that these certificates act in.
fn used(chosen: &[&Certificate]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for certificate in chosen {
        all.insert(certificate.account.clone());
        if let Some(zone_account) = dnspod(certificate) {
            all.insert(zone_account.to_owned());
        }
    }
    all
}

/// The account whose DNSPod zone proves control, where that is the way.
pub(super) fn dnspod(certificate: &Certificate) -> Option<&str> {
    match &certificate.validation {
        Validation::Dns(Dns {
            provider: Provider::Dnspod { account },
            ..
        }) => Some(account.as_deref().unwrap_or(&certificate.account)),
        _ => None,
    }
}

/// What the record knows of the accounts.
pub(super) fn examine(view: &View, chosen: &[&Certificate]) -> Vec<Finding> {
    let used = used(chosen);
    let mut all = Vec::new();
    let holds = view.holds.iter().filter(|hold| hold.in_force(view.now));
    for hold in holds.filter(|hold| used.contains(&hold.account)) {
        let failure = &hold.failure;
        let until = local(hold.until);
        let reason = told(failure.code.as_deref(), &failure.message);
        let what = match &hold.scope {
            HoldScope::MainDomain(name) => say::orders_held_below(name, until, reason),
            HoldScope::Orders => say::orders_held(until, reason),
            HoldScope::Fetch => say::fetching_held(until, reason),
            HoldScope::Account | HoldScope::List => say::all_calls_held(until, reason),
        };
        let remedy = match &hold.failure.code {
            Some(code) => say::explain_then_reload(code),
            None => say::mend_then_reload(),
        };
        let mut findings = Findings::about(Subject::Account(hold.account.clone()));
        findings.fails(what, remedy);
        findings.because(cause(&hold.account, failure));
        all.extend(findings.list);
    }
    let shortages = shortages(view, AHEAD).into_iter();
    for shortage in shortages.filter(|shortage| used.contains(&shortage.account)) {
        let (needed, limit, at) = (shortage.needed, shortage.limit, local(shortage.at));
        let what = match &shortage.main_domain {
            None => say::account_will_be_short(needed, limit, at),
            Some(domain) => say::domain_will_be_short(domain, needed, limit, at),
        };
        let mut findings = Findings::about(Subject::Account(shortage.account));
        findings.fails(what, say::free_certificates());
        all.extend(findings.list);
    }
    all
}

/// Probes these accounts: the daemon does, where one runs.
async fn probes(loaded: &Loaded, names: &BTreeSet<String>) -> Result<Vec<Answer>, Failure> {
    if Lock::is_taken(&loaded.config.state_dir)? {
        return ask_the_daemon(loaded, names.iter().cloned().map(Verb::Probe)).await;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let settings = assemble::settings_alone(loaded.clone(), &clock)?;
    Ok(join_all(names.iter().map(|name| probe(&settings, name))).await)
}

/// Has the service asked.
pub(super) async fn ask(
    loaded: &Loaded,
    view: &View,
    chosen: &[&Certificate],
) -> Result<(Zones, Vec<Finding>), Failure> {
    let names = used(chosen);
    let answers = probes(loaded, &names).await?;
    let mut zones = Zones::default();
    let mut all = Vec::new();
    for (name, answer) in names.into_iter().zip(answers) {
        let mut findings = Findings::about(Subject::Account(name.clone()));
        match answer.map(|text| serde_json::from_str::<Value>(&text).unwrap_or_default()) {
            Ok(answer) => {
                judge(&name, &answer, &mut findings);
                more_than_needed(&answer, &mut findings);
                let identity = answer["identity"].as_str();
                unproven(view, &name, identity, chosen, &mut findings);
                if let Some(list) = answer["zones"].as_array() {
                    let list = list.iter().filter_map(Value::as_str).map(str::to_owned);
                    zones.0.insert(name, list.collect());
                }
            }
            Err(reason) => findings.fails(told(None, &reason), say::reload_the_service()),
        }
        all.extend(findings.list);
    }
    Ok((zones, all))
}

/// What the service's answers mean.
fn judge(account: &str, answer: &Value, findings: &mut Findings) {
    if let Some(error) = answer["error"].as_str() {
        findings.fails(told(None, error), say::see_credential_sources());
        return;
    }
    let skew = answer["skew_seconds"].as_i64().unwrap_or(0);
    let seconds = skew.abs();
    if seconds >= REFUSED_SKEW {
        let what = if skew > 0 {
            say::clock_too_far_behind(seconds)
        } else {
            say::clock_too_far_ahead(seconds)
        };
        findings.fails(what, say::synchronise_time());
    } else if seconds >= ODD_SKEW {
        let what = if skew > 0 {
            say::clock_behind(seconds)
        } else {
            say::clock_ahead(seconds)
        };
        findings.advises(what, say::synchronise_time());
    }
    // Actions that fail alike have one cause.
    let mut failing: Vec<(Option<&str>, &str, Vec<&str>)> = Vec::new();
    for action in answer["actions"].as_array().into_iter().flatten() {
        if action["allowed"] == true {
            continue;
        }
        let name = action["action"].as_str().unwrap_or("?");
        let error = action["error"].as_str().unwrap_or("no answer");
        let code = action["code"].as_str();
        let mut known = failing.iter_mut();
        match known
            .find(|(of, said, _)| (*of, *said) == (code, error) || code.is_some() && *of == code)
        {
            Some((_, _, names)) => names.push(name),
            None => failing.push((code, error, vec![name])),
        }
    }
    for (code, error, names) in failing {
        let (reason, actions) = (told(code, error), Sentence::names(names));
        match code {
            Some(code) if is_about_keys(code) => {
                findings.fails(say::keys_refused(reason), remedy_of(code));
            }
            Some(code) => {
                let remedy = say::explain_right(code, &actions);
                findings.fails(say::action_refused(actions, reason), remedy);
            }
            None => findings.fails(say::no_answer(actions, reason), say::check_the_network()),
        }
        findings.because(format!("{account} {}", code.unwrap_or(error)));
    }
}

/// A refusal of who asks, not of what was asked for.
fn is_about_keys(code: &str) -> bool {
    let is_right = code.ends_with("UnauthorizedOperation");
    !is_right
        && ["AuthFailure", "Ip"]
            .iter()
            .any(|family| code.starts_with(family))
}

fn remedy_of(code: &str) -> Sentence {
    match lookup(code) {
        Some(entry) => say::do_or_explain(entry.you_do, code),
        None => say::explain_then_reload(code),
    }
}

/// Keys that may more than this machine needs.
fn more_than_needed(answer: &Value, findings: &mut Findings) {
    for action in answer["unneeded"].as_array().into_iter().flatten() {
        if action["allowed"] == true {
            let name = action["action"].as_str().unwrap_or("?");
            findings.advises(say::more_than_needed(name), say::reading_policy());
        }
    }
}

/// Rights that only acting would prove, with the policy that gives them.
fn unproven(
    view: &View,
    name: &str,
    identity: Option<&str>,
    chosen: &[&Certificate],
    findings: &mut Findings,
) {
    let own = || {
        let all = chosen.iter();
        all.filter(|certificate| certificate.account == name)
    };
    let tidies = view
        .config
        .accounts
        .get(name)
        .is_some_and(|account| account.tidy);
    let mut zones = chosen.iter().map(|certificate| dnspod(certificate));
    let is_ordered = |certificate: &&&Certificate| {
        let orders = Settings::orders_of(&view.config, Some(**certificate));
        !orders.are_elsewhere()
    };
    let needs: [(bool, &[&str]); 6] = [
        (own().next().is_some(), &["ssl:DownloadCertificate"]),
        (own().any(|certificate| is_ordered(&certificate)), &ORDER),
        (
            own()
                .filter(is_ordered)
                .any(|certificate| certificate.validation != Validation::DnsAuto),
            &PROVE,
        ),
        (
            own().any(|certificate| !certificate.targets.cloud.is_empty()),
            &CLOUD,
        ),
        (tidies, &["ssl:DeleteCertificate"]),
        (zones.any(|account| account == Some(name)), &RECORDS),
    ];
    let needed = needs.iter().filter(|(needed, _)| *needed);
    let actions: Vec<&str> = needed.flat_map(|(_, actions)| *actions).copied().collect();
    let policy = format!(
        "{{\"version\":\"2.0\",\"statement\":[{{\"effect\":\"allow\",\"action\":{},\"resource\":[\"*\"]}}]}}",
        json!(actions)
    );
    let actions = Sentence::names(actions);
    let what = match identity {
        Some(identity) => say::rights_of_identity_unproven(identity, actions),
        None => say::rights_unproven(actions),
    };
    let fleet = view.config.fleet.as_ref();
    let remedy = match fleet.is_some_and(|fleet| fleet.orders == FleetOrders::InTurn) {
        true => say::policy_in_turns(policy),
        false => say::policy(policy),
    };
    findings.leaves_open(what, remedy);
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn found(answer: &Value) -> Vec<(Level, String)> {
        let mut findings = Findings::about(Subject::Account("default".to_owned()));
        judge("default", answer, &mut findings);
        let all = findings.list.into_iter();
        all.map(|finding| (finding.level, finding.what.english))
            .collect()
    }

    #[test]
    fn a_clock_that_is_off_is_advice_until_the_service_would_refuse() {
        let at = |skew: i64| found(&json!({ "skew_seconds": skew, "actions": [] }));
        assert!(at(0).is_empty() && at(-29).is_empty());
        assert_eq!(at(31)[0].0, Level::Advice);
        let (level, what) = &at(-600)[0];
        assert_eq!(*level, Level::Fails);
        assert!(
            what.contains("600 seconds ahead of the service's"),
            "{what}"
        );
    }

    #[test]
    fn a_refused_action_and_one_without_an_answer_fail() {
        let answer = json!({ "actions": [
            { "action": "ssl:DescribeCertificates", "allowed": true },
            { "action": "ssl:DescribeCertificate", "allowed": false, "code": "UnauthorizedOperation", "error": "no" },
            { "action": "ssl:DescribeCertificateDetail", "allowed": null, "error": "timed out" },
        ]});
        let found = found(&answer);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(level, _)| *level == Level::Fails));
        assert!(
            found[0].1.starts_with("ssl:DescribeCertificate is refused"),
            "{found:?}"
        );
    }

    #[test]
    fn keys_that_could_order_are_more_than_a_machine_needs_that_only_fetches() {
        let asked = |allowed: bool| {
            let mut findings = Findings::about(Subject::Account("default".to_owned()));
            let one = json!({ "action": "ssl:CancelAuditCertificate", "allowed": allowed });
            more_than_needed(&json!({ "unneeded": [one] }), &mut findings);
            findings.list
        };
        assert!(asked(false).is_empty());
        let found = asked(true);
        assert_eq!(found[0].level, Level::Advice);
        assert!(
            found[0].what.english.contains("more than"),
            "{:?}",
            found[0].what
        );
    }

    #[test]
    fn a_zone_covers_its_own_name_and_those_below_it() {
        let zones = Zones(BTreeMap::from([(
            "a".to_owned(),
            vec!["wgc.red".to_owned()],
        )]));
        assert_eq!(zones.has("a", "wgc.red"), Some(true));
        assert_eq!(zones.has("a", "www.wgc.red"), Some(true));
        assert_eq!(zones.has("a", "notwgc.red"), Some(false));
        assert_eq!(zones.has("b", "wgc.red"), None);
    }
}
