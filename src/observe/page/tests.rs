//! What the pages say, and that they say it safely.

use std::sync::Arc;
use std::time::Duration;

use super::samples;
use super::{Query, certificate, home};
use crate::clock::VirtualClock;
use crate::observe::health::{Health, HealthStatus};
use crate::observe::overview::{Overview, Rate};

fn status() -> HealthStatus {
    let health = Health::new(
        Arc::new(VirtualClock::new(samples::now())),
        Duration::from_secs(1),
    );
    health.pass_ended(true, Duration::from_millis(1_234));
    health.status()
}

fn page(overview: &Overview, query: &str) -> String {
    home(overview, &status(), &Rate::default(), &Query::parse(query))
}

#[test]
fn what_needs_somebody_stands_on_top_with_its_remedy() {
    let html = page(&samples::troubled(), "");
    let at = |text: &str| {
        html.find(text)
            .unwrap_or_else(|| panic!("{text} is not on the page"))
    };
    assert!(at("DNS_AUTO ended unvalidated twice") < at("Put the zone of api.example.com"));
    assert!(at("Put the zone of api.example.com") < at("<table"));
    assert!(
        at("has no free certificate left") < at("The service is overloaded"),
        "the worst first"
    );
    assert!(html.contains("It has expired."));
    assert!(page(&samples::calm(), "").contains(">Nothing needs you<"));
    assert!(page(&samples::empty(), "").contains("There is no certificate yet"));
}

#[test]
fn text_from_outside_stays_text() {
    for html in [
        page(&samples::troubled(), "q=<script>x</script>"),
        page(&samples::troubled(), ""),
        certificate(&samples::detail()),
    ] {
        assert_eq!(html.matches("<script").count(), 1, "only our own");
        assert!(!html.contains("<b>there") && !html.contains("<new.example"));
    }
    assert!(page(&samples::troubled(), "").contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn nothing_on_a_page_needs_what_the_policy_forbids() {
    for html in [
        page(&samples::troubled(), ""),
        certificate(&samples::detail()),
    ] {
        for forbidden in [
            " style=",
            "<style",
            "javascript:",
            " onclick",
            " onload",
            "http://",
            "https://",
        ] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
}

#[test]
fn ten_thousand_come_in_pages_and_can_be_searched() {
    let overview = samples::many(10_000);
    let html = page(&overview, "");
    assert_eq!(html.matches("<th class=\"name\"").count(), 200);
    assert!(
        html.contains("page 1 of 50") && html.len() < 400_000,
        "{}",
        html.len()
    );
    let last = page(&overview, "page=50");
    assert!(last.contains("page 50 of 50") && !last.contains("rel=\"next\""));
    assert!(page(&overview, "page=99999").contains("page 50 of 50"));
    let one = page(&overview, "q=WWW4711.");
    assert_eq!(one.matches("<th class=\"name\"").count(), 1);
    assert!(page(&overview, "q=nowhere").contains("nowhere"));
}

#[test]
fn those_that_need_attention_come_first_and_can_be_had_alone() {
    let html = page(&samples::troubled(), "");
    let rows: Vec<&str> = html.split("<th class=\"name\"").skip(1).collect();
    assert!(
        rows[0].contains("old.example.com"),
        "expired, so the soonest of the worst"
    );
    assert!(rows.last().unwrap().contains("shop.example.com"));
    let failing = page(&samples::troubled(), "show=failing");
    assert_eq!(failing.matches("<th class=\"name\"").count(), 2);
}

#[test]
fn a_record_to_put_up_by_hand_is_shown_whole() {
    let html = certificate(&samples::detail());
    for part in [
        "Put up this TXT",
        "_dnsauth.new.example.com",
        "202602020000004x9f2k1h8s7d6f5g",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(page(&samples::troubled(), "").contains("Put up the record that its page shows."));
}

#[test]
fn the_time_line_says_in_words_what_it_shows() {
    let html = page(&samples::calm(), "");
    assert!(html.contains("role=\"img\" aria-label=\"began "));
    assert!(html.contains("its window opens") && html.contains("in 44 days\""));
}

/// WCAG 2.2, 1.4.3 and 1.4.11: text has 4.5:1 on every ground that it stands on, and what is drawn has 3:1.
#[test]
fn colours_stand_out_from_their_ground_in_light_and_dark() {
    let sheet = super::STYLE;
    let (light, dark) = sheet.split_once("prefers-color-scheme: dark").unwrap();
    for (scheme, text) in [("light", light), ("dark", dark)] {
        let luminance = |name: &str| {
            let colour = text.split_once(&format!("--{name}: #")).unwrap().1;
            let channel = |place: usize| {
                let value =
                    f64::from(u8::from_str_radix(&colour[place..place + 2], 16).unwrap()) / 255.0;
                if value <= 0.040_45 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
        };
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(a), luminance(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for ground in ["ground", "card", "soft", "bad-soft", "busy-soft"] {
            for ink in ["ink", "dim", "link", "well", "busy", "wary", "bad"] {
                let ratio = contrast(ink, ground);
                assert!(ratio >= 4.5, "{scheme}: {ink} on {ground} has {ratio:.2}");
            }
        }
        for drawn in ["well-bar", "window", "bad", "focus"] {
            let ratio = contrast(drawn, "card");
            assert!(ratio >= 3.0, "{scheme}: {drawn} has {ratio:.2}");
        }
    }
}
