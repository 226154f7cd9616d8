//! One thing that happened, under a stable name, for people and for the scripts that read their logs.
//!
//! - `fact`: every fact there is, with the name, level, meaning and remedy of its event;
//! - `words`: the sentence of each, made when somebody reads it;
//! - `remedy`: what to do about each;
//! - `repeated`: which were said just so before;
//! - `tally`: how often each was said.
//!
//! The fields are fixed, so that a log pipeline can rely on them; one that is absent is not printed. Text that came from
//! outside is shortened and freed of control characters here, once for all readers.

mod fact;
mod remedy;
mod repeated;
mod tally;
mod words;

use crate::words::words;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::config::display_names;
use crate::lifecycle::Failure;
use crate::sentence::{Language, Phrase};
use crate::store::NewEntry;
use crate::{redact, text};

pub use fact::*;
pub use tally::counts;
pub use words::{CLAIM, CLAIM_NUMBER};

/// The longest text a field may hold, in characters; the service's messages are not ours to trust.
const MAX_TEXT: usize = 1000;

words! {
    /// How loud an event is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Level {
        /// Someone must act.
        Error = "ERROR",
        /// Someone may need to act.
        Warn = "WARN",
        /// Progress.
        Info = "INFO",
        /// For those who look closely.
        Debug = "DEBUG",
    }
}

/// One line of the table of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The stable name, `subject.what`.
    pub name: &'static str,
    /// How loud it is.
    pub level: Level,
    /// What it means.
    pub meaning: &'static str,
    /// What the operator should do about it.
    pub remedy: Phrase,
}

/// Text from outside, made harmless: bounded, on one line, and without any secret that the process knows, wherever it got in.
/// A false answer must neither flood the log nor forge lines in it. Secret types do not convert into it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plain(String);

impl<T: Into<String>> From<T> for Plain {
    fn from(outside: T) -> Self {
        Self(text::plain_up_to(&redact::known(&outside.into()), MAX_TEXT))
    }
}

impl AsRef<str> for Plain {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fields of a log line. Their names are documented and never change; one that is absent is not printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// The certificate, by its domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The target of the certificate, by its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The account, by its name in the config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The main domain: the registered one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_domain: Option<String>,
    /// The service's `CertificateId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
    /// The service's `RequestId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// When the certificate ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// Whole days until then; negative once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
    /// The service's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The class of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Which attempt it was, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// When it is tried again, or what is due next, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
    /// The command that checks the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The file of the config that a mistake is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its line there, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Another event tells the same: this one is for who looks closely, and nobody is told of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub beside: bool,
}

/// A fact, and what it is about.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an event that is not emitted is not seen"]
pub struct Event {
    /// What happened.
    pub fact: Fact,
    /// What it is about.
    pub about: Fields,
}

/// One log line at a level that the macro must know at compile time.
macro_rules! say {
    ($level:ident, $event:ident) => {
        tracing::event!(
            tracing::Level::$level,
            event = $event.name(),
            certificate = $event.about.certificate.as_deref(),
            target = $event.about.target.as_deref(),
            account = $event.about.account.as_deref(),
            main_domain = $event.about.main_domain.as_deref(),
            certificate_id = $event.about.certificate_id.as_deref(),
            request_id = $event.about.request_id.as_deref(),
            not_after = $event.about.not_after.as_deref(),
            days_left = $event.about.days_left,
            code = $event.about.code.as_deref(),
            class = $event.about.class.as_deref(),
            attempt = $event.about.attempt,
            next_attempt = $event.about.next_attempt.as_deref(),
            command = $event.about.command.as_deref(),
            file = $event.about.file.as_deref(),
            line = $event.about.line,
            "{}",
            $event.message()
        )
    };
}

impl Event {
    /// An event of this fact, about nothing yet.
    pub fn of(fact: Fact) -> Self {
        Self {
            fact,
            about: Fields::default(),
        }
    }

    /// The certificate, by its domain.
    pub fn certificate(mut self, domain: impl Into<String>) -> Self {
        self.about.certificate = Some(plain(domain));
        self
    }

    /// The target of the certificate, by its title.
    pub fn target(mut self, title: impl Into<String>) -> Self {
        self.about.target = Some(plain(title));
        self
    }

    /// The account, by its name in the config.
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.about.account = Some(plain(name));
        self
    }

    /// The main domain: the registered one.
    pub fn main_domain(mut self, name: impl Into<String>) -> Self {
        self.about.main_domain = Some(plain(name));
        self
    }

    /// The service's `CertificateId`.
    pub fn certificate_id<'a>(mut self, id: impl Into<Option<&'a str>>) -> Self {
        self.about.certificate_id = id.into().map(plain);
        self
    }

    /// The service's `RequestId`, by which its support finds a call.
    pub fn request_id<'a>(mut self, id: impl Into<Option<&'a str>>) -> Self {
        self.about.request_id = id.into().map(plain);
        self
    }

    /// Class, code and request of a failure.
    pub fn failure(self, failure: &Failure) -> Self {
        self.class(failure.class.name())
            .code(failure.code.as_deref())
            .request_id(failure.request_id.as_deref())
    }

    /// When the certificate ends.
    pub fn not_after(mut self, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.about.not_after = time.into().map(rfc3339);
        self
    }

    /// Whole days from `now` until that end, where there is one; negative once it has come.
    pub fn days_left_until(mut self, end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        self.about.days_left = end.map(|end| (end - now).num_days());
        self
    }

    /// The service's error code.
    pub fn code<'a>(mut self, code: impl Into<Option<&'a str>>) -> Self {
        self.about.code = code.into().map(plain);
        self
    }

    /// The class of a failure, by its stable name.
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.about.class = Some(plain(class));
        self
    }

    /// Which attempt this was, from 1.
    pub fn attempt(mut self, attempt: u64) -> Self {
        self.about.attempt = Some(attempt);
        self
    }

    /// When it is tried again, or what is due next.
    pub fn next_attempt(mut self, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.about.next_attempt = time.into().map(rfc3339);
        self
    }

    /// The command that checks the target.
    pub fn command(mut self, command: impl Into<Option<String>>) -> Self {
        self.about.command = command.into().map(plain);
        self
    }

    /// The config file and the line (from 1) that a mistake is in.
    pub fn place_in(mut self, file: impl Into<String>, line: u64) -> Self {
        self.about.file = Some(plain(file));
        self.about.line = Some(line);
        self
    }

    /// Another event tells the same of the same: this one is no warning in the log, and nobody is told of it.
    pub fn beside(mut self) -> Self {
        self.about.beside = true;
        self
    }

    /// The stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.fact.kind().name
    }

    /// How loud it is.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.about.beside {
            true => Level::Info,
            false => self.fact.kind().level,
        }
    }

    /// The text of the log, which is English.
    #[must_use]
    pub fn message(&self) -> String {
        plain(words::sentence(self, Language::English, words::in_utc))
    }

    /// The text for people who read this language, with times as they are here, and names as they are written.
    #[must_use]
    pub fn message_in(&self, language: Language) -> String {
        display_names(&plain(words::sentence(self, language, words::here)))
    }

    /// As the history keeps it.
    #[must_use]
    pub fn to_entry(&self) -> NewEntry {
        // Neither holds anything that JSON has no form for.
        let json = |value: serde_json::Result<String>| value.unwrap_or_default();
        NewEntry {
            event: self.name().to_owned(),
            domain: self.about.certificate.clone(),
            account: self.about.account.clone(),
            certificate_id: self.about.certificate_id.clone(),
            request_id: self.about.request_id.clone(),
            fact: json(serde_json::to_string(&self.fact)),
            fields: json(serde_json::to_string(&self.about)),
        }
    }

    /// What the history kept. `None` for what another version wrote and this one can't read.
    #[must_use]
    pub fn from_entry(entry: &NewEntry) -> Option<Self> {
        Some(Self {
            fact: serde_json::from_str(&entry.fact).ok()?,
            about: serde_json::from_str(&entry.fields).ok()?,
        })
    }

    /// Says it in the log.
    pub fn emit(self) {
        tally::count(&self.fact.kind());
        let level = match repeated::is_repeated(&self) {
            true => Level::Info,
            false => self.level(),
        };
        match level {
            Level::Error => say!(ERROR, self),
            Level::Warn => say!(WARN, self),
            Level::Info => say!(INFO, self),
            Level::Debug => say!(DEBUG, self),
        }
    }
}

/// The sentence of an entry of the history; its event's name where another version wrote it.
#[must_use]
pub fn message_of(entry: &NewEntry, language: Language) -> String {
    let event = Event::from_entry(entry);
    event.map_or_else(|| entry.event.clone(), |event| event.message_in(language))
}

fn plain(outside: impl Into<String>) -> String {
    Plain::from(outside).0
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_event_is_explained() {
        let names: BTreeSet<_> = EVENTS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), EVENTS.len());
        for kind in EVENTS {
            let parts: Vec<_> = kind.name.split('.').collect();
            assert_eq!(parts.len(), 2, "{}", kind.name);
            assert!(parts.iter().all(|part| !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
            assert!(kind.meaning.ends_with('.') && kind.remedy.english.ends_with('.'));
            assert!(kind.remedy.chinese.ends_with('。'));
            crate::sentence::check(kind.remedy.english, kind.remedy.chinese);
            // Whoever is told that someone must act is told how.
            assert!(kind.level != Level::Error || kind.remedy.english != "Nothing.");
        }
    }

    fn refused(reason: &str) -> Event {
        let reason = reason.into();
        Event::of(Fact::ApiRefused { reason })
    }

    #[test]
    fn the_history_gives_back_the_event_that_it_was_given() {
        let event = Event::of(Fact::CertificateFailed {
            reason: "no luck".into(),
            goes_back: false,
        })
        .certificate("a.example")
        .target("pem /x")
        .attempt(2)
        .next_attempt(DateTime::from_timestamp(1_770_000_000, 999_000_000).unwrap());
        let entry = event.to_entry();
        assert_eq!(
            entry.fields,
            r#"{"certificate":"a.example","target":"pem /x","attempt":2,"next_attempt":"2026-02-02T02:40:00Z"}"#
        );
        // Kept for years: another form of it could not be read.
        assert_eq!(
            entry.fact,
            r#"{"certificate.failed":{"reason":"no luck","goes_back":false}}"#
        );
        assert_eq!(entry.event, "certificate.failed");
        assert_eq!(Event::from_entry(&entry), Some(event));
        assert_eq!(
            message_of(&entry, Language::English),
            "a.example: pem /x: no luck"
        );
        assert_eq!(Event::of(Fact::PassIdle).to_entry().fields, "{}");
    }

    #[test]
    fn what_another_version_wrote_is_shown_by_its_name() {
        let entry = NewEntry {
            event: "order.dreamt".to_owned(),
            fact: r#"{"order.dreamt":{}}"#.to_owned(),
            fields: "{}".to_owned(),
            ..NewEntry::default()
        };
        assert_eq!(message_of(&entry, Language::English), "order.dreamt");
    }

    #[test]
    fn text_from_outside_is_bounded_and_stays_on_one_line() {
        let event = refused(&format!("a\r\n\u{1b}[31mb{}", "x".repeat(5000)));
        assert!(event.message().chars().count() <= MAX_TEXT + 1);
        assert!(event.message().starts_with("a   [31mb"));
        assert!(event.to_entry().fact.len() < MAX_TEXT + 50);
    }

    /// Compiles only while secrets do not convert into strings: if one did, both blanket impls would apply to it and
    /// the call would be ambiguous.
    #[test]
    fn a_secret_cannot_be_put_into_an_event() {
        trait AmbiguousIfText<A> {
            fn is_no_text() -> bool {
                true
            }
        }
        impl<T: ?Sized> AmbiguousIfText<()> for T {}
        struct Text;
        impl<T: Into<String>> AmbiguousIfText<Text> for T {}

        assert!(<secrecy::SecretString as AmbiguousIfText<_>>::is_no_text());
        assert!(<&secrecy::SecretString as AmbiguousIfText<_>>::is_no_text());
        assert!(<zeroize::Zeroizing<String> as AmbiguousIfText<_>>::is_no_text());
    }
}
