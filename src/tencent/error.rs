//! What a failed call means. Decided from the service's code and the action that was called, never from its message,
//! which changes with the language and the day.

use std::sync::Arc;

use crate::lifecycle::Class;
use crate::text::plain_up_to;

use super::codes::{self, Code, Scope};
use super::credential::CredentialError;
use super::reason::readable;
use super::transport::TransportError;

/// The one action that orders: only here a quota can be what was refused.
pub(crate) const APPLY_ACTION: &str = "ApplyCertificate";

/// A quota of the service, or its own rate limit: vendor tools retry a bare one as a throttle, whatever its ending
/// (Tencent Cloud SDKs; the ssl service's `LimitExceeded.RateLimitExceeded`).
const LIMIT_FAMILY: &str = "LimitExceeded";

/// Codes that say: these credentials may not do this to what the call named. A policy can name resources, so such an
/// answer is about the account only where it comes for more than one of them (Tencent Cloud, CAM policies).
const PERMISSION_CODES: [&str; 5] = [
    "UnauthorizedOperation",
    "AuthFailure.UnauthorizedOperation",
    "FailedOperation.AuthError",
    "FailedOperation.NoProjectPermission",
    "FailedOperation.CAMAuthorizedFail",
];

/// The account has no right to the project that an application named.
const PROJECT_CODE: &str = "FailedOperation.NoProjectPermission";

/// The longest message that is kept, in characters, with the sign that it was cut.
const LONGEST_MESSAGE: usize = 300;
/// The longest code or request id that is kept, in characters, with the sign that it was cut.
const LONGEST_WORD: usize = 128;

/// A call that brought no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The service answered with an error code.
    #[error("{}", codes::phrase(code, message))]
    Refused {
        /// The action that was called.
        action: &'static str,
        /// The service's code.
        code: String,
        /// The service's message: at most 300 characters, no control characters. For people only.
        message: String,
        /// By which the service's support finds the call.
        request_id: Option<String>,
        /// The client signs with something else since (the service's clock, a new token), so another try is worth it.
        remedied: bool,
    },
    /// No answer arrived.
    #[error("{source}")]
    Transport {
        /// The action that was called.
        action: &'static str,
        /// The cause.
        #[source]
        source: TransportError,
    },
    /// An answer with another HTTP status than 200, which the service's own errors never have.
    #[error("HTTP status {status} instead of an answer to {action}")]
    Status {
        /// The action that was called.
        action: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// An answer that can't be read.
    #[error("the answer to {action} can't be read: {what}")]
    Malformed {
        /// The action that was called.
        action: &'static str,
        /// What is wrong with it.
        what: String,
        /// By which the service's support finds the call.
        request_id: Option<String>,
    },
    /// The request could not be written as JSON. Nothing was sent.
    #[error("the request for {action} can't be written as JSON; please report it")]
    Encoding {
        /// The action that was called.
        action: &'static str,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// No usable credentials. Nothing was sent.
    #[error("{source}")]
    Credential {
        /// The action that was called.
        action: &'static str,
        /// The cause.
        #[source]
        source: Arc<CredentialError>,
    },
}

impl ApiError {
    /// A refusal, its words brought into bounds.
    pub(super) fn refused(
        action: &'static str,
        code: &str,
        message: &str,
        request_id: Option<String>,
        remedied: bool,
    ) -> Self {
        Self::Refused {
            action,
            code: clean_word(code),
            message: plain_up_to(&readable(message), LONGEST_MESSAGE - 1),
            request_id,
            remedied,
        }
    }

    /// What kind of failure it is. A code we do not know is transient, and so is one that the client has an answer to,
    /// and a quota that is told of a call that orders nothing.
    pub fn class(&self) -> Class {
        match self {
            Self::Refused { remedied: true, .. } => Class::Transient,
            Self::Refused { code, action, .. } => match codes::lookup(code) {
                Some(entry) if entry.class == Class::Quota && *action != APPLY_ACTION => {
                    Class::Transient
                }
                entry => entry.map_or(Class::Transient, |entry| entry.class),
            },
            Self::Transport { source, .. } => match source {
                TransportError::NoRootCertificates
                | TransportError::Setup { .. }
                | TransportError::Refused { .. } => Class::Operator,
                _ => Class::Transient,
            },
            Self::Status { .. } | Self::Malformed { .. } => Class::Transient,
            Self::Encoding { .. } => Class::Permanent,
            Self::Credential { source, .. } => source.class(),
        }
    }

    /// Whom it concerns. What happens on the way concerns the whole account.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Refused { .. } => self.entry().map_or(Scope::Certificate, |entry| entry.scope),
            Self::Transport { .. } | Self::Status { .. } | Self::Credential { .. } => {
                Scope::Account
            }
            Self::Malformed { .. } | Self::Encoding { .. } => Scope::Certificate,
        }
    }

    /// The service had too many requests, as far as its code says: nothing is wrong with the call.
    pub fn is_throttle(&self) -> bool {
        let family = self.code().and_then(|code| code.split('.').next());
        self.class() == Class::Transient
            && (matches!(family, Some("RequestLimitExceeded" | LIMIT_FAMILY))
                || self.entry().is_some_and(|entry| {
                    entry.class == Class::Transient && entry.scope != Scope::Certificate
                }))
    }

    /// An application was refused for a limit that the service does not name: its quota, or the pace of calls. Which of
    /// the two, only another try tells.
    pub fn may_be_throttle(&self) -> bool {
        self.class() == Class::Quota && self.entry().is_some_and(|entry| entry.code == LIMIT_FAMILY)
    }

    /// The credentials are good, and may not do this to what the call named.
    pub fn is_permission(&self) -> bool {
        self.entry()
            .is_some_and(|entry| PERMISSION_CODES.contains(&entry.code))
    }

    /// The credentials are good, and may not use the project that the application named.
    pub fn is_about_project(&self) -> bool {
        self.code() == Some(PROJECT_CODE)
    }

    /// True only where an application was certainly not made: it was not sent, or refused by a code that settles it.
    /// False means: look before applying again.
    pub fn settled_as_not_made(&self) -> bool {
        match self {
            Self::Refused { .. } => self.entry().is_some_and(|entry| entry.settled),
            Self::Transport { source, .. } => !source.maybe_sent(),
            Self::Status { .. } | Self::Malformed { .. } => false,
            Self::Encoding { .. } | Self::Credential { .. } => true,
        }
    }

    /// The service's code, where it gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The table's entry for the code, or for its family.
    pub(crate) fn entry(&self) -> Option<&'static Code> {
        codes::lookup(self.code()?)
    }

    /// By which the service's support finds the call. It may be missing where the call never reached the back end.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused { request_id, .. } | Self::Malformed { request_id, .. } => {
                request_id.as_deref()
            }
            _ => None,
        }
    }

    /// The action that was called.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Refused { action, .. }
            | Self::Transport { action, .. }
            | Self::Status { action, .. }
            | Self::Malformed { action, .. }
            | Self::Encoding { action, .. }
            | Self::Credential { action, .. } => action,
        }
    }

    /// The word under which metrics count it: the service's code, or what happened in its place.
    pub fn outcome(&self) -> String {
        match self {
            Self::Refused { code, .. } => code.clone(),
            Self::Transport { source, .. } => source.name().to_owned(),
            Self::Status { status, .. } => format!("http-{status}"),
            Self::Malformed { .. } => "malformed".to_owned(),
            Self::Encoding { .. } => "encoding".to_owned(),
            Self::Credential { .. } => "credential".to_owned(),
        }
    }
}

/// A code or request id from outside, brought into bounds.
pub(super) fn clean_word(text: &str) -> String {
    plain_up_to(text.trim(), LONGEST_WORD - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> ApiError {
        ApiError::refused("ApplyCertificate", code, "text", Some("rid".into()), false)
    }

    #[test]
    fn a_quota_code_is_quota_and_settles() {
        let error = refused("FailedOperation.ExceedsFreeLimit");
        assert_eq!(
            (error.class(), error.scope(), error.settled_as_not_made()),
            (Class::Quota, Scope::Account, true)
        );
        assert_eq!(
            (error.code(), error.request_id()),
            (Some("FailedOperation.ExceedsFreeLimit"), Some("rid"))
        );
    }

    #[test]
    fn an_unknown_code_is_transient_and_leaves_the_application_open() {
        for code in [
            "Brandnew",
            "FailedOperation.Brandnew",
            "InternalError.Brandnew",
            "",
        ] {
            let error = refused(code);
            assert_eq!(
                (error.class(), error.settled_as_not_made()),
                (Class::Transient, false),
                "{code}"
            );
        }
    }

    #[test]
    fn a_limit_is_a_quota_only_where_something_was_ordered() {
        for code in ["LimitExceeded", "LimitExceeded.Brandnew"] {
            let read = ApiError::refused("DescribeCertificates", code, "", None, false);
            assert_eq!(
                (read.class(), read.is_throttle(), read.may_be_throttle()),
                (Class::Transient, true, false),
                "{code}"
            );
            let applied = refused(code);
            assert_eq!(
                (
                    applied.class(),
                    applied.is_throttle(),
                    applied.may_be_throttle()
                ),
                (Class::Quota, false, true),
                "{code}"
            );
        }
        let named = refused("FailedOperation.ExceedsFreeLimit");
        assert!(!named.may_be_throttle(), "a quota that is named is one");
        let read = ApiError::refused(
            "DescribeCertificates",
            "FailedOperation.ExceedsFreeLimit",
            "",
            None,
            false,
        );
        assert_eq!(read.class(), Class::Transient);
    }

    #[test]
    fn a_right_is_told_from_credentials() {
        for code in [
            "UnauthorizedOperation",
            "UnauthorizedOperation.CamNoAuth",
            "AuthFailure.UnauthorizedOperation",
            "FailedOperation.AuthError",
        ] {
            assert!(refused(code).is_permission(), "{code}");
        }
        for code in [
            "AuthFailure.SecretIdNotFound",
            "AuthFailure",
            "IpInBlacklist",
        ] {
            assert!(!refused(code).is_permission(), "{code}");
        }
    }

    #[test]
    fn the_message_never_changes_the_class() {
        let error = ApiError::refused(
            "A",
            "InternalError",
            "ExceedsFreeLimit AuthFailure",
            None,
            false,
        );
        assert_eq!(
            (error.class(), error.settled_as_not_made()),
            (Class::Transient, false)
        );
    }

    #[test]
    fn only_what_was_surely_not_sent_settles_without_an_answer() {
        let at = |source| ApiError::Transport {
            action: "A",
            source,
        };
        let host = || "h".to_owned();
        assert!(at(TransportError::Refused { what: host() }).settled_as_not_made());
        assert!(
            !at(TransportError::Timeout {
                host: host(),
                timeout: std::time::Duration::ZERO,
                source: None
            })
            .settled_as_not_made()
        );
        assert!(
            !at(TransportError::Broken {
                host: host(),
                source: None
            })
            .settled_as_not_made()
        );
        assert!(!at(TransportError::TooLarge { host: host() }).settled_as_not_made());
        assert!(
            !ApiError::Status {
                action: "A",
                status: 500
            }
            .settled_as_not_made()
        );
        assert!(
            !ApiError::Malformed {
                action: "A",
                what: String::new(),
                request_id: None
            }
            .settled_as_not_made()
        );
    }

    #[test]
    fn words_from_outside_are_cut_and_cannot_forge_a_log_line() {
        let error = ApiError::refused(
            "A",
            "Code\nevent=order.issued",
            &format!("a\r\nb\u{1b}[31m\u{202e}{}", "x".repeat(900)),
            None,
            false,
        );
        let ApiError::Refused { code, message, .. } = &error else {
            panic!()
        };
        assert_eq!(code, "Code event=order.issued");
        assert!(
            message.starts_with("a  b [31mx") && message.ends_with('…'),
            "{message}"
        );
        assert_eq!(message.chars().count(), 300);
    }
}
