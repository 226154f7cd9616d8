//! Every command that the manual names is one that the command line takes.

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::Arguments;
use crate::manual::{self, Block};

/// What an administrator would type, if these words are a call of this program.
fn call(text: &str) -> Option<Vec<String>> {
    let mut text = text.to_owned();
    // What the shell would put there is no concern of this.
    while let Some((before, rest)) = text.split_once("$(") {
        let after = rest.split_once(')').map_or("", |(_, after)| after);
        text = format!("{before}x{after}");
    }
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word == "$" || (word.contains('=') && !word.starts_with('-')))
        .peekable();
    if words.next_if_eq(&"sudo").is_some() && words.next_if_eq(&"-u").is_some() {
        words.next();
    }
    let program = words.next()?;
    let ours = program == "evercert" || program.ends_with("/bin/evercert");
    let placeholder = |word: &str| match word {
        // Numbers.
        "N" => "7".to_owned(),
        // A verb.
        "VERB" => "status".to_owned(),
        word => word.trim_matches(['[', ']', '"', '\'']).to_owned(),
    };
    let rest = words.take_while(|word| !matches!(*word, "#" | ">" | ">>" | "2>" | "\\"));
    ours.then(|| {
        std::iter::once("evercert".to_owned())
            .chain(rest.map(placeholder))
            .collect()
    })
}

fn calls(block: &Block) -> Vec<Vec<String>> {
    // Of other languages only the shell's fences hold commands.
    if !matches!(
        block.language.as_str(),
        "" | "sh" | "shell" | "console" | "bash"
    ) {
        return Vec::new();
    }
    let parts = block.code.lines().flat_map(|line| line.split(['|', ';']));
    parts
        .flat_map(|part| part.split("&&"))
        .filter_map(call)
        .collect()
}

#[test]
fn every_command_in_the_manual_is_taken() {
    let mut seen = 0;
    for block in manual::pages().iter().flat_map(manual::Page::code) {
        for call in calls(&block) {
            seen += 1;
            let Err(error) = Arguments::command().try_get_matches_from(&call) else {
                continue;
            };
            // A page may speak of a verb without all that it needs.
            let harmless = matches!(
                error.kind(),
                ErrorKind::MissingRequiredArgument
                    | ErrorKind::MissingSubcommand
                    | ErrorKind::DisplayHelp
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    | ErrorKind::DisplayVersion
            );
            // Or of an option without its value.
            let bare = error.kind() == ErrorKind::InvalidValue
                && call.last().is_some_and(|word| word.starts_with("--"));
            assert!(harmless || bare, "{}: {call:?}\n{error}", block.place);
        }
    }
    assert!(seen > 60, "only {seen} commands were found");
}
