//! `doctor`: what would keep a renewal from working, found before it is tried.
//!
//! Nothing is changed, and no call that acts is made. The service is asked by the daemon where one runs, so that all calls
//! of an account are counted by one limiter.
//!
//! - `machine`: the config's files, the state folder, the database, the disk;
//! - `accounts`: credentials, rights, clocks, slots, holds;
//! - `certificates`: the way to validation, targets, commands, and what is known of each;
//! - `checks`: the targets' checks, run by the daemon.

mod accounts;
mod certificates;
mod checks;
mod chinese;
mod files;
mod finding;
mod machine;

pub(super) use certificates::losses;

use std::path::Path;
use std::process::ExitCode;

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::failure::Failure;
use super::language::Language;
use super::output::{print, print_json};
use super::view::{View, certificate};
use crate::config::{self, Certificate};
use finding::{Finding, Findings, Level};

/// So many domains' own servers are asked at once.
const AT_ONCE: usize = 16;

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domains; all of the config if none is given
    domains: Vec<String>,
    /// Ask nobody: neither the service, nor DNS, nor the domain's own servers
    #[arg(long)]
    offline: bool,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let loaded = config::load(path)?;
    let mut findings = Findings::default();
    // Opened first of all: reading it as its owner is what the rest needs. A database that can't be read ends it here.
    let view = View::open(path, &[]).await?;
    let mut chosen: Vec<&Certificate> = Vec::new();
    for written in &arguments.domains {
        chosen.push(certificate(&view.config, written)?);
    }
    if chosen.is_empty() {
        chosen.extend(&view.config.certificates);
    }
    let again = loaded.clone();
    machine::examine(path, &view, &mut findings).await?;
    accounts::examine(&view, &chosen, &mut findings);
    let zones = if arguments.offline {
        accounts::Zones::default()
    } else {
        accounts::ask(loaded, &view, &chosen, &mut findings).await?
    };
    for certificate in &chosen {
        certificates::examine(&view, certificate, &zones, &mut findings);
    }
    checks::examine(again, &view, &chosen, &mut findings).await?;
    if !arguments.offline {
        let asked = chosen
            .iter()
            .map(|certificate| certificates::ask(&view, certificate));
        let mut answers = stream::iter(asked).buffered(AT_ONCE);
        while let Some(found) = answers.next().await {
            findings.0.extend(found.0);
        }
    }
    findings
        .0
        .sort_by(|a, b| (a.level, &a.subject).cmp(&(b.level, &b.subject)));
    let asked = (!arguments.json).then_some(language);
    show(&findings.0, asked, chosen.len())
}

/// Prints them: in a language for people, as JSON without one.
fn show(
    findings: &[Finding],
    language: Option<Language>,
    certificates: usize,
) -> Result<ExitCode, Failure> {
    let count = |level: Level| {
        let all = findings.iter();
        all.filter(|finding| finding.level == level).count()
    };
    if let Some(language) = language {
        let all = findings.iter();
        let mut text: String = all.map(|finding| finding.text(language)).collect();
        if !text.is_empty() {
            text.push('\n');
        }
        let words = if certificates == 1 {
            "certificate"
        } else {
            "certificates"
        };
        let counts = [Level::Fails, Level::Advice, Level::Unproven].map(count);
        let [fails, advice, unproven] = counts;
        text.push_str(&match language {
            Language::English => format!(
                "{certificates} {words} examined: {fails} would make a renewal fail, {advice} advice, {unproven} not \
                 proven\n"
            ),
            Language::Chinese => format!(
                "检查了 {certificates} 张证书：{fails} 项会导致续期失败，{advice} 项建议，{unproven} 项未经证实\n"
            ),
        });
        print(&text)?;
    } else {
        let list: Vec<Value> = findings.iter().map(Finding::json).collect();
        print_json(&Value::from(list))?;
    }
    Ok(if count(Level::Fails) == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
