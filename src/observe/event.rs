//! One thing that happened, under a stable name, for people and for the scripts that read their logs.
//!
//! The fields are fixed, so that a log pipeline can rely on them; one that is absent is not printed. Text that came from
//! outside is shortened and freed of control characters here, once for all readers.

mod kinds;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

use crate::{redact, text};

pub use kinds::*;

/// The longest text a field may hold, in characters; the service's messages are not ours to trust.
const MAX_TEXT: usize = 1000;

/// How loud an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Someone must act.
    Error,
    /// Someone may need to act.
    Warn,
    /// Progress.
    Info,
    /// For those who look closely.
    Debug,
}

impl Level {
    /// As logs write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
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
    pub remedy: &'static str,
}

/// An event being built. Every text is a plain string: secret types do not convert into one, so none can be put in.
#[derive(Clone, Debug)]
#[must_use = "an event that is not emitted is not seen"]
pub struct Event {
    kind: Kind,
    message: String,
    certificate: Option<String>,
    account: Option<String>,
    certificate_id: Option<String>,
    request_id: Option<String>,
    not_after: Option<String>,
    days_left: Option<i64>,
    code: Option<String>,
    class: Option<String>,
    attempt: Option<u64>,
    next_attempt: Option<String>,
    file: Option<String>,
    line: Option<u64>,
}

/// One log line at a level that the macro must know at compile time.
macro_rules! say {
    ($level:ident, $event:ident) => {
        tracing::event!(
            tracing::Level::$level,
            event = $event.kind.name,
            certificate = $event.certificate.as_deref(),
            account = $event.account.as_deref(),
            certificate_id = $event.certificate_id.as_deref(),
            request_id = $event.request_id.as_deref(),
            not_after = $event.not_after.as_deref(),
            days_left = $event.days_left,
            code = $event.code.as_deref(),
            class = $event.class.as_deref(),
            attempt = $event.attempt,
            next_attempt = $event.next_attempt.as_deref(),
            file = $event.file.as_deref(),
            line = $event.line,
            "{}",
            $event.message
        )
    };
}

impl Event {
    /// An event with its text for people: a sentence that says what happened and, where needed, what to do.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: plain(message),
            certificate: None,
            account: None,
            certificate_id: None,
            request_id: None,
            not_after: None,
            days_left: None,
            code: None,
            class: None,
            attempt: None,
            next_attempt: None,
            file: None,
            line: None,
        }
    }

    /// The certificate, by its domain.
    pub fn certificate(mut self, domain: impl Into<String>) -> Self {
        self.certificate = Some(plain(domain));
        self
    }

    /// The account, by its name in the config.
    pub fn account(mut self, name: impl Into<String>) -> Self {
        self.account = Some(plain(name));
        self
    }

    /// The service's `CertificateId`.
    pub fn certificate_id<'a>(mut self, id: impl Into<Option<&'a str>>) -> Self {
        self.certificate_id = id.into().map(plain);
        self
    }

    /// The service's `RequestId`, by which its support finds a call.
    pub fn request_id<'a>(mut self, id: impl Into<Option<&'a str>>) -> Self {
        self.request_id = id.into().map(plain);
        self
    }

    /// When the certificate ends.
    pub fn not_after(mut self, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.not_after = time.into().map(rfc3339);
        self
    }

    /// Whole days until the certificate ends; negative once it has.
    pub fn days_left(mut self, days: i64) -> Self {
        self.days_left = Some(days);
        self
    }

    /// Whole days from `now` until that end, where there is one.
    pub fn days_left_until(mut self, end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        self.days_left = end.map(|end| (end - now).num_days());
        self
    }

    /// The service's error code.
    pub fn code<'a>(mut self, code: impl Into<Option<&'a str>>) -> Self {
        self.code = code.into().map(plain);
        self
    }

    /// The class of a failure, by its stable name.
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.class = Some(plain(class));
        self
    }

    /// Which attempt this was, from 1.
    pub fn attempt(mut self, attempt: u64) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// When it is tried again, or what is due next.
    pub fn next_attempt(mut self, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.next_attempt = time.into().map(rfc3339);
        self
    }

    /// The config file and the line (from 1) that a mistake is in.
    pub fn place(mut self, file: impl Into<String>, line: u64) -> Self {
        self.file = Some(plain(file));
        self.line = Some(line);
        self
    }

    /// The stable name.
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// How loud it is.
    pub fn level(&self) -> Level {
        self.kind.level
    }

    /// The certificate it is about.
    pub fn about_certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// The account it is about.
    pub fn about_account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The order it is about.
    pub fn about_order(&self) -> Option<&str> {
        self.certificate_id.as_deref()
    }

    /// The call it is about.
    pub fn about_request(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The fields that are present, as a JSON object, for the history. Name and message are not among them.
    pub fn fields_json(&self) -> String {
        let texts = [
            ("certificate", &self.certificate),
            ("account", &self.account),
            ("certificate_id", &self.certificate_id),
            ("request_id", &self.request_id),
            ("not_after", &self.not_after),
            ("code", &self.code),
            ("class", &self.class),
            ("next_attempt", &self.next_attempt),
            ("file", &self.file),
        ];
        let numbers = [
            ("days_left", self.days_left.map(Value::from)),
            ("attempt", self.attempt.map(Value::from)),
            ("line", self.line.map(Value::from)),
        ];
        let mut fields = Map::new();
        for (name, text) in texts {
            if let Some(text) = text {
                fields.insert(name.to_owned(), Value::from(text.as_str()));
            }
        }
        for (name, number) in numbers {
            if let Some(number) = number {
                fields.insert(name.to_owned(), number);
            }
        }
        Value::Object(fields).to_string()
    }

    /// Says it in the log.
    pub fn emit(self) {
        super::tally::count(&self.kind);
        match self.kind.level {
            Level::Error => say!(ERROR, self),
            Level::Warn => say!(WARN, self),
            Level::Info => say!(INFO, self),
            Level::Debug => say!(DEBUG, self),
        }
    }
}

/// Bounded, and on one line: a false answer must neither flood the log nor forge lines in it. And without any secret that
/// the process knows, wherever it got in.
fn plain(outside: impl Into<String>) -> String {
    text::plain_up_to(&redact::known(&outside.into()), MAX_TEXT)
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
            assert!(kind.meaning.ends_with('.') && kind.remedy.ends_with('.'));
            // Whoever is told that someone must act is told how.
            assert!(kind.level != Level::Error || kind.remedy != "Nothing.");
        }
    }

    #[test]
    fn fields_for_the_history_hold_what_is_there_and_nothing_else() {
        let event = Event::new(CERTIFICATE_FAILED, "no luck")
            .certificate("a.example")
            .attempt(2)
            .next_attempt(DateTime::from_timestamp(1_770_000_000, 999_000_000).unwrap());
        assert_eq!(
            event.fields_json(),
            r#"{"attempt":2,"certificate":"a.example","next_attempt":"2026-02-02T02:40:00Z"}"#
        );
        assert_eq!(
            (event.name(), event.message()),
            ("certificate.failed", "no luck")
        );
        assert_eq!(Event::new(DAEMON_READY, "").fields_json(), "{}");
    }

    #[test]
    fn text_from_outside_is_bounded_and_stays_on_one_line() {
        let event = Event::new(API_REFUSED, format!("a\r\n\u{1b}[31mb{}", "x".repeat(5000)));
        assert_eq!(event.message().chars().count(), MAX_TEXT + 1);
        assert!(event.message().starts_with("a   [31mb"));
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
