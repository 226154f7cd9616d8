//! What the pages have in common, small as it is.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::words::{class, place, relative, short};
use crate::observe::overview::{CertificateLine, Places, Tone};
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

/// How far off a time that is to come is; one that should have come is now.
pub(super) fn coming(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    relative(at.max(now), now)
}

/// What stands between backticks is something to type.
fn ticks(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A dot of this class's colour. The words beside it say the same.
pub(super) fn dot(class: &str) -> Markup {
    html! { span class=(format!("dot {class}")) aria-hidden="true" {} }
}

/// Something that needs somebody: what it is about, unless the page says that, what is the matter, and what to do.
pub(super) fn need(tone: Tone, about: &Markup, what: &str, remedy: &str) -> Markup {
    html! {
        li class=(format!("need {}", class(tone))) {
            (about)
            p.what { (ticks(what)) }
            p.remedy { (ticks(remedy)) }
        }
    }
}

/// The state in a word, with its colour.
pub(super) fn badge(certificate: &CertificateLine) -> Markup {
    html! {
        @let class = class(certificate.tone);
        span class=(format!("badge {class}")) { (dot(class)) (certificate.state) }
    }
}

/// Installed, bound, served: a dot and a word each; what the config does not ask for is left out.
pub(super) fn places(places: Places) -> Markup {
    let one = |word: &str, there| {
        let (class, said) = place(there);
        html! {
            @if class != "none" || word == "installed" {
                span.place {
                    (dot(class))
                    span { (word) span.unseen[class == "well"] { ": " (said) } }
                }
            }
        }
    };
    html! {
        (one("installed", places.installed)) (one("bound", places.bound)) (one("served", places.served))
    }
}
