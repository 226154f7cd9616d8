//! Errors that are said again and again, word for word, while nothing else happens: the first is an error
//! in the log, the others are lines of progress. So is told what is new.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Event, Level};

/// What an event is about, and its name.
type Subject = [Option<String>; 5];

/// The error that each subject had last.
static LAST: Mutex<BTreeMap<Subject, String>> = Mutex::new(BTreeMap::new());

/// Whether this is an error that its subject had just so before, with no other event of it since then.
pub(super) fn is_repeated(event: &Event) -> bool {
    let about = &event.about;
    let subject = [
        about.certificate.clone(),
        about.target.clone(),
        about
            .account
            .clone()
            .filter(|_| about.certificate.is_none()),
        about.main_domain.clone(),
        about.file.clone(),
    ];
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match event.level() {
        _ if about.beside => false,
        Level::Debug => false,
        Level::Error => {
            let message = event.message();
            let before = last.insert(subject, message.clone());
            before.is_some_and(|before| before == message)
        }
        Level::Warn | Level::Info => {
            last.remove(&subject);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::event::Fact;

    #[test]
    fn the_same_error_is_loud_once_until_something_else_happens() {
        let wrong = |reason: &str| {
            let reason = reason.into();
            let event = Event::of(Fact::LiveWrong { reason });
            is_repeated(&event.certificate("repeated.example"))
        };
        let said: Vec<bool> = ["gone", "gone", "gone", "damaged", "gone"]
            .into_iter()
            .map(wrong)
            .collect();
        assert_eq!(said, [false, true, true, false, false]);
        let right = Fact::LiveMended { repair: None };
        assert!(!is_repeated(
            &Event::of(right).certificate("repeated.example")
        ));
        assert!(!wrong("gone"));
        let other = Fact::LiveWrong {
            reason: "gone".into(),
        };
        assert!(!is_repeated(
            &Event::of(other).certificate("other.repeated.example")
        ));
    }
}
