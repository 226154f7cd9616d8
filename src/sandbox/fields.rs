//! The fields of an object in an answer, in their order. A list of certificates has thousands of them, so that nothing is
//! copied which need not be.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// What a field can hold.
#[derive(Clone, Debug)]
pub(super) enum Field<'a> {
    Null,
    Flag(bool),
    Number(i64),
    Text(Cow<'a, str>),
    Texts(Vec<&'a str>),
    Fields(Fields<'a>),
}

/// An object: each name once.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(Vec<(&'static str, Field<'a>)>);

impl<'a> Fields<'a> {
    pub(super) fn add<const N: usize>(&mut self, more: [(&'static str, Field<'a>); N]) {
        self.0.extend(more);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(there, _)| *there != name);
    }

    /// The same, to be worked on further.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
            .into_iter()
            .map(|(name, field)| (name.to_owned(), field.into_value()))
            .collect()
    }
}

impl<'a, const N: usize> From<[(&'static str, Field<'a>); N]> for Fields<'a> {
    fn from(fields: [(&'static str, Field<'a>); N]) -> Self {
        Self(fields.into())
    }
}

impl Field<'_> {
    fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Flag(flag) => flag.into(),
            Self::Number(number) => number.into(),
            Self::Text(text) => text.into(),
            Self::Texts(texts) => texts.into(),
            Self::Fields(fields) => Value::Object(fields.into_map()),
        }
    }
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Fields(fields) => fields.serialize(serializer),
        }
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl From<bool> for Field<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Field<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Field<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<Option<String>> for Field<'_> {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

/// A field of an answer that is JSON already.
#[derive(Clone, Debug)]
pub(super) struct Written {
    name: &'static str,
    json: String,
}

impl Written {
    pub(super) fn new(name: &'static str, what: &impl Serialize) -> Result<Self, Refusal> {
        let json = serde_json::to_string(what)
            .map_err(|error| Refusal::new("InternalError", error.to_string()))?;
        Ok(Self { name, json })
    }

    /// Puts it at the end of an object that has other fields.
    pub(super) fn append_to(&self, object: &mut String) {
        if object.pop() == Some('}') {
            let Self { name, json } = self;
            object.push_str(&format!(",\"{name}\":{json}}}"));
        }
    }
}
