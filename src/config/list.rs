//! The list of certificates, gathered over all files: each domain once.

use std::collections::hash_map::{Entry, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::certificate::{CERTIFICATE, Certificate, RawEntry, read_domain};
use super::fleet::{Fleet, FleetOrders};
use super::mistake::{Place, quoted};
use super::reader::Table;

/// The certificates of all files, while they are read.
#[derive(Default)]
pub(super) struct Certificates {
    /// What entries do not set themselves.
    defaults: RawEntry,
    /// The valid ones, in reading order.
    pub(super) found: Vec<Certificate>,
    /// Whether this machine of a fleet never orders.
    only_follows: bool,
    /// Where each domain was seen first, and how it was written there.
    by_domain: HashMap<String, (Place, Arc<str>)>,
    /// Where each file of a target was named first.
    by_file: HashMap<PathBuf, Place>,
    /// Where each cloud target was named first: a named instance, or a type within its certificate.
    by_resource: HashMap<String, Place>,
    /// Whether there are any, valid or not: a list of wrong ones is not an empty list.
    pub(super) mentioned: bool,
}

impl Certificates {
    /// None yet, and what entries don't set themselves.
    pub(super) fn new(defaults: RawEntry, fleet: Option<&Fleet>) -> Self {
        Self {
            defaults,
            only_follows: fleet.is_some_and(|fleet| fleet.orders == FleetOrders::Never),
            ..Self::default()
        }
    }

    /// Reads the `[[certificates]]` of one file.
    pub(super) fn read(&mut self, top: &Table<'_>) {
        let entries = top.tables(
            "certificates",
            &CERTIFICATE,
            "a certificate must be a table",
            "write [[certificates]] and domain = \"example.com\" under it",
        );
        // What is no list at all was meant to be one.
        let is_there = top.has("certificates") && !top.is_empty_list("certificates");
        self.mentioned |= is_there;
        for table in entries {
            self.read_one(&table);
        }
    }

    fn read_one(&mut self, table: &Table<'_>) {
        let entry = RawEntry::read(table);
        let Some((domain, place)) = read_domain(table) else {
            return;
        };
        let written = table.peek("domain").unwrap_or_default();
        match self.by_domain.entry(domain.ascii.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert((place.clone(), Arc::from(written)));
                let before = self.found.last();
                let certificate = entry.complete(domain, place, &self.defaults, before);
                self.check_followed(table, &certificate);
                self.claim_files(table, &certificate);
                self.claim_resources(table, &certificate);
                self.found.push(certificate);
            }
            Entry::Occupied(occupied) => {
                let (first, first_written) = occupied.get();
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
                let help = "keep one of the two; one certificate serves a name everywhere";
                table.mistake("domain", message, help);
            }
        }
    }

    /// A machine that never orders makes no call that changes anything.
    fn check_followed(&self, table: &Table<'_>, certificate: &Certificate) {
        if self.only_follows && !certificate.targets.cloud.is_empty() {
            table.mistake(
                "domain",
                "a machine that never orders moves no cloud resources: its key may only read",
                "write the cloud target in the config of a machine of the fleet that orders",
            );
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
                table.mistake(
                    "domain",
                    format!(
                        "{} is written by a target of the certificate at {first} already",
                        quoted(&file.to_string_lossy())
                    ),
                    "give each target files of its own",
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
                Entry::Occupied(entry) => table.mistake(
                    "domain",
                    format!(
                        "{shown} is named by a cloud target of the certificate at {} already",
                        entry.get()
                    ),
                    "name it once: a resource has one certificate",
                ),
            }
        }
    }
}
