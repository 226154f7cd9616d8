//! A failure: what kind it is, and so what happens next, and what is told of it.

use std::fmt;

use crate::words::words;

words! {
    /// The class of a failure. It is decided from the service's code alone, never from its message.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Class {
        /// Goes away by itself: exponential backoff with full jitter.
        Transient = "transient",
        /// Slots are used up: hours of waiting, for every name that shares them.
        Quota = "quota",
        /// A person has to act (credentials, permissions, real-name check): the account pauses and retries slowly.
        Operator = "operator",
        /// This input will never be accepted: the certificate is parked until its config changes.
        Permanent = "permanent",
        /// The wanted state is there already: a success, after checking.
        AlreadySo = "already-so",
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One failure, as it is told to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its class.
    pub class: Class,
    /// The service's code, if it came from there.
    pub code: Option<String>,
    /// What happened, in a sentence.
    pub message: String,
    /// The service's id of the request.
    pub request_id: Option<String>,
}

impl Failure {
    /// One that is not the service's word.
    pub fn ours(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            code: None,
            message: message.into(),
            request_id: None,
        }
    }
}
