//! CAA records, read as a CA reads them (RFC 8659).
//!
//! What is certain: Tencent Cloud's page on CAA names `trust-provider.com` for these certificates, EdgeOne's
//! `trustasia.com`; since the summer of 2026 they are signed by TrustAsia's own CA, under TrustAsia's own root. What is
//! inferred: that the names of the CAs that signed before then no longer count.

use hickory_net::proto::rr::rdata::CAA;
use hickory_net::proto::rr::{Name, RData, RecordType};

use super::finding::{
    Finding, allow_the_ca, critical_caa, earlier_cas_only, no_ca_at_all, other_cas_only,
    take_the_flag_away,
};
use crate::sentence::Sentence;
use crate::text::plain_up_to;
use crate::validation::query::{Manner, plain, upward};
use crate::validation::resolver::{Failed, Resolvers};

/// Names by which a CAA record allows the CA.
const ISSUERS: [&str; 2] = ["trustasia.com", "trust-provider.com"];

/// Names of CAs that signed these certificates until the spring of 2026.
const EARLIER: [&str; 3] = ["digicert.com", "sectigo.com", "usertrust.com"];

/// Tags that a CA for web servers knows (RFC 8659; CA/Browser Forum, Baseline Requirements, Appendix A; RFC 9495).
const KNOWN_TAGS: [&str; 6] = [
    "issue",
    "issuewild",
    "iodef",
    "contactemail",
    "contactphone",
    "issuemail",
];

/// The longest value that is shown, in characters, and how many are.
const SHOWN: usize = 60;
const MOST_SHOWN: usize = 5;

/// The set that rules: the first that is not empty, from the name upward. Resolvers follow aliases at each name.
///
/// # Errors
/// A look-up failed on the way, with the name that it was for: what stands above is of no matter then.
pub(super) async fn find(
    resolvers: &Resolvers,
    domain: &Name,
) -> Result<Option<(Name, Vec<CAA>)>, (Name, Failed)> {
    for name in upward(domain) {
        let answer = match resolvers.ask(&name, RecordType::CAA, Manner::Checked).await {
            Ok(answer) => answer,
            Err(error) => return Err((name, error)),
        };
        let records = answer.answers.into_iter();
        let set: Vec<CAA> = records
            .filter_map(|record| match record.data {
                RData::CAA(caa) => Some(caa),
                _ => None,
            })
            .collect();
        if !set.is_empty() {
            return Ok(Some((name, set)));
        }
    }
    Ok(None)
}

/// What keeps the CA from issuing for a name without a wildcard, if anything does.
pub(super) fn judge(name: &Name, set: &[CAA]) -> Option<Finding> {
    let domain = plain(name);
    let is = |caa: &CAA, tag: &str| caa.tag.eq_ignore_ascii_case(tag);
    let unknown = |caa: &&CAA| caa.issuer_critical && !KNOWN_TAGS.iter().any(|tag| is(caa, tag));
    if let Some(caa) = set.iter().find(unknown) {
        let tag = plain_up_to(&caa.tag, SHOWN);
        return Some(Finding::fails(
            critical_caa(domain, tag),
            take_the_flag_away(),
        ));
    }
    let issuers: Vec<String> = set
        .iter()
        .filter(|caa| is(caa, "issue"))
        .map(issuer)
        .collect();
    let names = |list: &[&str]| {
        let mut all = issuers.iter();
        all.any(|issuer| list.contains(&issuer.as_str()))
    };
    // A set without the tag leaves it open who issues.
    if issuers.is_empty() || names(&ISSUERS) {
        return None;
    }
    let named: Vec<&String> = issuers.iter().filter(|issuer| !issuer.is_empty()).collect();
    if named.is_empty() {
        return Some(Finding::fails(no_ca_at_all(domain), allow_the_ca()));
    }
    let shown = named.iter().take(MOST_SHOWN);
    let mut shown: Vec<String> = shown.map(|name| plain_up_to(name, SHOWN)).collect();
    if named.len() > MOST_SHOWN {
        shown.push("…".to_owned());
    }
    let shown = Sentence::names(shown);
    Some(if names(&EARLIER) {
        Finding::advises(earlier_cas_only(domain, shown), allow_the_ca())
    } else {
        Finding::fails(other_cas_only(domain, shown), allow_the_ca())
    })
}

/// The CA's name in lower case: what stands before the parameters. Empty where nobody is named.
fn issuer(caa: &CAA) -> String {
    let value = String::from_utf8_lossy(&caa.value);
    let name = value.split(';').next().unwrap_or_default();
    name.trim_matches([' ', '\t']).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Gravity;
    use super::*;
    use crate::validation::query::absolute;

    fn caa(critical: bool, tag: &str, value: &str) -> CAA {
        let mut caa = CAA::new_issue(critical, None, Vec::new());
        caa.tag = tag.to_owned();
        caa.value = value.as_bytes().to_vec();
        caa
    }

    fn judged(list: &[(&str, &str)]) -> Option<(Gravity, String)> {
        let set: Vec<CAA> = list
            .iter()
            .map(|(tag, value)| caa(false, tag, value))
            .collect();
        let name = absolute("example.com").unwrap();
        judge(&name, &set).map(|found| (found.gravity, found.what.english))
    }

    #[test]
    fn who_is_not_named_is_kept_out_only_where_somebody_is() {
        for open in [
            &[("iodef", "mailto:a@example.com")][..],
            &[("issuewild", "letsencrypt.org"), ("issuewild", ";")],
            &[("issue", "letsencrypt.org"), ("issue", "trustasia.com")],
            &[("ISSUE", " TrustAsia.COM ; validationmethods=dns-01")],
            &[("issue", "\ttrust-provider.com\t;"), ("issue", ";")],
            &[("contactemail", "a@example.com")],
        ] {
            assert_eq!(judged(open), None, "{open:?}");
        }
        for (closed, said) in [
            (
                &[("issue", "letsencrypt.org"), ("issue", "pki.goog; a=b")][..],
                "allow only letsencrypt.org, pki.goog",
            ),
            (&[("Issue", "nottrustasia.com")], "only nottrustasia.com"),
            (&[("issue", "trustasia.com.")], "only trustasia.com."),
            (&[("issue", "\"trustasia.com\"")], "only \"trustasia.com\""),
            (&[("issue", ";"), ("issue", "")], "forbid every CA"),
            (&[("issue", "; trustasia.com")], "forbid every CA"),
            (
                &[("issue", ";"), ("issuewild", "trustasia.com")],
                "forbid every CA",
            ),
        ] {
            let (gravity, what) = judged(closed).unwrap();
            assert_eq!(gravity, Gravity::Fails, "{closed:?}");
            assert!(what.contains(said), "{closed:?}: {what}");
        }
    }

    #[test]
    fn the_names_of_cas_that_signed_before_are_advice_only() {
        for earlier in ["digicert.com", "sectigo.com; a=b", "UserTrust.com"] {
            let set = [("issue", "letsencrypt.org"), ("issue", earlier)];
            let (gravity, what) = judged(&set).unwrap();
            assert_eq!(gravity, Gravity::Advice);
            assert!(what.contains("letsencrypt.org, "), "{what}");
        }
    }

    #[test]
    fn what_is_critical_and_unknown_forbids_whoever_is_named() {
        let name = absolute("example.com").unwrap();
        let allowed = caa(true, "issue", "trustasia.com");
        let known = caa(true, "ContactEmail", "a@example.com");
        assert_eq!(judge(&name, &[allowed.clone(), known]), None);
        let odd = |critical| caa(critical, "policy\u{1b}[2J", "x");
        assert_eq!(judge(&name, &[allowed.clone(), odd(false)]), None);
        let found = judge(&name, &[allowed, odd(true)]).unwrap();
        assert_eq!(found.gravity, Gravity::Fails);
        assert!(!found.what.english.contains('\u{1b}'));
    }

    #[test]
    fn a_hundred_names_are_not_all_shown() {
        let long = "x".repeat(300);
        let many = vec![("issue", long.as_str()); 100];
        let (_, what) = judged(&many).unwrap();
        assert!(what.chars().count() < 500 && what.ends_with('…'), "{what}");
    }
}
