//! `check`: the config, offline.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::doctor::losses;
use super::edit::Edit;
use super::failure::Failure;
use super::output::{print, print_json};
use crate::config::{self, Config, Mistake};

/// Where the drop-in lies that gives the service the rights for targets.
const DROP_INS: [&str; 3] = [
    "/etc/systemd/system/evercert.service.d/targets.conf",
    "/usr/local/lib/systemd/system/evercert.service.d/targets.conf",
    "/usr/lib/systemd/system/evercert.service.d/targets.conf",
];

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
    let result = config::load(config);
    if arguments.diff && result.is_ok() {
        let edit = Edit::of(config).await?;
        if arguments.json {
            print_json(&edit.json())?;
        } else {
            print(&edit.text())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.json {
        let (mistakes, warnings) = match &result {
            Ok(loaded) => (&[][..], loaded.warnings.as_slice()),
            Err(rejected) => (rejected.mistakes.as_slice(), &[][..]),
        };
        let objects = |list: &[Mistake], kind| -> Vec<Value> {
            list.iter().map(|mistake| json_of(mistake, kind)).collect()
        };
        let mut list = objects(mistakes, "mistake");
        list.extend(objects(warnings, "warning"));
        if let Ok(loaded) = &result {
            let notes = notes(&loaded.config).into_iter();
            list.extend(notes.map(|note| json!({ "kind": "note", "message": note })));
        }
        print_json(&Value::from(list))?;
        return match result {
            Ok(_) => Ok(ExitCode::SUCCESS),
            Err(_) => Ok(ExitCode::from(78)),
        };
    }
    let loaded = result?;
    let mut text = String::new();
    for warning in &loaded.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    for note in notes(&loaded.config) {
        text.push_str(&format!("note: {note}\n"));
    }
    let count = loaded.config.certificates.len();
    let words = if count == 1 {
        "certificate"
    } else {
        "certificates"
    };
    text.push_str(&format!("{}: good, {count} {words}\n", config.display()));
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What is no matter of the config's, and worth a word before it is in force.
fn notes(config: &Config) -> Vec<String> {
    let losses = config.certificates.iter().flat_map(|certificate| {
        let installs = certificate.targets.install.iter();
        installs.flat_map(|install| losses(certificate, install))
    });
    rights(config).into_iter().chain(losses).collect()
}

/// What the shipped unit may not do, where its drop-in is not there.
pub(super) fn rights(config: &Config) -> Option<String> {
    let mut needy = config.certificates.iter().filter(|certificate| {
        let mut installs = certificate.targets.install.iter();
        installs.any(|install| install.needs_rights(&config.state_dir))
    });
    let first = needy.next()?;
    let there = DROP_INS.iter().any(|path| Path::new(path).exists());
    (!there).then(|| {
        format!(
            "the targets of {} are outside the state folder, or have commands: under systemd the service needs the \
             drop-in targets.conf (copy it to {})",
            first.display, DROP_INS[0]
        )
    })
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
