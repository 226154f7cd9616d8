//! The list of certificates, gathered over all files: each domain once.

use std::collections::hash_map::{Entry, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use toml::de::DeValue;

use super::account::Accounts;
use super::certificate::Certificate;
use super::mistake::{Place, quoted};
use super::reader::{Table, describe};
use super::schema::CERTIFICATE;
use super::wishes::{self, Wishes};

/// The certificates of all files, while they are read.
pub(super) struct Certificates<'a> {
    /// What entries do not set themselves.
    defaults: Wishes,
    /// The accounts that entries may name.
    accounts: &'a Accounts,
    /// The schedule's.
    renew_before: Duration,
    /// The valid ones, in reading order.
    pub(super) found: Vec<Certificate>,
    /// Where each domain was seen first, and how it was written there.
    by_domain: HashMap<String, (Place, Arc<str>)>,
    /// Where each file of a target was named first.
    by_file: HashMap<PathBuf, Place>,
    /// Where each cloud target was named first: a named instance, or a type within its certificate.
    by_resource: HashMap<String, Place>,
    /// How many entries there are, valid or not: a list of wrong ones is not an empty list.
    pub(super) mentioned: usize,
}

impl<'a> Certificates<'a> {
    /// None yet.
    pub(super) fn new(defaults: Wishes, accounts: &'a Accounts, renew_before: Duration) -> Self {
        Self {
            defaults,
            accounts,
            renew_before,
            found: Vec::new(),
            by_domain: HashMap::new(),
            by_file: HashMap::new(),
            by_resource: HashMap::new(),
            mentioned: 0,
        }
    }

    /// Reads the `[[certificates]]` of one file.
    pub(super) fn read(&mut self, top: &Table<'_>) {
        let Some(value) = top.value("certificates") else {
            return;
        };
        let DeValue::Array(entries) = value.get_ref() else {
            self.mentioned += 1;
            top.wrong_type("certificates", value);
            return;
        };
        for entry in entries.iter() {
            self.mentioned += 1;
            if let DeValue::Table(keys) = entry.get_ref() {
                self.read_one(&Table::new(top.source, &CERTIFICATE, keys, entry.span()));
            } else {
                top.source.mistake(
                    &entry.span(),
                    format!(
                        "a certificate must be a table, not {}",
                        describe(entry.get_ref())
                    ),
                    "write [[certificates]] and domain = \"example.com\" under it".to_owned(),
                );
            }
        }
    }

    fn read_one(&mut self, table: &Table<'_>) {
        let wishes = Wishes::read(table, self.accounts);
        let Some((domain, place)) = wishes::read_domain(table) else {
            return;
        };
        let written = table.text("domain").map_or("", |text| text.value);
        match self.by_domain.entry(domain.ascii.clone()) {
            Entry::Vacant(entry) => {
                entry.insert((place.clone(), Arc::from(written)));
                let certificate =
                    wishes.into_certificate(domain, place, &self.defaults, self.renew_before);
                self.claim_files(table, &certificate);
                self.claim_resources(table, &certificate);
                self.found.push(certificate);
            }
            Entry::Occupied(entry) => {
                let (first, first_written) = entry.get();
                let message = if **first_written == *written {
                    format!(
                        "{} is listed twice; it is at {first} already",
                        quoted(written)
                    )
                } else {
                    format!(
                        "{} is the same name as {}, which is at {first} already",
                        quoted(written),
                        quoted(first_written)
                    )
                };
                table.source.mistake(
                    &table.span_of("domain"),
                    message,
                    "keep one of the two; one certificate serves a name everywhere".to_owned(),
                );
            }
        }
    }

    /// Two targets that write one file would take turns for ever.
    fn claim_files(&mut self, table: &Table<'_>, certificate: &Certificate) {
        for install in &certificate.targets.install {
            for file in install.format.files() {
                let Some(first) = self.by_file.get(file) else {
                    self.by_file
                        .insert(file.to_owned(), certificate.line.clone());
                    continue;
                };
                table.source.mistake(
                    &table.span_of("domain"),
                    format!(
                        "{} is written by a target of the certificate at {first} already",
                        quoted(&file.to_string_lossy())
                    ),
                    "give each target files of its own".to_owned(),
                );
            }
        }
    }

    /// One instance has one certificate; a type is moved by one target of a certificate.
    fn claim_resources(&mut self, table: &Table<'_>, certificate: &Certificate) {
        let mut claims: Vec<(String, String)> = Vec::new();
        for cloud in &certificate.targets.cloud {
            let types = cloud.resources.iter().map(|kind| kind.name);
            if cloud.instances.is_empty() {
                let own = &certificate.domain;
                claims.extend(
                    types.map(|kind| (format!("{own} {kind}"), format!("type \"{kind}\""))),
                );
            } else {
                let kind: String = types.collect();
                let named = cloud.instances.iter();
                claims.extend(named.map(|one| (format!("{kind}|{one}"), quoted(one))));
            }
        }
        for (claim, shown) in claims {
            match self.by_resource.entry(claim) {
                Entry::Vacant(entry) => {
                    entry.insert(certificate.line.clone());
                }
                Entry::Occupied(entry) => table.source.mistake(
                    &table.span_of("domain"),
                    format!(
                        "{shown} is named by a cloud target of the certificate at {} already",
                        entry.get()
                    ),
                    "name it once: a resource has one certificate".to_owned(),
                ),
            }
        }
    }
}
