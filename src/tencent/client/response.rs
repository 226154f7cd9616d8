//! What every answer has around it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::action::Action;
use crate::tencent::answer::{is_plausible, parse, string, text};
use crate::tencent::error::ApiError;

/// The `Response` object of an answer.
pub(super) struct Response<'a> {
    /// All of it.
    pub(super) json: &'a str,
    pub(super) request_id: Option<String>,
    /// The service's own error, where it is one.
    pub(super) refusal: Option<Refusal>,
}

/// The service's own error; empty where it does not say.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Refusal {
    #[serde(deserialize_with = "string")]
    pub(super) code: String,
    #[serde(deserialize_with = "string")]
    pub(super) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Head<'a> {
    #[serde(deserialize_with = "text")]
    request_id: Option<String>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl<'a> Response<'a> {
    /// # Errors
    /// What is wrong with the answer. The parser's own messages could quote the text, and the text could hold a key: they
    /// are left out.
    pub(super) fn of(body: &'a [u8]) -> Result<Self, &'static str> {
        if !is_plausible(body) {
            return Err("it has far more parts than the service's answers of its size");
        }
        let envelope: Envelope<'_> = str::from_utf8(body)
            .ok()
            .and_then(|body| parse(body.trim_ascii()))
            .ok_or("it is no JSON object")?;
        let json = envelope.response.map_or("null", RawValue::get);
        let head: Head<'_> = parse(json).ok_or("it has no Response object")?;
        Ok(Self {
            json,
            request_id: head.request_id,
            refusal: head
                .error
                .map(|error| parse(error.get()).unwrap_or_default()),
        })
    }
}

/// What an answer is that can't be used.
pub(super) fn malformed(action: &Action<'_>, what: &str, request_id: Option<String>) -> ApiError {
    ApiError::Malformed {
        action: action.name,
        what: what.to_owned(),
        request_id,
    }
}
