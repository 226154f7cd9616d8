//! What a config names that lies outside of it, and comes and goes without an edit.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::notify::{Channel, Secret};
use super::targets::Format;
use super::validation::{Provider, Validation};
use super::{Account, Certificate, Config, Notify};

impl Config {
    /// Every file of secrets that it names, each once: keys, addresses, passwords, variables for commands.
    #[must_use]
    pub fn secret_files(&self) -> BTreeSet<PathBuf> {
        let dead_man = self.notifications.dead_man.as_ref();
        let accounts = self.accounts.values().flat_map(of_account);
        let channels = self.notifications.channels.iter().flat_map(of_channel);
        let certificates = self.certificates.iter().flat_map(of_certificate);
        accounts
            .chain(channels)
            .chain(dead_man.and_then(|dead_man| file(&dead_man.url)))
            .chain(certificates)
            .collect()
    }
}

fn of_account(account: &Account) -> Vec<PathBuf> {
    let files = [&account.secret_id_file, &account.secret_key_file];
    files.into_iter().flatten().cloned().collect()
}

fn of_channel(notify: &Notify) -> Vec<PathBuf> {
    let secrets: Vec<Option<&Secret>> = match &notify.channel {
        Channel::Webhook { url, secret, .. }
        | Channel::DingTalk { url, secret }
        | Channel::Feishu { url, secret } => vec![Some(url), secret.as_ref()],
        Channel::WeCom { url } | Channel::Slack { url } => vec![Some(url)],
        Channel::Telegram { api, token, .. } => vec![Some(api), Some(token)],
        Channel::Email(mail) => vec![mail.password.as_ref()],
        Channel::Exec { .. } => Vec::new(),
    };
    secrets.into_iter().flatten().filter_map(file).collect()
}

fn of_certificate(certificate: &Certificate) -> Vec<PathBuf> {
    let variables = match &certificate.validation {
        Validation::Dns(dns) => match &dns.provider {
            Provider::Exec { env_file, .. } | Provider::AcmeSh { env_file, .. } => env_file.clone(),
            Provider::Rfc2136 { key_file, .. } => Some(key_file.clone()),
            Provider::Dnspod { .. } | Provider::Manual => None,
        },
        Validation::DnsAuto | Validation::File(_) => None,
    };
    let installs = certificate.targets.install.iter();
    let passwords = installs.filter_map(|install| match &install.format {
        Format::Pkcs12 { password_file, .. } => Some(password_file.clone()),
        Format::Pem { .. } | Format::Combined { .. } => None,
    });
    variables.into_iter().chain(passwords).collect()
}

fn file(secret: &Secret) -> Option<PathBuf> {
    match secret {
        Secret::File(path) => Some(path.clone()),
        Secret::Here(_) => None,
    }
}
