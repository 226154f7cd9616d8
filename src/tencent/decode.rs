//! Reading answers that may lack anything.
//!
//! Nearly every field of the service's answers may be absent, null, or now a number and now a string of digits (tccli
//! 3.1.189.1 and its examples). These readers give `None` for what is not there or not readable, and never fail; what
//! can't be done without is checked by the action that needs it.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use serde_json::{Map, Value};

use crate::text::plain_lines;

/// An object of an answer.
pub(super) type Object = Map<String, Value>;

/// The longest text kept from an answer, in bytes; PEM bundles are some 10 KiB.
const LONGEST_TEXT: usize = 256 * 1024;
/// The most entries kept of a list of names.
const LONGEST_LIST: usize = 1_000;
/// The longest id.
const LONGEST_ID: usize = 64;
/// The zone of the API's times: GMT+8 all year.
const EAST_SECONDS: i32 = 8 * 3600;

/// A text that is not empty; a number gives its digits.
pub(super) fn text(object: &Object, name: &str) -> Option<String> {
    as_text(object.get(name)?)
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        // Freed here, once for all who show it, of what acts on a terminal; PEM has lines.
        Value::String(text) if !text.is_empty() && text.len() <= LONGEST_TEXT => {
            Some(plain_lines(text))
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number, or a string of one.
pub(super) fn int(object: &Object, name: &str) -> Option<i64> {
    match object.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A truth value, also as 0 or 1, or as its word.
pub(super) fn flag(object: &Object, name: &str) -> Option<bool> {
    match object.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_i64()? != 0),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A list of texts; what is no text in it is left out. A text alone is a list of one.
pub(super) fn texts(object: &Object, name: &str) -> Vec<String> {
    match object.get(name) {
        Some(Value::Array(list)) => list.iter().filter_map(as_text).take(LONGEST_LIST).collect(),
        Some(value @ Value::String(_)) => as_text(value).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// An object inside.
pub(super) fn object<'a>(parent: &'a Object, name: &str) -> Option<&'a Object> {
    parent.get(name)?.as_object()
}

/// A list inside; empty where there is none.
pub(super) fn list<'a>(parent: &'a Object, name: &str) -> &'a [Value] {
    parent
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A time: `YYYY-MM-DD HH:MM:SS`, which is GMT+8 by definition, or ISO 8601 with its offset.
pub(super) fn time(object: &Object, name: &str) -> Option<DateTime<Utc>> {
    parse_time(object.get(name)?.as_str()?)
}

/// As [`time`], of a text.
pub(super) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(iso) = DateTime::parse_from_rfc3339(text) {
        return Some(iso.with_timezone(&Utc));
    }
    let plain = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    let there = plain
        .and_local_timezone(FixedOffset::east_opt(EAST_SECONDS)?)
        .single()?;
    Some(there.with_timezone(&Utc))
}

/// A domain name as the config has it: ASCII (Punycode), lower case, without a final dot. The service lists some names in
/// Unicode. What is no domain name stays as it is, in lower case.
pub(super) fn ascii_name(text: &str) -> String {
    let name = text.trim().trim_end_matches('.');
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_ascii_lowercase())
}

/// An id of the service's, if it is one: letters, digits, `-` and `_`, 64 at most. It becomes part of file names and
/// of further calls, so nothing else is let in.
pub(super) fn id(object: &Object, name: &str) -> Option<String> {
    text(object, name).filter(|id| is_id(id))
}

/// Whether this can be an id of the service's.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn of(value: Value) -> Object {
        json!({ "x": value }).as_object().unwrap().clone()
    }

    #[test]
    fn times_without_an_offset_are_those_of_gmt_plus_eight() {
        let midnight: DateTime<Utc> = "2024-11-27T00:00:00Z".parse().unwrap();
        assert_eq!(parse_time("2024-11-27 08:00:00"), Some(midnight));
        assert_eq!(parse_time("2024-11-27T00:00:00.000000Z"), Some(midnight));
        assert_eq!(parse_time("2024-11-27T08:00:00+08:00"), Some(midnight));
        for nonsense in ["", "0000-00-00 00:00:00", "2024-13-01 00:00:00", "tomorrow"] {
            assert_eq!(parse_time(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn numbers_and_their_strings_are_the_same() {
        assert_eq!(
            (int(&of(json!(7)), "x"), int(&of(json!("7")), "x")),
            (Some(7), Some(7))
        );
        assert_eq!(
            (text(&of(json!(83)), "x"), text(&of(json!("83")), "x")),
            (Some("83".into()), Some("83".into()))
        );
        assert_eq!(
            (flag(&of(json!(1)), "x"), flag(&of(json!("TRUE")), "x")),
            (Some(true), Some(true))
        );
    }

    #[test]
    fn what_is_missing_null_or_strange_is_nothing() {
        for value in [json!(null), json!({}), json!([]), json!("")] {
            let object = of(value);
            assert_eq!(int(&object, "x"), None);
            assert_eq!(text(&object, "x"), None);
            assert_eq!(flag(&object, "x"), None);
            assert_eq!(time(&object, "x"), None);
        }
        assert_eq!(texts(&of(json!(["a", null, {}, "b"])), "x"), ["a", "b"]);
        assert!(list(&of(json!("a")), "x").is_empty() && texts(&Object::new(), "x").is_empty());
    }

    proptest! {
        #[test]
        fn an_id_is_never_a_path(text in ".{0,80}") {
            if is_id(&text) {
                prop_assert!(!text.is_empty() && text.len() <= 64 && !text.contains(['/', '.', ' ', '\0']));
            }
        }
    }
}
