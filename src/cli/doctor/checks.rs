//! The `check` commands of targets: run by the daemon, so within the sandbox that its unit gives it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::{Findings, Level, Subject};
use crate::cli::ask::ask as ask_the_daemon;
use crate::cli::failure::Failure;
use crate::cli::view::View;
use crate::config::{Certificate, Install, Loaded};
use crate::store::{Lock, OperatorVerb, of_certificate};

/// Has each different check run once, and says which would fail a delivery.
pub(super) async fn examine(
    loaded: Loaded,
    view: &View,
    chosen: &[&Certificate],
    findings: &mut Findings,
) -> Result<(), Failure> {
    let (asked, mut seen) = (first_of_each(chosen), BTreeSet::new());
    if asked.is_empty() {
        return Ok(());
    }
    if !Lock::is_taken(&view.config.state_dir)? {
        for certificate in asked {
            findings.add(
                Level::Unproven,
                &subject(certificate),
                "whether its check works is not proven: no daemon runs, and the service's sandbox can't be seen from here",
                "start the service and run doctor again: the daemon then runs the check where it will be run",
            );
        }
        return Ok(());
    }
    let requests: Vec<String> = asked
        .iter()
        .map(|certificate| of_certificate(&certificate.domain))
        .collect();
    let answers = ask_the_daemon(loaded, OperatorVerb::Doctor, &requests).await?;
    for (certificate, answer) in asked.into_iter().zip(answers) {
        match answer.map(|text| serde_json::from_str::<Vec<Value>>(&text)) {
            Ok(Ok(outcomes)) => {
                let targets = certificate.targets.install.iter().zip(&outcomes);
                for (install, outcome) in targets {
                    if outcome == &Value::Bool(false) && seen.insert(&install.check) {
                        findings.add(
                            Level::Unproven,
                            &subject(certificate),
                            "whether its check works is not proven: it takes longer than doctor waits, or a delivery runs it",
                            "run doctor again in a moment, or the check by hand as the service's user",
                        );
                    }
                    if let Some(error) = outcome.as_str()
                        && seen.insert(&install.check)
                    {
                        judge(certificate, install, error, findings);
                    }
                }
            }
            Ok(Err(_)) => {}
            Err(reason) => findings.fails(
                &subject(certificate),
                reason,
                "reload the service, so that it knows this config",
            ),
        }
    }
    Ok(())
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

fn judge(certificate: &Certificate, install: &Install, error: &str, findings: &mut Findings) {
    let files = install.format.files();
    if files.iter().all(|file| file.exists()) {
        findings.fails(
            &subject(certificate),
            format!("its check fails where the service runs it: {error}"),
            "mend what it says; what is read-only there only: ReadWritePaths in targets.conf (docs/delivery.md)",
        );
    } else {
        findings.advises(
            &subject(certificate),
            format!("its check fails before the first delivery: {error}"),
            "it may miss the files that are not there yet; run doctor again after the first delivery",
        );
    }
}

fn subject(certificate: &Certificate) -> Subject {
    Subject::Certificate(certificate.display.clone())
}
