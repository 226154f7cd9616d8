//! `account`: who holds the slots.

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use super::ask::ask;
use super::failure::Failure;
use super::identity::become_owner;
use super::output::{print, print_json};
use super::slots::Slots;
use crate::config::{self, Account, Config};
use crate::store::{OperatorVerb, Store};

/// What `account` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which account of the config; all that certificates use if none is given
    name: Option<String>,
    /// Have the account listed anew; else its last listing is shown
    #[arg(long)]
    fresh: bool,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(path: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = config::load(path)?;
    let config = loaded.config.clone();
    let accounts = chosen(&config, arguments.name.as_deref())?;
    become_owner(&config.state_dir)?;
    let mut all_well = true;
    if arguments.fresh {
        let names: Vec<String> = accounts
            .iter()
            .map(|account| account.name.clone())
            .collect();
        let answers = ask(loaded, OperatorVerb::Account, &names).await?;
        for (name, answer) in names.iter().zip(answers) {
            if let Err(reason) = answer {
                Failure::other(format!("account \"{name}\": {reason}")).tell();
                all_well = false;
            }
        }
    }
    let mut found = Vec::new();
    if let Some(store) = Store::open_read_only(&config.state_dir).await? {
        let sweeps = store.sweeps().await?;
        for account in &accounts {
            found.extend(Slots::read(&store, account, &sweeps).await?);
        }
    }
    if arguments.json {
        let list: Vec<Value> = found.iter().map(Slots::json).collect();
        print_json(&Value::from(list))?;
    } else if found.is_empty() {
        print("the account was not listed yet; `evercert account --fresh` does it\n")?;
    } else {
        let texts: Vec<String> = found.iter().map(|slots| slots.text(&config)).collect();
        print(&texts.join("\n"))?;
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The account of this name, or every one that a certificate uses.
fn chosen<'a>(config: &'a Config, name: Option<&str>) -> Result<Vec<&'a Account>, Failure> {
    let Some(name) = name else {
        let used = |account: &&Account| {
            let mut all = config.certificates.iter();
            all.any(|certificate| certificate.account == account.name)
        };
        return Ok(config.accounts.values().filter(used).collect());
    };
    let found = config.accounts.get(name).ok_or_else(|| {
        let known: Vec<&str> = config.accounts.keys().map(String::as_str).collect();
        Failure::usage(format!(
            "the config has no account {name}; it has {}",
            known.join(", ")
        ))
    })?;
    Ok(vec![found])
}
