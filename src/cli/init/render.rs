//! The proposed file, as text.

use std::path::Path;

use super::proposal::{Entry, LeftOut, Proposal, Verify};
use super::sentences as say;
use crate::lifecycle::Algorithm;
use crate::sentence::{Language, Sentence};
use crate::text::plain;

/// So many of those that are left out are named, with the reason.
const NAMED: usize = 50;

/// What stands above the entries, each where it is not as usual.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    /// Where certificates and record lie.
    pub(super) state_dir: Option<&'a Path>,
    /// Where the API is.
    pub(super) endpoint: Option<&'a str>,
    /// The files that hold SecretId and SecretKey, where the config names them.
    pub(super) keys: Option<(&'a Path, &'a Path)>,
}

/// A whole config.
pub(super) fn config(
    head: &Head<'_>,
    live: &Path,
    proposal: &Proposal,
    language: Language,
) -> String {
    let mut text = comment(language, &say::written_by());
    if let Some(folder) = head.state_dir {
        text.push_str(&format!(
            "\nstate_dir = {}\n",
            quoted(&folder.to_string_lossy())
        ));
    }
    let mut account = String::new();
    if let Some(endpoint) = head.endpoint {
        account.push_str(&format!("endpoint = {}\n", quoted(endpoint)));
    }
    if let Some((id, key)) = head.keys {
        let (id, key) = (id.to_string_lossy(), key.to_string_lossy());
        account.push_str(&format!("secret_id_file = {}\n", quoted(&id)));
        account.push_str(&format!("secret_key_file = {}\n", quoted(&key)));
    }
    if !account.is_empty() {
        text.push_str(&format!("\n[accounts.default]\n{account}"));
    }
    text.push('\n');
    text.push_str(&comment(language, &say::files_are_in(live.display())));
    text + &entries(&proposal.entries, &proposal.left_out, language)
}

/// Entries alone, as a file of `conf.d` has them.
pub(super) fn entries(entries: &[Entry], left_out: &[LeftOut], language: Language) -> String {
    let all = entries.iter();
    let mut text: String = all
        .map(|one| format!("\n{}", entry(one, language)))
        .collect();
    if !left_out.is_empty() {
        text.push('\n');
        text.push_str(&comment(language, &say::left_out()));
        for one in left_out.iter().take(NAMED) {
            let why = language.of(&one.why);
            text.push_str(&format!("#   {}\n", plain(&format!("{}: {why}", one.name))));
        }
        let more = left_out.len().saturating_sub(NAMED);
        if more > 0 {
            text.push_str(&comment(language, &say::and_others(more)));
        }
    }
    text
}

fn entry(entry: &Entry, language: Language) -> String {
    let mut text = String::from("[[certificates]]\n");
    if entry.name.display != entry.name.ascii {
        text.push_str(&format!("# {}\n", plain(&entry.name.display)));
    }
    for remark in &entry.remarks {
        text.push_str(&comment(language, remark));
    }
    text.push_str(&format!("domain = {}\n", quoted(&entry.name.ascii)));
    if entry.algorithm != Algorithm::Rsa {
        text.push_str(&format!("key = {}\n", quoted(entry.algorithm.name())));
    }
    if let Some(project) = entry.project {
        text.push_str(&format!("project_id = {project}\n"));
    }
    match &entry.verify {
        Some(Verify::At(address)) => text.push_str(&format!("verify = {}\n", quoted(address))),
        Some(Verify::Later(address)) => {
            let when = language.of(&say::once_with_tls()).to_owned();
            text.push_str(&format!("# verify = {} # {when}\n", quoted(address)));
        }
        None => {}
    }
    text
}

/// A line of comment. Nothing of what it says ends it.
fn comment(language: Language, sentence: &Sentence) -> String {
    format!("# {}\n", plain(language.of(sentence)))
}

/// A basic string (TOML 1.0, "String").
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
