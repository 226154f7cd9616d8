//! What is called, and what comes back.

use chrono::{DateTime, Utc};

use crate::tencent::error::ApiError;

/// One action of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// The service: `ssl`, `dnspod` or `sts`.
    pub service: &'static str,
    /// The service's API version, a date.
    pub version: &'static str,
    /// The action's name.
    pub name: &'static str,
    /// What is read of the objects in its lists; the rest is passed over while the answer is parsed. Everything, where
    /// empty.
    pub reads: &'static [&'static str],
}

impl Action {
    /// Whether it only reads: dropping such a call in mid-flight loses nothing.
    pub fn is_reading(&self) -> bool {
        ["Describe", "Download", "Check", "Get"]
            .iter()
            .any(|verb| self.name.starts_with(verb))
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    /// The answer itself.
    pub value: T,
    /// By which the service's support finds the call.
    pub request_id: Option<String>,
    /// The service's clock when it answered, to the second.
    pub date: Option<DateTime<Utc>>,
}

impl<T> Answered<T> {
    /// The same answer, read further; `Err` says what is wrong with it.
    pub(in crate::tencent) fn read<U>(
        self,
        action: &Action,
        read: impl FnOnce(T) -> Result<U, String>,
    ) -> Result<Answered<U>, ApiError> {
        let Self {
            value,
            request_id,
            date,
        } = self;
        match read(value) {
            Ok(value) => Ok(Answered {
                value,
                request_id,
                date,
            }),
            Err(what) => Err(ApiError::Malformed {
                action: action.name,
                what,
                request_id,
            }),
        }
    }
}
