//! The keys of a certificate as they are written, and the rules on each.
//!
//! The rules are ApplyCertificate's (Tencent Cloud, 2025-02-17), so that an application is not refused for its form.
//! `[defaults]` gives any key that an entry does not set itself; both are read by the same code.

use std::time::Duration;

use secrecy::SecretString;

use super::account::{Accounts, DEFAULT_ACCOUNT};
use super::certificate::Certificate;
use super::domain::{self, Domain};
use super::mistake::{Fault, Place, quoted};
use super::reader::Table;
use super::schema::nearest;
use super::settings::{RENEW_BEFORE, unknown_choice};
use super::target_wishes;
use super::targets::Targets;
use super::validation::{self, Validation};
use crate::lifecycle::Algorithm;

/// The service keeps 200 characters of `Alias`; our marker of 19 and a blank go first.
const LONGEST_ALIAS: usize = 180;

/// The keys of a certificate that are set, by an entry or by `[defaults]`.
#[derive(Clone, Default)]
pub(super) struct Wishes {
    account: Option<String>,
    validation: Option<Validation>,
    key: Option<Algorithm>,
    alias: Option<String>,
    project_id: Option<u64>,
    contact_email: Option<String>,
    contact_phone: Option<String>,
    delete_dns_record: Option<bool>,
    csr_key_password: Option<SecretString>,
    package_type: Option<String>,
    validity_period: Option<String>,
    renew_before: Option<Duration>,
    targets: Option<Targets>,
}

impl Wishes {
    /// Reads what a table sets, and notes what is wrong with it.
    pub(super) fn read(table: &Table<'_>, accounts: &Accounts) -> Self {
        let project_id = table.integer("project_id", &(0..=i64::MAX));
        Self {
            account: table.checked("account", |name| check_account(name, accounts)),
            validation: validation::read(table, accounts),
            key: table.checked("key", check_key),
            alias: table.checked("alias", check_alias),
            project_id: project_id.and_then(|id| u64::try_from(id).ok()),
            contact_email: table.checked("contact_email", check_email),
            contact_phone: table.checked("contact_phone", check_phone),
            delete_dns_record: table.boolean("delete_dns_record"),
            csr_key_password: read_password(table),
            package_type: read_package_type(table),
            validity_period: table.checked("validity_period", check_validity_period),
            renew_before: table.duration("renew_before", 'd', &RENEW_BEFORE),
            targets: target_wishes::read(table),
        }
    }

    /// The certificate of a domain: what the entry sets, else what `defaults` set, else this program's own defaults.
    pub(super) fn into_certificate(
        self,
        domain: Domain,
        line: Place,
        defaults: &Self,
        schedule_renew_before: Duration,
    ) -> Certificate {
        let or = |own: Option<String>, default: &Option<String>| own.or_else(|| default.clone());
        Certificate {
            domain: domain.ascii,
            display: domain.display,
            account: or(self.account, &defaults.account)
                .unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
            validation: self
                .validation
                .or_else(|| defaults.validation.clone())
                .unwrap_or(Validation::DnsAuto),
            key: self.key.or(defaults.key).unwrap_or(Algorithm::Rsa),
            alias: or(self.alias, &defaults.alias),
            project_id: self.project_id.or(defaults.project_id),
            contact_email: or(self.contact_email, &defaults.contact_email),
            contact_phone: or(self.contact_phone, &defaults.contact_phone),
            delete_dns_record: self
                .delete_dns_record
                .or(defaults.delete_dns_record)
                .unwrap_or(true),
            csr_key_password: self
                .csr_key_password
                .or_else(|| defaults.csr_key_password.clone()),
            package_type: or(self.package_type, &defaults.package_type),
            validity_period: or(self.validity_period, &defaults.validity_period),
            renew_before: self
                .renew_before
                .or(defaults.renew_before)
                .unwrap_or(schedule_renew_before),
            targets: target_wishes::joined(self.targets, defaults.targets.as_ref()),
            line,
            account_identity: [0; 32],
        }
    }
}

/// Reads the domain of an entry; the place is its value's.
pub(super) fn read_domain(table: &Table<'_>) -> Option<(Domain, Place)> {
    if !table.has("domain") {
        table.source.missing(
            &table.at,
            "this certificate has no `domain`",
            "add domain = \"example.com\"",
        );
        return None;
    }
    let at = table.span_of("domain");
    let domain = table.checked("domain", domain::check)?;
    if domain.converted {
        table.source.warning(
            &at,
            format!(
                "{} is applied for as {}",
                quoted(&domain.display),
                quoted(&domain.ascii)
            ),
            "nothing to do; write the second form to silence this".to_owned(),
        );
    }
    Some((domain, table.source.place(at.start)))
}

fn check_account(name: &str, accounts: &Accounts) -> Result<String, Fault> {
    // The default account needs no entry: its credentials may come from elsewhere.
    if name == DEFAULT_ACCOUNT || accounts.mentioned.contains(name) {
        return Ok(name.to_owned());
    }
    let known = accounts
        .mentioned
        .iter()
        .map(String::as_str)
        .chain([DEFAULT_ACCOUNT]);
    let help = match nearest(name, known) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("add [accounts.{}]", quoted(name).trim_matches('`')),
    };
    Err(Fault::new(
        format!("there is no account {}", quoted(name)),
        help,
    ))
}

fn check_key(text: &str) -> Result<Algorithm, Fault> {
    match text {
        "RSA" => Ok(Algorithm::Rsa),
        "ECC" => Ok(Algorithm::Ecc),
        "EC" | "ec" | "ECDSA" | "ecdsa" => {
            Err(unknown_choice("key", text, &["ECC"])).map_err(|fault| Fault {
                help: Some("did you mean \"ECC\"?".to_owned()),
                ..fault
            })
        }
        _ => Err(unknown_choice("key", text, &["RSA", "ECC"])),
    }
}

fn check_alias(text: &str) -> Result<String, Fault> {
    let help = "write a short remark, or take the key out";
    let length = text.chars().count();
    if text.trim().is_empty() {
        Err(Fault::new("`alias` is empty", help))
    } else if text.trim() != text || text.chars().any(char::is_control) {
        Err(Fault::new(
            "`alias` has blanks around it, or line breaks or tabs in it",
            help,
        ))
    } else if length > LONGEST_ALIAS {
        Err(Fault::new(
            format!("`alias` has {length} characters; {LONGEST_ALIAS} are the most"),
            "shorten it; the service keeps 200, and Evercert's own marker goes first",
        ))
    } else {
        Ok(text.to_owned())
    }
}

/// The shape of an address, not whether mail arrives: a part, an @, a domain of at least two labels.
fn check_email(text: &str) -> Result<String, Fault> {
    let fault = || {
        Fault::new(
            format!("{} is not a mail address", quoted(text)),
            "write it as \"ops@example.com\"",
        )
    };
    let (local, host) = text.rsplit_once('@').ok_or_else(fault)?;
    let local_is_plain = (1..=64).contains(&local.len())
        && local
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"@,;:<>()[]\\\"".contains(&byte));
    if local_is_plain && host.len() <= 189 && is_host(host) {
        Ok(text.to_owned())
    } else {
        Err(fault())
    }
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.contains('.') && host.split('.').all(label)
}

fn check_phone(text: &str) -> Result<String, Fault> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-() ".contains(&byte));
    if plain && text.trim() == text && (5..=20).contains(&digits) && text.len() <= 32 {
        Ok(text.to_owned())
    } else {
        Err(Fault::new(
            format!("{} is not a telephone number", quoted(text)),
            "write it as \"+86 755 1234 5678\"",
        ))
    }
}

fn read_password(table: &Table<'_>) -> Option<SecretString> {
    let password = table.secret("csr_key_password")?;
    table.source.warning(
        &table.span_of("csr_key_password"),
        "`csr_key_password` protects only the service's own JKS and PFX files; the installed key stays without one",
        "leave it out unless those files are used: it may hinder deploying to CLB and CDN".to_owned(),
    );
    Some(password)
}

fn read_package_type(table: &Table<'_>) -> Option<String> {
    let package = table.checked("package_type", |text| match text {
        "83" | "2" => Ok(text.to_owned()),
        _ => Err(Fault::new(
            format!("`package_type` cannot be {}", quoted(text)),
            "leave it out, or write \"83\", the service's free certificate",
        )),
    })?;
    if package == "2" {
        table.source.warning(
            &table.span_of("package_type"),
            "package type \"2\" is the free certificate's former number, which the service documents no more",
            "leave it out".to_owned(),
        );
    }
    Some(package)
}

fn check_validity_period(text: &str) -> Result<String, Fault> {
    if text == "3" {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!(
            "`validity_period` cannot be {}; free certificates live three months",
            quoted(text)
        ),
        "leave it out, or write \"3\"",
    ))
}
