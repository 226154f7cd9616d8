//! `pause` and `resume`: hold back all automation of certificates, and go on with it.

use std::path::Path;
use std::process::ExitCode;

use super::ask::ask;
use super::failure::Failure;
use super::output::print;
use super::view::certificate;
use crate::config;
use crate::store::OperatorVerb;

/// What `pause` and `resume` take.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domains
    #[arg(required = true)]
    domains: Vec<String>,
}

pub(super) async fn run(
    path: &Path,
    arguments: &Arguments,
    verb: OperatorVerb,
) -> Result<ExitCode, Failure> {
    let loaded = config::load(path)?;
    let mut domains = Vec::new();
    for written in &arguments.domains {
        domains.push(certificate(&loaded.config, written)?.domain.clone());
    }
    let answers = ask(loaded, verb, &domains).await?;
    let mut code = ExitCode::SUCCESS;
    for (domain, answer) in domains.iter().zip(&answers) {
        match answer {
            Ok(words) => print(&format!("{words}\n"))?,
            Err(reason) => {
                Failure::other(format!("{domain}: {reason}")).tell();
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
