//! The config that a sandbox leaves in its folder, for verbs that are typed beside it.
//!
//! Of the operator's config it has what decides about orders. Whatever leads outside or may hold a secret is not in it:
//! targets, commands, channels, ways of validation, contacts, passwords. Its keys are taken by the stand-in alone.

use secrecy::ExposeSecret;

use crate::config::{Account, Certificate, Config};

/// What stands above it.
const HEAD: &str = "\
# Made by `evercert run --sandbox`, anew at each start and never read by it again: for verbs that are typed beside it.
# The service named here is a stand-in inside that process. Its keys open nothing else, and it ends with the process.
# Targets, commands, channels, ways of validation, contacts and passwords of your own config are left out.
";

/// A config that has been turned towards the stand-in, as TOML.
pub(super) fn text(config: &Config) -> String {
    let mut text = format!(
        "{HEAD}\nstate_dir = {}\n\n[schedule]\ncheck = {}\npoll = \"{}s\"\njitter = \"0s\"\n\n\
         [api]\nrequests_per_second = {}\ntimeout = \"{}s\"\n",
        quoted(&config.state_dir.to_string_lossy()),
        quoted(config.schedule.check.as_str()),
        config.schedule.poll.as_secs(),
        config.api.requests_per_second,
        config.api.timeout.as_secs(),
    );
    if let Some(listen) = config.http.listen {
        text.push_str(&format!("\n[http]\nlisten = \"{listen}\"\n"));
    }
    text.extend(config.accounts.values().map(account));
    text.extend(config.certificates.iter().map(certificate));
    text
}

fn account(account: &Account) -> String {
    let id = account.secret_id.as_deref().unwrap_or_default();
    let key = account.secret_key.as_ref();
    format!(
        "\n[accounts.{}]\nendpoint = {}\nsecret_id = {}\nsecret_key = {}\nfree_limit = {}\ndomain_limit = {}\n",
        account.name,
        quoted(account.endpoint.as_str()),
        quoted(id),
        quoted(key.map_or("", |key| key.expose_secret())),
        account.free_limit,
        account.domain_limit,
    )
}

fn certificate(certificate: &Certificate) -> String {
    let mut text = format!(
        "\n[[certificates]]\ndomain = {}\naccount = {}\nkey = \"{}\"\nrenew_before = \"{}s\"\n",
        quoted(&certificate.domain),
        quoted(&certificate.account),
        certificate.key.name(),
        certificate.renew_before.as_secs(),
    );
    if let Some(alias) = &certificate.alias {
        text.push_str(&format!("alias = {}\n", quoted(alias)));
    }
    if let Some(project) = certificate.project_id {
        text.push_str(&format!("project_id = {project}\n"));
    }
    if let Some(verify) = &certificate.targets.verify {
        text.push_str(&format!(
            "verify = {}\n",
            quoted(&verify.address.to_string())
        ));
    }
    text
}

/// A text as TOML has it: JSON's escapes are among those of TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
