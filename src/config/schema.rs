//! Every table and key a config may have, and those that it may not have yet or no longer.
//!
//! This is the only list of keys: the readers ask for keys by name, unknown ones are found against these tables, and a
//! test holds `config.example.toml` to them.

mod notify;

pub(super) use notify::{NOTIFICATIONS, NOTIFY};

/// A key of this version.
#[derive(Debug)]
pub(super) struct Key {
    /// As it is written.
    pub(super) name: &'static str,
    /// What its value must be, as a message says it: "must be …".
    pub(super) wants: &'static str,
    /// Whether it may be shown.
    pub(super) holds: Holds,
}

/// What a value holds, and so how it is shown: the one list of what is secret. No key is without it. From the harmless to
/// the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holds {
    /// Nothing that nobody may see; or tables, whose keys tell for themselves.
    Open,
    /// Whom the service may turn to: shown on this machine, in no text for others.
    Contact,
    /// An address that may have a user and a password in it.
    Address,
    /// Programs with their arguments, which may be secrets.
    Command,
    /// The name of a file with a secret in it. The name may be shown.
    SecretFile,
    /// A secret.
    Secret,
}

/// Why a key that people may well write is not taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Other {
    /// Not taken, with the reason.
    Refused(&'static str),
    /// Another spelling of this key of ours, mostly the API's own.
    Is(&'static str),
}

/// One kind of table.
#[derive(Debug)]
pub(super) struct TableSchema {
    /// As messages name it.
    pub(super) title: &'static str,
    /// The keys of this version.
    pub(super) keys: &'static [Key],
    /// Known words that are no keys of this version.
    pub(super) others: &'static [(&'static str, Other)],
}

impl TableSchema {
    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// What is known about a word that is no key.
    pub(super) fn other(&self, name: &str) -> Option<Other> {
        let found = self.others.iter().find(|(word, _)| *word == name);
        found.map(|(_, other)| *other)
    }
}

const fn key(name: &'static str, wants: &'static str, holds: Holds) -> Key {
    Key { name, wants, holds }
}

/// What the value of a key of this name may hold, in whatever table: the most secret of them. `None` for a word that is no
/// key.
pub(super) fn holds(name: &str) -> Option<Holds> {
    ALL.iter()
        .filter_map(|table| table.key(name))
        .map(|key| key.holds)
        .max()
}

const DURATION: &str = "a duration in quotes, such as \"30s\", \"10m\", \"6h\" or \"30d\"";
const TEXT: &str = "text in quotes";
const TABLE: &str = "a table";
const FILE: &str = "the path of a file, in quotes";
const SWITCH: &str = "true or false";
const COUNT: &str = "a whole number";
const CERTIFICATES: &str = "a list of tables, each under its own [[certificates]]";

/// The top of the main file.
pub(super) static TOP: TableSchema = TableSchema {
    title: "the top of the file",
    keys: &[
        key("state_dir", "the path of a folder, in quotes", Holds::Open),
        key("schedule", TABLE, Holds::Open),
        key("api", TABLE, Holds::Open),
        key(
            "accounts",
            "a table with one table for each account",
            Holds::Open,
        ),
        key("defaults", TABLE, Holds::Open),
        key("certificates", CERTIFICATES, Holds::Open),
        key("http", TABLE, Holds::Open),
        key("log", TABLE, Holds::Open),
        key(
            "notify",
            "a list of tables, each under its own [[notify]]",
            Holds::Open,
        ),
        key("notifications", TABLE, Holds::Open),
    ],
    others: &[
        ("certificate", Other::Is("certificates")),
        ("domains", Other::Is("certificates")),
        ("account", Other::Is("accounts")),
        ("default", Other::Is("defaults")),
        ("logging", Other::Is("log")),
    ],
};

const MAIN_FILE_ONLY: Other =
    Other::Refused("files in conf.d hold only [[certificates]]; move it to the main file");

/// The top of a file in `conf.d`.
pub(super) static CONF_D: TableSchema = TableSchema {
    title: "a file of conf.d",
    keys: &[key("certificates", CERTIFICATES, Holds::Open)],
    others: &[
        ("state_dir", MAIN_FILE_ONLY),
        ("schedule", MAIN_FILE_ONLY),
        ("api", MAIN_FILE_ONLY),
        ("accounts", MAIN_FILE_ONLY),
        ("defaults", MAIN_FILE_ONLY),
        ("log", MAIN_FILE_ONLY),
        ("http", MAIN_FILE_ONLY),
        ("notify", MAIN_FILE_ONLY),
        ("notifications", MAIN_FILE_ONLY),
        ("certificate", Other::Is("certificates")),
        ("domains", Other::Is("certificates")),
    ],
};

/// `[schedule]`.
pub(super) static SCHEDULE: TableSchema = TableSchema {
    title: "[schedule]",
    keys: &[
        key(
            "check",
            "a cron expression of six fields in quotes, seconds first",
            Holds::Open,
        ),
        key("renew_before", DURATION, Holds::Open),
        key("poll", DURATION, Holds::Open),
        key("jitter", DURATION, Holds::Open),
        key("heartbeat", DURATION, Holds::Open),
    ],
    others: &[("cron", Other::Is("check"))],
};

/// `[api]`.
pub(super) static API: TableSchema = TableSchema {
    title: "[api]",
    keys: &[
        key("requests_per_second", COUNT, Holds::Open),
        key("timeout", DURATION, Holds::Open),
        key(
            "proxy",
            "a proxy's address in quotes, such as \"http://proxy.internal:3128\"",
            Holds::Address,
        ),
    ],
    others: &[
        (
            "endpoint",
            Other::Refused("an endpoint belongs to an account: write it under [accounts.default]"),
        ),
        ("rate_limit", Other::Is("requests_per_second")),
    ],
};

/// `[accounts.NAME]`.
pub(super) static ACCOUNT: TableSchema = TableSchema {
    title: "[accounts.NAME]",
    keys: &[
        key(
            "endpoint",
            "an address in quotes, such as \"https://ssl.tencentcloudapi.com\"",
            Holds::Open,
        ),
        key("secret_id", TEXT, Holds::Secret),
        key("secret_id_file", FILE, Holds::SecretFile),
        key("secret_key", TEXT, Holds::Secret),
        key("secret_key_file", FILE, Holds::SecretFile),
        key("token", TEXT, Holds::Secret),
        key("free_limit", COUNT, Holds::Open),
        key("domain_limit", COUNT, Holds::Open),
        key("tidy", SWITCH, Holds::Open),
    ],
    others: &[
        (
            "region",
            Other::Refused("the certificate service has no regions: leave it out"),
        ),
        (
            "token_file",
            Other::Refused(
                "a temporary token comes with its keys, by `token`, by systemd's credentials or by the instance role",
            ),
        ),
    ],
};

const CERTIFICATE_KEYS: &[Key] = &[
    key("domain", "one domain name in quotes", Holds::Open),
    key("account", "the name of an account, in quotes", Holds::Open),
    key(
        "validation",
        "\"DNS_AUTO\", or a table such as { method = \"FILE\", webroot = \"/var/www/html\" }",
        Holds::Open,
    ),
    key("key", "\"RSA\" or \"ECC\"", Holds::Open),
    key("alias", TEXT, Holds::Open),
    key("project_id", COUNT, Holds::Open),
    key("contact_email", "a mail address in quotes", Holds::Contact),
    key(
        "contact_phone",
        "a telephone number in quotes",
        Holds::Contact,
    ),
    key("delete_dns_record", SWITCH, Holds::Open),
    key("csr_key_password", TEXT, Holds::Secret),
    key("package_type", "\"83\" in quotes", Holds::Open),
    key("validity_period", "\"3\" in quotes", Holds::Open),
    key("renew_before", DURATION, Holds::Open),
    key(
        "verify",
        "an address with its port in quotes, such as \"www.example.com:443\", or a table",
        Holds::Open,
    ),
    key(
        "install",
        "a list of tables, each under its own [[certificates.install]]",
        Holds::Open,
    ),
    key("hooks", "a table under [certificates.hooks]", Holds::Open),
    key(
        "cloud",
        "a list of tables, each under its own [[certificates.cloud]]",
        Holds::Open,
    ),
];

/// Facts on single parameters: Tencent Cloud, ApplyCertificate, 2025-02-17.
const NO_DNS_NAMES: &str = "the service does not support DnsNames yet: a free certificate covers one name, so write one \
     [[certificates]] for each";
const NO_PACKAGE: &str = "the service has withdrawn expansion packs: leave it out";
const NO_KEY_PARAMETER: &str = "it follows from `key`: RSA has 2048 bits, ECC is prime256v1";
const NO_OLD_ID: &str = "Evercert links a renewal to the old certificate itself: leave it out";
const ONE_DOMAIN: &str =
    "a free certificate covers one name: write one [[certificates]] with `domain` for each";

const CERTIFICATE_OTHERS: &[(&str, Other)] = &[
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

/// One entry of `[[certificates]]`.
pub(super) static CERTIFICATE: TableSchema = TableSchema {
    title: "[[certificates]]",
    keys: CERTIFICATE_KEYS,
    others: CERTIFICATE_OTHERS,
};

/// `[defaults]`: any key of a certificate but its domain, which is the first.
pub(super) static DEFAULTS: TableSchema = TableSchema {
    title: "[defaults]",
    keys: CERTIFICATE_KEYS.split_at(1).1,
    others: CERTIFICATE_OTHERS,
};

/// `validation = { … }`. Which keys go together, the reader knows.
pub(super) static VALIDATION: TableSchema = TableSchema {
    title: "validation",
    keys: &[
        key("method", "\"DNS_AUTO\", \"DNS\" or \"FILE\"", Holds::Open),
        key("webroot", "the path of a folder, in quotes", Holds::Open),
        key(
            "listen",
            "an address with its port in quotes, such as \"127.0.0.1:8402\"",
            Holds::Open,
        ),
        key(
            "probe",
            "an address with its port in quotes, such as \"127.0.0.1:80\"",
            Holds::Open,
        ),
        key(
            "provider",
            "\"dnspod\", \"exec\", \"acme.sh\", \"rfc2136\" or \"manual\"",
            Holds::Open,
        ),
        key("name_servers", "a list of addresses in quotes", Holds::Open),
        key("account", "the name of an account, in quotes", Holds::Open),
        key(
            "command",
            "a list of texts in quotes: program and arguments",
            Holds::Command,
        ),
        key(
            "cleanup",
            "a list of texts in quotes: program and arguments",
            Holds::Command,
        ),
        key("timeout", DURATION, Holds::Open),
        key("acme_sh", "the path of a folder, in quotes", Holds::Open),
        key(
            "script",
            "the name of a dnsapi script in quotes, such as \"dns_cf\"",
            Holds::Open,
        ),
        key("env_file", FILE, Holds::SecretFile),
        key(
            "server",
            "an address in quotes, such as \"192.0.2.53:53\"",
            Holds::Open,
        ),
        key("key_name", TEXT, Holds::Open),
        key("key_file", FILE, Holds::SecretFile),
        key(
            "algorithm",
            "\"hmac-sha256\", \"hmac-sha384\" or \"hmac-sha512\"",
            Holds::Open,
        ),
        key("zone", "a DNS name in quotes", Holds::Open),
    ],
    others: &[
        ("root", Other::Is("webroot")),
        ("hook", Other::Is("command")),
        ("type", Other::Is("method")),
    ],
};

const COMMAND: &str = "a list of texts in quotes: the program, then its arguments";

/// `[[certificates.install]]`.
pub(super) static INSTALL: TableSchema = TableSchema {
    title: "[[certificates.install]]",
    keys: &[
        key("format", "\"pem\", \"combined\" or \"pkcs12\"", Holds::Open),
        key("cert", FILE, Holds::Open),
        key("key", FILE, Holds::Open),
        key("chain", FILE, Holds::Open),
        key("file", FILE, Holds::Open),
        key("password_file", FILE, Holds::SecretFile),
        key("alias", TEXT, Holds::Open),
        key("owner", "the name of a user, in quotes", Holds::Open),
        key("group", "the name of a group, in quotes", Holds::Open),
        key("mode", "text in quotes, such as \"0640\"", Holds::Open),
        key("create_folders", SWITCH, Holds::Open),
        key("check", COMMAND, Holds::Command),
        key("reload", COMMAND, Holds::Command),
        key("timeout", DURATION, Holds::Open),
    ],
    others: &[
        ("fullchain", Other::Is("cert")),
        ("path", Other::Is("file")),
        ("password", Other::Is("password_file")),
        ("user", Other::Is("owner")),
    ],
};

/// `[[certificates.cloud]]`.
pub(super) static CLOUD: TableSchema = TableSchema {
    title: "[[certificates.cloud]]",
    keys: &[
        key(
            "resources",
            "a list of types in quotes, such as [\"clb\", \"cdn\"]",
            Holds::Open,
        ),
        key(
            "instances",
            "a list of texts in quotes, such as [\"lb-bid2fs4g|lbl-1c6rp5eo\"]",
            Holds::Open,
        ),
        key(
            "region",
            "a region in quotes, such as \"ap-guangzhou\"",
            Holds::Open,
        ),
    ],
    others: &[
        ("type", Other::Is("resources")),
        ("resource", Other::Is("resources")),
        ("resource_types", Other::Is("resources")),
        ("ResourceTypes", Other::Is("resources")),
        ("instance", Other::Is("instances")),
        ("InstanceIdList", Other::Is("instances")),
        (
            "regions",
            Other::Refused(
                "of resources that are moved, the service tells the regions; named instances have one `region`",
            ),
        ),
    ],
};

/// `[certificates.hooks]`.
pub(super) static HOOKS: TableSchema = TableSchema {
    title: "[certificates.hooks]",
    keys: &[
        key(
            "deploy",
            "a list of commands, each a list of texts in quotes",
            Holds::Command,
        ),
        key(
            "failure",
            "a list of commands, each a list of texts in quotes",
            Holds::Command,
        ),
        key("timeout", DURATION, Holds::Open),
    ],
    others: &[
        ("renew", Other::Is("deploy")),
        ("post", Other::Is("deploy")),
    ],
};

/// `verify = { … }`.
pub(super) static VERIFY: TableSchema = TableSchema {
    title: "verify",
    keys: &[
        key(
            "address",
            "an address with its port in quotes, such as \"www.example.com:443\"",
            Holds::Open,
        ),
        key("starttls", "\"smtp\" or \"imap\"", Holds::Open),
        key("patience", DURATION, Holds::Open),
    ],
    others: &[],
};

/// `[http]`.
pub(super) static HTTP: TableSchema = TableSchema {
    title: "[http]",
    keys: &[
        key(
            "listen",
            "an address with its port in quotes, such as \"127.0.0.1:9219\", or \"\"",
            Holds::Open,
        ),
        key("hosts", "a list of host names in quotes", Holds::Open),
        key("textfile", FILE, Holds::Open),
    ],
    others: &[
        ("address", Other::Is("listen")),
        ("bind", Other::Is("listen")),
        ("host", Other::Is("hosts")),
    ],
};

/// `[log]`.
pub(super) static LOG: TableSchema = TableSchema {
    title: "[log]",
    keys: &[
        key(
            "format",
            "\"auto\", \"json\", \"pretty\" or \"journald\"",
            Holds::Open,
        ),
        key(
            "level",
            "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
            Holds::Open,
        ),
    ],
    others: &[],
};

/// All tables with a fixed place, to say where a misplaced key belongs.
pub(super) static PLACES: &[&TableSchema] = &[
    &TOP,
    &SCHEDULE,
    &API,
    &ACCOUNT,
    &CERTIFICATE,
    &HTTP,
    &LOG,
    &NOTIFY,
    &NOTIFICATIONS,
];

/// Every table there is.
pub(super) static ALL: &[&TableSchema] = &[
    &TOP,
    &CONF_D,
    &SCHEDULE,
    &API,
    &ACCOUNT,
    &CERTIFICATE,
    &DEFAULTS,
    &VALIDATION,
    &INSTALL,
    &CLOUD,
    &HOOKS,
    &VERIFY,
    &HTTP,
    &NOTIFY,
    &NOTIFICATIONS,
    &LOG,
];

/// The candidate that a mistyped word was probably meant to be.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = snake_case(word);
    // A third of the letters may differ: more is another word, not a slip.
    let tolerance = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &snake_case(candidate)), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters differ; a word that lacks only its last part is one slip away.
fn distance(word: &str, candidate: &str) -> usize {
    match candidate.strip_prefix(word) {
        Some(rest) if rest.starts_with('_') => 1,
        _ => strsim::osa_distance(word, candidate),
    }
}

/// `CsrKeyPassword`, `csr-key-password` and `CSR_KEY_PASSWORD` are one word. Cut where no key is that long.
fn snake_case(word: &str) -> String {
    let mut snake = String::new();
    let mut after_small = false;
    for character in word.chars().take(64) {
        if character.is_uppercase() && after_small {
            snake.push('_');
        }
        after_small = character.is_lowercase();
        if character == '-' || character == ' ' {
            snake.push('_');
        } else {
            snake.extend(character.to_lowercase());
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_key_and_strangers_none() {
        let keys = || CERTIFICATE.keys.iter().map(|key| key.name);
        for (slip, meant) in [
            ("domian", "domain"),
            ("renew-before", "renew_before"),
            ("renewBefore", "renew_before"),
            ("CONTACT_EMAIL", "contact_email"),
            ("project", "project_id"),
        ] {
            assert_eq!(nearest(slip, keys()), Some(meant), "{slip}");
        }
        for stranger in ["flavour", "x", ""] {
            assert_eq!(nearest(stranger, keys()), None, "{stranger}");
        }
    }

    #[test]
    fn no_table_is_left_out_of_the_list_of_all() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/schema");
        let mut files = vec![format!("{folder}.rs").into()];
        if let Ok(parts) = std::fs::read_dir(folder) {
            files.extend(parts.map(|part| part.unwrap().path()));
        }
        let text: String = files
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        // In two pieces, so as not to be counted itself.
        let opening = concat!(": TableSchema = ", "TableSchema {");
        assert_eq!(ALL.len(), text.matches(opening).count());
    }

    #[test]
    fn other_spellings_point_at_keys_that_exist() {
        for table in PLACES.iter().chain(&[&CONF_D, &DEFAULTS, &VALIDATION]) {
            for (word, other) in table.others {
                assert!(
                    table.key(word).is_none(),
                    "{word} is a key of {}",
                    table.title
                );
                if let Other::Is(ours) = other {
                    let known = CERTIFICATE.key(ours).or(table.key(ours));
                    assert!(known.is_some(), "{word} points at {ours}");
                }
            }
        }
        assert!(DEFAULTS.key("domain").is_none());
        assert_eq!(DEFAULTS.keys.len() + 1, CERTIFICATE.keys.len());
    }
}
