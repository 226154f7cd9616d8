//! A DNS record that a person is to add, whole: for `status`, `why` and `renew`.

use crate::lifecycle::Challenge;
use crate::sentence::{Language, say};

/// What is to be added for this name, ready to be copied; empty where nothing is waited for.
pub(super) fn records(language: Language, display: &str, challenges: &[Challenge]) -> String {
    if challenges.is_empty() {
        return String::new();
    }
    let words = |english, chinese| language.of_phrase(say(english, chinese));
    let mut text = match language {
        Language::English => format!("{display} waits for you: add this DNS record\n"),
        Language::Chinese => format!("{display} 等待您添加下面的解析记录\n"),
    };
    for challenge in challenges {
        let (name, kind, value) = (&challenge.name, challenge.kind.name(), &challenge.value);
        text.push_str(&format!("  {}  {name}\n", words("name: ", "主机记录：")));
        text.push_str(&format!("  {}  {kind}\n", words("type: ", "记录类型：")));
        text.push_str(&format!("  {}  {value}\n", words("value:", "记录值：  ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::proof::ChallengeKind;

    fn record(value: &str) -> Challenge {
        Challenge {
            kind: ChallengeKind::Txt,
            name: "_dnsauth.shop.example.com".to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn a_record_is_printed_whole_in_both_languages() {
        let long = "x".repeat(200);
        for (language, words) in [
            (Language::English, "add this DNS record"),
            (Language::Chinese, "记录类型"),
        ] {
            let text = records(language, "shop.example.com", &[record(&long)]);
            for part in [words, "_dnsauth.shop.example.com", "TXT", &long] {
                assert!(text.contains(part), "{part} in {text}");
            }
            assert_eq!(records(language, "shop.example.com", &[]), "");
        }
    }
}
