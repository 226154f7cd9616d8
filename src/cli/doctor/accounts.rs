//! Accounts: what the record knows, and what the service says of credentials and rights.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::finding::{Findings, Level, Subject};
use crate::cli::ask::ask as ask_the_daemon;
use crate::cli::failure::Failure;
use crate::cli::forecast::shortages;
use crate::cli::output::local;
use crate::cli::view::View;
use crate::config::{Certificate, Dns, Loaded, Provider, Validation};
use crate::lifecycle::HoldScope;
use crate::store::OperatorVerb;

/// The service refuses signatures that are this many seconds off.
const REFUSED_SKEW: i64 = 300;

/// A clock that is this many seconds off is not kept in time.
const ODD_SKEW: i64 = 30;

/// Slots are looked at so many days ahead.
const AHEAD: u32 = 60;

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
pub(super) fn examine(view: &View, chosen: &[&Certificate], findings: &mut Findings) {
    let used = used(chosen);
    for hold in view.holds.iter().filter(|hold| hold.in_force(view.now)) {
        if !used.contains(&hold.account) {
            continue;
        }
        let what = match &hold.scope {
            HoldScope::MainDomain(name) => format!("orders for {name} are held back"),
            HoldScope::Orders => "orders are held back".to_owned(),
            HoldScope::Fetch => "fetching issued certificates is refused".to_owned(),
            _ => "all calls are held back".to_owned(),
        };
        let remedy = match &hold.failure.code {
            Some(code) => format!("`evercert explain {code}`; then reload, or `evercert renew`"),
            None => "mend that; then reload, or `evercert renew`".to_owned(),
        };
        findings.fails(
            &Subject::Account(hold.account.clone()),
            format!(
                "{what} until {}: {}",
                local(hold.until),
                hold.failure.message
            ),
            remedy,
        );
    }
    for shortage in shortages(view, AHEAD) {
        if !used.contains(&shortage.account) {
            continue;
        }
        findings.fails(
            &Subject::Account(shortage.account),
            format!(
                "{} will need {} of {} free certificates on {}",
                shortage.whose,
                shortage.held,
                shortage.limit,
                local(shortage.at)
            ),
            "`evercert account` shows who holds them; delete what is not needed, or use another account",
        );
    }
}

/// Has the service asked, by the daemon where one runs.
pub(super) async fn ask(
    loaded: Loaded,
    view: &View,
    chosen: &[&Certificate],
    findings: &mut Findings,
) -> Result<Zones, Failure> {
    let names: Vec<String> = used(chosen).into_iter().collect();
    let answers = ask_the_daemon(loaded, OperatorVerb::Doctor, &names).await?;
    let mut zones = Zones::default();
    for (name, answer) in names.into_iter().zip(answers) {
        let subject = Subject::Account(name.clone());
        let answer: Value = match answer.map(|text| serde_json::from_str(&text)) {
            Ok(Ok(value)) => value,
            Ok(Err(_)) => Value::Null,
            Err(reason) => {
                findings.fails(
                    &subject,
                    reason,
                    "reload the service, so that it knows this config",
                );
                continue;
            }
        };
        judge(&subject, &answer, findings);
        if let Some(list) = answer["zones"].as_array() {
            let list = list.iter().filter_map(Value::as_str).map(str::to_owned);
            zones.0.insert(name.clone(), list.collect());
        }
        unproven(&subject, view, &name, chosen, findings);
    }
    Ok(zones)
}

/// What the service's answers mean.
fn judge(subject: &Subject, answer: &Value, findings: &mut Findings) {
    if let Some(error) = answer["error"].as_str() {
        findings.fails(
            subject,
            error,
            "docs: the README lists where credentials are looked for, in their order",
        );
        return;
    }
    let skew = answer["skew_seconds"].as_i64().unwrap_or(0);
    let words = || {
        let side = if skew > 0 { "behind" } else { "ahead of" };
        format!(
            "this machine's clock is {} seconds {side} the service's",
            skew.abs()
        )
    };
    let remedy = "set up time synchronisation: chrony or systemd-timesyncd";
    if skew.abs() >= REFUSED_SKEW {
        findings.fails(
            subject,
            format!("{}; it refuses such signatures", words()),
            remedy,
        );
    } else if skew.abs() >= ODD_SKEW {
        findings.advises(subject, words(), remedy);
    }
    for action in answer["actions"].as_array().into_iter().flatten() {
        if action["allowed"] == true {
            continue;
        }
        let name = action["action"].as_str().unwrap_or("?");
        let error = action["error"].as_str().unwrap_or("no answer");
        let remedy = match action["code"].as_str() {
            Some(code) => format!("`evercert explain {code}`; the right is {name} in a CAM policy"),
            None => "check the network, the proxy, and the account's endpoint".to_owned(),
        };
        findings.fails(subject, format!("{name} is refused: {error}"), remedy);
    }
}

/// Rights that only acting would prove, with the policy that gives them.
fn unproven(
    subject: &Subject,
    view: &View,
    name: &str,
    chosen: &[&Certificate],
    findings: &mut Findings,
) {
    let mut actions = Vec::new();
    let own: Vec<&&Certificate> = chosen
        .iter()
        .filter(|certificate| certificate.account == name)
        .collect();
    if !own.is_empty() {
        actions.extend([
            "ssl:ApplyCertificate",
            "ssl:DownloadCertificate",
            "ssl:CancelAuditCertificate",
        ]);
    }
    let mut ways = own.iter();
    if ways.any(|certificate| certificate.validation != Validation::DnsAuto) {
        actions.extend([
            "ssl:CompleteCertificate",
            "ssl:CheckCertificateDomainVerification",
        ]);
    }
    if own
        .iter()
        .any(|certificate| !certificate.targets.cloud.is_empty())
    {
        actions.extend(CLOUD);
    }
    let tidy = view.config.accounts.get(name);
    if tidy.is_some_and(|account| account.tidy) {
        actions.push("ssl:DeleteCertificate");
    }
    if chosen
        .iter()
        .any(|certificate| dnspod(certificate) == Some(name))
    {
        actions.extend([
            "dnspod:DescribeRecordList",
            "dnspod:CreateRecord",
            "dnspod:DeleteRecord",
        ]);
    }
    let quoted: Vec<String> = actions
        .iter()
        .map(|action| format!("\"{action}\""))
        .collect();
    findings.add(
        Level::Unproven,
        subject,
        format!("whether it may {} is not proven: calls that act are never tried", actions.join(", ")),
        format!(
            "a CAM policy that gives it: {{\"version\":\"2.0\",\"statement\":[{{\"effect\":\"allow\",\"action\":[{}],\
             \"resource\":[\"*\"]}}]}}",
            quoted.join(",")
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(answer: &Value) -> Vec<(Level, String)> {
        let mut findings = Findings::default();
        judge(
            &Subject::Account("default".to_owned()),
            answer,
            &mut findings,
        );
        let all = findings.0.into_iter();
        all.map(|finding| (finding.level, finding.what)).collect()
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
