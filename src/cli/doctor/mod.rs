//! `doctor`: what would keep a renewal from working, found before it is tried.
//!
//! Nothing is changed, and no call that acts is made. The service is asked by the daemon where one runs, so that all calls
//! of an account are counted by one limiter.
//!
//! - `machine`: the config's files, the state folder, the database, the disk;
//! - `accounts`: credentials, rights, clocks, slots, holds;
//! - `certificates`: the way to validation, targets, commands, and what is known of each;
//! - `checks`: the targets' checks, run by the daemon;
//! - `files`: what its user may do with files, folders and programs; `finding`: what was found, and how grave it is;
//! - `sentences`: what all these say, in every language.

mod accounts;
mod certificates;
mod checks;
mod files;
mod finding;
mod machine;
mod sentences;

use std::path::Path;
use std::process::ExitCode;

use futures_util::{StreamExt, stream};

use super::failure::{Failure, exit};
use super::output::{prose_width, show};
use super::view::{View, certificate, open};
use crate::config::Certificate;
use crate::sentence::Language;
use crate::validation::diagnose;
use finding::{Finding, Level, Told};

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
    let loaded = open(path)?;
    let view = View::of(loaded.config.clone(), language).await?;
    let mut chosen: Vec<&Certificate> = Vec::new();
    for written in &arguments.domains {
        chosen.push(certificate(&view.config, written)?);
    }
    if chosen.is_empty() {
        chosen.extend(&view.config.certificates);
    }
    let mut findings = machine::examine(path, &view).await?;
    findings.extend(accounts::examine(&view, &chosen));
    let zones = if arguments.offline {
        accounts::Zones::default()
    } else {
        let (zones, found) = accounts::ask(&loaded, &view, &chosen).await?;
        findings.extend(found);
        zones
    };
    for certificate in &chosen {
        findings.extend(certificates::examine(&view, certificate, &zones));
    }
    findings.extend(checks::examine(&loaded, &view, &chosen).await?);
    let resolves = match chosen.first() {
        Some(first) if !arguments.offline => diagnose::can_ask(&first.domain).await,
        _ => Ok(()),
    };
    if let Err(error) = resolves {
        // Each would only wait for the same silence.
        machine::resolves_nothing(&error, &chosen, &mut findings);
    } else if !arguments.offline {
        let asked = chosen
            .iter()
            .map(|certificate| certificates::ask(&view, certificate));
        let mut answers = stream::iter(asked).buffered(AT_ONCE);
        while let Some(found) = answers.next().await {
            findings.extend(found);
        }
    }
    findings.sort_by(|a, b| (a.level, &a.subject).cmp(&(b.level, &b.subject)));
    show(
        arguments.json,
        || findings.iter().map(Finding::json).collect(),
        || text_of(&findings, language, chosen.len()),
    )?;
    let fails = |finding: &Finding| finding.level == Level::Fails;
    Ok(exit(!findings.iter().any(fails)))
}

fn text_of(findings: &[Finding], language: Language, certificates: usize) -> String {
    let told = Told::of(findings);
    let mut text: String = told
        .iter()
        .map(|one| one.text(language, prose_width()))
        .collect();
    if !text.is_empty() {
        text.push('\n');
    }
    let [fails, advice, unproven] = [Level::Fails, Level::Advice, Level::Unproven]
        .map(|level| told.iter().filter(|one| one.level() == level).count());
    let summary = match certificates {
        1 => sentences::one_examined(fails, advice, unproven),
        many => sentences::examined(many, fails, advice, unproven),
    };
    text + language.of(&summary)
}
