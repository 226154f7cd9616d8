//! What the pages have in common, small as it is.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::reader::Reader;
use super::words::{class, class_of, short};
use crate::observe::overview::{CertificateLine, Places};
use crate::text::{local, rfc3339};

/// A time for people, with the machine's form behind it.
pub(super) fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(rfc3339(at)) { (local(at)) } }
}

/// The same, shorter.
pub(super) fn short_time(at: DateTime<Utc>, now: DateTime<Utc>) -> Markup {
    html! { time datetime=(rfc3339(at)) { (short(at, now)) } }
}

/// A domain that may be broken at its dots. Screen readers would hear a blank there: what is around it needs a label.
pub(super) fn domain(name: &str) -> Markup {
    html! {
        @for (place, label) in name.split('.').enumerate() {
            @if place > 0 { "." wbr; }
            (label)
        }
    }
}

/// What stands between backticks is something to type.
pub(super) fn ticks(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// What the record keeps in English, in the reader's language as far as there are words for it.
pub(super) fn original(reader: Reader, said: &str) -> Markup {
    let told = reader.language.tell(said);
    let is_english = told.is_ascii();
    html! { p.said lang=[is_english.then_some("en")] { (ticks(&told)) } }
}

/// A dot of this class's colour. The words beside it say the same.
pub(super) fn dot(class: &str) -> Markup {
    html! { span class=(format!("dot {class}")) aria-hidden="true" {} }
}

/// The state in a word, with its colour.
pub(super) fn badge(reader: Reader, certificate: &CertificateLine) -> Markup {
    html! {
        @let class = class(certificate.tone);
        span class=(format!("badge {class}")) { (dot(class)) (reader.state(certificate)) }
    }
}

/// Installed, bound, served: a dot and a word each; what the config does not ask for is left out.
pub(super) fn places(reader: Reader, places: Places) -> Markup {
    let one = |word: &str, there, is_always_shown| {
        let class = class_of(there);
        html! {
            @if class != "none" || is_always_shown {
                span.place {
                    (dot(class))
                    span { (word) span.unseen[class == "well"] { (reader.say(": ", "：")) (reader.place(there)) } }
                }
            }
        }
    };
    html! {
        (one(reader.say("installed", "本机"), places.installed, true))
        (one(reader.say("bound", "云资源"), places.bound, false))
        (one(reader.say("served", "线上"), places.served, false))
    }
}
