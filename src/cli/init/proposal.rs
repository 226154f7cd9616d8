//! What is proposed: one entry a name, whichever source it came from, and what is left out, with the reason.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::sentences as say;
use crate::config::{DomainName, check_domain, main_domain};
use crate::lifecycle::Algorithm;
use crate::sentence::{Catalog, Sentence};

/// One `[[certificates]]`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The name.
    pub(super) name: DomainName,
    /// Where to look at what is served.
    pub(super) verify: Option<Verify>,
    /// The algorithm of the key, where it is not the usual one.
    pub(super) algorithm: Algorithm,
    /// The project that it is filed under, where that is not the default one.
    pub(super) project: Option<u64>,
    /// What whoever reads the file should know of it.
    pub(super) remarks: Vec<Sentence>,
}

/// Where to look at what is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verify {
    /// There.
    At(String),
    /// There, once something serves it with TLS.
    Later(String),
}

/// What is left out.
#[derive(Clone, Debug)]
pub(super) struct LeftOut {
    /// The name, as it was found.
    pub(super) name: String,
    /// Why.
    pub(super) why: Sentence,
}

/// All of it, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Proposal {
    /// What is proposed.
    pub(super) entries: Vec<Entry>,
    /// What is not.
    pub(super) left_out: Vec<LeftOut>,
    by_name: HashMap<String, usize>,
    reasons: HashSet<(String, String)>,
}

impl Proposal {
    /// The entry of this name; a new one where there is none.
    pub(super) fn entry(&mut self, name: DomainName) -> &mut Entry {
        let known = self.by_name.get(&name.ascii).copied();
        let at = known.unwrap_or(self.entries.len());
        if known.is_none() {
            self.by_name.insert(name.ascii.clone(), at);
            self.entries.push(Entry {
                name,
                verify: None,
                algorithm: Algorithm::Rsa,
                project: None,
                remarks: Vec::new(),
            });
        }
        &mut self.entries[at]
    }

    /// Whether there is an entry of this name, in ASCII.
    pub(super) fn has(&self, ascii: &str) -> bool {
        self.by_name.contains_key(ascii)
    }

    /// Leaves a name out, once for each reason.
    pub(super) fn leave_out(&mut self, name: &str, why: Sentence) {
        if self.reasons.insert((name.to_owned(), why.english.clone())) {
            self.left_out.push(LeftOut {
                name: name.to_owned(),
                why,
            });
        }
    }

    /// The entry of a name as something outside wrote it; one that no certificate can be had for is left out.
    pub(super) fn entry_for(&mut self, written: &str) -> Option<&mut Entry> {
        match check_domain(written) {
            Ok(name) => Some(self.entry(name)),
            Err(why) => {
                self.leave_out(written, Sentence::of(Catalog::Mistakes, why));
                None
            }
        }
    }

    /// Takes in the names that were typed.
    ///
    /// # Errors
    /// What is wrong with each that is no name for a free certificate.
    pub(super) fn take_names(&mut self, written: &[String]) -> Result<Vec<Sentence>, Vec<String>> {
        let (mut notes, mut wrong) = (Vec::new(), Vec::new());
        for written in written {
            match check_domain(written) {
                Ok(name) if self.has(&name.ascii) => notes.push(say::named_twice(&name.display)),
                Ok(name) => {
                    self.entry(name);
                }
                Err(why) => wrong.push(why),
            }
        }
        if wrong.is_empty() {
            Ok(notes)
        } else {
            Err(wrong)
        }
    }

    /// What is more than an account, or a main domain, may have unless it was given more.
    pub(super) fn limits(&self, of_an_account: u32, of_a_domain: u32) -> Vec<Sentence> {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let all = count(self.entries.len());
        let mut notes = Vec::new();
        if all > of_an_account {
            notes.push(say::more_than_an_account_has(all, of_an_account));
        }
        let mut domains: BTreeMap<String, u32> = BTreeMap::new();
        for entry in &self.entries {
            *domains.entry(main_domain(&entry.name.ascii)).or_default() += 1;
        }
        let above = domains.iter().filter(|(_, count)| **count > of_a_domain);
        notes.extend(
            above.map(|(domain, count)| say::more_than_a_domain_has(domain, count, of_a_domain)),
        );
        notes
    }
}
