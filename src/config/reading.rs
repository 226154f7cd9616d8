//! One reading of a config: what all its files share while they are read.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::mistake::Report;

/// What is done with the credentials of a config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Kept, and the files that hold them looked at.
    #[default]
    Checked,
    /// Neither kept nor looked at: nothing is to be signed with them.
    Ignored,
}

/// What the readers of all tables need to know beside the text.
#[derive(Default)]
pub(super) struct Reading {
    /// What is wrong, and what deserves a word.
    pub(super) report: Report,
    /// The folder that relative paths start from.
    pub(super) folder: Option<PathBuf>,
    /// The main file, if others than its owner have a right on it.
    pub(super) open_to_others: Option<PathBuf>,
    /// What is done with credentials.
    pub(super) credentials: Credentials,
    /// The names of all accounts, be they valid or not, so that a certificate is not told that its account is missing
    /// when it is only wrong. Set once the main file is parsed.
    pub(super) accounts: OnceCell<BTreeSet<String>>,
}

impl Reading {
    /// A path as it is used: from the config's folder, wherever the process was started.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder
            .as_ref()
            .map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }

    /// The names of all accounts that the config mentions.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts
            .get()
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}
