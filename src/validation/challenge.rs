//! What the service asks for, checked before anybody acts on it.
//!
//! Name, type and value come from the network and go to commands, zones and files, so nothing is taken as it is: names
//! stay below the order's own registered domain, paths below the folder, values are plain text.

use crate::lifecycle::proof::Kind;
use crate::lifecycle::{Challenge, Method};
use crate::tencent::ssl::{DvAuth, DvAuthDetail};

use super::ValidationError;

/// The longest value that is taken: one string of a TXT record.
const LONGEST_VALUE: usize = 255;
/// The longest content of a file that is taken.
const LONGEST_CONTENT: usize = 4096;

/// The challenges of an order for `domain`; empty where the service tells none yet.
///
/// # Errors
/// [`ValidationError::Refused`]: something asked for lies outside of the domain, or is not what it should be.
pub fn read(
    domain: &str,
    method: Method,
    detail: Option<&DvAuthDetail>,
) -> Result<Vec<Challenge>, ValidationError> {
    let Some(detail) = detail else {
        return Ok(Vec::new());
    };
    let mut auths = detail.auths.clone();
    if auths.is_empty()
        && let (Some(key), Some(value)) = (&detail.key, &detail.value)
    {
        // Only the list tells the type; without it, it is inferred below.
        auths.push(DvAuth {
            key: key.clone(),
            value: value.clone(),
            domain: detail.domain.clone(),
            path: detail.path.clone(),
            sub_domain: detail.sub_domain.clone(),
            verify_type: None,
        });
    }
    auths
        .iter()
        .map(|auth| one(domain, method, auth))
        .collect::<Result<_, String>>()
        .map_err(ValidationError::Refused)
}

fn one(domain: &str, method: Method, auth: &DvAuth) -> Result<Challenge, String> {
    let kind = kind(method, auth)?;
    match kind {
        Kind::File => Ok(Challenge {
            kind,
            name: file_path(auth)?,
            value: content(&auth.value)?,
        }),
        Kind::Txt | Kind::Cname => Ok(Challenge {
            kind,
            name: record_name(domain, auth)?,
            value: value(kind, &auth.value)?,
        }),
    }
}

fn kind(method: Method, auth: &DvAuth) -> Result<Kind, String> {
    match auth.verify_type.as_deref().map(str::to_ascii_uppercase) {
        Some(word) if word == "TXT" => Ok(Kind::Txt),
        Some(word) if word == "CNAME" => Ok(Kind::Cname),
        Some(word) if word == "FILE" => Ok(Kind::File),
        Some(word) => Err(format!(
            "the service asks for a proof of the type {word:.20}, which this version does not know"
        )),
        None if method == Method::File => Ok(Kind::File),
        // A value that is a host name of several labels is the target of a CNAME.
        None if is_host(auth.value.trim_end_matches('.')) && auth.value.contains('.') => {
            Ok(Kind::Cname)
        }
        None => Ok(Kind::Txt),
    }
}

/// The full name, in lower case. It must be the order's registered domain, or below it.
fn record_name(domain: &str, auth: &DvAuth) -> Result<String, String> {
    let main = psl::domain_str(domain).unwrap_or(domain);
    let within = |name: &str| {
        name == main
            || name
                .strip_suffix(main)
                .is_some_and(|front| front.ends_with('.'))
    };
    let key = auth.key.trim_end_matches('.').to_ascii_lowercase();
    let mut name = key.clone();
    // Some answers give the host part alone, with the zone beside it.
    if !within(&name)
        && let Some(zone) = &auth.domain
        && auth
            .sub_domain
            .as_deref()
            .is_none_or(|sub| sub.eq_ignore_ascii_case(&key))
    {
        name = format!("{key}.{}", zone.trim_end_matches('.').to_ascii_lowercase());
    }
    if within(&name) && is_record_name(&name) {
        return Ok(name);
    }
    Err(format!(
        "the service asks for a record at {:.100}, which is outside of {main}; nothing is put up there",
        plain(&auth.key)
    ))
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

fn value(kind: Kind, value: &str) -> Result<String, String> {
    let good = match kind {
        Kind::Cname => is_host(value.trim_end_matches('.')),
        _ => {
            (1..=LONGEST_VALUE).contains(&value.len())
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
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
    let plain_text = value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n' | b'\r'));
    if plain_text && (1..=LONGEST_CONTENT).contains(&value.len()) {
        return Ok(value.to_owned());
    }
    Err("the service asks for a file whose content is not plain text".to_owned())
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
    let part = |part: &str| {
        (1..=128).contains(&part.len())
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
            })
    };
    if whole.len() <= 512 && whole.split('/').skip(1).all(part) {
        return Ok(whole);
    }
    Err(format!(
        "the service asks for a file at {:.100}, which is not a plain path; nothing is written there",
        plain(&whole)
    ))
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
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

    fn detail(auth: DvAuth) -> DvAuthDetail {
        DvAuthDetail {
            key: None,
            value: None,
            domain: None,
            path: None,
            sub_domain: None,
            auths: vec![auth],
        }
    }

    fn read_one(auth: DvAuth) -> Result<Challenge, String> {
        read("www.example.com", Method::Dns, Some(&detail(auth)))
            .map(|list| list[0].clone())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn name_type_and_value_are_the_service_s() {
        let found = read_one(auth("_DnsAuth.example.com.", "2024abc", Some("TXT"))).unwrap();
        assert_eq!(
            (found.kind, found.name.as_str()),
            (Kind::Txt, "_dnsauth.example.com")
        );
        let target = "ab.cd.token.trust-provider.com";
        let found = read_one(auth("_0a.www.example.com", target, Some("CNAME"))).unwrap();
        assert_eq!((found.kind, found.value.as_str()), (Kind::Cname, target));
        // Without a type, what looks like a host is a CNAME's target.
        assert_eq!(
            read_one(auth("_0a.example.com", target, None))
                .unwrap()
                .kind,
            Kind::Cname
        );
        assert_eq!(
            read_one(auth("_0a.example.com", "2024abc", None))
                .unwrap()
                .kind,
            Kind::Txt
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
            "_x.notexample.com",
            "com",
            "_x.example.com.evil.org",
        ] {
            let mut outside = auth(key, "v", Some("TXT"));
            outside.domain = Some("evil.org".into());
            let refused = read_one(outside).unwrap_err();
            assert!(refused.contains("outside of example.com"), "{refused}");
        }
        assert!(read_one(auth("a b.example.com", "v", Some("TXT"))).is_err());
    }

    #[test]
    fn values_that_could_mean_something_to_a_shell_or_a_zone_file_are_refused() {
        for value in ["", "a\"b", "a\nb", "a\\b", &"x".repeat(256)] {
            assert!(
                read_one(auth("_x.example.com", value, Some("TXT"))).is_err(),
                "{value:?}"
            );
        }
        assert!(read_one(auth("_x.example.com", "a b.c", Some("CNAME"))).is_err());
        assert!(read_one(auth("_x.example.com", "v", Some("MX"))).is_err());
    }

    #[test]
    fn a_file_s_path_is_the_named_folder_and_the_key() {
        let mut file = auth("abc.txt", "content", Some("FILE"));
        file.path = Some("/.well-known/pki-validation/".into());
        assert_eq!(
            read_one(file.clone()).unwrap().name,
            "/.well-known/pki-validation/abc.txt"
        );
        for (path, key) in [
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
}
