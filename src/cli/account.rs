//! `account`: who holds the slots.

use std::path::Path;
use std::process::ExitCode;

use super::ask::ask;
use super::failure::{Failure, exit};
use super::output::show;
use super::slots::Slots;
use super::view::{View, open};
use crate::config::{Account, Config};
use crate::sentence::{Language, Sentence, sentences};
use crate::store::Verb;
use crate::tencent::codes::told;

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

sentences! {
    failed(account, reason) "account \"{account}\": {reason}" "账号 \"{account}\"：{reason}";
    not_listed() "the account was not listed yet; `evercert account --fresh` does it\n" "尚未查询该账号的证书列表；执行 `evercert account --fresh` 查询\n";
    no_account(name, known) "the config has no account {name}; it has {known}" "配置中没有账号 {name}；现有：{known}";
}

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let loaded = open(path)?;
    let config = &loaded.config;
    let accounts = chosen(config, arguments.name.as_deref())?;
    let mut all_well = true;
    if arguments.fresh {
        let names = accounts.iter().map(|account| account.name.clone());
        let answers = ask(&loaded, names.map(Verb::Account)).await?;
        for (account, answer) in accounts.iter().zip(answers) {
            if let Err(reason) = answer {
                Failure::other(failed(&account.name, told(None, &reason))).tell(language);
                all_well = false;
            }
        }
    }
    let names: Vec<String> = accounts
        .iter()
        .map(|account| account.name.clone())
        .collect();
    let view = View::of(loaded.config, language).await?;
    let of_those = view
        .slots
        .iter()
        .filter(|slots| names.contains(&slots.account));
    let found: Vec<&Slots> = of_those.collect();
    show(
        arguments.json,
        || found.iter().map(|slots| slots.json()).collect(),
        || text_of(&found, &view.config, language),
    )?;
    Ok(exit(all_well))
}

fn text_of(found: &[&Slots], config: &Config, language: Language) -> String {
    if found.is_empty() {
        return language.of(&not_listed()).to_owned();
    }
    let texts: Vec<String> = found
        .iter()
        .map(|slots| slots.text(config, language))
        .collect();
    texts.join("\n")
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
        Failure::usage(no_account(name, Sentence::names(known)))
    })?;
    Ok(vec![found])
}
