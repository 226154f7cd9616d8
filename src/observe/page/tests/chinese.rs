//! The pages in Chinese: nothing is left in English but what has to be typed, names, and quoted words.

use super::*;
use crate::observe::page::{Notice, notice};

/// What has no Chinese, or is a name.
const NAMES: [&str; 19] = [
    "API",
    "CA",
    "CAA",
    "DNS",
    "DNS_AUTO",
    "English",
    "Evercert",
    "ID",
    "NS",
    "SHA-256",
    "SecretId",
    "SecretKey",
    "TXT",
    "a_customer_with_a_name_that_is_never_broken",
    "customer",
    "default",
    "live",
    "shop",
    "shops",
];

/// A page without the parts between these, and what begins with the first.
fn without(html: &str, begin: &str, end: &str) -> String {
    let mut kept = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(begin) {
        kept.push_str(before);
        kept.push(' ');
        rest = after.split_once(end).map_or("", |(_, rest)| rest);
    }
    kept + rest
}

/// The text that people see or hear, what has to be typed and what is marked as English left out.
fn text(html: &str) -> String {
    let (_, body) = html.split_once("<title>").unwrap();
    let mut body = without(&body.replace("<wbr>", ""), "<code", "</code>");
    for (begin, end) in [
        // What the record keeps in English: its Chinese is found elsewhere, and programs of others are quoted.
        ("<p class=\"said\"", "</p>"),
        // The sentences of events are made elsewhere.
        ("<ol class=\"history\"", "</ol>"),
    ] {
        body = without(&body, begin, end);
    }
    let heard: Vec<&str> = body
        .split(" aria-label=\"")
        .skip(1)
        .chain(body.split(" placeholder=\"").skip(1))
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .collect();
    let heard = heard.join("\n");
    without(&body, "<", ">") + &heard
}

fn english(html: &str) -> Vec<String> {
    let text = text(html);
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    words
        .map(|word| word.trim_matches(['.', '-']))
        .filter(|word| word.bytes().filter(u8::is_ascii_alphabetic).count() > 1)
        // Domains, codes and identifiers.
        .filter(|word| !word.contains('.') && !NAMES.contains(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_page_is_chinese_throughout() {
    let chinese = Reader::choosing(Language::Chinese);
    let pages = [
        page_in(Language::Chinese, &samples::town(200), ""),
        page_in(Language::Chinese, &samples::town(30), "q=没有"),
        page_in(Language::Chinese, &samples::town(3), ""),
        page_in(Language::Chinese, &samples::calm(), ""),
        page_in(Language::Chinese, &samples::empty(), ""),
        page_in(Language::Chinese, &samples::many(500), "page=2"),
        certificate(chinese, &samples::detail()),
        notice(chinese, samples::now(), Notice::Missing),
    ];
    for html in pages {
        assert!(html.contains("<html lang=\"zh-CN\">"));
        for slip in [
            "颁发", "应答", "访客", "撤下", "搁置", "乱码", "委派", "托管",
        ] {
            assert!(!html.contains(slip), "{slip} is not the console's word");
        }
        let left = english(&html);
        // Codes without a dot, and targets by their titles.
        let known = [
            "FailedOperation",
            "AuthFailure",
            "InternalError",
            "InvalidParameterValue",
            "verify",
            "new",
        ];
        let left: Vec<&String> = left
            .iter()
            .filter(|word| !known.contains(&word.as_str()))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
    for certificate in samples::every_state() {
        let detail = crate::observe::overview::Detail {
            certificate,
            targets: Vec::new(),
            ..samples::detail()
        };
        let html = super::certificate(chinese, &detail);
        let left = english(&html);
        let known = ["InternalError", "InvalidParameterValue", "verify"];
        let left: Vec<&String> = left
            .iter()
            .filter(|word| !known.contains(&word.as_str()))
            .collect();
        assert!(left.is_empty(), "{}: {left:?}", detail.certificate.domain);
    }
}

#[test]
fn what_needs_somebody_is_said_in_chinese_with_its_remedy() {
    let html = page_in(Language::Chinese, &samples::town(200), "");
    for part in [
        "张证书在等待。",
        "下次重试：12 分钟后。",
        "剩余 20 小时。",
        "<code>systemctl reload nginx</code> 执行失败。",
        "需要手工添加域名验证的解析记录。",
        "已安装的证书已被吊销或退款（状态 10）。",
        ">3 天前<",
        ">今天<",
        ">3月<",
    ] {
        assert!(html.contains(part), "{part} is missing");
    }
}

#[test]
fn links_keep_the_language_that_was_chosen() {
    let chosen = page_in(
        Language::Chinese,
        &samples::town(30),
        "q=example&show=needs-you",
    );
    for link in chosen.split(" href=\"").skip(1) {
        let link = link.split_once('"').unwrap().0;
        let is_page = link.starts_with("/certificates/") || link.starts_with("/?") || link == "/";
        assert!(!is_page || link.contains("lang="), "{link}");
    }
    assert!(
        chosen.contains("name=\"lang\" value=\"zh\""),
        "the search keeps it"
    );
    assert!(
        chosen.contains("href=\"/?q=example&amp;show=needs-you&amp;lang=en\""),
        "the switch stays here"
    );
    let by_browser = Reader::of("", std::iter::once("zh"));
    assert!(!certificate(by_browser, &samples::detail()).contains("?lang=zh\" aria-label"));
}
