//! What a mistyped word was probably meant to be.

use super::mistake::{Fault, quoted};

/// The candidate that a mistyped word was probably meant to be.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = snake_case(word);
    // A third of the letters may differ: more is another word, not a slip.
    let tolerance = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &snake_case(candidate)), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters differ; a word that lacks only its last part is one slip away.
fn distance(word: &str, candidate: &str) -> usize {
    match candidate.strip_prefix(word) {
        Some(rest) if rest.starts_with('_') => 1,
        _ => strsim::osa_distance(word, candidate),
    }
}

/// `CsrKeyPassword`, `csr-key-password` and `CSR_KEY_PASSWORD` are one word. Cut where no key is that long.
fn snake_case(word: &str) -> String {
    let mut snake = String::new();
    let mut after_small = false;
    for character in word.chars().take(64) {
        if character.is_uppercase() && after_small {
            snake.push('_');
        }
        after_small = character.is_lowercase();
        if character == '-' || character == ' ' {
            snake.push('_');
        } else {
            snake.extend(character.to_lowercase());
        }
    }
    snake
}

/// A value that is none of a few words.
pub(super) fn unknown_choice(key: &str, text: &str, choices: &[&str]) -> Fault {
    let help = match nearest(text, choices.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("it is one of {}", choices.join(", ")),
    };
    Fault::new(format!("`{key}` cannot be {}", quoted(text)), help)
}
