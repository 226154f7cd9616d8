//! The error codes of the service, looked up: to classify failures, and by `evercert explain`.

mod table;

pub(crate) use table::{CODES, Code, FREE_LIMIT, Scope, of_class};

use crate::lifecycle::Class;
use crate::sentence::{Catalog, Language, Sentence, quoted, translate};

/// The entry that rules `code`: the exact one, else the one of the part before the first dot.
pub(crate) fn lookup(code: &str) -> Option<&'static Code> {
    exact(code).or_else(|| exact(code.split('.').next()?))
}

/// A refusal in one phrase with its code. The service's own message stands in it where the code alone does not tell.
pub(crate) fn phrase(code: &str, message: &str) -> String {
    let entry = lookup(code);
    let meaning = entry.map(|entry| uncapitalised(full_stop_off(entry.meaning.english)));
    let words = match (meaning, message) {
        (Some(meaning), "") => meaning,
        (Some(meaning), _) if entry.is_some_and(|entry| entry.tells_all(code)) => meaning,
        (Some(meaning), message) => format!("{meaning}: {message}"),
        (None, "") => "refused".to_owned(),
        (None, message) => message.to_owned(),
    };
    format!("{words} ({code})")
}

/// Why something failed, in this language: what was said (English, as logs have it), or its Chinese as far as there is one.
pub(crate) fn reason(language: Language, code: Option<&str>, said: &str) -> String {
    if language == Language::English {
        return said.to_owned();
    }
    let chinese = translate(Catalog::Reasons, said, &chinese_of_refusal);
    match code.and_then(|code| Some((code, lookup(code)?))) {
        // As an earlier version said it.
        Some((code, entry)) if chinese == said => {
            format!("{}（{code}）", full_stop_off(entry.meaning.chinese))
        }
        None if chinese == said => quoted(said),
        _ => chinese,
    }
}

/// As [`reason`], in both languages.
pub(crate) fn told(code: Option<&str>, said: &str) -> Sentence {
    Sentence {
        english: said.to_owned(),
        chinese: reason(Language::Chinese, code, said),
    }
}

/// The Chinese of what [`phrase`] made.
fn chinese_of_refusal(said: &str) -> Option<String> {
    let (words, code) = said.strip_suffix(')')?.rsplit_once(" (")?;
    let entry = lookup(code)?;
    let meaning = uncapitalised(full_stop_off(entry.meaning.english));
    let own = words.strip_prefix(&meaning)?;
    let chinese = full_stop_off(entry.meaning.chinese);
    match own.strip_prefix(": ") {
        Some(message) => Some(format!("{chinese}：{}（{code}）", quoted(message))),
        None if own.is_empty() => Some(format!("{chinese}（{code}）")),
        None => None,
    }
}

fn full_stop_off(sentence: &str) -> &str {
    sentence.trim_end_matches(['.', '。'])
}

/// A sentence as part of another one: abbreviations keep their letters.
fn uncapitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// Codes of whole accounts and zones whose meaning leaves open what was refused: there the message tells.
const VAGUE: [&str; 11] = [
    "AuthFailure",
    "AuthFailure.UnauthorizedOperation",
    "UnauthorizedOperation",
    "LimitExceeded",
    "FailedOperation.AuthError",
    "FailedOperation.NoProjectPermission",
    "FailedOperation.CAMAuthorizedFail",
    "InvalidParameter.Common",
    "InvalidParameter.ParamError",
    "OperationDenied",
    "OperationDenied.AccessDenied",
];

impl Code {
    /// Whether the meaning is all that is to be known of this code, so that the service's message says the same again. Where
    /// a certificate's own input is wrong, the message names it.
    fn tells_all(&self, code: &str) -> bool {
        self.code == code
            && self.scope != Scope::Certificate
            && self.class != Class::Permanent
            && !VAGUE.contains(&code)
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
    use crate::lifecycle::Class::{AlreadySo, Operator, Permanent, Quota, Transient};
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

    #[test]
    fn a_refusal_is_one_phrase_with_its_code_and_the_message_only_where_that_tells_more() {
        for (code, message, said, chinese) in [
            (
                "FailedOperation.ExceedsFreeLimit",
                "limit reached",
                "the account's free certificates are used up (FailedOperation.ExceedsFreeLimit)",
                "账号的免费证书额度已用完（FailedOperation.ExceedsFreeLimit）",
            ),
            (
                "InvalidParameter",
                "DomainName is wrong",
                "a parameter is wrong: DomainName is wrong (InvalidParameter)",
                "参数错误：“DomainName is wrong”（InvalidParameter）",
            ),
            (
                "FailedOperation.DomainIsLocked",
                "",
                "the DNS zone is locked (FailedOperation.DomainIsLocked)",
                "域名已被锁定（FailedOperation.DomainIsLocked）",
            ),
            (
                "Brandnew.Thing",
                "no idea",
                "no idea (Brandnew.Thing)",
                "“no idea (Brandnew.Thing)”",
            ),
            (
                "LimitExceeded.Brandnew",
                "too many",
                "a limit that is not named: too many requests, or, where a certificate was applied for, a quota that is used up: \
                 too many (LimitExceeded.Brandnew)",
                "服务没有说明的限制：请求过多；如果是申请证书，也可能是配额已用完：“too many”（LimitExceeded.Brandnew）",
            ),
        ] {
            assert_eq!(phrase(code, message), said);
            assert_eq!(reason(Language::Chinese, Some(code), said), chinese);
            assert_eq!(reason(Language::English, Some(code), said), said);
            let wrapped = format!("no clear answer to the application: {said}");
            let inside = format!("申请没有得到明确的响应：{chinese}");
            assert_eq!(reason(Language::Chinese, Some(code), &wrapped), inside);
        }
        // As an earlier version wrote it into the record.
        let old = "ApplyCertificate was refused: FailedOperation.ExceedsFreeLimit (x); for what to do, run: …";
        assert_eq!(
            reason(
                Language::Chinese,
                Some("FailedOperation.ExceedsFreeLimit"),
                old
            ),
            "账号的免费证书额度已用完（FailedOperation.ExceedsFreeLimit）"
        );
    }
}
