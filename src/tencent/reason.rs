//! Reasons that come as JSON.
//!
//! Several products hand their own error on as it came: an object or a list, as a text with every quote escaped, once or
//! twice, or behind a few words of the certificate service's. People get what stands in it: `Code: X, Message: y`.

use std::borrow::Cow;

use serde::Deserializer;
use serde_json::Value;

use super::answer;
use crate::redact;
use crate::text::plain;

/// Longer texts are not looked into, in bytes.
const LONGEST: usize = 16 * 1024;
/// JSON may begin at so many places of a text.
const MOST_STARTS: usize = 8;
/// How deep it is looked into; what is deeper is left out.
const DEEPEST: usize = 6;
/// The most values that are shown.
const MOST: usize = 12;

/// The reason for people: decoded where it is JSON, on one line, without secrets. How long it may be is the caller's to
/// say.
pub(super) fn readable(reason: &str) -> String {
    let reason = reason.trim();
    let decoded = (reason.len() <= LONGEST).then(|| {
        let mut starts = reason.match_indices(['{', '[', '"']).take(MOST_STARTS);
        starts.find_map(|(start, _)| decoded(reason, start))
    });
    let shown = decoded.flatten().unwrap_or_else(|| reason.to_owned());
    redact::text(&plain(&shown))
}

/// A text that is not empty, as [`readable`] where it begins as JSON does. For fields of answers.
pub(super) fn text<'de, D: Deserializer<'de>>(field: D) -> Result<Option<String>, D::Error> {
    let text = answer::text(field)?;
    Ok(text.map(
        |text| match text.trim_start().starts_with(['{', '[', '"']) {
            true => readable(&text),
            false => text,
        },
    ))
}

/// What stands in the JSON that begins at `start` and ends with the text; none where there is no such JSON.
fn decoded(reason: &str, start: usize) -> Option<String> {
    let (before, json) = reason.split_at(start);
    let value = parsed(json)?;
    let mut said = Vec::new();
    gather(&value, "", &mut said, DEEPEST);
    let shown = match said.len() {
        0 => return None,
        count if count > MOST => {
            said.truncate(MOST);
            format!("{}, …", said.join(", "))
        }
        _ => said.join(", "),
    };
    let before = before.trim_end();
    Some(match before {
        "" => shown,
        _ => format!("{before} {shown}"),
    })
}

/// An object, a list, or a text that is one of them.
fn parsed(json: &str) -> Option<Value> {
    let value: Value = match serde_json::from_str(json) {
        Ok(value) => value,
        // Escaped, without the quotes around it.
        Err(_) if json.contains("\\\"") => {
            serde_json::from_str(&serde_json::from_str::<String>(&format!("\"{json}\"")).ok()?)
                .ok()?
        }
        Err(_) => return None,
    };
    match &value {
        Value::String(inner) => parsed(inner.trim()),
        Value::Object(_) | Value::Array(_) => Some(value),
        _ => None,
    }
}

/// The texts, numbers and truth values in it, each with the name that it has there.
fn gather(value: &Value, name: &str, said: &mut Vec<String>, levels: usize) {
    let words: Cow<'_, str> = match value {
        _ if levels == 0 || said.len() > MOST => return,
        Value::Null => return,
        Value::Object(fields) => {
            for (name, value) in fields {
                gather(value, name, said, levels - 1);
            }
            return;
        }
        Value::Array(entries) => {
            for entry in entries {
                gather(entry, name, said, levels - 1);
            }
            return;
        }
        Value::String(text) => {
            let text = text.trim();
            if text.starts_with(['{', '[', '"'])
                && let Some(inner) = parsed(text)
            {
                return gather(&inner, name, said, levels - 1);
            }
            text.into()
        }
        plain => plain.to_string().into(),
    };
    if words.is_empty() {
        return;
    }
    said.push(match name {
        "" => words.into_owned(),
        name if redact::names_a_secret(name) => format!("{name}: {}", redact::REMOVED),
        name => format!("{name}: {words}"),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_reason_in_json_is_shown_as_what_stands_in_it() {
        let object = r#"{"Code":"FailedOperation","Message":"the domain is locked"}"#;
        let quoted = Value::from(object).to_string();
        let twice = Value::from(quoted.as_str()).to_string();
        let escaped = quoted.trim_matches('"').to_owned();
        let shown = "Code: FailedOperation, Message: the domain is locked";
        for reason in [object, &quoted, &twice, &escaped] {
            assert_eq!(readable(reason), shown, "{reason}");
        }
        assert_eq!(
            readable(&format!("update failed: {object}")),
            format!("update failed: {shown}")
        );
        assert_eq!(
            readable(&format!("\"a.example\" failed: {object}")),
            format!("\"a.example\" failed: {shown}")
        );
        let nested = json!({"Error": {"Code": 7, "Detail": object}, "Data": null, "Empty": ""});
        assert_eq!(
            readable(&nested.to_string()),
            "Code: 7, Code: FailedOperation, Message: the domain is locked"
        );
        assert_eq!(
            readable(r#"["a.example.com", {"b.example.com": "offline"}]"#),
            "a.example.com, b.example.com: offline"
        );
        assert_eq!(
            readable(r#"{"msg":"\u57df\u540d\u672a\u5907\u6848"}"#),
            "msg: 域名未备案"
        );
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        for reason in [
            "The instance is busy.",
            "listener [lbl-1] is busy",
            "{not json}",
            "{\"Code\":\"cut",
            "\"quoted\"",
            "{}",
            "7",
            "",
        ] {
            assert_eq!(readable(reason), reason);
        }
    }

    #[test]
    fn a_decoded_reason_shows_no_secret_and_no_control_character() {
        let hostile = json!({
            "message": "a\u{1b}[31m\nevent=order.issued\u{202e}",
            "SecretKey": "Abc9Abc9Abc9",
            "inner": "{\"token\":\"Zzz9Zzz9\",\"password\":\"Yyy9 Yyy9\"}",
        });
        let shown = readable(&hostile.to_string());
        for secret in ["Abc9", "Zzz9", "Yyy9", "\u{1b}", "\n", "\u{202e}"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("event=order.issued"), "{shown}");
    }

    #[test]
    fn what_is_deep_or_long_ends() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(readable(&deep), deep, "longer than what is looked into");
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(readable(&deep), deep);
        let mut text = "x".to_owned();
        for _ in 0..8 {
            text = json!({ "a": text }).to_string();
        }
        assert!(readable(&text).len() < LONGEST);
        let many = Value::from((0..1_000).collect::<Vec<i32>>()).to_string();
        assert!(readable(&many).ends_with("11, …"), "{}", readable(&many));
    }

    proptest! {
        #[test]
        fn any_text_is_shown_on_one_line(text in "\\PC{0,200}|[\\[{\"\\\\a:,\\]}]{0,60}") {
            prop_assert!(!readable(&text).chars().any(char::is_control));
        }
    }
}
