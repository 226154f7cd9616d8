//! Certificates: what the operator wants, one entry of the config each.
//!
//! The keys and the rules on each, which are ApplyCertificate's (Tencent Cloud, 2025-02-17), so that an application is
//! not refused for its form; and the fingerprint that tells whether anything changed which goes into an application.
//! `[defaults]` gives any key that an entry does not set itself; both are read by the same code.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::account::{DEFAULT_ACCOUNT, account_name};
use super::digest::{Digest, mark};
use super::domain::{self, Domain};
use super::duration::RENEW_BEFORE;
use super::mistake::{Fault, Place, quoted};
use super::nearest::unknown_choice;
use super::reader::Table;
use super::schema::{ACCOUNT_NAME, Holds, Key, Other, TEXT, TableSchema, key};
use super::targets::{RawTargets, Targets};
use super::validation::{self, VALIDATION, Validation};
use crate::lifecycle::Algorithm;

/// The service keeps 200 characters of `Alias`; our marker of 19 and a blank go first.
const LONGEST_ALIAS: usize = 180;

const DOMAIN: &[Key] = &[key("domain", "one domain name in quotes", Holds::Open)];

/// One entry of `[[certificates]]`.
pub(super) static CERTIFICATE: TableSchema = TableSchema {
    title: "[[certificates]]",
    groups: &[&[DOMAIN], Certificate::KEYS, Targets::KEYS],
    others: OTHERS,
};

/// `[defaults]`: any key of a certificate but its domain.
pub(super) static DEFAULTS: TableSchema = TableSchema {
    title: "[defaults]",
    groups: &[Certificate::KEYS, Targets::KEYS],
    others: OTHERS,
};

/// Facts on single parameters: Tencent Cloud, ApplyCertificate, 2025-02-17.
const NO_DNS_NAMES: &str = "the service does not support DnsNames yet: a free certificate covers one name, so write one \
     [[certificates]] for each";
const NO_PACKAGE: &str = "the service has withdrawn expansion packs: leave it out";
const NO_KEY_PARAMETER: &str = "it follows from `key`: RSA has 2048 bits, ECC is prime256v1";
const NO_OLD_ID: &str = "Evercert links a renewal to the old certificate itself: leave it out";
const ONE_DOMAIN: &str =
    "a free certificate covers one name: write one [[certificates]] with `domain` for each";

const OTHERS: &[(&str, Other)] = &[
    ("dns_names", Other::Refused(NO_DNS_NAMES)),
    ("DnsNames", Other::Refused(NO_DNS_NAMES)),
    ("package_id", Other::Refused(NO_PACKAGE)),
    ("PackageId", Other::Refused(NO_PACKAGE)),
    ("csr_key_parameter", Other::Refused(NO_KEY_PARAMETER)),
    ("CsrKeyParameter", Other::Refused(NO_KEY_PARAMETER)),
    ("old_certificate_id", Other::Refused(NO_OLD_ID)),
    ("OldCertificateId", Other::Refused(NO_OLD_ID)),
    ("domains", Other::Refused(ONE_DOMAIN)),
    ("names", Other::Refused(ONE_DOMAIN)),
    ("sans", Other::Refused(ONE_DOMAIN)),
    ("domain_name", Other::Is("domain")),
    ("DomainName", Other::Is("domain")),
    ("name", Other::Is("domain")),
    ("dv_auth_method", Other::Is("validation")),
    ("DvAuthMethod", Other::Is("validation")),
    ("csr_encrypt_algo", Other::Is("key")),
    ("CsrEncryptAlgo", Other::Is("key")),
    ("algorithm", Other::Is("key")),
    ("CsrKeyPassword", Other::Is("csr_key_password")),
    ("Alias", Other::Is("alias")),
    ("ProjectId", Other::Is("project_id")),
    ("ContactEmail", Other::Is("contact_email")),
    ("email", Other::Is("contact_email")),
    ("ContactPhone", Other::Is("contact_phone")),
    ("phone", Other::Is("contact_phone")),
    ("delete_dns_auto_record", Other::Is("delete_dns_record")),
    ("DeleteDnsAutoRecord", Other::Is("delete_dns_record")),
    ("PackageType", Other::Is("package_type")),
    ("ValidityPeriod", Other::Is("validity_period")),
];

table! {
    /// One certificate that the operator wants.
    #[derive(Clone, Debug)]
    pub struct Certificate, raw RawCertificate {
        /// The name of its account; always one of the config's.
        account: String = DEFAULT_ACCOUNT.to_owned(), by(ACCOUNT_NAME, account_name);
        /// Whether it is ordered here. Else what the account has for its name is fetched, whatever that is.
        order: bool = true, switch();
        /// How control of the domain is proved.
        validation: Validation = Validation::DnsAuto, table(
            "\"DNS_AUTO\", or a table such as { method = \"FILE\", webroot = \"/var/www/html\" }",
            validation::read, &VALIDATION);
        /// The algorithm of its key.
        key: Algorithm = Algorithm::Rsa, text("\"RSA\" or \"ECC\"", check_key);
        /// The operator's own remark, 180 characters at most; goes behind our marker.
        alias: Option<String>, text(TEXT, check_alias);
        /// The project it is filed under.
        project_id: Option<u64>, count(0..=i64::MAX);
        /// Where the service sends mail about it.
        contact_email: Option<String>, text("a mail address in quotes", check_email) [Contact];
        /// Whom the service calls about it.
        contact_phone: Option<String>, text("a telephone number in quotes", check_phone) [Contact];
        /// Whether the service removes its automatic DNS record afterwards.
        delete_dns_record: bool = true, switch();
        /// The password of the service's own JKS and PFX files. It does not touch what is installed.
        csr_key_password: Option<SecretString>, by(TEXT, password) [Secret];
        /// `PackageType`, sent only where set.
        package_type: Option<String>, by("\"83\" in quotes", package_type);
        /// `ValidityPeriod` in months, sent only where set.
        validity_period: Option<String>, text("\"3\" in quotes", check_validity_period);
        /// How long before its end it is renewed: its own, or the schedule's.
        renew_before: Duration = *RENEW_BEFORE.end(), duration('d', RENEW_BEFORE);
    }
    of {
        /// Where it goes once it is installed. No part of an application. Certificates that are next to each other in the
        /// config and go to the same places share it.
        pub targets: Arc<Targets>,
    }
    beside {
        /// The name, in ASCII (punycode) and lower case. No two certificates have the same.
        pub domain: String,
        /// The name as people write it: Unicode for an IDN, else the same as `domain`.
        pub display: String,
        /// Where its domain stands in the config.
        pub line: Place,
        /// A digest of what decides whose its account is; see [`Account`](super::Account).
        pub(super) account_identity: [u8; 32],
    }
}

/// What one table sets of a certificate and its targets.
#[derive(Clone, Default)]
pub(super) struct RawEntry {
    certificate: RawCertificate,
    targets: RawTargets,
}

impl RawEntry {
    /// Reads what a table sets, and notes what is wrong with it.
    pub(super) fn read(table: &Table<'_>) -> Self {
        Self {
            certificate: RawCertificate::read(Some(table)),
            targets: RawTargets::read(Some(table)),
        }
    }

    /// With this time of renewal, unless it sets one.
    pub(super) fn or_renewed(mut self, before: Duration) -> Self {
        self.certificate.renew_before.get_or_insert(before);
        self
    }

    /// The certificate of a domain: what the entry sets, else what `defaults` set, else this program's own defaults.
    pub(super) fn complete(
        self,
        domain: Domain,
        line: Place,
        defaults: &Self,
        before: Option<&Certificate>,
    ) -> Certificate {
        let targets = self.targets.complete(&defaults.targets);
        let same = before.map(|before| &before.targets);
        let same = same.filter(|before| ***before == targets);
        let targets = same.map_or_else(|| Arc::new(targets), Arc::clone);
        self.certificate.complete(
            &defaults.certificate,
            targets,
            domain.ascii,
            domain.display,
            line,
            [0; 32],
        )
    }
}

impl Certificate {
    /// A stable digest (64 hexadecimal digits) of all that goes into an application, and of the account it goes to. A
    /// certificate that was parked for its input is tried again when this changes.
    ///
    /// Of the password only sixteen bits go in: enough to notice an edit, too few to guess it from the digest.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut digest = Digest::new();
        digest.add("evercert application 1");
        digest.add(self.account_identity);
        digest.add(&self.domain);
        digest.add(self.validation.as_str());
        digest.add(self.key.name());
        digest.add([u8::from(self.delete_dns_record)]);
        digest.add_optional(self.project_id.map(u64::to_be_bytes));
        for text in [
            &self.alias,
            &self.contact_email,
            &self.contact_phone,
            &self.package_type,
            &self.validity_period,
        ] {
            digest.add_optional(text.as_ref());
        }
        let password = self.csr_key_password.as_ref();
        digest.add_optional(password.map(|password| mark(&self.domain, password.expose_secret())));
        if !self.order {
            digest.add("ordered by somebody else");
        }
        // Ways that have settings of their own: another hook or folder is another attempt.
        if self.validation != Validation::DnsAuto {
            digest.add(format!("{:?}", self.validation));
        }
        digest.text()
    }
}

/// Reads the domain of an entry; the place is its value's.
pub(super) fn read_domain(table: &Table<'_>) -> Option<(Domain, Place)> {
    if !table.has("domain") {
        table.missing(
            "this certificate has no `domain`",
            "add domain = \"example.com\"",
        );
        return None;
    }
    let domain = table.checked("domain", domain::check)?;
    if domain.converted {
        table.warning(
            "domain",
            format!(
                "{} is applied for as {}",
                quoted(&domain.display),
                quoted(&domain.ascii)
            ),
            "nothing to do; write the second form to silence this",
        );
    }
    Some((domain, table.source.place(table.span_of("domain").start)))
}

fn check_key(text: &str) -> Result<Algorithm, Fault> {
    match text {
        "RSA" => Ok(Algorithm::Rsa),
        "ECC" => Ok(Algorithm::Ecc),
        "EC" | "ec" | "ECDSA" | "ecdsa" => Err(Fault::new(
            format!("`key` cannot be {}", quoted(text)),
            "did you mean \"ECC\"?",
        )),
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

fn password(table: &Table<'_>, key: &str) -> Option<SecretString> {
    let password = table.secret(key)?;
    table.warning(
        key,
        "`csr_key_password` protects only the service's own JKS and PFX files; the installed key stays without one",
        "leave it out unless those files are used: it may hinder deploying to CLB and CDN",
    );
    Some(password)
}

fn package_type(table: &Table<'_>, key: &str) -> Option<String> {
    let package = table.checked(key, |text| match text {
        "83" | "2" => Ok(text.to_owned()),
        _ => Err(Fault::new(
            format!("`package_type` cannot be {}", quoted(text)),
            "leave it out, or write \"83\", the service's free certificate",
        )),
    })?;
    if package == "2" {
        table.warning(
            key,
            "package type \"2\" is the free certificate's former number, which the service documents no more",
            "leave it out",
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
