//! Reading answers that may lack anything.
//!
//! Nearly every field of the service's answers may be absent, null, or now a number and now a string of digits (tccli
//! 3.1.189.1 and its examples). Most functions here are for `#[serde(deserialize_with)]`, in structs whose fields have
//! defaults: they give nothing for what is not readable, and never fail. What can't be done without is checked by the
//! action that needs it. What no struct names is passed over without being kept.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use secrecy::SecretString;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::calendar;
use crate::text::plain_lines;

/// The longest text kept from an answer, in bytes; PEM bundles are some 10 KiB.
const LONGEST_TEXT: usize = 256 * 1024;
/// The most entries kept of a list of names.
const LONGEST_LIST: usize = 1_000;
/// The most entries of a list of objects; the service's largest page has 3,000.
const MOST_ENTRIES: usize = 10_000;
/// The longest id.
const LONGEST_ID: usize = 64;
/// How deep words are gathered; the service's instances have two levels.
const DEEPEST: usize = 16;
/// The fewest bytes that a value takes on average; the service's take more than twenty.
const BYTES_A_VALUE: usize = 10;
/// A small answer may be as dense as it likes, up to this many values.
const FEW_VALUES: usize = 10_000;
/// The zone of the API's times: GMT+8 all year.
const EAST_SECONDS: i32 = 8 * 3600;

/// Whether an answer has no more parts than the service's answers of its size. A few bytes of JSON can cost hundreds of
/// memory once they are read, so this bounds what an answer costs to a few times its size.
pub(super) fn is_plausible(body: &[u8]) -> bool {
    let begins_a_value = |byte: &&u8| matches!(byte, b'[' | b'{' | b',');
    body.iter().filter(begins_a_value).count() <= body.len() / BYTES_A_VALUE + FEW_VALUES
}

/// An object of that form. Only an object: serde would read a list, too, field by field.
pub(super) fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    if !json.starts_with('{') {
        return None;
    }
    serde_json::from_str(json).ok()
}

/// A list whose entries are read each for itself: one that can't be read spoils no other.
#[derive(Clone, Debug)]
pub(super) struct Entries<T> {
    pub(super) readable: Vec<T>,
    /// How many there are, readable or not.
    pub(super) count: usize,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        let all = Vec::<&RawValue>::deserialize(list)?;
        if all.len() > MOST_ENTRIES {
            return Err(D::Error::custom("it has more entries than any page"));
        }
        Ok(Self {
            readable: all.iter().filter_map(|entry| parse(entry.get())).collect(),
            count: all.len(),
        })
    }
}

/// What stands there, as JSON. For readers that look at it more than once.
pub(super) fn raw<'de, D: Deserializer<'de>>(field: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(field).map(RawValue::get)
}

fn as_text(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => {
            let text: String = serde_json::from_str(json).ok()?;
            // Freed here, once for all who show it, of what acts on a terminal; PEM has lines.
            (1..=LONGEST_TEXT)
                .contains(&text.len())
                .then(|| plain_lines(&text))
        }
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// A text that is not empty; a number gives its digits.
pub(super) fn text<'de, D: Deserializer<'de>>(field: D) -> Result<Option<String>, D::Error> {
    raw(field).map(as_text)
}

/// As [`text`], empty where there is none.
pub(super) fn string<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    Ok(text(field)?.unwrap_or_default())
}

/// A text of any length that must not be shown.
pub(super) fn secret<'de, D: Deserializer<'de>>(
    field: D,
) -> Result<Option<SecretString>, D::Error> {
    let text: Option<String> = serde_json::from_str(raw(field)?).ok();
    Ok(text.map(SecretString::from))
}

/// A whole number, or a string of one.
pub(super) fn int<'de, D: Deserializer<'de>>(field: D) -> Result<Option<i64>, D::Error> {
    Ok(text(field)?.and_then(|digits| digits.trim().parse().ok()))
}

/// As [`int`]; what lacks it can't be read.
pub(super) fn number<'de, D: Deserializer<'de>>(field: D) -> Result<i64, D::Error> {
    int(field)?.ok_or_else(|| D::Error::custom("it has no number"))
}

/// A whole number that is not negative, or a string of one.
pub(super) fn count<'de, D: Deserializer<'de>>(field: D) -> Result<Option<u64>, D::Error> {
    Ok(int(field)?.and_then(|count| u64::try_from(count).ok()))
}

/// A truth value, also as 0 or 1, or as its word.
pub(super) fn flag<'de, D: Deserializer<'de>>(field: D) -> Result<Option<bool>, D::Error> {
    let json = raw(field)?;
    let word = as_text(json).unwrap_or_else(|| json.to_owned());
    Ok(match word.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    })
}

/// As [`flag`]; false where it is not said.
pub(super) fn is_true<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    Ok(flag(field)? == Some(true))
}

/// A time: `YYYY-MM-DD HH:MM:SS`, which is GMT+8 by definition, or ISO 8601 with its offset.
pub(super) fn time<'de, D: Deserializer<'de>>(field: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(text(field)?.as_deref().and_then(parse_time))
}

fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(iso) = DateTime::parse_from_rfc3339(text) {
        return calendar::on_it(iso.with_timezone(&Utc));
    }
    let plain = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    let there = plain
        .and_local_timezone(FixedOffset::east_opt(EAST_SECONDS)?)
        .single()?;
    calendar::on_it(there.with_timezone(&Utc))
}

/// An id of the service's, if it is one: see [`is_id`].
pub(super) fn id<'de, D: Deserializer<'de>>(field: D) -> Result<Option<String>, D::Error> {
    Ok(text(field)?.filter(|id| is_id(id)))
}

/// Whether this can be an id of the service's: letters, digits, `-` and `_`, 64 at most. It becomes part of file names
/// and of further calls, so nothing else is let in.
pub(super) fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A domain name as the config has it: ASCII (Punycode), lower case, without a final dot. The service lists some names in
/// Unicode. What is no domain name stays as it is, in lower case; without a text it is empty.
pub(super) fn name<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    Ok(ascii_name(&string(field)?))
}

fn ascii_name(text: &str) -> String {
    let name = text.trim().trim_end_matches('.');
    idna::domain_to_ascii(name).unwrap_or_else(|_| name.to_ascii_lowercase())
}

/// A list of [`name`]s, as [`texts`] reads them.
pub(super) fn names<'de, D: Deserializer<'de>>(field: D) -> Result<Vec<String>, D::Error> {
    Ok(texts(field)?.iter().map(|text| ascii_name(text)).collect())
}

/// A list of texts; what is no text in it is left out. A text alone is a list of one.
pub(super) fn texts<'de, D: Deserializer<'de>>(field: D) -> Result<Vec<String>, D::Error> {
    let json = raw(field)?;
    if json.starts_with('"') {
        return Ok(as_text(json).into_iter().collect());
    }
    let list: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    let texts = list.iter().filter_map(|entry| as_text(entry.get()));
    Ok(texts.take(LONGEST_LIST).collect())
}

/// An object inside; the default where there is none.
pub(super) fn object<'de, D, T>(field: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(parse(raw(field)?).unwrap_or_default())
}

/// The readable entries of a list of objects; none where there is no list.
pub(super) fn list<'de, D, T>(field: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let entries: Option<Entries<T>> = serde_json::from_str(raw(field)?).ok();
    Ok(entries.map_or_else(Vec::new, |entries| entries.readable))
}

/// All texts and numbers in an entry, wherever they stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(pub(super) BTreeSet<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(entry: D) -> Result<Self, D::Error> {
        let mut words = BTreeSet::new();
        gather(raw(entry)?, &mut words, DEEPEST);
        Ok(Self(words))
    }
}

fn gather(json: &str, words: &mut BTreeSet<String>, levels: usize) {
    if let Some(text) = as_text(json) {
        words.insert(text);
    } else if levels == 0 {
        // Deeper than anything that is looked for.
    } else if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(json) {
        for entry in list {
            gather(entry.get(), words, levels - 1);
        }
    } else if let Ok(object) = serde_json::from_str::<HashMap<String, &RawValue>>(json) {
        for value in object.values() {
            gather(value.get(), words, levels - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Read {
        #[serde(deserialize_with = "text")]
        text: Option<String>,
        #[serde(deserialize_with = "int")]
        int: Option<i64>,
        #[serde(deserialize_with = "flag")]
        flag: Option<bool>,
        #[serde(deserialize_with = "time")]
        time: Option<DateTime<Utc>>,
        #[serde(deserialize_with = "texts")]
        texts: Vec<String>,
        #[serde(deserialize_with = "list")]
        list: Vec<Read>,
        #[serde(deserialize_with = "object")]
        words: Words,
    }

    /// Every field, where each has this value.
    fn of(value: &Value) -> Read {
        let names = ["text", "int", "flag", "time", "texts", "list", "words"];
        let fields: serde_json::Map<String, Value> = names
            .iter()
            .map(|name| ((*name).to_owned(), value.clone()))
            .collect();
        parse(&Value::from(fields).to_string()).unwrap()
    }

    #[test]
    fn times_without_an_offset_are_those_of_gmt_plus_eight() {
        let midnight: DateTime<Utc> = "2024-11-27T00:00:00Z".parse().unwrap();
        assert_eq!(parse_time("2024-11-27 08:00:00"), Some(midnight));
        assert_eq!(parse_time("2024-11-27T00:00:00.000000Z"), Some(midnight));
        assert_eq!(parse_time("2024-11-27T08:00:00+08:00"), Some(midnight));
        for nonsense in [
            "",
            "0000-00-00 00:00:00",
            "2024-13-01 00:00:00",
            "tomorrow",
            "+262142-12-31 23:59:59",
            "-262143-01-01 00:00:00",
        ] {
            assert_eq!(parse_time(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn numbers_and_their_strings_are_the_same() {
        assert_eq!((of(&json!(7)).int, of(&json!("7")).int), (Some(7), Some(7)));
        assert_eq!(
            (of(&json!(83)).text, of(&json!("83")).text),
            (Some("83".into()), Some("83".into()))
        );
        assert_eq!(
            (of(&json!(1)).flag, of(&json!("TRUE")).flag),
            (Some(true), Some(true))
        );
    }

    #[test]
    fn what_is_missing_null_or_strange_is_nothing() {
        for value in [json!(null), json!({}), json!([]), json!("")] {
            let read = of(&value);
            assert_eq!(read.int, None);
            assert_eq!(read.text, None);
            assert_eq!(read.flag, None);
            assert_eq!(read.time, None);
            assert!(read.list.is_empty());
        }
        assert_eq!(of(&json!(["a", null, {}, "b"])).texts, ["a", "b"]);
        assert!(of(&json!("a")).list.is_empty() && Read::default().texts.is_empty());
    }

    #[test]
    fn an_entry_that_is_no_object_or_says_a_thing_twice_spoils_no_other() {
        let text =
            r#"{"list":[["x"],null,7,"x",{"text":"a","text":"b"},{"text":"c","more":[{}]}]}"#;
        let read: Read = parse(text).unwrap();
        assert_eq!(read.list.len(), 1);
        assert_eq!(read.list[0].text.as_deref(), Some("c"));
        let all: Entries<Read> = serde_json::from_str(r#"[[], {}, 7]"#).unwrap();
        assert_eq!((all.count, all.readable.len()), (3, 1));
    }

    #[test]
    fn words_are_gathered_from_wherever_they_stand_and_not_without_end() {
        let read = of(&json!({"a": "x", "b": [7, {"c": ["y", null, true]}]}));
        assert_eq!(
            read.words.0,
            BTreeSet::from(["x", "7", "y"].map(str::to_owned))
        );
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse::<Words>(&deep).unwrap().0.is_empty());
    }

    #[test]
    fn an_answer_of_many_small_parts_is_none_and_one_of_the_service_s_is_fine() {
        for part in ["{\"a\":0}", "[0]", "{}", "0", "[[[]]]", "\"\""] {
            let many = vec![part; 2_000_000 / part.len()].join(",");
            let hostile = format!("{{\"Response\":{{\"Certificates\":[{many}]}}}}");
            assert!(!is_plausible(hostile.as_bytes()), "{part}");
        }
        let entry = json!({
            "CertificateId": "aB3dE5gH", "Domain": "shop.example.com", "Alias": "ec-abc123-k3j4h5g6", "Status": 1,
            "CertBeginTime": "2026-01-01 08:00:00", "CertEndTime": "2026-03-31 08:00:00", "PackageType": "83",
            "InsertTime": "2026-01-01 08:00:00", "ProjectId": "0", "StatusName": "已通过", "From": "trustasia",
            "SubjectAltName": ["shop.example.com"], "Deployable": true, "Tags": [], "ProductZhName": "TrustAsia TLS RSA CA",
        });
        let page = json!({"Response": {"Certificates": vec![entry; 1_000], "TotalCount": 1_000}})
            .to_string();
        assert!(is_plausible(page.as_bytes()), "all of a page, all fields");
    }

    #[test]
    fn a_list_longer_than_any_page_is_none() {
        let list = |count| format!("[{}]", vec!["{}"; count].join(","));
        let read = |count| serde_json::from_str::<Entries<Read>>(&list(count)).ok();
        assert!(read(MOST_ENTRIES).is_some() && read(MOST_ENTRIES + 1).is_none());
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
