//! How the pages look in a real browser: with 3, 30 and 200 certificates, wide and narrow, light and dark, in both
//! languages.
//!
//! Facts of the layout are compared and not pixels: letters come out otherwise with each set of fonts and each version of
//! the browser, while what spoils a page (something cut off, something wider than the window, letters that don't stand
//! out) is the same everywhere. With `EVERCERT_PICTURES=FOLDER` the pictures are kept there, to be looked at.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::samples;
use crate::clock::{SystemClock, VirtualClock};
use crate::observe::calls::SLICES;
use crate::observe::health::Health;
use crate::observe::http::{Hosts, Site, serve};
use crate::observe::overview::{Detail, Overview, Rate, Source};
use crate::store::StoreError;
use browser::Browser;

#[path = "../../../../tests/page/browser.rs"]
#[allow(dead_code, reason = "the black-box tests use more of it")]
mod browser;

/// A site that never changes.
struct Fixed {
    overview: Arc<Overview>,
    health: Health,
}

impl Fixed {
    fn new(overview: Overview) -> Self {
        let clock = VirtualClock::new(samples::now() - TimeDelta::days(12));
        let health = Health::new(Arc::new(clock.clone()), Duration::from_secs(300));
        clock.advance(Duration::from_secs(12 * 86_400 - 70));
        health.pass_ended(true, Duration::from_millis(1_234));
        health.scheduled(Some(samples::now() + TimeDelta::hours(9)), Duration::ZERO);
        Self {
            overview: Arc::new(overview),
            health,
        }
    }
}

impl Source for Fixed {
    fn overview(&self) -> BoxFuture<'_, Result<Arc<Overview>, StoreError>> {
        let overview = Arc::clone(&self.overview);
        Box::pin(async { Ok(overview) })
    }

    fn detail<'s>(&'s self, domain: &'s str) -> BoxFuture<'s, Result<Option<Detail>, StoreError>> {
        let mut all = self.overview.certificates.iter();
        let certificate = all.find(|one| one.domain == domain).cloned();
        let hold = self.overview.accounts[1].holds[0].clone();
        Box::pin(
            async {
                let certificate = certificate?;
                let hold = certificate.waits_for.is_some().then_some(hold);
                Some(Detail {
                    certificate,
                    hold,
                    ..samples::detail()
                })
            }
            .map(Ok),
        )
    }

    fn health(&self) -> &Health {
        &self.health
    }

    fn rate(&self) -> Rate {
        let mut rate = Rate {
            permits: 10,
            peak: 7,
            last_minute: 41,
            ..Rate::default()
        };
        rate.counts.slices = (0..SLICES as u32).map(|n| (n * 7) % 23).collect();
        rate.counts.throttled = 3;
        rate
    }

    fn now(&self) -> DateTime<Utc> {
        samples::now()
    }
}

/// Serves it until the token is dropped; where.
fn served(
    runtime: &tokio::runtime::Runtime,
    overview: Overview,
) -> (String, tokio_util::sync::DropGuard) {
    let stop = CancellationToken::new();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let site = Arc::new(Site {
        source: Arc::new(Fixed::new(overview)),
        hosts: Hosts::new(address, &[]),
    });
    let clock = Arc::new(SystemClock::new());
    runtime.spawn(serve(listener, site, clock, stop.clone()));
    (format!("http://{address}"), stop.drop_guard())
}

/// What is wrong with how a page is laid out.
const FAULTS: &str = include_str!("faults.js");

struct View {
    width: u32,
    scheme: &'static str,
    language: &'static str,
}

/// Looks at a page: nothing may be wrong with it.
fn look(browser: &mut Browser, url: &str, name: &str, view: &View) {
    let View {
        width,
        scheme,
        language,
    } = view;
    let size =
        json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": *width < 800});
    browser.ask("Emulation.setDeviceMetricsOverride", size);
    browser.prefer(scheme);
    browser.open(&format!("{url}lang={language}"));
    let name = format!("{name}-{width}-{scheme}-{language}");
    if let Some(folder) = std::env::var_os("EVERCERT_PICTURES") {
        let picture = browser.ask(
            "Page.captureScreenshot",
            json!({"captureBeyondViewport": true}),
        );
        keep(
            &PathBuf::from(folder).join(format!("{name}.png")),
            &picture["data"],
        );
    }
    let faults = browser.value(FAULTS);
    assert_eq!(faults, json!([]), "{name}");
    let tag = if *language == "zh" { "zh-CN" } else { "en" };
    assert_eq!(browser.value("document.documentElement.lang"), tag);
}

fn keep(file: &std::path::Path, picture: &serde_json::Value) {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(picture.as_str().unwrap())
        .unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// The two sizes that most people have in both schemes; those between, where only the layout differs, in one.
fn views() -> impl Iterator<Item = View> {
    [
        (1280, &["light", "dark"][..]),
        (1000, &["light"]),
        (700, &["light"]),
        (390, &["light", "dark"]),
    ]
    .into_iter()
    .flat_map(|(width, schemes)| {
        schemes.iter().flat_map(move |scheme| {
            ["en", "zh"].into_iter().map(move |language| View {
                width,
                scheme,
                language,
            })
        })
    })
}

#[test]
fn nothing_is_cut_off_or_hard_to_read_however_many_certificates_there_are() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for count in [3, 30, 200] {
        let (url, _stop) = served(&runtime, samples::town(count));
        for view in views() {
            look(
                &mut browser,
                &format!("{url}/?"),
                &format!("home-{count}"),
                &view,
            );
            let tops = "new Set([...document.querySelectorAll('.figures > *')].map((e) => e.offsetTop)).size";
            let rows = match view.width {
                901.. => 1,
                641.. => 2,
                _ => 3,
            };
            assert_eq!(browser.value(tops), rows, "the tiles of three accounts");
        }
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn the_page_of_every_state_is_whole() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (url, _stop) = served(&runtime, samples::town(30));
    let states = samples::every_state();
    for (place, certificate) in states.iter().enumerate() {
        let view = views().nth(place % 12).unwrap();
        let domain = &certificate.domain;
        look(
            &mut browser,
            &format!("{url}/certificates/{domain}?"),
            domain,
            &view,
        );
    }
    for view in views() {
        look(
            &mut browser,
            &format!("{url}/certificates/new.example.com?"),
            "manual",
            &view,
        );
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
