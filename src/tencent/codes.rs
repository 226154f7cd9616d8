//! The error codes of the service, looked up: to classify failures, and by `evercert explain`.

mod table;

pub(crate) use table::{CODES, Code, Scope, of_class};

use crate::sentence::Language;

/// The entry that rules `code`: the exact one, else the one of the part before the first dot.
pub(crate) fn lookup(code: &str) -> Option<&'static Code> {
    exact(code).or_else(|| exact(code.split('.').next()?))
}

/// Why something failed, in this language: the meaning of a code that is known, else what was said (English, as logs have it).
pub(crate) fn reason(language: Language, code: Option<&str>, said: &str) -> String {
    match (language, code.and_then(|code| Some((code, lookup(code)?)))) {
        (Language::Chinese, Some((code, entry))) => {
            let meaning = entry.meaning.chinese.trim_end_matches('。');
            format!("{meaning}（{code}）")
        }
        _ => said.to_owned(),
    }
}

fn exact(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|entry| entry.code == code)
}

/// Every entry that a person may mean by `text`: the full code, or the part behind its first dot, in any case.
pub(crate) fn find(text: &str) -> Vec<&'static Code> {
    let text = text.trim().trim_matches('.');
    let matches = |candidate: &str| candidate.eq_ignore_ascii_case(text);
    let full: Vec<_> = CODES.iter().filter(|entry| matches(entry.code)).collect();
    if !full.is_empty() {
        return full;
    }
    CODES
        .iter()
        .filter(|entry| {
            entry
                .code
                .split_once('.')
                .is_some_and(|(_, suffix)| matches(suffix))
        })
        .collect()
}

/// The codes that look most like `text`, best first, at most `count`; none where nothing is near.
pub(crate) fn suggest(text: &str, count: usize) -> Vec<&'static str> {
    /// Below this likeness a suggestion confuses more than it helps.
    const NEAR: f64 = 0.82;
    let text = text.trim().to_ascii_lowercase();
    let likeness = |entry: &Code| {
        let code = entry.code.to_ascii_lowercase();
        let suffix = code
            .split_once('.')
            .map_or(0.0, |(_, suffix)| strsim::jaro_winkler(suffix, &text));
        strsim::jaro_winkler(&code, &text).max(suffix)
    };
    let mut near: Vec<_> = CODES
        .iter()
        .map(|entry| (likeness(entry), entry.code))
        .filter(|(l, _)| *l >= NEAR)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(count).map(|(_, code)| code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Class::{self, AlreadySo, Operator, Permanent, Quota, Transient};
    use crate::sentence::{Phrase, check};
    use std::collections::HashSet;

    #[test]
    fn every_code_stands_once_and_says_all() {
        let mut seen = HashSet::new();
        for entry in CODES {
            assert!(seen.insert(entry.code), "{} stands twice", entry.code);
            let texts = [entry.meaning, entry.evercert_does, entry.you_do];
            said_in_both(entry.code, texts);
        }
        for class in [Transient, Quota, Operator, Permanent, AlreadySo] {
            said_in_both(class.name(), of_class(class));
        }
    }

    fn said_in_both(name: &str, texts: [Phrase; 3]) {
        for Phrase { english, chinese } in texts {
            let whole = english.ends_with('.') && english.len() > 5;
            assert!(whole && chinese.ends_with('。'), "{name}: {english:?}");
            check(english, chinese);
        }
    }

    #[test]
    fn every_code_of_the_apply_page_is_there() {
        for suffix in [
            "AuthError",
            "CancelOrderFailed",
            "CannotBeDeletedIssued",
            "CannotBeDeletedWithinHour",
            "CannotGetOrder",
            "CertificateInvalid",
            "CertificateMismatch",
            "CertificateNotFound",
            "ExceedsFreeLimit",
            "InvalidCertificateStatusCode",
            "InvalidParam",
            "InvalidParameter",
            "MainDomainCertificateCountLimit",
            "NetworkError",
            "NoProjectPermission",
            "NoRealNameAuth",
            "OrderAlreadyReplaced",
            "OrderReplaceFailed",
            "PackageCountLimit",
            "PackageExpired",
            "PackageNotFound",
        ] {
            let code = format!("FailedOperation.{suffix}");
            assert_eq!(lookup(&code).map(|entry| entry.code), Some(code.as_str()));
        }
        for code in [
            "FailedOperation",
            "InternalError",
            "InvalidParameter",
            "InvalidParameter.PackageIdsInvalid",
        ] {
            assert_eq!(lookup(code).map(|entry| entry.code), Some(code));
        }
    }

    #[test]
    fn only_auth_signature_parameter_quota_and_rate_codes_settle_an_application() {
        let may_settle = |code: &str| {
            [
                "AuthFailure",
                "UnauthorizedOperation",
                "Ip",
                "RequestLimitExceeded",
                "LimitExceeded",
                "InvalidParameter",
                "MissingParameter",
                "UnknownParameter",
                "InvalidRequest",
            ]
            .iter()
            .any(|family| code.starts_with(family))
                || [
                    "ExceedsFreeLimit",
                    "MainDomainCertificateCountLimit",
                    "PackageCountLimit",
                    "AuthError",
                    "NoProjectPermission",
                    "NoRealNameAuth",
                    "InvalidParam",
                    "InvalidParameter",
                ]
                .iter()
                .any(|suffix| code == format!("FailedOperation.{suffix}"))
        };
        for entry in CODES {
            assert!(
                !entry.settled || may_settle(entry.code),
                "{} must not settle",
                entry.code
            );
        }
        for code in [
            "InternalError",
            "FailedOperation",
            "FailedOperation.NetworkError",
            "FailedOperation.CannotGetOrder",
            "FailedOperation.SomethingNew",
            "InternalError.Db",
            "ServiceUnavailable",
        ] {
            assert!(!lookup(code).unwrap().settled, "{code} must stay open");
        }
    }

    #[test]
    fn an_unknown_code_falls_back_to_its_family_and_an_unknown_family_to_nothing() {
        assert_eq!(lookup("AuthFailure.Brandnew").unwrap().code, "AuthFailure");
        assert_eq!(
            lookup("LimitExceeded.Brandnew").unwrap().class,
            Class::Quota
        );
        assert!(lookup("Brandnew.Thing").is_none());
        assert!(lookup("").is_none());
    }

    #[test]
    fn the_exact_code_rules_over_its_family() {
        assert_eq!(
            lookup("LimitExceeded.RateLimitExceeded").unwrap().class,
            Class::Transient
        );
        assert_eq!(
            lookup("FailedOperation.ExceedsFreeLimit").unwrap().scope,
            Scope::Account
        );
        assert_eq!(
            lookup("FailedOperation.MainDomainCertificateCountLimit")
                .unwrap()
                .scope,
            Scope::MainDomain
        );
    }

    #[test]
    fn an_instance_in_the_wrong_form_is_the_config_s_to_mend_and_what_was_audited_is_so_already() {
        for (code, class) in [
            (
                "FailedOperation.CertificateDeployInstanceFormatError",
                Class::Permanent,
            ),
            (
                "FailedOperation.CertificateNotFoundOrAudited",
                Class::AlreadySo,
            ),
            ("FailedOperation.GenCSRFail", Class::Transient),
            (
                "InvalidParameterValue.CertificateEmailParseInvalid",
                Class::Permanent,
            ),
            ("InternalError.BackendResponseEmpty", Class::Transient),
            ("ResourceNotFound.RoleNotFound", Class::Operator),
        ] {
            let entry = lookup(code).unwrap();
            assert_eq!((entry.code, entry.class), (code, class));
        }
        assert!(!lookup("FailedOperation.GenCSRFail").unwrap().settled);
    }

    #[test]
    fn what_the_dns_service_limits_or_forbids_is_the_zone_s_and_never_a_quota() {
        for code in [
            "LimitExceeded.AAAACountLimit",
            "LimitExceeded.SubdomainWcardLimit",
            "LimitExceeded.SubdomainRollLimit",
            "LimitExceeded.FailedLoginLimitExceeded",
            "InvalidParameter.RequestIpLimited",
            "InvalidParameter.AccountIsBanned",
            "InvalidParameter.EmailNotVerified",
            "InvalidParameter.MobileNotVerified",
            "FailedOperation.LoginAreaNotAllowed",
            "FailedOperation.AccountIsLocked",
            "OperationDenied.DomainOwnerAllowedOnly",
        ] {
            let entry = lookup(code).unwrap();
            assert_eq!(
                (entry.code, entry.class, entry.scope),
                (code, Class::Operator, Scope::Zone)
            );
        }
        let custom = lookup("InvalidParameter.CustomMessage").unwrap();
        assert_eq!(
            (custom.class, custom.scope),
            (Class::Transient, Scope::Certificate)
        );
    }

    #[test]
    fn a_person_may_ask_by_the_last_part_in_any_case() {
        let codes = |text| {
            find(text)
                .iter()
                .map(|entry| entry.code)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            codes("exceedsfreelimit"),
            ["FailedOperation.ExceedsFreeLimit"]
        );
        assert_eq!(
            codes(" FailedOperation.ExceedsFreeLimit "),
            ["FailedOperation.ExceedsFreeLimit"]
        );
        assert_eq!(codes("InvalidParameter"), ["InvalidParameter"]);
        assert!(codes("nonsense").is_empty() && codes("").is_empty());
    }

    #[test]
    fn a_typing_error_gets_the_nearest_codes() {
        assert_eq!(
            suggest("ExceedFreeLimt", 3).first(),
            Some(&"FailedOperation.ExceedsFreeLimit")
        );
        assert!(suggest("zzzzqqqq", 3).is_empty());
    }
}
