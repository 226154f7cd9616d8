//! The `check` commands of targets: run by the daemon, so within the sandbox that its unit gives it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::{Finding, Findings};
use super::sentences as say;
use crate::cli::ask::ask;
use crate::cli::failure::Failure;
use crate::cli::view::View;
use crate::config::{Certificate, Install, Loaded};
use crate::sentence::Sentence;
use crate::store::{Lock, Verb};

/// Has each different check run once, and says which would fail a delivery.
pub(super) async fn examine(
    loaded: &Loaded,
    view: &View,
    chosen: &[&Certificate],
) -> Result<Vec<Finding>, Failure> {
    let (asked, mut seen) = (first_of_each(chosen), BTreeSet::new());
    let mut all = Vec::new();
    if asked.is_empty() {
        return Ok(all);
    }
    if !Lock::is_taken(&view.config.state_dir)? {
        for certificate in asked {
            let mut findings = Findings::about_certificate(certificate);
            findings.leaves_open(say::check_not_seen(), say::start_and_look_again());
            all.extend(findings.list);
        }
        return Ok(all);
    }
    let domains = asked.iter().map(|certificate| certificate.domain.clone());
    let answers = ask(loaded, domains.map(Verb::Checks)).await?;
    for (certificate, answer) in asked.into_iter().zip(answers) {
        let mut findings = Findings::about_certificate(certificate);
        match answer.map(|text| serde_json::from_str::<Vec<Value>>(&text)) {
            Ok(Ok(outcomes)) => {
                let targets = certificate.targets.install.iter().zip(&outcomes);
                for (install, outcome) in targets {
                    if outcome == &Value::Bool(false) && seen.insert(&install.check) {
                        findings.leaves_open(say::check_takes_long(), say::look_again_soon());
                    }
                    if let Some(error) = outcome.as_str()
                        && seen.insert(&install.check)
                    {
                        judge(install, error, &mut findings);
                    }
                }
            }
            Ok(Err(_)) => {}
            Err(reason) => findings.fails(Sentence::from(reason), say::reload_the_service()),
        }
        all.extend(findings.list);
    }
    Ok(all)
}

/// The first certificate that has each check: a thousand with the same are asked for once.
fn first_of_each<'c>(chosen: &[&'c Certificate]) -> Vec<&'c Certificate> {
    let mut known = BTreeSet::new();
    let all = chosen.iter().copied();
    all.filter(|certificate| {
        let mut is_new = false;
        for check in certificate
            .targets
            .install
            .iter()
            .filter_map(|install| install.check.as_ref())
        {
            is_new |= known.insert(check);
        }
        is_new
    })
    .collect()
}

fn judge(install: &Install, error: &str, findings: &mut Findings) {
    let files = install.format.files();
    if files.iter().all(|file| file.exists()) {
        findings.fails(say::check_fails(error), say::mend_the_check());
    } else {
        findings.advises(
            say::check_fails_before_delivery(error),
            say::look_again_after_delivery(),
        );
    }
}
