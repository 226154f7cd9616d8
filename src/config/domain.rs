//! A certificate's domain: one exact DNS name, kept in ASCII and shown as people write it.
//!
//! Free certificates cover one name, no wildcard and no address (Tencent Cloud, free certificates; DomainName has at
//! most 64 characters: ApplyCertificate, 2025-02-17). Anything else is refused here, with what to write instead, since
//! the service would take a slot's worth of time to say the same.

use std::borrow::Cow;

use idna::AsciiDenyList;

use super::address::ip_of;
use super::mistake::{Fault, quoted};

/// The longest name the service takes, in ASCII characters (`CertificateDomainMaxLengthInvalid`).
const LONGEST_NAME: usize = 64;

/// The longest label of a DNS name (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// A checked name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// ASCII, lower case, punycode where needed.
    pub ascii: String,
    /// Unicode where the name is an IDN, else the same as `ascii`.
    pub display: String,
    /// Whether the name was written in Unicode and had to be converted.
    pub converted: bool,
}

/// Checks a name that does not stand in a config, as the config's are.
///
/// # Errors
/// What is wrong with it and what to do, in one line.
pub fn check_domain(written: &str) -> Result<Domain, String> {
    check(written).map_err(|fault| match fault.help {
        Some(help) => format!("{}; {help}", fault.message),
        None => fault.message,
    })
}

/// A name as people write it, of how it is applied for.
pub fn display_name(ascii: &str) -> String {
    match ascii.contains("xn--") {
        true => idna::domain_to_unicode(ascii).0,
        false => ascii.to_owned(),
    }
}

/// A text with each name in it as people write it. Records, paths and addresses stay as they have to be typed.
pub fn display_names(text: &str) -> String {
    if !text.contains("xn--") {
        return text.to_owned();
    }
    let belongs = |c: char| c.is_ascii_alphanumeric() || "-._/:@=".contains(c);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| belongs(c) != belongs(first));
        let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
        let name = run.trim_end_matches(['.', ':']);
        match name.contains("xn--") && name.chars().all(is_name) {
            true => shown.push_str(&run.replacen(name, &display_name(name), 1)),
            false => shown.push_str(run),
        }
        rest = after;
    }
    shown
}

/// Checks a name as it was written.
pub(super) fn check(written: &str) -> Result<Domain, Fault> {
    refuse_what_is_no_name(written)?;
    refuse_addresses(written)?;
    let ascii = to_ascii(written)?;
    // Full-width digits and the like become an address only now.
    refuse_addresses(&ascii)?;
    check_labels(written, &ascii)?;
    check_length(written, &ascii)?;
    let display = display_name(&ascii);
    Ok(Domain {
        converted: !written.is_ascii(),
        ascii,
        display,
    })
}

fn refuse_what_is_no_name(written: &str) -> Result<(), Fault> {
    if written.trim().is_empty() {
        return Err(Fault::new(
            "the domain is empty",
            "write a name such as \"example.com\"",
        ));
    }
    if written.trim() != written {
        return Err(Fault::new(
            format!("{} has blanks around it", quoted(written)),
            format!("write {}", double_quoted(written.trim())),
        ));
    }
    if let Some((_, rest)) = written.split_once("://") {
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
        return Err(Fault::new(
            format!(
                "{} is an address of a page, not a domain name",
                quoted(written)
            ),
            format!("write the name alone: {}", double_quoted(host)),
        ));
    }
    if written.contains('*') {
        let help = match written.strip_prefix("*.") {
            Some(parent) if !parent.contains('*') => format!(
                "list each name by itself, for example {} and {}",
                double_quoted(parent),
                double_quoted(&format!("www.{parent}"))
            ),
            _ => "list each name by itself".to_owned(),
        };
        return Err(Fault::new(
            format!(
                "{} is a wildcard; Tencent Cloud's free certificates cover one exact name",
                quoted(written)
            ),
            help,
        ));
    }
    Ok(())
}

fn refuse_addresses(written: &str) -> Result<(), Fault> {
    if ip_of(written).is_some() {
        return Err(Fault::new(
            format!(
                "{} is an IP address; Tencent Cloud's free certificates cover one exact name",
                quoted(written)
            ),
            "write the domain name that points at this address",
        ));
    }
    // A port or a path behind the name is a slip of the same kind as a whole URL.
    let end = written.find([':', '/']).unwrap_or(written.len());
    match written.get(..end) {
        Some(host) if end < written.len() => Err(Fault::new(
            format!("{} is more than a domain name", quoted(written)),
            format!("write the name alone: {}", double_quoted(host)),
        )),
        _ => Ok(()),
    }
}

/// The registered domain of a name in small letters, by the public suffix list; the name itself where the list has no
/// answer.
pub fn main_domain(domain: &str) -> String {
    let domain = domain.to_ascii_lowercase();
    let registered = psl2::lookup(&domain).and_then(|found| found.registrable_domain());
    registered.unwrap_or(&domain).to_owned()
}

fn to_ascii(written: &str) -> Result<String, Fault> {
    let lower = written.to_ascii_lowercase();
    // Nearly every name; and it lets the label check below speak of underscores and blanks by name.
    if lower.is_ascii() && !lower.contains("xn--") {
        return Ok(lower);
    }
    idna::domain_to_ascii_cow(lower.as_bytes(), AsciiDenyList::EMPTY)
        .map(Cow::into_owned)
        .map_err(|_| {
            Fault::new(
                format!("{} is not a valid internationalized name", quoted(written)),
                "check its characters; some may not stand in a domain name",
            )
        })
}

fn check_labels(written: &str, ascii: &str) -> Result<(), Fault> {
    if let Some(name) = ascii.strip_suffix('.')
        && !name.is_empty()
        && !name.ends_with('.')
    {
        return Err(Fault::new(
            format!("{} ends with a dot", quoted(written)),
            format!("write {}", double_quoted(name)),
        ));
    }
    let labels: Vec<&str> = ascii.split('.').collect();
    for label in &labels {
        check_label(written, label)?;
    }
    if labels.len() < 2 {
        return Err(Fault::new(
            format!(
                "{} has no dot; a public certificate needs a public name",
                quoted(written)
            ),
            "write the full name, such as \"www.example.com\"",
        ));
    }
    let top = labels.last().copied().unwrap_or_default();
    if top.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::new(
            format!(
                "{} ends in a number, which no domain name does",
                quoted(written)
            ),
            "write a name such as \"www.example.com\"",
        ));
    }
    Ok(())
}

fn check_label(written: &str, label: &str) -> Result<(), Fault> {
    let refuse = |what: String| {
        Err(Fault::new(
            format!("{} {what}", quoted(written)),
            LABEL_RULE,
        ))
    };
    if label.is_empty() {
        return refuse("has an empty part between dots".to_owned());
    }
    if let Some(odd) = label
        .chars()
        .find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '-')
    {
        return refuse(format!("has {} in it", quoted(&odd.to_string())));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return refuse(format!(
            "has a hyphen at an end of its part {}",
            quoted(label)
        ));
    }
    if label.len() > LONGEST_LABEL {
        return refuse(format!("has a part of {} characters", label.len()));
    }
    Ok(())
}

const LABEL_RULE: &str =
    "each part between dots has 1 to 63 letters, digits and hyphens, no hyphen first or last";

fn check_length(written: &str, ascii: &str) -> Result<(), Fault> {
    if ascii.len() <= LONGEST_NAME {
        return Ok(());
    }
    let (shown, length) = (quoted(written), ascii.len());
    let message = if written.is_ascii() {
        format!(
            "{shown} has {length} characters; Tencent Cloud takes names of {LONGEST_NAME} at most"
        )
    } else {
        format!(
            "{shown} has {length} characters in its ASCII form; Tencent Cloud takes names of {LONGEST_NAME} at most"
        )
    };
    Err(Fault::new(
        message,
        "use a shorter name; this one can have no free certificate",
    ))
}

fn double_quoted(name: &str) -> String {
    format!("\"{}\"", quoted(name).trim_matches('`'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        match check(name) {
            Ok(domain) => format!("accepted as {}", domain.ascii),
            Err(fault) => format!("{} / {}", fault.message, fault.help.unwrap_or_default()),
        }
    }

    #[test]
    fn the_registered_domain_of_a_name_is_by_the_public_suffix_list() {
        for (name, registered) in [
            ("example.com", "example.com"),
            ("a.b.example.com.cn", "example.com.cn"),
            ("A.Example.COM", "example.com"),
            ("*.example.co.uk", "example.co.uk"),
            ("www.city.kawasaki.jp", "city.kawasaki.jp"),
            ("a.b.c.kawasaki.jp", "b.c.kawasaki.jp"),
            ("shop.xn--fsqu00a.xn--fiqs8s", "xn--fsqu00a.xn--fiqs8s"),
            ("a.b.unknown-to-the-list", "b.unknown-to-the-list"),
            ("com.cn", "com.cn"),
            ("", ""),
        ] {
            assert_eq!(main_domain(name), registered, "{name}");
        }
    }

    #[test]
    fn names_in_texts_are_as_people_write_them_but_where_they_have_to_be_typed_as_they_are() {
        for (text, shown) in [
            ("xn--fsqu00a.xn--fiqs8s", "例子.中国"),
            ("xn--fsqu00a.xn--fiqs8s：已续期", "例子.中国：已续期"),
            (
                "a of xn--bcher-kva.example: done.",
                "a of bücher.example: done.",
            ),
            ("see xn--bcher-kva.example.", "see bücher.example."),
            (
                "`evercert why xn--bcher-kva.example`",
                "`evercert why bücher.example`",
            ),
            ("（xn--bcher-kva.example）", "（bücher.example）"),
        ] {
            assert_eq!(display_names(text), shown);
        }
        for kept in [
            "plain.example",
            "_dnsauth.xn--bcher-kva.example",
            "/var/lib/evercert/live/xn--bcher-kva.example/fullchain.pem",
            "http://xn--bcher-kva.example/.well-known",
            "xn--bcher-kva.example:443",
        ] {
            assert_eq!(display_names(kept), kept);
        }
    }

    #[test]
    fn plain_names_are_taken_in_lower_case() {
        for (written, ascii) in [
            ("wgc.red", "wgc.red"),
            ("WWW.Wgc.Red", "www.wgc.red"),
            ("a-b.c--d.example.co.uk", "a-b.c--d.example.co.uk"),
            ("1.2.3.example", "1.2.3.example"),
        ] {
            let domain = check(written).unwrap();
            assert_eq!((domain.ascii.as_str(), domain.converted), (ascii, false));
            assert_eq!(domain.display, ascii);
        }
    }

    #[test]
    fn idns_are_converted_and_shown_as_people_write_them() {
        let domain = check("Bücher.例子.中国").unwrap();
        assert_eq!(domain.ascii, "xn--bcher-kva.xn--fsqu00a.xn--fiqs8s");
        assert_eq!(domain.display, "bücher.例子.中国");
        assert!(domain.converted);

        let punycode = check("XN--bcher-kva.example").unwrap();
        assert_eq!(punycode.display, "bücher.example");
        assert!(!punycode.converted, "it was written in ASCII already");
        // The ideographic full stop is a dot.
        assert_eq!(check("例子。中国").unwrap().ascii, "xn--fsqu00a.xn--fiqs8s");
    }

    #[test]
    fn wildcards_and_addresses_are_refused_with_the_reason() {
        for name in ["*.example.com", "*", "a.*.example.com"] {
            assert!(
                refusal(name).contains("cover one exact name"),
                "{}",
                refusal(name)
            );
        }
        assert!(refusal("*.example.com").contains("\"example.com\" and \"www.example.com\""));
        for name in ["192.0.2.1", "::1", "[2001:db8::1]", "１２７.0.0.1"] {
            assert!(
                refusal(name).contains("is an IP address"),
                "{}",
                refusal(name)
            );
        }
    }

    #[test]
    fn what_is_more_than_a_name_is_answered_with_the_name() {
        for (name, says) in [
            ("https://wgc.red/x", "write the name alone: \"wgc.red\""),
            ("wgc.red:443", "write the name alone: \"wgc.red\""),
            ("wgc.red/x", "write the name alone: \"wgc.red\""),
            (" wgc.red", "write \"wgc.red\""),
            ("wgc.red.", "write \"wgc.red\""),
        ] {
            assert!(refusal(name).contains(says), "{}", refusal(name));
        }
    }

    #[test]
    fn bad_labels_are_refused() {
        for (name, says) in [
            ("", "is empty"),
            ("a..b", "an empty part"),
            (".", "an empty part"),
            (".example.com", "an empty part"),
            ("example.com..", "an empty part"),
            ("-a.example.com", "a hyphen at an end"),
            ("a-.example.com", "a hyphen at an end"),
            ("a_b.example.com", "has `_` in it"),
            ("a b.example.com", "has ` ` in it"),
            ("a@example.com", "has `@` in it"),
            ("localhost", "has no dot"),
            ("256.1.1.1", "ends in a number"),
            ("xn--a.example", "not a valid internationalized name"),
            ("\u{fffd}.example", "not a valid internationalized name"),
        ] {
            assert!(refusal(name).contains(says), "{name}: {}", refusal(name));
        }
        let long = format!("{}.example", "a".repeat(64));
        assert!(
            refusal(&long).contains("a part of 64 characters"),
            "{}",
            refusal(&long)
        );
    }

    #[test]
    fn sixty_four_characters_are_the_most() {
        let name = |length: usize| format!("{}.{}.com", "a".repeat(40), "b".repeat(length - 45));
        assert!(check(&name(64)).is_ok());
        assert!(
            refusal(&name(65)).contains("has 65 characters;"),
            "{}",
            refusal(&name(65))
        );
        // Counted as it is sent: 33 characters here, twice as many there.
        let idn = "天地玄黄宇宙洪荒日月盈昃.辰宿列张寒来暑往秋收冬藏.example";
        assert!(
            refusal(idn).contains("in its ASCII form"),
            "{}",
            refusal(idn)
        );
    }
}
