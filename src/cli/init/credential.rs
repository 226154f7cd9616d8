//! The account's key: found, or asked for.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::keys::{self, Found, Hidden, KeyFiles, NewFile, Pair};
use super::sentences as say;
use super::task::{Task, refuse_what_is_there};
use crate::cli::failure::Failure;
use crate::config::DEFAULT_ACCOUNT;
use crate::daemon::assemble::credentials;
use crate::redact;
use crate::sentence::Sentence;
use crate::tencent::Provider;

/// The key of the account.
#[derive(Default)]
pub(super) struct Key {
    /// It, where there is one.
    pub(super) provider: Option<Arc<Provider>>,
    /// Its two files, where the config names them.
    pub(super) named: Option<(PathBuf, PathBuf)>,
    /// What is to be written for it.
    pub(super) new: Vec<NewFile>,
}

impl Task<'_> {
    /// Finds the key of the account, or asks for it.
    pub(super) async fn find_key(&self) -> Result<Key, Failure> {
        let files = KeyFiles::of(&self.machine, &self.config);
        let settings = credentials(DEFAULT_ACCOUNT, &self.account()?);
        let found = keys::find(settings, &files, &self.machine, &self.clock).await;
        let mut key = Key::default();
        let pair = match found {
            Err(error) if self.arguments.from_account => {
                return Err(Failure::other(error.to_string()));
            }
            Err(error) => {
                self.tell(&Sentence::from(error.to_string()));
                return Ok(key);
            }
            Ok(Some(Found {
                provider,
                source,
                hidden,
            })) => {
                key.provider = Some(provider);
                match hidden {
                    None => {
                        self.tell(&say::key_from(source));
                        None
                    }
                    Some(Hidden::Temporary) => {
                        self.tell(&say::temporary_key(source));
                        None
                    }
                    Some(Hidden::Lasting(pair)) => {
                        self.tell(&say::key_will_be_kept(source));
                        Some(pair)
                    }
                }
            }
            Ok(None) => {
                let asked = self.ask_for_key(&files).await?;
                if let Some((pair, provider)) = asked {
                    key.provider = Some(provider);
                    Some(pair)
                } else {
                    self.tell(&say::no_key());
                    None
                }
            }
        };
        if self.there.is_some() {
            return Ok(key);
        }
        let are_there = files.are_there(&self.machine);
        if let Some(pair) = &pair {
            key.new = files.to_write(&self.machine, pair);
        }
        if pair.is_some() || are_there {
            key.new.extend(files.drop_in(&self.machine));
            key.named = (!files.by_unit).then_some((files.id, files.key));
        }
        Ok(key)
    }

    /// Asks for the key where somebody is there, and it will be of use.
    pub(super) async fn ask_for_key(
        &self,
        files: &KeyFiles,
    ) -> Result<Option<(Pair, Arc<Provider>)>, Failure> {
        let is_of_use = if self.arguments.dry_run || self.there.is_some() {
            self.arguments.from_account
        } else {
            true
        };
        let Some(terminal) = self.terminal.as_ref().filter(|_| is_of_use) else {
            return Ok(None);
        };
        if !self.arguments.dry_run {
            // One half of a pair, or what this user can't read.
            refuse_what_is_there(&files.id)?;
            refuse_what_is_there(&files.key)?;
        }
        self.tell(&say::where_keys_come_from());
        let id = terminal.ask(self.language.of(&say::ask_id())).await?;
        if id.is_empty() {
            return Ok(None);
        }
        let key = terminal
            .ask_hidden(self.language.of(&say::ask_key()))
            .await?;
        redact::know(&key);
        let key = SecretString::from(key.as_str());
        let provider = Provider::fixed(&id, key.clone(), Arc::clone(&self.clock));
        // Looks at the form alone.
        provider
            .base()
            .await
            .map_err(|error| Failure::other(error.to_string()))?;
        let id = id.as_str().to_owned();
        Ok(Some((Pair { id, key }, Arc::new(provider))))
    }
}
