//! `pause` and `resume`: hold back all automation of certificates, and go on with it.

use std::path::Path;
use std::process::ExitCode;

use super::ask::ask;
use super::failure::{Failure, exit};
use super::output::print;
use super::view::{domains, open};
use crate::sentence::{Language, sentences};
use crate::store::Verb;

/// What `pause` and `resume` take.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domains
    #[arg(required = true)]
    domains: Vec<String>,
}

sentences! {
    refused(domain, reason) "{domain}: {reason}" "{domain}：{reason}";
}

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: &Arguments,
    verb: impl Fn(String) -> Verb,
) -> Result<ExitCode, Failure> {
    let loaded = open(path)?;
    let domains = domains(&loaded.config, &arguments.domains)?;
    let answers = ask(&loaded, domains.iter().cloned().map(verb)).await?;
    let mut all_done = true;
    for (domain, answer) in domains.iter().zip(&answers) {
        match answer {
            Ok(words) => print(&format!("{}\n", language.tell(words)))?,
            Err(reason) => {
                Failure::other(refused(domain, reason)).tell(language);
                all_done = false;
            }
        }
    }
    Ok(exit(all_done))
}
