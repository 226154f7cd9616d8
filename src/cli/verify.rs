//! `verify`: connect now, and say whether the right certificate is served. It changes nothing, and asks nobody.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::{Failure, exit};
use super::output::{local, show};
use super::view::View;
use crate::clock::{Clock, SystemClock};
use crate::config::Certificate;
use crate::delivery::verify::{self, Place};
use crate::engine::judge;
use crate::lifecycle::delivery::DeliveryOutcome;
use crate::sentence::{Language, Sentence, sentences};

/// What `verify` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this domain; all that have `verify` in the config if none is given
    domain: Option<String>,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

sentences! {
    none_has_verify() "no certificate of the config has `verify`" "配置中没有证书设置了 `verify`";
    has_no_verify(domain, setting) "{domain} has no `verify` in the config; add {setting}" "{domain} 没有设置 `verify`；请添加 {setting}";
    no_certificate(domain) "{domain}: there is no certificate yet" "{domain}：还没有证书";
    served(domain, address, until) "{domain}: served at {address}, valid until {until}" "{domain}：{address} 提供的是正确的证书，有效期至 {until}";
    not_served(domain, reason) "{domain}: {reason}" "{domain}：{reason}";
    not_asked(address) "{address} was not asked" "没有查询 {address}";
}

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let view = View::open(path, language).await?;
    let chosen: Vec<&Certificate> = match &arguments.domain {
        Some(written) => vec![view.certificate(written)?],
        None => {
            let all = view.config.certificates.iter();
            all.filter(|certificate| certificate.targets.verify.is_some())
                .collect()
        }
    };
    if chosen.is_empty() {
        return Err(Failure::usage(none_has_verify()));
    }
    let mut findings = Vec::new();
    for certificate in chosen {
        findings.push(look(&view, certificate).await?);
    }
    let text = |finding: &Finding| format!("{}\n", language.of(&finding.sentence));
    show(
        arguments.json,
        || {
            findings
                .iter()
                .map(|finding| finding.json.clone())
                .collect()
        },
        || findings.iter().map(text).collect(),
    )?;
    Ok(exit(findings.iter().all(|finding| finding.is_served)))
}

/// What was found of one certificate.
struct Finding {
    is_served: bool,
    sentence: Sentence,
    json: Value,
}

async fn look(view: &View, certificate: &Certificate) -> Result<Finding, Failure> {
    let display = &certificate.display;
    let Some(settings) = &certificate.targets.verify else {
        let setting = format!("verify = \"{display}:443\"");
        return Err(Failure::usage(has_no_verify(display, setting)));
    };
    let Some(wanted) = view.wanted(&certificate.domain) else {
        return Err(Failure::other(no_certificate(display)));
    };
    let clock = SystemClock::new();
    let place = Place::new(settings, &certificate.domain);
    let shown = verify::look_well(&place, &wanted.fingerprint, |time| clock.sleep(time)).await;
    let outcome = judge(shown, &certificate.domain, &wanted.fingerprint);
    let address = settings.address.to_string();
    let wrong = |reason: String| not_served(display, reason);
    let (state, seen, sentence) = match outcome {
        DeliveryOutcome::Done => (
            "served",
            Some(wanted.fingerprint.clone()),
            served(display, &address, local(wanted.not_after)),
        ),
        DeliveryOutcome::Wrong { seen, reason, .. } => ("wrong", Some(seen), wrong(reason)),
        DeliveryOutcome::Imperfect { seen, reason } => ("imperfect", Some(seen), wrong(reason)),
        DeliveryOutcome::Failed(reason) | DeliveryOutcome::Foreign { reason, .. } => {
            ("unreachable", None, wrong(reason))
        }
        _ => (
            "unreachable",
            None,
            not_served(display, not_asked(&address)),
        ),
    };
    Ok(Finding {
        is_served: state == "served",
        json: json!({
            "domain": certificate.domain,
            "address": address,
            "state": state,
            "installed": wanted.fingerprint,
            "served": seen,
            "message": sentence.english,
        }),
        sentence,
    })
}
