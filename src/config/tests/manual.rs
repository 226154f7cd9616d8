//! The manual says of the config what the reader does: the same keys, defaults and bounds, and examples that are taken.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::super::certificate::DEFAULTS;
use super::super::files::ConfigFile;
use super::super::known::all;
use super::super::loading::read_files;
use super::super::reading::{Credentials, Reading};
use super::super::{Loaded, Rejected, duration};
use super::MINIMAL;
use crate::manual::{self, Page};

/// Reads a text as a config, whatever secrets it has or lacks.
fn read(text: &str) -> Result<Loaded, Rejected> {
    let file = ConfigFile {
        path: Path::new("/etc/evercert/config.toml").to_path_buf(),
        text: text.to_owned(),
        open_to_others: false,
    };
    let reading = Reading {
        credentials: Credentials::Ignored,
        ..Reading::default()
    };
    read_files(&file, &[], reading)
}

#[test]
fn every_example_of_the_manual_is_a_valid_config_or_a_part_of_one() {
    let mut seen = 0;
    for block in manual::pages().iter().flat_map(|page| page.fenced("toml")) {
        seen += 1;
        // What is left out of a secret is no mistake of the example.
        let text = block.code.replace('…', "x");
        let rejected = match read(&text) {
            Ok(_) => continue,
            Err(rejected) => rejected,
        };
        let parts = [format!("{MINIMAL}{text}"), format!("{text}\n{MINIMAL}")];
        let taken = parts.iter().any(|whole| read(whole).is_ok());
        assert!(taken, "{}:\n{text}\n{rejected}", block.place);
    }
    assert!(seen > 20, "only {seen} examples were found");
}

/// A line of a table: the keys, what the value may be, the default.
struct Row {
    keys: Vec<String>,
    values: String,
    default: Option<String>,
}

fn in_backticks(cell: &str) -> Vec<String> {
    let parts = cell.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// The pages that list every key, one a language.
const REFERENCES: [&str; 2] = ["docs/config.md", "docs/zh-CN/config.md"];

/// The rows of the section of a reference that has this headline.
fn section(page: &Page, title: &str) -> Vec<Row> {
    let title = match title {
        "the top of the file" if page.name.contains("zh-CN") => "文件顶层",
        title => title,
    };
    let plain = |text: &str| {
        text.trim_start_matches('#')
            .replace('`', "")
            .trim()
            .to_lowercase()
    };
    let mut inside = false;
    let mut rows = Vec::new();
    for line in page.text.lines() {
        if line.starts_with('#') {
            inside = plain(line) == title.to_lowercase();
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let (true, [_, keys, values, default, _, _]) = (inside, cells.as_slice())
            && keys.starts_with('`')
        {
            rows.push(Row {
                keys: in_backticks(keys),
                values: (*values).to_owned(),
                default: in_backticks(default).first().cloned(),
            });
        }
    }
    rows
}

#[test]
fn the_reference_has_the_keys_that_the_reader_has() {
    for page in REFERENCES.map(manual::page) {
        for table in all() {
            if std::ptr::eq(table, &DEFAULTS) {
                continue;
            }
            let rows = section(&page, table.title);
            let told: BTreeSet<&str> = rows
                .iter()
                .flat_map(|row| &row.keys)
                .map(String::as_str)
                .collect();
            let known: BTreeSet<&str> = table.keys().map(|key| key.name).collect();
            let missing: Vec<_> = known.difference(&told).collect();
            let invented: Vec<_> = told.difference(&known).collect();
            assert!(
                missing.is_empty() && invented.is_empty(),
                "{}, {}: lacks {missing:?}, invents {invented:?}",
                page.name,
                table.title
            );
        }
    }
}

#[test]
fn the_references_of_all_languages_take_the_same_values() {
    let [english, chinese] = REFERENCES.map(manual::page);
    for table in all() {
        let told = |page: &Page| -> Vec<_> {
            let row = |row: Row| (row.keys, in_backticks(&row.values), row.default);
            section(page, table.title).into_iter().map(row).collect()
        };
        assert_eq!(told(&english), told(&chinese), "{}", table.title);
    }
}

/// Where a setting of a section stands, `SETTING` in its place. Of several, one must take it.
const PLACES: &[(&str, &[&str])] = &[
    (
        "the top of the file",
        &["SETTING\n[[certificates]]\ndomain = \"wgc.red\"\n"],
    ),
    (
        "[schedule]",
        &["[[certificates]]\ndomain = \"wgc.red\"\n[schedule]\nSETTING\n"],
    ),
    (
        "[api]",
        &["[[certificates]]\ndomain = \"wgc.red\"\n[api]\nSETTING\n"],
    ),
    (
        "[accounts.NAME]",
        &["[[certificates]]\ndomain = \"wgc.red\"\n[accounts.default]\nSETTING\n"],
    ),
    (
        "[fleet]",
        &[
            "[[certificates]]\ndomain = \"wgc.red\"\n[fleet]\nname = \"shop\"\norders = \"never\"\nSETTING\n",
            "[[certificates]]\ndomain = \"wgc.red\"\n[fleet]\nname = \"shop\"\norders = \"in-turn\"\nSETTING\n",
        ],
    ),
    (
        "[[certificates]]",
        &["[[certificates]]\ndomain = \"wgc.red\"\nSETTING\n"],
    ),
    (
        "validation",
        &[
            "[[certificates]]\ndomain = \"wgc.red\"\n[certificates.validation]\nmethod = \"DNS\"\nprovider = \"exec\"\ncommand = [\"/x\"]\nSETTING\n",
            "[[certificates]]\ndomain = \"wgc.red\"\n[certificates.validation]\nmethod = \"DNS\"\nprovider = \"rfc2136\"\nserver = \"192.0.2.53:53\"\nkey_name = \"x\"\nkey_file = \"/x\"\nSETTING\n",
        ],
    ),
    (
        "[[certificates.install]]",
        &[
            "[[certificates]]\ndomain = \"wgc.red\"\n[[certificates.install]]\nformat = \"combined\"\nfile = \"/x/y\"\nSETTING\n",
        ],
    ),
    (
        "[certificates.hooks]",
        &["[[certificates]]\ndomain = \"wgc.red\"\n[certificates.hooks]\nSETTING\n"],
    ),
    (
        "verify",
        &[
            "[[certificates]]\ndomain = \"wgc.red\"\n[certificates.verify]\naddress = \"wgc.red:443\"\nSETTING\n",
        ],
    ),
    (
        "[[notify]]",
        &[
            "[[certificates]]\ndomain = \"wgc.red\"\n[[notify]]\ntype = \"exec\"\ncommand = [\"/x\"]\nSETTING\n",
            "[[certificates]]\ndomain = \"wgc.red\"\n[[notify]]\ntype = \"webhook\"\nurl = \"https://x.example\"\nSETTING\n",
        ],
    ),
    (
        "[notifications]",
        &[
            "[[certificates]]\ndomain = \"wgc.red\"\n[notifications]\ndead_man = \"https://x.example\"\nSETTING\n",
        ],
    ),
    (
        "[http]",
        &["[[certificates]]\ndomain = \"wgc.red\"\n[http]\nSETTING\n"],
    ),
    (
        "[log]",
        &["[[certificates]]\ndomain = \"wgc.red\"\n[log]\nSETTING\n"],
    ),
];

#[test]
fn the_defaults_of_the_reference_are_the_readers() {
    for page in REFERENCES.map(manual::page) {
        let mut seen = 0;
        for (title, places) in PLACES {
            for row in section(&page, title) {
                let (Some(default), [key]) = (&row.default, row.keys.as_slice()) else {
                    continue;
                };
                seen += 1;
                let same = places.iter().any(|place| {
                    let unset = read(&place.replace("SETTING", "# left out"));
                    let set = read(&place.replace("SETTING", &format!("{key} = {default}")));
                    matches!((unset, set), (Ok(unset), Ok(set))
                    if format!("{:?}", unset.config) == format!("{:?}", set.config))
                });
                assert!(
                    same,
                    "{}, {title}: {key} = {default} is not what holds where it is left out",
                    page.name
                );
            }
        }
        assert!(seen > 15, "{}: only {seen} defaults were found", page.name);
    }
}

/// `1s to 1h` and `1 to 10`, in Chinese `1s 至 1h`, wherever a cell says it: least, most, and what lies beyond each.
fn bounds(values: &str) -> Option<[String; 4]> {
    let words: Vec<&str> = values.split([' ', ',', ';', '，']).collect();
    let at = words.iter().position(|word| matches!(*word, "to" | "至"))?;
    let (least, most) = (*words.get(at.checked_sub(1)?)?, *words.get(at + 1)?);
    if let (Ok(low), Ok(high)) = (least.parse::<i64>(), most.parse::<i64>()) {
        return Some([low, high, low - 1, high + 1].map(|number| number.to_string()));
    }
    let (low, high) = (duration::parse(least)?, duration::parse(most)?);
    let below = low
        .checked_sub(Duration::from_secs(1))
        .map_or("-1s".to_owned(), duration::written);
    let beyond = duration::written(high + Duration::from_secs(1));
    Some([least.to_owned(), most.to_owned(), below, beyond].map(|text| format!("\"{text}\"")))
}

#[test]
fn the_bounds_of_the_reference_are_the_readers() {
    for page in REFERENCES.map(manual::page) {
        let mut seen = 0;
        for (title, places) in PLACES {
            for row in section(&page, title) {
                let (Some(bounds), [key]) = (bounds(&row.values), row.keys.as_slice()) else {
                    continue;
                };
                seen += 1;
                let taken = |value: &String| {
                    let setting = format!("{key} = {value}");
                    places
                        .iter()
                        .any(|place| read(&place.replace("SETTING", &setting)).is_ok())
                };
                let [least, most, below, beyond] = &bounds;
                assert!(
                    taken(least) && taken(most),
                    "{}, {title}: {key} is not taken at {bounds:?}",
                    page.name
                );
                assert!(
                    !taken(below) && !taken(beyond),
                    "{}, {title}: {key} is taken beyond {bounds:?}",
                    page.name
                );
            }
        }
        assert!(seen > 10, "{}: only {seen} bounds were found", page.name);
    }
}
