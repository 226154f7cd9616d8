//! `check`: the config, offline.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{print, print_json};
use crate::config::{self, Mistake};

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Mistakes and warnings as a list of objects
    #[arg(long)]
    json: bool,
}

pub(super) fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let result = config::load(config);
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
