//! `check`: the config, offline.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::edit::Edit;
use super::failure::Failure;
use super::older_systemd;
use super::output::{print, show};
use super::rights::{losses, needs_drop_in};
use crate::config::{self, Config, Loaded, Mistake};

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Mistakes and warnings as a list of objects
    #[arg(long)]
    json: bool,
    /// Show what the file would change against the config in force, and what that would cost
    #[arg(long)]
    diff: bool,
}

pub(super) async fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = match config::load(config) {
        Ok(loaded) => loaded,
        Err(rejected) if arguments.json => {
            let mistakes = rejected.mistakes.iter();
            let list: Value = mistakes
                .map(|mistake| json_of(mistake, "mistake"))
                .collect();
            print(&format!("{list:#}\n"))?;
            return Ok(Failure::from(rejected).code());
        }
        Err(rejected) => return Err(rejected.into()),
    };
    if arguments.diff {
        let edit = Edit::of(loaded.config).await?;
        show(arguments.json, || edit.json(), || edit.text())?;
    } else {
        let notes = notes(&loaded.config).await;
        show(
            arguments.json,
            || list(&loaded, &notes),
            || text_of(config, &loaded, &notes),
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is no matter of the config's, and worth a word before it is in force.
async fn notes(config: &Config) -> Vec<String> {
    let losses = config.certificates.iter().flat_map(|certificate| {
        let installs = certificate.targets.install.iter();
        installs.flat_map(|install| losses(certificate, install))
    });
    let notes = needs_drop_in(config).into_iter().chain(losses);
    let unmet = older_systemd::look().await.into_iter();
    let unmet = unmet.map(|(what, remedy)| format!("{}; {}", what.english, remedy.english));
    notes.map(|note| note.english).chain(unmet).collect()
}

fn list(loaded: &Loaded, notes: &[String]) -> Value {
    let warnings = loaded.warnings.iter();
    let warnings = warnings.map(|warning| json_of(warning, "warning"));
    let notes = notes.iter();
    let notes = notes.map(|note| json!({ "kind": "note", "message": note }));
    warnings.chain(notes).collect()
}

fn text_of(file: &Path, loaded: &Loaded, notes: &[String]) -> String {
    let mut text = String::new();
    for warning in &loaded.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    for note in notes {
        text.push_str(&format!("note: {note}\n"));
    }
    let count = loaded.config.certificates.len();
    let words = if count == 1 {
        "certificate"
    } else {
        "certificates"
    };
    text.push_str(&format!("{}: good, {count} {words}\n", file.display()));
    text
}

fn json_of(mistake: &Mistake, kind: &str) -> Value {
    json!({
        "kind": kind,
        "file": mistake.file.display().to_string(),
        "line": mistake.line,
        "column": mistake.column,
        "message": mistake.message,
        "help": mistake.help,
    })
}
