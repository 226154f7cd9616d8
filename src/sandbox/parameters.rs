//! Typed checks of an action's parameters: unknown keys, wrong types and missing ones are refused before the
//! action sees anything, as the real gateway does.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// What a parameter may hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Texts,
    Numbers,
    /// A list of objects whose members are not looked into here (`Tags`).
    Objects,
}

/// One documented parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// Ids that one call may name.
const IDS_LIMIT: usize = 100;

/// Longest remark, in characters (the console's own rule).
const ALIAS_LIMIT: usize = 200;

/// The part of a list that a caller wants.
#[derive(Clone, Copy)]
pub(super) struct Page {
    offset: usize,
    limit: usize,
}

impl Page {
    /// That part of this list.
    pub(super) fn of<I: IntoIterator>(self, list: I) -> impl Iterator<Item = I::Item> {
        list.into_iter().skip(self.offset).take(self.limit)
    }
}

/// A parameter that must be there.
pub(super) const fn required(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        required: true,
    }
}

/// A parameter that may be absent.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        required: false,
    }
}

/// The checked parameters of one call.
#[derive(Debug)]
pub(super) struct Parameters(Map<String, Value>);

impl Parameters {
    /// Reads a body against the documented parameters.
    pub(super) fn read(body: &[u8], documented: &[Parameter]) -> Result<Self, Refusal> {
        let parsed: Value = serde_json::from_slice(body).map_err(|error| {
            Refusal::new(
                "InvalidParameter",
                format!("The request body is not valid JSON: {error}."),
            )
        })?;
        let Value::Object(given) = parsed else {
            return Err(Refusal::BODY_NOT_AN_OBJECT);
        };
        for (name, value) in &given {
            let known = documented
                .iter()
                .find(|parameter| parameter.name == name)
                .ok_or_else(|| unknown(name))?;
            check_kind(known, value)?;
        }
        for parameter in documented.iter().filter(|parameter| parameter.required) {
            if !given.contains_key(parameter.name) {
                return Err(Refusal::new(
                    "MissingParameter",
                    format!(
                        "The request is missing the required parameter `{}`.",
                        parameter.name
                    ),
                ));
            }
        }
        Ok(Self(given))
    }

    /// Whether the caller sent it at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text, if sent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A text that the table says is required; empty where the table is wrong.
    pub(super) fn needed(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// A number, if sent.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// A flag, if sent.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    /// A list of texts; empty if not sent.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).filter_map(Value::as_str).collect()
    }

    /// A list of numbers; empty if not sent.
    pub(super) fn numbers(&self, name: &str) -> Vec<i64> {
        self.list(name).filter_map(Value::as_i64).collect()
    }

    /// A list of objects; empty if not sent.
    pub(super) fn objects(&self, name: &str) -> Vec<&Map<String, Value>> {
        self.list(name).filter_map(Value::as_object).collect()
    }

    /// A list of ids, as [`Self::texts`]: one at least, and not too many.
    pub(super) fn ids(&self, name: &str) -> Result<Vec<&str>, Refusal> {
        let ids = self.texts(name);
        if ids.is_empty() || ids.len() > IDS_LIMIT {
            return Err(Refusal::value(name, "1 to 100 ids"));
        }
        Ok(ids)
    }

    /// The remark; empty if not sent.
    pub(super) fn alias(&self) -> Result<&str, Refusal> {
        let alias = self.text("Alias").unwrap_or_default();
        if alias.chars().count() > ALIAS_LIMIT {
            return Err(Refusal::value("Alias", "200 characters at most"));
        }
        Ok(alias)
    }

    /// The page that `Offset` and `Limit` ask for, with this many entries where there is no `Limit`, and these at most. What
    /// is below 0 counts as not sent.
    pub(super) fn page(&self, default: usize, most: usize) -> Page {
        let number = |name| usize::try_from(self.number(name)?).ok();
        Page {
            offset: number("Offset").unwrap_or(0),
            limit: number("Limit").unwrap_or(default).min(most),
        }
    }

    /// As [`Self::page`], for the actions that take the two numbers in strings.
    pub(super) fn text_page(&self, default: usize, most: usize) -> Result<Page, Refusal> {
        let number = |name: &str, default: usize| match self.text(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| Refusal::value(name, "a number in a string")),
        };
        Ok(Page {
            offset: number("Offset", 0)?,
            limit: number("Limit", default)?.min(most),
        })
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }
}

fn unknown(name: &str) -> Refusal {
    let shown: String = name.chars().take(64).collect();
    Refusal::new(
        "UnknownParameter",
        format!("The parameter `{shown}` is not recognized."),
    )
}

fn check_kind(parameter: &Parameter, value: &Value) -> Result<(), Refusal> {
    let all = |test: fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(test));
    let (fits, wanted) = match parameter.kind {
        Kind::Text => (value.is_string(), "a string"),
        Kind::Number => (value.is_i64(), "an integer"),
        Kind::Flag => (value.is_boolean(), "a boolean"),
        Kind::Texts => (all(Value::is_string), "a list of strings"),
        Kind::Numbers => (all(Value::is_i64), "a list of integers"),
        Kind::Objects => (all(Value::is_object), "a list of objects"),
    };
    if fits {
        return Ok(());
    }
    Err(Refusal::new(
        "InvalidParameter",
        format!("The parameter `{}` must be {wanted}.", parameter.name),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &[Parameter] = &[
        required("Name", Kind::Text),
        optional("Limit", Kind::Number),
        optional("Ids", Kind::Texts),
    ];

    fn code(body: &str) -> String {
        Parameters::read(body.as_bytes(), DOCUMENTED)
            .unwrap_err()
            .code
            .into_owned()
    }

    #[test]
    fn each_kind_of_mistake_has_its_code() {
        assert_eq!(code("{"), "InvalidParameter");
        assert_eq!(code("[]"), "InvalidParameter");
        assert_eq!(code(r#"{"Name":"a","More":1}"#), "UnknownParameter");
        assert_eq!(code(r#"{"Name":1}"#), "InvalidParameter");
        assert_eq!(code(r#"{"Name":null}"#), "InvalidParameter");
        assert_eq!(code(r#"{"Name":"a","Limit":"5"}"#), "InvalidParameter");
        assert_eq!(code(r#"{"Name":"a","Limit":1.5}"#), "InvalidParameter");
        assert_eq!(code(r#"{"Name":"a","Ids":["x",1]}"#), "InvalidParameter");
        assert_eq!(code("{}"), "MissingParameter");
    }

    #[test]
    fn good_parameters_are_read_by_name() {
        let body = br#"{"Name":"a","Limit":5,"Ids":["x","y"]}"#;
        let parameters = Parameters::read(body, DOCUMENTED).unwrap();
        assert_eq!(parameters.needed("Name"), "a");
        assert_eq!(parameters.number("Limit"), Some(5));
        assert_eq!(parameters.texts("Ids"), ["x", "y"]);
        assert!(!parameters.has("Other"));
    }
}
