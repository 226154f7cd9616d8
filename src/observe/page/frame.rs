//! What every page has around it.

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use super::parts::time;

/// A whole page.
pub(super) fn frame(title: &str, now: DateTime<Utc>, main: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Evercert" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
                script src="/script.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header.top {
                    a.brand href="/" {
                        img src="/icon.svg" alt="" width="22" height="22";
                        "Evercert"
                    }
                    p.asof #asof data-live {
                        span.dim { "as of " }
                        (time(now))
                    }
                }
                // Filled by the script when the headline changes, so that it is heard.
                p.unseen #said role="status" {}
                main #main { (main) }
                footer.bottom {
                    p { "Evercert " (env!("CARGO_PKG_VERSION")) }
                    nav aria-label="For machines" {
                        a href="/metrics" { "metrics" } " "
                        a href="/healthz" { "health" } " "
                        a href="/readyz" { "readiness" }
                    }
                }
            }
        }
    }
    .into_string()
}

/// A page with one thing to say.
pub(crate) fn notice(now: DateTime<Utc>, title: &str, text: &str) -> String {
    let main = html! {
        section.notice {
            h1 { (title) }
            p { (text) }
            p { a href="/" { "All certificates" } }
        }
    };
    frame(title, now, &main)
}
