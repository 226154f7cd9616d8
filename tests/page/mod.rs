//! The status page as a browser shows it: headless Chromium against the real binary.

mod browser;

use std::net::SocketAddr;
use std::time::Duration;

use crate::common::{Daemon, Home, StandIn, free_port, site};
use browser::Browser;
use evercert::sandbox::{Fault, FaultKind};
use serde_json::json;

const LONG: &str = "a-rather-long-name.internal.department-of-long-names.example.com";

/// A daemon with a page for these domains.
fn daemon(stand_in: &StandIn, domains: &[&str]) -> (Home, Daemon, String) {
    let home = Home::empty();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let text = home.config_text(&stand_in.endpoint(), domains);
    home.write_config(text.replace("listen = \"\"", &format!("listen = \"{address}\"")));
    let daemon = Daemon::start(&home);
    let url = format!("http://{}", site(&daemon));
    (home, daemon, url)
}

#[test]
fn the_page_shows_a_renewal_by_itself_and_says_when_the_daemon_is_gone() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(6));
    let (_home, mut daemon, url) = daemon(&stand_in, &["wgc.red"]);
    daemon.wait_of("order.applied", "wgc.red");
    browser.open(&url);
    browser.wait_for("document.querySelector('.state').innerText === 'pending'");
    // Lost by a reload, kept by an update.
    browser.value("window.mark = 1; document.querySelector('th.name a').focus()");
    browser.wait_for("document.querySelector('.state').innerText === 'installed'");
    assert_eq!(browser.value("window.mark"), 1);
    assert_eq!(
        browser.value("document.activeElement.getAttribute('href')"),
        "/certificates/wgc.red",
        "the focus stays"
    );
    assert_eq!(
        browser.value("document.title"),
        "Nothing needs you · Evercert"
    );

    browser.open(&format!("{url}/certificates/wgc.red"));
    browser.wait_for("document.querySelectorAll('.history li').length > 2");
    browser.open(&format!("{url}/nowhere"));
    browser.wait_for("document.querySelector('h1').innerText === 'There is no such page'");
    // A page that is missing is logged by the browser; nothing else may be.
    let refused = |text: &String| !text.contains("404");
    let complaints: Vec<&String> = browser
        .complaints
        .iter()
        .filter(|text| refused(text))
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");

    browser.open(&url);
    assert_eq!(daemon.stop().code(), Some(0));
    browser.wait_for("document.body.classList.contains('stale')");
}

#[test]
fn it_fits_a_phone_in_both_schemes_and_breaks_no_policy() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let stand_in = StandIn::quick();
    // With trouble, so that the longest sentences are there too.
    stand_in.always("DescribeCertificates", FaultKind::Error);
    let (_home, daemon, url) = daemon(&stand_in, &["wgc.red", LONG]);
    daemon.wait_of("certificate.failed", LONG);
    browser.narrow(360);
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        for path in [
            "/".to_owned(),
            format!("/certificates/{LONG}"),
            "/?q=nothing".to_owned(),
        ] {
            browser.open(&format!("{url}{path}"));
            let width = browser.value("document.documentElement.scrollWidth");
            assert!(width.as_u64().unwrap() <= 360, "{path} is {width} wide");
            // The sheet was taken, and the scheme is followed.
            let ground = browser.value("getComputedStyle(document.body).backgroundColor");
            let expected = if scheme == "light" {
                "rgb(246, 247, 247)"
            } else {
                "rgb(17, 21, 26)"
            };
            assert_eq!(ground, expected, "{path}");
        }
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn many_certificates_with_one_cause_are_one_thing_to_do() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    // No key of ours is known there: every call is refused.
    let stand_in = StandIn::quick();
    stand_in.on(|service| {
        service.add_fault(Fault {
            code: Some("AuthFailure.SecretIdNotFound".to_owned()),
            times: 1_000,
            ..Fault::once("DescribeCertificates", FaultKind::Error)
        });
    });
    let domains = ["a.example.com", "b.example.com", "c.example.com"];
    let (_home, daemon, url) = daemon(&stand_in, &domains);
    daemon.wait("account.paused");
    browser.open(&url);
    browser.wait_for("document.querySelectorAll('.need').length === 1");
    browser.wait_for("document.querySelectorAll('.need .names a').length === 3");
    assert_eq!(
        browser.value("document.title"),
        "1 thing needs you · Evercert"
    );
    let states = "[...document.querySelectorAll('.state')].map((state) => state.innerText).join()";
    assert_eq!(
        browser.value(states),
        "waiting for account,waiting for account,waiting for account"
    );
    let name = browser.value("document.querySelector('.need .name').innerText");
    assert_eq!(name, "Account default");
}

#[test]
fn one_command_that_fails_for_several_is_one_thing_to_look_at() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut text = home.head(&stand_in.endpoint());
    text = text.replace("listen = \"\"", &format!("listen = \"{address}\""));
    for name in ["a", "b"] {
        let file = home.path().join(name);
        let file = file.display();
        text.push_str(&format!(
            "[[certificates]]\ndomain = \"{name}.example.com\"\n[[certificates.install]]\nformat = \"pem\"\n\
             cert = \"{file}.crt\"\nkey = \"{file}.key\"\nreload = [\"/bin/false\", \"now\"]\n"
        ));
    }
    home.write_config(text);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "b.example.com");
    browser.open(&format!("http://{}/?lang=zh", site(&daemon)));
    browser.wait_for("document.querySelectorAll('.need .names a').length === 2");
    assert_eq!(
        browser.value("document.querySelectorAll('.need').length"),
        1
    );
    let what = browser.value("document.querySelector('.need .what').innerText");
    assert_eq!(what, "/bin/false now 执行失败。");
}

#[test]
fn it_speaks_the_language_of_the_browser_until_another_is_chosen() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let stand_in = StandIn::quick();
    let (_home, daemon, url) = daemon(&stand_in, &["wgc.red"]);
    daemon.wait_of("certificate.installed", "wgc.red");
    browser.ask("Network.enable", json!({}));
    let accepted = json!({"headers": {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}});
    browser.ask("Network.setExtraHTTPHeaders", accepted);
    browser.open(&url);
    browser.wait_for("document.querySelector('h1')?.innerText === '无需处理'");
    assert_eq!(browser.value("document.documentElement.lang"), "zh-CN");
    // By the keyboard, as somebody does who can't read what else is there.
    browser.value("document.querySelector('.languages [lang=en]').focus()");
    for kind in ["keyDown", "keyUp"] {
        let enter = json!({"type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13});
        browser.ask("Input.dispatchKeyEvent", enter);
    }
    browser.wait_for("document.querySelector('h1')?.innerText === 'Nothing needs you'");
    assert_eq!(browser.value("location.search"), "?lang=en");
    browser.value("document.querySelector('th.name a').click()");
    browser.wait_for(
        "location.pathname === '/certificates/wgc.red' && document.readyState === 'complete'",
    );
    assert_eq!(browser.value("document.documentElement.lang"), "en");
    browser.value("document.querySelector('.languages [lang=zh-CN]').click()");
    browser.wait_for("document.documentElement?.lang === 'zh-CN'");
    assert_eq!(browser.value("location.pathname"), "/certificates/wgc.red");
    assert_eq!(browser.value("document.cookie"), "");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn without_javascript_it_shows_and_finds_the_same() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let stand_in = StandIn::quick();
    let (_home, daemon, url) = daemon(&stand_in, &["wgc.red", "shop.example.com"]);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.wait_of("certificate.installed", "shop.example.com");
    browser.ask(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    browser.open(&format!("{url}/?q=shop"));
    let names = "[...document.querySelectorAll('th.name a')].map((a) => a.innerText).join()";
    assert_eq!(browser.value(names), "shop.example.com");
    assert_eq!(browser.value("document.querySelector('#q').value"), "shop");
    browser.open(&format!("{url}/?show=ok"));
    assert_eq!(
        browser.value("document.querySelectorAll('th.name').length"),
        2
    );
}

#[test]
fn a_screen_reader_hears_headings_a_table_and_each_life_in_words() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let stand_in = StandIn::quick();
    let (_home, daemon, url) = daemon(&stand_in, &["wgc.red"]);
    daemon.wait_of("certificate.installed", "wgc.red");
    browser.narrow(360);
    browser.open(&url);
    let tree = browser.ask("Accessibility.getFullAXTree", json!({}));
    let said: Vec<String> = tree["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["ignored"] == false)
        .map(|node| {
            let word = |key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
            format!("{}: {}", word("role"), word("name"))
        })
        .collect();
    let has = |wanted: &str| said.iter().any(|line| line.starts_with(wanted));
    // Also on a phone, where the sheet takes the table apart.
    for wanted in [
        "main",
        "banner",
        "contentinfo",
        "heading: Nothing needs you",
        "heading: Certificates",
        "search",
        "searchbox: Find",
        "table: Certificates",
        "row",
        "rowheader: wgc.red",
        "navigation: Which certificates",
    ] {
        assert!(has(wanted), "{wanted} is not in {said:#?}");
    }
    assert!(
        said.iter()
            .any(|line| line.starts_with("image: began ") || line.starts_with("img: began ")),
        "{said:#?}"
    );
}
