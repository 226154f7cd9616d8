//! What comes next, as it must be typed.

use std::path::Path;

use super::sentences as say;
use super::served::{Advice, ToDo};
use crate::sentence::{Language, Sentence};
use crate::text::plain;

/// So many server blocks are told of one by one.
const TOLD: usize = 40;

/// What was written, as far as it decides what comes next.
pub(super) struct Written<'a> {
    /// The config.
    pub(super) config: &'a Path,
    /// Whether the packaged unit reads it.
    pub(super) by_service: bool,
    /// Whether it was there, and something was added.
    pub(super) is_added: bool,
    /// Whether the unit has a new drop-in.
    pub(super) new_drop_in: bool,
    /// Where certificates will lie, a folder a name.
    pub(super) live: &'a Path,
    /// What there is to change in nginx.
    pub(super) nginx: &'a [Advice],
}

/// All of it.
pub(super) fn text(written: &Written<'_>, language: Language) -> String {
    let mut text = format!("{}\n", language.of(&say::next()));
    for command in commands(written) {
        text.push_str(&format!("    {command}\n"));
    }
    if !written.nginx.is_empty() {
        text.push('\n');
        text.push_str(&in_nginx(written, language));
    }
    text
}

fn commands(written: &Written<'_>) -> Vec<String> {
    if !written.by_service {
        let config = in_shell(&written.config.to_string_lossy());
        let verbs = ["check", "run", "status"].into_iter();
        // What runs already takes the edit in by itself.
        let verbs = verbs.filter(|verb| !(written.is_added && *verb == "run"));
        return verbs
            .map(|verb| format!("evercert --config {config} {verb}"))
            .collect();
    }
    if written.is_added {
        return ["evercert check", "evercert status"]
            .map(str::to_owned)
            .into();
    }
    let reload = written.new_drop_in.then_some("systemctl daemon-reload");
    // The key reaches the service alone, so that what asks with it comes after the start.
    let all = [
        Some("evercert check"),
        reload,
        Some("systemctl enable --now evercert"),
        Some("evercert doctor"),
        Some("evercert status"),
    ];
    all.into_iter().flatten().map(str::to_owned).collect()
}

fn in_nginx(written: &Written<'_>, language: Language) -> String {
    let say = |sentence| language.of(&sentence).to_owned();
    let (in_place, to_do): (Vec<&Advice>, Vec<&Advice>) = written
        .nginx
        .iter()
        .partition(|one| one.to_do == ToDo::Nothing);
    let mut text = String::new();
    if !to_do.is_empty() {
        text.push_str(&format!("{}\n", say(say::in_nginx())));
    }
    for one in to_do.iter().take(TOLD) {
        let what = match (one.to_do, one.names.len()) {
            (ToDo::AddTls, 1) => say::with_tls_too(),
            (ToDo::AddTls, some) => say::needs_a_block_each_with_tls(some),
            (ToDo::Split, some) => say::needs_a_block_each(some),
            (ToDo::NameFiles | ToDo::Nothing, _) => say::in_this_block(),
        };
        text.push_str(&format!(
            "  {}: {}\n",
            plain(&one.place.to_string()),
            say(what)
        ));
        for name in &one.names {
            text.push_str(&directives(one, name, &written.live.join(name)));
        }
    }
    if to_do.len() > TOLD {
        text.push_str(&format!("  {}\n", say(say::and_blocks(to_do.len() - TOLD))));
    }
    for one in in_place.iter().take(TOLD) {
        let names = Sentence::names(&one.names);
        let names = language.of(&names);
        text.push_str(&format!(
            "  {}: {} {names}\n",
            plain(&one.place.to_string()),
            say(say::in_place())
        ));
    }
    if !to_do.is_empty() {
        let reload = if written.by_service {
            "systemctl reload nginx"
        } else {
            "nginx -s reload"
        };
        text.push_str(&format!(
            "  {}\n    nginx -t && {reload}\n",
            say(say::then_reload())
        ));
    }
    if written.by_service {
        let mut names: Vec<&str> = Vec::new();
        for name in written.nginx.iter().flat_map(|one| &one.names) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let units: Vec<String> = names
            .iter()
            .map(|name| format!("evercert-reload@{name}.path"))
            .collect();
        let units = units.join(" \\\n        ");
        text.push_str(&format!(
            "  {}\n    systemctl enable --now {units}\n",
            say(say::reload_by_itself())
        ));
    } else {
        text.push_str(&format!("  {}\n", say(say::reload_by_hand())));
    }
    text
}

/// What a server block is to have for this name: the lines, or a block around them where each name needs one.
fn directives(one: &Advice, name: &str, live: &Path) -> String {
    let mut lines = Vec::new();
    if one.to_do == ToDo::AddTls {
        lines.push("listen 443 ssl;".to_owned());
    }
    if one.names.len() > 1 {
        lines.push(format!("server_name {name};"));
    }
    for (directive, file) in [
        ("ssl_certificate    ", "fullchain.pem"),
        ("ssl_certificate_key", "privkey.pem"),
    ] {
        let file = in_nginx_s(&live.join(file).to_string_lossy());
        lines.push(format!("{directive} {file};"));
    }
    let indent = if one.names.len() > 1 {
        "          "
    } else {
        "      "
    };
    let lines: String = lines
        .iter()
        .map(|line| format!("{indent}{line}\n"))
        .collect();
    if one.names.len() > 1 {
        format!("      server {{\n{lines}{indent}# …\n      }}\n")
    } else {
        lines
    }
}

/// A word as a shell takes it.
pub(super) fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./@:+-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word as nginx takes it.
fn in_nginx_s(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./@:+-".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
