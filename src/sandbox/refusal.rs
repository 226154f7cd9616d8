//! What the service says when it will not do something: a code that programs match, a message for people.

use std::borrow::Cow;

use super::Error;

/// An error answer of the API. Codes are the vendor's, spelled exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Cow<'static, str>,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// The certificate is not there, or belongs to another account; the service does not tell which.
    pub(super) fn not_found(id: &str) -> Self {
        let shown: String = id.chars().take(64).collect();
        Self::new(
            "FailedOperation.CertificateNotFound",
            format!("The certificate `{shown}` does not exist."),
        )
    }

    /// A parameter has a value that is not allowed.
    pub(super) fn value(name: &str, wanted: &str) -> Self {
        Self::new(
            "InvalidParameterValue",
            format!("The value of parameter `{name}` is not valid: {wanted}."),
        )
    }
}

impl From<Error> for Refusal {
    /// A fault of the stand-in's own shows as the service's own faults do.
    fn from(error: Error) -> Self {
        Self::new("InternalError", error.to_string())
    }
}
