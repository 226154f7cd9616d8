//! `explain CODE`: an error code of the service. One table serves this and the classification.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{print, print_json};
use crate::tencent::codes::{self, Code};

/// What `explain` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The code as logs show it, or the part behind its first dot; all codes if none is given
    code: Option<String>,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let found: Vec<&Code> = match &arguments.code {
        Some(code) => codes::find(code),
        None => codes::CODES.iter().collect(),
    };
    let ruled = arguments.code.as_deref().and_then(codes::lookup);
    let (found, by_prefix) = match ruled {
        Some(ruled) if found.is_empty() => (vec![ruled], true),
        _ => (found, false),
    };
    if let (Some(code), true) = (&arguments.code, found.is_empty()) {
        return Err(unknown(code));
    }
    if arguments.json {
        let list: Vec<Value> = found.iter().map(|code| json_of(code)).collect();
        print_json(&Value::from(list))?;
    } else {
        let mut text = String::new();
        if let (Some(code), true) = (&arguments.code, by_prefix) {
            text.push_str(&format!(
                "{code} is not in the table; it counts as its family:\n\n"
            ));
        }
        let parts: Vec<String> = found.iter().map(|code| text_of(code)).collect();
        text.push_str(&parts.join("\n"));
        print(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(code: &str) -> Failure {
    let nearest = codes::suggest(code, 3);
    let hint = if nearest.is_empty() {
        String::new()
    } else {
        format!("; the nearest are {}", nearest.join(", "))
    };
    Failure::usage(format!(
        "{code} is not a code that this version knows{hint}. Evercert treats unknown codes as transient, and an \
         application that met one as unanswered: it is searched for before anything is ordered again"
    ))
}

fn json_of(code: &Code) -> Value {
    json!({
        "code": code.code,
        "class": code.class.name(),
        "scope": code.scope.name(),
        "settles_an_application": code.settled,
        "meaning": code.meaning,
        "evercert_does": code.evercert_does,
        "you_do": code.you_do,
    })
}

fn text_of(code: &Code) -> String {
    format!(
        "{}\n  class:     {} (concerns the {})\n  meaning:   {}\n  evercert:  {}\n  you:       {}\n",
        code.code,
        code.class,
        code.scope.name(),
        code.meaning,
        code.evercert_does,
        code.you_do
    )
}
