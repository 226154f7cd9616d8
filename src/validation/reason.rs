//! Why the service has not validated yet, in words: `CheckCertificateDomainVerification`, read.

use crate::tencent::ssl::Verdict;

/// The longest value that is shown, in characters.
const SHOWN: usize = 60;

/// What is wrong, one sentence; nothing where all is well, or nothing can be said.
pub(crate) fn words(verdicts: &[Verdict]) -> Option<String> {
    let wrong: Vec<String> = verdicts.iter().filter_map(one).collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// The numbers are those of the API (tccli 3.1.189.1, `LocalCheck`).
fn one(verdict: &Verdict) -> Option<String> {
    if verdict.issued || verdict.throttled || verdict.ca == Some(2) {
        return None;
    }
    let what = match verdict.local? {
        1 => {
            return Some(format!(
                "the service sees the proof for {}, the CA has not looked yet",
                verdict.domain
            ));
        }
        -1 => "the service does not see the TXT record (or asks too often)",
        -2 => "the service sees a TXT record with another value",
        -3 | -8 => {
            "the service finds no name servers for the domain: its delegation is missing or broken"
        }
        -4 | -9 => "the service does not find the file",
        -5 | -10 => "the service finds another file than the one it asked for",
        -6 => "the service does not see the CNAME record",
        -7 => "the service sees a CNAME record with another target",
        _ => "the service's check fails for a reason that this version does not know",
    };
    let found = match verdict.found.first() {
        Some(value) => {
            let shown = crate::text::plain_up_to(value, SHOWN);
            format!(", found: {shown}")
        }
        None => String::new(),
    };
    Some(format!("{what} ({}{found})", verdict.domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(local: i64) -> Verdict {
        Verdict {
            domain: "a.example".into(),
            local: Some(local),
            ca: Some(-1),
            ..Verdict::default()
        }
    }

    #[test]
    fn every_number_has_words_and_what_was_found_is_shown() {
        for number in -11..=1 {
            let said = words(&[verdict(number)]).unwrap();
            assert!(said.contains("a.example"), "{said}");
        }
        let mut other = verdict(-2);
        other.found = vec!["old\nvalue".into()];
        assert!(
            words(&[other])
                .unwrap()
                .ends_with("another value (a.example, found: old value)")
        );
    }

    #[test]
    fn what_is_done_or_says_nothing_is_not_told() {
        let mut issued = verdict(-1);
        issued.issued = true;
        let mut throttled = verdict(-1);
        throttled.throttled = true;
        let silent = Verdict::default();
        assert_eq!(words(&[issued, throttled, silent]), None);
    }
}
