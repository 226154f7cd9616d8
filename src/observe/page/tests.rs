//! What the pages say, and that they say it safely.

use std::sync::Arc;
use std::time::Duration;

use super::samples;
use super::{Query, Reader, certificate, home};
use crate::clock::VirtualClock;
use crate::observe::health::{Health, HealthStatus};
use crate::observe::overview::need::Urgency;
use crate::observe::overview::{AccountLine, Detail, FleetMember, Overview, Rate};
use crate::sentence::Language;

mod chinese;
mod looks;

fn status() -> HealthStatus {
    let health = Health::new(
        Arc::new(VirtualClock::new(samples::now())),
        Duration::from_secs(1),
    );
    health.pass_ended(true, Duration::from_millis(1_234));
    health.status()
}

fn page(overview: &Overview, query: &str) -> String {
    page_in(Language::English, overview, query)
}

fn page_in(language: Language, overview: &Overview, query: &str) -> String {
    let reader = Reader::choosing(language);
    home(
        overview,
        &status(),
        &Rate::default(),
        (reader, &Query::parse(query)),
    )
}

fn own_page() -> String {
    certificate(Reader::default(), &samples::detail())
}

#[test]
fn every_page_of_a_machine_of_a_fleet_says_which_one_it_is() {
    let member = |machine: &str| FleetMember {
        name: "shop".to_owned(),
        machine: machine.to_owned(),
        orders: "in-turn",
    };
    let home = |machine: &str, language| {
        let overview = Overview {
            fleet: Some(member(machine)),
            ..samples::calm()
        };
        page_in(language, &overview, "")
    };
    assert!(home("2", Language::English).contains("machine 2 of fleet shop"));
    assert!(home("", Language::English).contains("a machine of fleet shop"));
    assert!(home("2", Language::Chinese).contains("shop 的 2 号机器"));
    let detail = Detail {
        fleet: Some(member("2")),
        ..samples::detail()
    };
    assert!(certificate(Reader::default(), &detail).contains("machine 2 of fleet shop"));
    assert!(!own_page().contains("of fleet"));
}

#[test]
fn what_needs_somebody_stands_on_top_with_its_remedy() {
    let html = page(&samples::troubled(), "");
    let at = |text: &str| {
        html.find(text)
            .unwrap_or_else(|| panic!("{text} is not on the page"))
    };
    assert!(at("ended without validation") < at("Host its zone in this account"));
    assert!(at("Host its zone in this account") < at("<table"));
    assert!(
        at("free certificates are used up") < at("(InternalError)"),
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
        own_page(),
    ] {
        assert_eq!(html.matches("<script").count(), 1, "only our own");
        assert!(!html.contains("<b>there") && !html.contains("<new.example"));
    }
    assert!(page(&samples::troubled(), "").contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn nothing_on_a_page_needs_what_the_policy_forbids() {
    for html in [page(&samples::troubled(), ""), own_page()] {
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
fn the_expired_come_first_and_those_that_need_somebody_can_be_had_alone() {
    let html = page(&samples::troubled(), "");
    let rows: Vec<&str> = html.split("<th class=\"name\"").skip(1).collect();
    assert!(rows[0].contains("old.example.com"), "expired");
    assert!(rows.last().unwrap().contains("shop.example.com"));
    for word in ["retrying", "failing"] {
        let failing = page(&samples::troubled(), &format!("show={word}"));
        assert_eq!(failing.matches("<th class=\"name\"").count(), 2, "{word}");
    }
}

#[test]
fn thirty_two_that_wait_for_one_account_are_one_thing_that_needs_somebody() {
    let mut overview = samples::town(200);
    overview.certificates.retain(|certificate| {
        certificate.account != "default" && certificate.urgency(overview.now) > Urgency::Ending
    });
    let waiting = overview.certificates.len() - 1;
    let html = page(&overview, "");
    assert!(html.contains("<title>2 things need you"), "{html}");
    assert!(html.contains(&format!(
        "{waiting} certificates wait for it. The next try is in 12 minutes."
    )));
    assert!(html.contains(&format!("and {} more", waiting - 6)));
    assert!(
        html.contains("1 certificate waits for it."),
        "the main domain's quota"
    );
}

#[test]
fn of_many_accounts_those_with_the_fewest_left_are_shown() {
    let mut overview = samples::calm();
    let template = overview.accounts.remove(0);
    overview.accounts = (0..40)
        .map(|n| AccountLine {
            name: format!("customer{n}"),
            slots: Some((n, overview.now)),
            ..template.clone()
        })
        .collect();
    let html = page(&overview, "");
    assert!(html.contains(">customer39<") && !html.contains(">customer0<"));
    assert!(html.contains("and 34 more, with more left"));
}

#[test]
fn a_record_to_add_by_hand_is_shown_whole() {
    let html = own_page();
    for part in [
        "Add this TXT record",
        "_dnsauth.new.example.com",
        "202602020000004x9f2k1h8s7d6f5g",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(page(&samples::troubled(), "").contains("Add the record that its page shows."));
}

#[test]
fn the_time_line_says_in_words_what_it_shows() {
    let html = page(&samples::calm(), "");
    assert!(html.contains("role=\"img\" aria-label=\"began "));
    assert!(html.contains("its renewal window opens") && html.contains("in 44 days\""));
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
