//! The sentence of each fact, one file a language. The only place that makes words of facts.

mod chinese;
mod edit;
mod english;
mod pieces;

use super::{Event, Fact};
use crate::sentence::Language;

pub use english::{CLAIM, CLAIM_NUMBER};
use pieces::Times;
pub(super) use pieces::{here, in_utc};

/// The sentence of an event: what it is about, and what happened to that.
pub(super) fn sentence(event: &Event, language: Language, times: Times) -> String {
    let (text, colon) = match language {
        Language::English => (english::text(event, times), ": "),
        Language::Chinese => (chinese::text(event, times), "："),
    };
    let names_itself = matches!(
        event.fact,
        Fact::CertificateParked { .. }
            | Fact::CertificatePaused { .. }
            | Fact::ClockSkewed { .. }
            | Fact::RequestTaken { .. }
    );
    match &event.about.certificate {
        Some(domain) if !names_itself => format!("{domain}{colon}{text}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests;
