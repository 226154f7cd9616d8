//! `verify`: connect now, and say whether the right certificate is served. It changes nothing, and asks nobody.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{print, print_json};
use super::view::View;
use crate::clock::{Clock, SystemClock};
use crate::config::Certificate;
use crate::delivery::verify;
use crate::engine::{judge, place};
use crate::lifecycle::delivery::{Outcome, Wanted};

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
    let view = View::open(path, &[]).await?;
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
    if arguments.json {
        print_json(&Value::from(
            findings.iter().map(Finding::json).collect::<Vec<_>>(),
        ))?;
    } else {
        for finding in &findings {
            print(&format!("{}\n", finding.sentence))?;
        }
    }
    let good = findings.iter().all(|finding| finding.state == "served");
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What was found of one certificate.
struct Finding {
    domain: String,
    address: String,
    state: &'static str,
    wanted: String,
    seen: Option<String>,
    sentence: String,
}

impl Finding {
    fn json(&self) -> Value {
        json!({
            "domain": self.domain,
            "address": self.address,
            "state": self.state,
            "installed": self.wanted,
            "served": self.seen,
            "message": self.sentence,
        })
    }
}

async fn look(view: &View, certificate: &Certificate) -> Result<Finding, Failure> {
    let display = &certificate.display;
    let Some(settings) = &certificate.targets.verify else {
        let message =
            format!("{display} has no `verify` in the config; add verify = \"{display}:443\"");
        return Err(Failure::usage(message));
    };
    let known = match &view.store {
        Some(store) => store.deliveries(&certificate.domain).await?,
        None => None,
    };
    let wanted: Option<Wanted> = known.and_then(|known| known.wanted);
    let Some(wanted) = wanted else {
        return Err(Failure::other(format!(
            "{display}: there is no certificate yet"
        )));
    };
    let clock = SystemClock::new();
    let place = place(settings, &certificate.domain);
    let looked = verify::look_well(&place, &wanted.fingerprint, |time| clock.sleep(time)).await;
    let outcome = match looked {
        Ok(served) => judge(&served, &wanted.fingerprint),
        Err(error) => Outcome::Unreachable(error.to_string()),
    };
    let address = settings.address();
    let until = wanted.not_after.format("%Y-%m-%d %H:%M UTC");
    let (state, seen, sentence) = match outcome {
        Outcome::Done => (
            "served",
            Some(wanted.fingerprint.clone()),
            format!("{display}: served at {address}, valid until {until}"),
        ),
        Outcome::Wrong { seen, reason, .. } => {
            ("wrong", Some(seen), format!("{display}: {reason}"))
        }
        Outcome::Imperfect { seen, reason } => {
            ("imperfect", Some(seen), format!("{display}: {reason}"))
        }
        Outcome::Unreachable(reason)
        | Outcome::Failed(reason)
        | Outcome::Foreign { reason, .. } => ("unreachable", None, format!("{display}: {reason}")),
        _ => (
            "unreachable",
            None,
            format!("{display}: {address} was not asked"),
        ),
    };
    Ok(Finding {
        domain: certificate.domain.clone(),
        address,
        state,
        wanted: wanted.fingerprint,
        seen,
        sentence,
    })
}
