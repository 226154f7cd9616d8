//! `history`: what happened, and when.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{local, rfc3339, show};
use super::view::{certificate, open, say_if_over};
use crate::observe::event::message_of;
use crate::sentence::{Language, sentences};
use crate::store::{Entry, Store};

/// What `history` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this domain
    domain: Option<String>,
    /// How many entries, counted from the newest
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

sentences! {
    request_of(id) "  (request {id})" "（请求 ID {id}）";
}

pub(super) async fn run(
    config: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let config = open(config)?.config;
    say_if_over(&config, language);
    // A name that the config no longer has may still have a history.
    let domain = arguments.domain.as_ref().map(|written| {
        certificate(&config, written)
            .map_or_else(|_| written.to_lowercase(), |found| found.domain.clone())
    });
    let entries = match Store::open_to_look(&config.state_dir).await? {
        Some(store) => store.history(domain.as_deref(), arguments.limit).await?,
        None => Vec::new(),
    };
    show(
        arguments.json,
        || entries.iter().map(json_of).collect(),
        || {
            entries
                .iter()
                .map(|entry| text_of(entry, language))
                .collect()
        },
    )?;
    Ok(ExitCode::SUCCESS)
}

fn json_of(entry: &Entry) -> Value {
    let what = &entry.what;
    let fields: Value = serde_json::from_str(&what.fields).unwrap_or(Value::Null);
    json!({
        "at": rfc3339(Some(entry.at)),
        "event": what.event,
        "domain": what.domain,
        "account": what.account,
        "certificate_id": what.certificate_id,
        "request_id": what.request_id,
        "message": message_of(what, Language::English),
        "fields": fields,
    })
}

fn text_of(entry: &Entry, language: Language) -> String {
    let what = &entry.what;
    let request = what.request_id.as_ref();
    let request = request.map_or_else(String::new, |id| language.of(&request_of(id)).to_owned());
    format!(
        "{}  {:<22}  {}{request}\n",
        local(entry.at),
        what.event,
        message_of(what, language)
    )
}
