//! Parses an answer, and passes over what nobody reads.
//!
//! A few bytes of JSON can cost many of memory: `{"a":0}` takes some seven hundred. What an answer costs is counted while
//! it is parsed, and one that costs more than a few times its size is no answer: the service's own entries have long
//! texts, so that theirs do not.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The answer as JSON. Where `reads` is not empty, objects in lists have only the fields that it names.
///
/// # Errors
/// It is no JSON, or more than JSON.
pub(super) fn parse(body: &[u8], reads: &[&str]) -> serde_json::Result<Value> {
    let left = Cell::new(TIMES * body.len() + BESIDES);
    let mut parser = serde_json::Deserializer::from_slice(body);
    let value = Part {
        reads,
        in_list: false,
        left: &left,
    }
    .deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

/// What an answer may cost, in times of its size.
const TIMES: usize = 6;

/// What it may cost besides, in bytes: a small one is never too dear.
const BESIDES: usize = 1024 * 1024;

/// What the first field of an object costs, in bytes: a node of the map, with places for eleven.
const NODE: usize = 11 * (size_of::<String>() + size_of::<Value>()) + 16;

/// The part of a node that each further field is counted with.
const FIELD: usize = NODE / 6;

#[derive(Clone, Copy)]
struct Part<'a> {
    /// All fields where it is empty.
    reads: &'a [&'a str],
    in_list: bool,
    /// What the rest of the answer may cost, in bytes.
    left: &'a Cell<usize>,
}

impl Part<'_> {
    fn pay<E: serde::de::Error>(&self, cost: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(cost);
        self.left.set(left.ok_or_else(|| {
            E::custom("it has far more parts than the service's answers of its size")
        })?);
        Ok(())
    }
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

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.pay(text.len())?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let part = Part {
            in_list: true,
            ..self
        };
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(part)? {
            // Twice, since a list grows by doubling.
            self.pay::<A::Error>(2 * size_of::<Value>())?;
            list.push(entry);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key_seed(Name(self))? {
            match name {
                Some(name) => {
                    let place = if object.is_empty() { NODE } else { FIELD };
                    self.pay::<A::Error>(place + name.len())?;
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
        let Part { reads, in_list, .. } = self.0;
        let is_read = !in_list || reads.is_empty() || reads.contains(&name);
        Ok(is_read.then(|| name.to_owned()))
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
    fn an_answer_of_many_small_parts_is_none_and_one_of_the_service_s_is_fine() {
        for part in ["{\"a\":0}", "[0]", "{}", "0", "[[[]]]", "\"\""] {
            let many = vec![part; 2_000_000 / part.len()].join(",");
            let hostile = format!("{{\"Response\":{{\"Certificates\":[{many}]}}}}");
            for reads in [&["a"] as &[&str], &[]] {
                let parsed = parse(hostile.as_bytes(), reads);
                let error = parsed.expect_err(part).to_string();
                assert!(error.contains("far more parts"), "{error}");
            }
        }
        let entry = json!({
            "CertificateId": "aB3dE5gH", "Domain": "shop.example.com", "Alias": "ec-abc123-k3j4h5g6", "Status": 1,
            "CertBeginTime": "2026-01-01 08:00:00", "CertEndTime": "2026-03-31 08:00:00", "PackageType": "83",
            "InsertTime": "2026-01-01 08:00:00", "ProjectId": "0", "StatusName": "已通过", "From": "trustasia",
            "SubjectAltName": ["shop.example.com"], "Deployable": true, "Tags": [], "ProductZhName": "TrustAsia TLS RSA CA",
        });
        let page = json!({"Response": {"Certificates": vec![entry; 1_000], "TotalCount": 1_000}})
            .to_string();
        assert!(
            parse(page.as_bytes(), &[]).is_ok(),
            "all of a page, all fields"
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
