//! `verify`: connect now, and say whether the right certificate is served. It changes nothing, and asks nobody.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::{Failure, exit};
use super::output::show;
use super::view::View;
use crate::clock::{Clock, SystemClock};
use crate::config::Certificate;
use crate::delivery::verify::{self, Place};
use crate::engine::judge;
use crate::lifecycle::delivery::DeliveryOutcome;

/// What `verify` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this domain; all that have `verify` in the config if none is given
    domain: Option<String>,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let view = View::open(path).await?;
    let chosen: Vec<&Certificate> = match &arguments.domain {
        Some(written) => vec![view.certificate(written)?],
        None => {
            let all = view.config.certificates.iter();
            all.filter(|certificate| certificate.targets.verify.is_some())
                .collect()
        }
    };
    if chosen.is_empty() {
        return Err(Failure::usage("no certificate of the config has `verify`"));
    }
    let mut findings = Vec::new();
    for certificate in chosen {
        findings.push(look(&view, certificate).await?);
    }
    let text = |finding: &Finding| format!("{}\n", finding.sentence);
    show(
        arguments.json,
        || {
            findings
                .iter()
                .map(|finding| finding.json.clone())
                .collect()
        },
        || findings.iter().map(text).collect(),
    )?;
    Ok(exit(findings.iter().all(|finding| finding.is_served)))
}

/// What was found of one certificate.
struct Finding {
    is_served: bool,
    sentence: String,
    json: Value,
}

async fn look(view: &View, certificate: &Certificate) -> Result<Finding, Failure> {
    let display = &certificate.display;
    let Some(settings) = &certificate.targets.verify else {
        let message =
            format!("{display} has no `verify` in the config; add verify = \"{display}:443\"");
        return Err(Failure::usage(message));
    };
    let Some(wanted) = view.wanted(&certificate.domain) else {
        return Err(Failure::other(format!(
            "{display}: there is no certificate yet"
        )));
    };
    let clock = SystemClock::new();
    let place = Place::new(settings, &certificate.domain);
    let served = verify::look_well(&place, &wanted.fingerprint, |time| clock.sleep(time)).await;
    let outcome = judge(served, &certificate.domain, &wanted.fingerprint);
    let address = settings.address.to_string();
    let until = wanted.not_after.format("%Y-%m-%d %H:%M UTC");
    let (state, seen, words) = match outcome {
        DeliveryOutcome::Done => (
            "served",
            Some(wanted.fingerprint.clone()),
            format!("served at {address}, valid until {until}"),
        ),
        DeliveryOutcome::Wrong { seen, reason, .. } => ("wrong", Some(seen), reason),
        DeliveryOutcome::Imperfect { seen, reason } => ("imperfect", Some(seen), reason),
        DeliveryOutcome::Failed(reason) | DeliveryOutcome::Foreign { reason, .. } => {
            ("unreachable", None, reason)
        }
        _ => ("unreachable", None, format!("{address} was not asked")),
    };
    let sentence = format!("{display}: {words}");
    Ok(Finding {
        is_served: state == "served",
        json: json!({
            "domain": certificate.domain,
            "address": address,
            "state": state,
            "installed": wanted.fingerprint,
            "served": seen,
            "message": sentence,
        }),
        sentence,
    })
}
