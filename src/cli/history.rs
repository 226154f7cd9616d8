//! `history`: what happened, and when.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{local, prose, prose_width, rfc3339, show};
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
    let width = Some(prose_width()).filter(|width| *width < usize::MAX);
    show(
        arguments.json,
        || entries.iter().map(json_of).collect(),
        || {
            entries
                .iter()
                .map(|entry| text_of(entry, language, width))
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

/// A line an entry where nobody reads at a terminal; else its message stands below, in lines that fit.
fn text_of(entry: &Entry, language: Language, width: Option<usize>) -> String {
    let what = &entry.what;
    let request = what.request_id.as_ref();
    let request = request.map_or_else(String::new, |id| language.of(&request_of(id)).to_owned());
    let (at, event) = (local(entry.at), &what.event);
    let message = format!("{}{request}", message_of(what, language));
    match width {
        None => format!("{at}  {event:<22}  {message}\n"),
        Some(width) => format!("{at}  {event}\n{}", prose(width, "    ", &message)),
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::observe::event::{Event, Fact};

    #[test]
    fn an_entry_fits_the_terminal_and_is_one_line_for_whoever_searches() {
        let reason =
            "the server at shop.example.com did not take the certificate, and nobody knows why";
        let event = Event::of(Fact::LiveWrong {
            reason: reason.into(),
        });
        let event = event.certificate("xn--fsqu00a.xn--fiqs8s");
        let entry = Entry {
            at: "2026-12-01T00:00:00Z".parse().unwrap(),
            what: event.to_entry(),
        };
        for language in [Language::English, Language::Chinese] {
            let narrow = text_of(&entry, language, Some(80));
            assert!(narrow.lines().count() > 2, "{narrow}");
            assert!(narrow.lines().all(|line| line.width() <= 80), "{narrow}");
            assert!(narrow.contains("例子.中国"), "{narrow}");
            let whole = text_of(&entry, language, None);
            assert_eq!(whole.lines().count(), 1, "{whole}");
            assert!(whole.contains(reason), "{whole}");
        }
    }
}
