//! What the service asks for, checked before anybody acts on it.
//!
//! Name, type and value come from the network and go to commands, zones and files, so nothing is taken as it is. Only what
//! CAs ask for is: a record `_dnsauth…` or `_<hex>` at the order's name or one of its parents, a file of a plain name
//! directly in `/.well-known/pki-validation/`, and values of letters, digits and a few signs. Whoever could have any other
//! name put up could take over the domain's mail, or have another CA issue (`_acme-challenge`). What comes back from the
//! record is checked once more (`sound`), since a database can be a restored one.

use crate::config::main_domain;
use crate::lifecycle::proof::ChallengeKind;
use crate::lifecycle::{Challenge, Method};
use crate::tencent::ssl::DvAuth;

use super::ValidationError;
use crate::text::plain;

/// The one folder that files are asked for in (CA/Browser Forum, Baseline Requirements 3.2.2.4.18).
const FILE_FOLDER: &str = "/.well-known/pki-validation/";

/// The longest name of a file that is taken.
const LONGEST_FILE_NAME: usize = 128;

/// The longest value that is taken: one string of a TXT record.
const LONGEST_VALUE: usize = 255;
/// The longest content of a file that is taken.
pub(super) const LONGEST_CONTENT: usize = 4096;

/// The challenges of an order for `domain`; empty where the service tells none yet.
///
/// # Errors
/// [`ValidationError::Refused`]: something asked for lies outside of the domain, or is not what it should be.
pub(crate) fn read(
    domain: &str,
    method: Method,
    proofs: &[DvAuth],
) -> Result<Vec<Challenge>, ValidationError> {
    proofs
        .iter()
        .map(|auth| one(domain, method, auth))
        .collect::<Result<_, String>>()
        .map_err(ValidationError::Refused)
}

fn one(domain: &str, method: Method, auth: &DvAuth) -> Result<Challenge, String> {
    let kind = kind(method, auth)?;
    match kind {
        ChallengeKind::File => Ok(Challenge {
            kind,
            name: file_path(auth)?,
            value: content(&auth.value)?,
        }),
        ChallengeKind::Txt | ChallengeKind::Cname => Ok(Challenge {
            kind,
            name: record_name(domain, auth)?,
            value: value(kind, &auth.value)?,
        }),
    }
}

fn kind(method: Method, auth: &DvAuth) -> Result<ChallengeKind, String> {
    match auth.verify_type.as_deref().map(str::to_ascii_uppercase) {
        Some(word) if word == "TXT" => Ok(ChallengeKind::Txt),
        Some(word) if word == "CNAME" => Ok(ChallengeKind::Cname),
        Some(word) if word == "FILE" => Ok(ChallengeKind::File),
        Some(word) => Err(format!(
            "the service asks for a proof of the type {:.20}, which this version does not know",
            plain(&word)
        )),
        None if method == Method::File => Ok(ChallengeKind::File),
        // A value that is a host name of several labels is the target of a CNAME.
        None if is_host(auth.value.trim_end_matches('.')) && auth.value.contains('.') => {
            Ok(ChallengeKind::Cname)
        }
        None => Ok(ChallengeKind::Txt),
    }
}

/// Whether a challenge is one that a CA can have asked for, wherever it comes from.
///
/// # Errors
/// [`ValidationError::Refused`]: what is wrong with it.
pub(super) fn sound(domain: &str, challenge: &Challenge) -> Result<(), ValidationError> {
    let checked = match challenge.kind {
        ChallengeKind::File => is_file_path(&challenge.name)
            .then_some(())
            .ok_or_else(|| foreign_path(&challenge.name))
            .and_then(|()| content(&challenge.value).map(drop)),
        kind => is_asked_for(&challenge.name, domain)
            .then_some(())
            .ok_or_else(|| foreign_name(&challenge.name, domain))
            .and_then(|()| value(kind, &challenge.value).map(drop)),
    };
    checked.map_err(ValidationError::Refused)
}

/// The full name, in lower case.
fn record_name(domain: &str, auth: &DvAuth) -> Result<String, String> {
    let key = auth.key.trim_end_matches('.').to_ascii_lowercase();
    if is_asked_for(&key, domain) {
        return Ok(key);
    }
    // Some answers give the host part alone, with the zone beside it.
    if let Some(zone) = &auth.domain
        && auth
            .sub_domain
            .as_deref()
            .is_none_or(|sub| sub.eq_ignore_ascii_case(&key))
    {
        let name = format!("{key}.{}", zone.trim_end_matches('.').to_ascii_lowercase());
        if is_asked_for(&name, domain) {
            return Ok(name);
        }
    }
    Err(foreign_name(&auth.key, domain))
}

fn foreign_name(name: &str, domain: &str) -> String {
    format!(
        "the service asks for a record at {:.100}, which is no name that a CA asks for to prove {domain} (_dnsauth or \
         _<hex> there or at a parent, not outside of {}); nothing is published there",
        plain(name),
        main_domain(domain)
    )
}

/// `_dnsauth…` or `_<hex>`, at the domain or one of its parents down to the registered one.
fn is_asked_for(name: &str, domain: &str) -> bool {
    let Some((label, parent)) = name.split_once('.') else {
        return false;
    };
    is_record_name(name)
        && is_proof_label(label)
        && is_within(domain, parent)
        && is_within(parent, &main_domain(domain))
}

/// Whether a name is that of a zone, or below it.
fn is_within(name: &str, zone: &str) -> bool {
    name == zone
        || name
            .strip_suffix(zone)
            .is_some_and(|front| front.ends_with('.'))
}

fn is_proof_label(label: &str) -> bool {
    let Some(rest) = label.strip_prefix('_') else {
        return false;
    };
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!rest.is_empty() && rest.bytes().all(hex))
        || rest
            .strip_prefix("dnsauth")
            .is_some_and(|rest| rest.bytes().all(plain))
}

fn is_record_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn is_host(name: &str) -> bool {
    is_record_name(name)
}

fn value(kind: ChallengeKind, value: &str) -> Result<String, String> {
    let good = match kind {
        ChallengeKind::Cname => is_host(value.trim_end_matches('.')),
        _ => {
            // Nothing that means something to a shell, to a zone file or in a request that a script puts together.
            (1..=LONGEST_VALUE).contains(&value.len())
                && value.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric()
                        || matches!(byte, b'.' | b'_' | b'=' | b'+' | b'/' | b'-')
                })
        }
    };
    if good {
        return Ok(value.trim_end_matches('.').to_owned());
    }
    Err(format!(
        "the service asks for a {} record with a value that none can have: {:.60}",
        kind.name(),
        plain(value)
    ))
}

fn content(value: &str) -> Result<String, String> {
    // Nothing that a web server could run or a browser take for a page.
    let plain_text = value.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b' ' | b'\n' | b'\r' | b'.' | b'_' | b'=' | b'+' | b'/' | b'-' | b':' | b','
            )
    });
    if plain_text && (1..=LONGEST_CONTENT).contains(&value.len()) {
        return Ok(value.to_owned());
    }
    Err("the service asks for a file whose content is not the plain text of a proof".to_owned())
}

/// The path of the file's URL: the folder that the service names, and the key as the file's name.
fn file_path(auth: &DvAuth) -> Result<String, String> {
    let folder = auth.path.as_deref().unwrap_or("/");
    let key = auth.key.as_str();
    let folder = folder.trim_matches('/');
    // An answer may have the name in the path already.
    let whole = if folder.is_empty() {
        format!("/{key}")
    } else if folder.ends_with(&format!("/{key}")) {
        format!("/{folder}")
    } else {
        format!("/{folder}/{key}")
    };
    if is_file_path(&whole) {
        return Ok(whole);
    }
    Err(foreign_path(&whole))
}

fn foreign_path(path: &str) -> String {
    format!(
        "the service asks for a file at {:.100}, which is not a plain path directly in {FILE_FOLDER}; nothing is written \
         there",
        plain(path)
    )
}

/// A name of letters and digits, with the ending of a text or a page, or with none.
fn is_file_path(path: &str) -> bool {
    let Some(name) = path.strip_prefix(FILE_FOLDER) else {
        return false;
    };
    let stem = [".txt", ".html", ".htm"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name);
    name.len() <= LONGEST_FILE_NAME
        && !stem.is_empty()
        && stem
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(key: &str, value: &str, kind: Option<&str>) -> DvAuth {
        DvAuth {
            key: key.into(),
            value: value.into(),
            domain: Some("example.com".into()),
            path: None,
            sub_domain: None,
            verify_type: kind.map(str::to_owned),
        }
    }

    fn read_one(auth: DvAuth) -> Result<Challenge, String> {
        read("www.example.com", Method::Dns, &[auth])
            .map(|list| list[0].clone())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn name_type_and_value_are_the_service_s() {
        let found = read_one(auth("_DnsAuth.example.com.", "2024abc", Some("TXT"))).unwrap();
        assert_eq!(
            (found.kind, found.name.as_str()),
            (ChallengeKind::Txt, "_dnsauth.example.com")
        );
        let target = "ab.cd.token.trust-provider.com";
        let found = read_one(auth("_0a.www.example.com", target, Some("CNAME"))).unwrap();
        assert_eq!(
            (found.kind, found.value.as_str()),
            (ChallengeKind::Cname, target)
        );
        // Without a type, what looks like a host is a CNAME's target.
        assert_eq!(
            read_one(auth("_0a.example.com", target, None))
                .unwrap()
                .kind,
            ChallengeKind::Cname
        );
        assert_eq!(
            read_one(auth("_0a.example.com", "2024abc", None))
                .unwrap()
                .kind,
            ChallengeKind::Txt
        );
    }

    #[test]
    fn a_host_part_alone_is_put_below_its_zone() {
        let mut alone = auth("_dnsauth", "2024abc", Some("TXT"));
        alone.sub_domain = Some("_dnsauth".into());
        assert_eq!(read_one(alone).unwrap().name, "_dnsauth.example.com");
    }

    #[test]
    fn names_outside_of_the_registered_domain_are_refused() {
        for key in [
            "_dnsauth.other.com",
            "_dnsauth.com",
            "example.com",
            "www.example.com",
            "_acme-challenge.www.example.com",
            "_dmarc.example.com",
            "x._domainkey.example.com",
            "_dnsauth.mail.example.com",
            "_0a.x.www.example.com",
            "*.example.com",
            "_0a.notexample.com",
            "com",
            "_0a.example.com.evil.org",
        ] {
            let mut outside = auth(key, "v", Some("TXT"));
            outside.domain = Some("evil.org".into());
            let refused = read_one(outside).unwrap_err();
            assert!(refused.contains("outside of example.com"), "{refused}");
        }
        assert!(read_one(auth("_0a b.example.com", "v", Some("TXT"))).is_err());
    }

    #[test]
    fn values_that_could_mean_something_to_a_shell_or_a_zone_file_are_refused() {
        for value in [
            "",
            "a\"b",
            "a\nb",
            "a\\b",
            "`id`",
            "$(id)",
            "a&record_type=A&value=192.0.2.1",
            "a;b",
            "a'b",
            "a b",
            "{}",
            &"x".repeat(256),
        ] {
            assert!(
                read_one(auth("_0a.example.com", value, Some("TXT"))).is_err(),
                "{value:?}"
            );
        }
        assert!(read_one(auth("_0a.example.com", "a b.c", Some("CNAME"))).is_err());
        assert!(read_one(auth("_0a.example.com", "v", Some("MX"))).is_err());
    }

    #[test]
    fn a_file_s_path_is_the_named_folder_and_the_key() {
        let mut file = auth("abc.txt", "content", Some("FILE"));
        file.path = Some("/.well-known/pki-validation/".into());
        assert_eq!(
            read_one(file.clone()).unwrap().name,
            "/.well-known/pki-validation/abc.txt"
        );
        let folder = "/.well-known/pki-validation/";
        for (path, key) in [
            ("/", "index.html"),
            ("/", ".htaccess"),
            (folder, ".htaccess"),
            (folder, "shell.php"),
            (folder, "a.php.txt"),
            (folder, "deeper/abc.txt"),
            (folder, ""),
            ("/.well-known/acme-challenge/", "abc"),
            ("/../", "abc.txt"),
            ("/a/", "../../etc/passwd"),
            ("/a//b/", "x"),
            ("/a/", ".."),
            ("/a/", "x\0y"),
            ("/a/", "%2e%2e"),
        ] {
            file.path = Some(path.into());
            file.key = key.into();
            let refused = read_one(file.clone()).unwrap_err();
            assert!(
                refused.contains("not a plain path"),
                "{path} {key}: {refused}"
            );
        }
    }

    #[test]
    fn what_a_web_server_could_run_is_no_content_of_a_proof() {
        let mut file = auth("abc.txt", "<?php system('id');", Some("FILE"));
        file.path = Some("/.well-known/pki-validation/".into());
        assert!(read_one(file.clone()).is_err());
        file.value = "x".repeat(LONGEST_CONTENT + 1);
        assert!(read_one(file.clone()).is_err());
        file.value = "0A1B2C\ncomodoca.com\nt0123456".into();
        assert!(read_one(file).is_ok());
    }

    #[test]
    fn what_comes_from_the_record_is_checked_as_what_comes_from_the_network() {
        let sound = |kind, name: &str, value: &str| {
            let challenge = Challenge {
                kind,
                name: name.into(),
                value: value.into(),
            };
            super::sound("www.example.com", &challenge).is_ok()
        };
        assert!(sound(ChallengeKind::Txt, "_dnsauth.example.com", "2024abc"));
        assert!(!sound(
            ChallengeKind::Txt,
            "_acme-challenge.example.com",
            "2024abc"
        ));
        assert!(!sound(ChallengeKind::Txt, "_dnsauth.example.com", "`id`"));
        assert!(sound(
            ChallengeKind::File,
            "/.well-known/pki-validation/a.txt",
            "2024"
        ));
        assert!(!sound(ChallengeKind::File, "/index.html", "2024"));
        assert!(!sound(
            ChallengeKind::File,
            "/.well-known/pki-validation/a.txt",
            "<b>"
        ));
    }
}
