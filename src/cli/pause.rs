//! `pause` and `resume`: hold back all automation of certificates, and go on with it.

use std::path::Path;
use std::process::ExitCode;

use super::ask::ask;
use super::failure::{Failure, exit};
use super::output::tell;
use super::view::{domains, open};
use crate::sentence::{Language, sentences};
use crate::store::Verb;

/// What `pause` and `resume` take.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domains
    #[arg(required = true)]
    domains: Vec<String>,
}

sentences! {
    paused(domain) "{domain} is paused; `evercert resume {domain}` ends that" "{domain} 已暂停，不会申请或部署；执行 `evercert resume {domain}` 恢复";
    resumed(domain) "{domain} is looked after again" "{domain} 已恢复";
    refused(domain, reason) "{domain}: {reason}" "{domain}：{reason}";
}

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: &Arguments,
    verb: impl Fn(String) -> Verb,
) -> Result<ExitCode, Failure> {
    let loaded = open(path)?;
    let domains = domains(&loaded.config, &arguments.domains)?;
    let requests: Vec<Verb> = domains.iter().cloned().map(verb).collect();
    let answers = ask(&loaded, requests.clone()).await?;
    let mut all_done = true;
    for ((domain, request), answer) in domains.iter().zip(requests).zip(&answers) {
        match answer {
            Ok(words) => tell(&format!("{}\n", said(language, &request, domain, words)))?,
            Err(reason) => {
                Failure::other(refused(domain, reason)).tell(language);
                all_done = false;
            }
        }
    }
    Ok(exit(all_done))
}

/// What the daemon answered, which is English, or the same in Chinese.
fn said(language: Language, request: &Verb, domain: &str, words: &str) -> String {
    let told = language.tell(words);
    match (language, request) {
        (Language::Chinese, Verb::Pause(_)) if told == words => paused(domain).chinese,
        (Language::Chinese, Verb::Resume(_)) if told == words => resumed(domain).chinese,
        _ => told,
    }
}
