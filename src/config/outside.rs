//! What a config names that lies outside of it, and comes and goes without an edit.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::loading::Config;
use super::value::Settings;

impl Config {
    /// Every file of secrets that it names, each once: keys, addresses, passwords, variables for commands.
    #[must_use]
    pub fn secret_files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        for account in self.accounts.values() {
            account.add_all_secret_files(&mut found);
        }
        for certificate in &self.certificates {
            certificate.add_all_secret_files(&mut found);
        }
        self.notifications.add_secret_files(&mut found);
        found
    }
}
