//! Parses an answer, and passes over what nobody reads.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The answer as JSON. Where `reads` is not empty, objects in lists have only the fields that it names.
///
/// # Errors
/// It is no JSON, or more than JSON.
pub(super) fn parse(body: &[u8], reads: &[&str]) -> serde_json::Result<Value> {
    if reads.is_empty() {
        return serde_json::from_slice(body);
    }
    let mut parser = serde_json::Deserializer::from_slice(body);
    let value = Part {
        reads,
        in_list: false,
    }
    .deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Part<'a> {
    reads: &'a [&'a str],
    in_list: bool,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let part = Part {
            in_list: true,
            ..self
        };
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(part)? {
            list.push(entry);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key_seed(Name(self))? {
            match name {
                Some(name) => {
                    object.insert(name, fields.next_value_seed(self)?);
                }
                None => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(object))
    }
}

/// A field's name, where it is read.
struct Name<'a>(Part<'a>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, parser: D) -> Result<Self::Value, D::Error> {
        parser.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let Part { reads, in_list } = self.0;
        Ok((!in_list || reads.contains(&name)).then(|| name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn only_objects_in_lists_lose_what_nobody_reads() {
        let answer = json!({
            "Response": {
                "Certificates": [{ "a": 1, "b": { "a": null, "c": 2 }, "c": [3] }, "x", 4, null],
                "c": -5,
            },
            "c": 1.5,
        });
        let parsed = parse(answer.to_string().as_bytes(), &["a", "b"]).unwrap();
        assert_eq!(
            parsed,
            json!({
                "Response": {
                    "Certificates": [{ "a": 1, "b": { "a": null } }, "x", 4, null],
                    "c": -5,
                },
                "c": 1.5,
            })
        );
    }

    #[test]
    fn what_follows_the_answer_spoils_it() {
        assert!(parse(b"{} {}", &["a"]).is_err());
        assert!(parse(b"", &["a"]).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_json_for_both_parsers_or_for_none(text in r#"[\[\]{}",:\\a0-9.eE+ -]{0,24}"#) {
            let all = serde_json::from_str::<Value>(&text).is_ok();
            prop_assert_eq!(parse(text.as_bytes(), &["a"]).is_ok(), all, "{}", text);
        }
    }
}
