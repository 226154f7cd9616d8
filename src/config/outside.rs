//! What a config names that lies outside of it, and comes and goes without an edit.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Config;
use super::value::Setting;

impl Config {
    /// Every file of secrets that it names, each once: keys, addresses, passwords, variables for commands.
    #[must_use]
    pub fn secret_files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut add =
            |setting: Setting<'_>| setting.value.add_secret_files(setting.holds, &mut found);
        for account in self.accounts.values() {
            account.each(&mut add);
        }
        for certificate in &self.certificates {
            certificate.each_with_targets(&mut add);
        }
        self.notifications.add_secret_files(&mut found);
        found
    }
}
