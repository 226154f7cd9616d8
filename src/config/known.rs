//! All tables together: which stand where, which keys are known nowhere, and what a key may hold.

use std::collections::HashMap;
use std::sync::LazyLock;

use toml::de::{DeTable, DeValue};

use super::account::ACCOUNT;
use super::certificate::{CERTIFICATE, DEFAULTS};
use super::fleet::FLEET;
use super::http::HTTP;
use super::mistake::{Fault, quoted};
use super::nearest::nearest;
use super::notify::{NOTIFICATIONS, NOTIFY};
use super::schema::{Below, FOLDER, Holds, Key, Other, TableSchema, above, key};
use super::settings::{API, LOG, SCHEDULE};
use super::source::Source;

const TABLE: &str = "a table";

const CERTIFICATES: Key = above(
    "certificates",
    "a list of tables, each under its own [[certificates]]",
    Below::Tables(&CERTIFICATE),
);

/// The top of the main file.
pub(super) static TOP: TableSchema = TableSchema {
    title: "the top of the file",
    groups: &[&[&[
        key("state_dir", FOLDER, Holds::Open),
        above("schedule", TABLE, Below::Table(&SCHEDULE)),
        above("api", TABLE, Below::Table(&API)),
        above(
            "accounts",
            "a table with one table for each account",
            Below::Named(&ACCOUNT),
        ),
        above("fleet", TABLE, Below::Table(&FLEET)),
        above("defaults", TABLE, Below::Table(&DEFAULTS)),
        CERTIFICATES,
        above("http", TABLE, Below::Table(&HTTP)),
        above("log", TABLE, Below::Table(&LOG)),
        above(
            "notify",
            "a list of tables, each under its own [[notify]]",
            Below::Tables(&NOTIFY),
        ),
        above("notifications", TABLE, Below::Table(&NOTIFICATIONS)),
    ]]],
    others: &[
        ("certificate", Other::Is("certificates")),
        ("domains", Other::Is("certificates")),
        ("account", Other::Is("accounts")),
        ("default", Other::Is("defaults")),
        ("logging", Other::Is("log")),
    ],
};

/// The top of a file in `conf.d`.
pub(super) static CONF_D: TableSchema = TableSchema {
    title: "a file of conf.d",
    groups: &[&[&[CERTIFICATES]]],
    others: &[
        ("certificate", Other::Is("certificates")),
        ("domains", Other::Is("certificates")),
    ],
};

/// The main file, and every table that stands in it.
pub(super) fn all() -> Vec<&'static TableSchema> {
    let mut found = vec![&TOP];
    let mut next = 0;
    while let Some(table) = found.get(next) {
        let below = table.keys().filter_map(|key| key.below);
        let new: Vec<_> = below.map(Below::schema).collect();
        for schema in new {
            if !found.iter().any(|known| std::ptr::eq(*known, schema)) {
                found.push(schema);
            }
        }
        next += 1;
    }
    found
}

/// The tables where a misplaced key may belong: those with a place of their own.
fn places() -> impl Iterator<Item = &'static TableSchema> {
    let below = TOP.keys().filter_map(|key| key.below).map(Below::schema);
    std::iter::once(&TOP).chain(below.filter(|schema| !std::ptr::eq(*schema, &DEFAULTS)))
}

/// What the value of a key of this name may hold, in whatever table: the most secret of them. `None` for a word that is no
/// key.
pub(super) fn holds(name: &str) -> Option<Holds> {
    static HOLDS: LazyLock<HashMap<&str, Holds>> = LazyLock::new(|| {
        let mut most = HashMap::new();
        for key in all().into_iter().flat_map(TableSchema::keys) {
            let holds = most.entry(key.name).or_insert(key.holds);
            *holds = key.holds.max(*holds);
        }
        most
    });
    HOLDS.get(name).copied()
}

/// Notes the unknown keys of a table, and of the tables in it.
pub(super) fn note_unknown(source: &Source<'_>, schema: &'static TableSchema, table: &DeTable<'_>) {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let Some(known) = schema.key(name) else {
            let fault = unknown_key(schema, name);
            source.mistake(&key.span(), fault.message, fault.help);
            continue;
        };
        match (known.below, value.get_ref()) {
            (Some(Below::Table(schema)), DeValue::Table(table)) => {
                note_unknown(source, schema, table);
            }
            (Some(Below::Tables(schema)), DeValue::Array(list)) => {
                let tables = list.iter().filter_map(|entry| entry.get_ref().as_table());
                tables.for_each(|table| note_unknown(source, schema, table));
            }
            (Some(Below::Named(schema)), DeValue::Table(named)) => {
                let tables = named
                    .values()
                    .filter_map(|entry| entry.get_ref().as_table());
                tables.for_each(|table| note_unknown(source, schema, table));
            }
            _ => {}
        }
    }
}

/// What to say about a key that a table does not have.
fn unknown_key(schema: &'static TableSchema, name: &str) -> Fault {
    if std::ptr::eq(schema, &CONF_D) && TOP.key(name).is_some() {
        return Fault::new(
            format!("`{name}` cannot be set"),
            "files in conf.d hold only [[certificates]]; move it to the main file",
        );
    }
    match schema.other(name) {
        Some(Other::Refused(reason)) => {
            return Fault::new(format!("`{name}` cannot be set"), reason);
        }
        Some(Other::Is(ours)) if schema.key(ours).is_some() => {
            return Fault::new(unknown(schema, name), format!("it is called `{ours}` here"));
        }
        Some(Other::Is(_)) | None => {}
    }
    let elsewhere = places().find(|place| place.key(name).is_some());
    let help = if let Some(meant) = nearest(name, schema.names()) {
        Some(format!("did you mean `{meant}`?"))
    } else if let Some(place) = elsewhere {
        Some(if std::ptr::eq(place, &TOP) {
            format!("`{name}` belongs at the top of the file, above the first [table]")
        } else {
            format!("`{name}` belongs in {}", place.title)
        })
    } else {
        Some(format!("known here: {}", schema.names().join(", ")))
    };
    Fault {
        message: unknown(schema, name),
        help,
    }
}

fn unknown(schema: &TableSchema, name: &str) -> String {
    format!("unknown key {} in {}", quoted(name), schema.title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::validation::VALIDATION;

    #[test]
    fn slips_find_their_key_and_strangers_none() {
        for (slip, meant) in [
            ("domian", "domain"),
            ("renew-before", "renew_before"),
            ("renewBefore", "renew_before"),
            ("CONTACT_EMAIL", "contact_email"),
            ("project", "project_id"),
        ] {
            assert_eq!(nearest(slip, CERTIFICATE.names()), Some(meant), "{slip}");
        }
        for stranger in ["flavour", "x", ""] {
            assert_eq!(nearest(stranger, CERTIFICATE.names()), None, "{stranger}");
        }
    }

    #[test]
    fn no_table_is_left_out_of_the_list_of_all() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config");
        let text: String = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        // In two pieces, so as not to be counted itself.
        let opening = concat!(": TableSchema = ", "TableSchema {");
        // A file of conf.d stands beside the main file.
        assert_eq!(all().len() + 1, text.matches(opening).count());
    }

    #[test]
    fn other_spellings_point_at_keys_that_exist() {
        for table in places().chain([&CONF_D, &DEFAULTS, &VALIDATION]) {
            for (word, other) in table.others {
                assert!(
                    table.key(word).is_none(),
                    "{word} is a key of {}",
                    table.title
                );
                if let Other::Is(ours) = other {
                    let known = CERTIFICATE.key(ours).or(table.key(ours));
                    assert!(known.is_some(), "{word} points at {ours}");
                }
            }
        }
        assert!(DEFAULTS.key("domain").is_none());
        assert_eq!(DEFAULTS.names().len() + 1, CERTIFICATE.names().len());
    }
}
