//! Commands of the operator's: programs with their arguments. No shell takes them apart.

use toml::de::DeValue;

use super::mistake::{Fault, quoted};
use super::reader::{Table, describe};

/// A command of a target, or of a channel.
pub(super) fn command(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let value = table.value(key)?;
    if let DeValue::String(_) = value.get_ref() {
        table.mistake(
            key,
            format!("`{key}` is a list of arguments, not one text; no shell takes it apart"),
            format!("write it as {key} = [\"nginx\", \"-t\"]"),
        );
        return None;
    }
    let words = table.texts(key, |text| Ok(text.to_owned()))?;
    table.accept(&value.span(), check(key, words))
}

/// Several of them.
pub(super) fn commands(table: &Table<'_>, key: &str) -> Option<Vec<Vec<String>>> {
    table.list(key, |entry| {
        let text = |word: &toml::Spanned<DeValue<'_>>| word.get_ref().as_str().map(str::to_owned);
        let words: Option<Vec<String>> = entry
            .as_array()
            .and_then(|words| words.iter().map(text).collect());
        match words {
            Some(words) => check(key, words),
            None => Err(Fault::new(
                format!("`{key}` is a list of commands, each a list of texts"),
                format!("write it as {key} = [[\"/etc/evercert/hooks/push.sh\"]]"),
            )),
        }
    })
}

/// A command that sets records: its program is a path from / on.
pub(super) fn record_command(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let words = table.list(key, |word| match word {
        DeValue::String(text) if !text.contains('\0') => Ok(text.to_string()),
        other => Err(Fault {
            message: format!(
                "`{key}` must be a list of texts in quotes, not of {}",
                describe(other)
            ),
            help: None,
        }),
    })?;
    let program = words.first();
    if program.is_some_and(|program| program.starts_with('/')) {
        return Some(words);
    }
    table.mistake(
        key,
        format!("`{key}` does not begin with the whole path of a program"),
        format!("write {key} = [\"/etc/evercert/dns-hook\"]; no shell reads it"),
    );
    None
}

/// Whether one text has a program and its arguments in it. A program with a blank in its path may come later.
fn has_arguments(text: &str) -> bool {
    let Some((program, rest)) = text.split_once(' ') else {
        return false;
    };
    let exists = |path: &str| std::path::Path::new(path).exists();
    let is_path = program.starts_with('/') && !exists(program) && !rest.starts_with('-');
    !is_path && !exists(text)
}

fn check(key: &str, words: Vec<String>) -> Result<Vec<String>, Fault> {
    let first = words.first().map_or("", String::as_str);
    if first.trim().is_empty() {
        return Err(Fault::new(
            format!("`{key}` names no program"),
            "the first text is the program, the others are its arguments",
        ));
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err(Fault::new(
            format!("`{key}` has a zero byte in it"),
            "take it out",
        ));
    }
    if words.len() == 1 && has_arguments(first) {
        return Err(Fault::new(
            format!("`{key}` has its arguments in one text: {}", quoted(first)),
            "put each argument in quotes of its own; no shell takes them apart",
        ));
    }
    Ok(words)
}
