//! What the service asks to be put up, and what name servers answer, each from a stranger.

use futures_util::FutureExt as _;
use hickory_net::proto::op::Message;
use hickory_net::proto::rr::RData;

use super::query::{absolute, plain};
use super::resolver::{Resolvers, tells};
use super::{challenge, diagnose, dns};
use crate::config::main_domain;
use crate::fuzz::{Target, assert_shown};
use crate::lifecycle::proof::ChallengeKind;
use crate::lifecycle::{Challenge, Method};
use crate::tencent::ssl::DvAuth;

const DOMAIN: &str = "www.example.com";

/// One that is in every position where an answer of the service has a text.
fn asked(text: &str) -> Vec<DvAuth> {
    let mut parts = text.split('\n').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let one = DvAuth {
        key: next(),
        value: next(),
        domain: Some(next()).filter(|text| !text.is_empty()),
        path: Some(next()).filter(|text| !text.is_empty()),
        sub_domain: Some(next()).filter(|text| !text.is_empty()),
        verify_type: Some(next()).filter(|text| !text.is_empty()),
    };
    vec![one]
}

#[test]
fn nothing_that_the_service_may_ask_for_is_put_up_outside_of_what_cas_ask_for() {
    let words: &[&str] = &[
        "_dnsauth.",
        "_0a1b.",
        "example.com",
        "www.example.com",
        "_acme-challenge",
        "\nTXT",
        "\nCNAME",
        "\nFILE",
        "/.well-known/pki-validation/",
        ".txt",
        ".html",
        "\n",
        "*",
        "xn--",
        ".",
        "$(id)",
        "`id`",
        "&a=b",
    ];
    Target::of("challenges").words(words).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut said = String::new();
        for method in [Method::Dns, Method::DnsAuto, Method::File] {
            match challenge::read(DOMAIN, method, &asked(&text)) {
                Err(error) => {
                    assert_shown(&error.to_string(), 600);
                    said = error.to_string();
                }
                Ok(found) => {
                    for one in found {
                        assert!(challenge::sound(DOMAIN, &one).is_ok(), "{one:?}");
                        assert_within(&one);
                        said.push_str(one.kind.name());
                    }
                }
            }
        }
        said
    });
}

fn assert_within(one: &Challenge) {
    assert!(one.name.is_ascii() && one.value.is_ascii() && !one.value.is_empty());
    match one.kind {
        ChallengeKind::File => {
            let name = one.name.strip_prefix("/.well-known/pki-validation/");
            let name = name.unwrap();
            assert!(!name.contains('/') && !name.starts_with('.'), "{one:?}");
            assert!(!one.value.contains(['<', '?', '$', '`']), "{one:?}");
        }
        ChallengeKind::Txt | ChallengeKind::Cname => {
            assert!(
                one.name.starts_with('_') && one.name.ends_with(".example.com"),
                "{one:?}"
            );
            assert!(
                !one.value
                    .contains([' ', '\n', '"', '\'', '\\', '$', '`', '&', ';']),
                "{one:?}"
            );
            assert_eq!(main_domain(&one.name), "example.com");
        }
    }
}

#[test]
fn no_answer_of_a_name_server_makes_it_panic_ask_without_end_or_forge_a_line() {
    let name = absolute(DOMAIN).unwrap();
    let challenges = [
        (ChallengeKind::Txt, "2024abc"),
        (ChallengeKind::Cname, "ab.trust-provider.com"),
    ];
    let challenges = challenges.map(|(kind, value)| Challenge {
        kind,
        name: "_dnsauth.www.example.com".to_owned(),
        value: value.to_owned(),
    });
    let now = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
    Target::of("dns").and(answers()).run(|bytes| {
        let Ok(answer) = Message::from_vec(bytes) else {
            return "no message".to_owned();
        };
        let mut said = format!("{} {}", tells(&answer), answer.answers.len());
        for challenge in &challenges {
            if !dns::has(&answer, challenge) {
                let words = dns::instead(&answer, challenge);
                assert_shown(&words, 200);
                said.push_str(&words);
            }
            if let Some(target) = dns::alias(&answer, &name) {
                assert_shown(&plain(&target), 1_100);
            }
        }
        // Whatever is asked, this is the answer; name servers that it names are looked up.
        let mut names = vec![name.clone()];
        names.extend(
            answer
                .answers
                .iter()
                .filter_map(|record| match &record.data {
                    RData::NS(server) => Some(server.0.clone()),
                    _ => None,
                }),
        );
        names.truncate(20);
        let resolvers = Resolvers::that_say(&answer, &names);
        if tells(&answer) {
            let found = diagnose::found_by(&resolvers, &name, now);
            for finding in found.now_or_never().unwrap() {
                for sentence in [finding.what, finding.remedy] {
                    assert_shown(&sentence.english, 2_000);
                    assert_shown(&sentence.chinese, 2_000);
                    said.push_str(&sentence.english);
                }
            }
        }
        if let Ok(Some((zone, names))) = resolvers.zone_of(&name).now_or_never().unwrap() {
            assert_shown(&plain(&zone), 1_100);
            let servers = resolvers.addresses_of(&names).now_or_never().unwrap();
            assert!(servers.is_ok_and(|servers| servers.len() <= 16));
        }
        said
    });
}

/// Answers with each record that is looked at.
fn answers() -> Vec<Vec<u8>> {
    use hickory_net::proto::rr::Record;
    use hickory_net::proto::rr::rdata::{A, CAA, CNAME, NS, TXT};
    let name = absolute(DOMAIN).unwrap();
    let other = absolute("ns1.example.net").unwrap();
    let data = [
        RData::TXT(TXT::new(vec!["2024abc".to_owned()])),
        RData::CNAME(CNAME(other.clone())),
        RData::NS(NS(other.clone())),
        RData::A(A::new(192, 0, 2, 1)),
        RData::CAA(CAA::new_issue(true, Some(other), Vec::new())),
    ];
    let mut whole = Message::query();
    whole.metadata.message_type = hickory_net::proto::op::MessageType::Response;
    let mut items = Vec::new();
    for data in data {
        let record = Record::from_rdata(name.clone(), 300, data);
        let mut one = whole.clone();
        one.add_answer(record.clone());
        whole.add_answer(record);
        items.push(one.to_vec().unwrap());
    }
    items.push(whole.to_vec().unwrap());
    items
}
