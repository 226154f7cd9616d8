//! The token service (sts, version 2018-08-13): who are we? A harmless first call that proves keys and clock.

use serde::Serialize;

use super::client::{Action, Answered, Client};
use super::decode;
use super::error::ApiError;

const WHO_AM_I: Action = Action {
    service: "sts",
    version: "2018-08-13",
    name: "GetCallerIdentity",
    reads: &[],
};
/// Sent because the service wants a region; the answer is the same in all (Tencent Cloud SDK for Python).
const REGION: &str = "ap-guangzhou";

/// Whose keys these are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The full name.
    pub arn: Option<String>,
    /// The account's number.
    pub account_id: Option<String>,
    /// The user's number.
    pub user_id: Option<String>,
    /// The principal's number.
    pub principal_id: Option<String>,
    /// What kind of identity it is.
    pub kind: Option<String>,
}

#[derive(Serialize)]
struct Nothing {}

impl Client {
    /// Asks whose keys these are.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn caller_identity(&self) -> Result<Answered<CallerIdentity>, ApiError> {
        let answer = self.call_in(&WHO_AM_I, Some(REGION), &Nothing {}).await?;
        answer.read(&WHO_AM_I, |object| {
            let text = |name| decode::text(&object, name);
            Ok(CallerIdentity {
                arn: text("Arn"),
                account_id: text("AccountId"),
                user_id: text("UserId"),
                principal_id: text("PrincipalId"),
                kind: text("Type"),
            })
        })
    }
}
