//! `doctor`: what stands in the way of proving control of a domain, seen from here, before anything is ordered.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{print, print_json};
use super::view::certificate;
use crate::clock::SystemClock;
use crate::config::{self, Certificate};
use crate::validation::diagnose::{self, Finding};

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domains; all of the config if none is given
    domains: Vec<String>,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

/// What was found about one domain: findings, or why nothing could be asked.
struct Examined<'a> {
    certificate: &'a Certificate,
    outcome: Result<Vec<Finding>, String>,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let config = config::load(path)?.config;
    let mut chosen: Vec<&Certificate> = Vec::new();
    for written in &arguments.domains {
        chosen.push(certificate(&config, written)?);
    }
    if chosen.is_empty() {
        chosen.extend(&config.certificates);
    }
    let clock = SystemClock::new();
    let mut examined = Vec::new();
    for certificate in chosen {
        let outcome = diagnose::look(&certificate.domain, &certificate.validation, &clock).await;
        examined.push(Examined {
            certificate,
            outcome,
        });
    }
    if arguments.json {
        let list: Vec<Value> = examined.iter().flat_map(json_of).collect();
        print_json(&Value::from(list))?;
    } else {
        let parts: Vec<String> = examined.iter().map(text_of).collect();
        print(&parts.concat())?;
    }
    let well = examined
        .iter()
        .all(|one| one.outcome.as_ref().is_ok_and(Vec::is_empty));
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn json_of(examined: &Examined<'_>) -> Vec<Value> {
    let row = |what: &str, remedy: Option<&str>| {
        json!({
            "domain": examined.certificate.domain,
            "finding": what,
            "remedy": remedy,
        })
    };
    match &examined.outcome {
        Ok(findings) => findings
            .iter()
            .map(|finding| row(&finding.what, Some(&finding.remedy)))
            .collect(),
        Err(why) => vec![row(&format!("nothing could be asked: {why}"), None)],
    }
}

fn text_of(examined: &Examined<'_>) -> String {
    let name = &examined.certificate.display;
    match &examined.outcome {
        Ok(findings) if findings.is_empty() => {
            format!("{name}: nothing found that stands in the way of validation\n")
        }
        Ok(findings) => findings
            .iter()
            .map(|finding| format!("{name}: {}\n  {}\n", finding.what, finding.remedy))
            .collect(),
        Err(why) => format!("{name}: nothing could be asked: {why}\n"),
    }
}
