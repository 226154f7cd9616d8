//! What every page has around it.

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use super::parts::time;
use super::reader::{Reader, tag};
use crate::observe::overview::FleetMember;
use crate::sentence::Language;

/// What a page is, beside its content.
pub(super) struct Page<'a> {
    pub(super) reader: Reader,
    pub(super) title: &'a str,
    /// Which machine of which fleet this is.
    pub(super) fleet: Option<&'a FleetMember>,
    /// When it was made.
    pub(super) now: DateTime<Utc>,
    /// The address of the same page in this language.
    pub(super) address_in: &'a dyn Fn(Reader) -> String,
}

impl Page<'_> {
    /// The whole page.
    pub(super) fn with(&self, main: &Markup) -> String {
        let reader = self.reader;
        html! {
            (DOCTYPE)
            html lang=(reader.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Evercert" }
                    link rel="icon" href="/icon.svg" type="image/svg+xml";
                    link rel="stylesheet" href="/style.css";
                    script src="/script.js" defer {}
                }
                body {
                    a.skip href="#main" { (reader.say("Skip to the content", "跳到正文")) }
                    header.top {
                        a.brand href=(reader.link("/")) {
                            img src="/icon.svg" alt="" width="22" height="22";
                            "Evercert"
                        }
                        div.about {
                            @if let Some(member) = self.fleet {
                                p.dim { (reader.tell(member.sentence())) }
                            }
                            p.asof #asof data-live {
                                span.dim { (reader.say("as of ", "截至 ")) }
                                (time(self.now))
                            }
                            (self.languages())
                        }
                    }
                    // Filled by the script when the headline changes, so that it is heard.
                    p.unseen #said role="status" {}
                    main #main { (main) }
                    footer.bottom {
                        p { "Evercert " (env!("CARGO_PKG_VERSION")) }
                        nav aria-label=(reader.say("For machines", "供程序读取")) {
                            a href="/metrics" { (reader.say("metrics", "指标")) } " "
                            a href="/healthz" { (reader.say("health", "存活检查")) } " "
                            a href="/readyz" { (reader.say("readiness", "就绪检查")) }
                        }
                    }
                }
            }
        }
        .into_string()
    }

    /// The switch: each language in its own words.
    fn languages(&self) -> Markup {
        html! {
            nav.languages aria-label=(self.reader.say("Language", "语言")) {
                @for (language, name) in [(Language::Chinese, "中文"), (Language::English, "English")] {
                    @let is_here = language == self.reader.language;
                    a href=((self.address_in)(Reader::choosing(language))) lang=(tag(language)) hreflang=(tag(language))
                        aria-current=[is_here.then_some("true")] { (name) }
                }
            }
        }
    }
}

/// A page with one thing to say.
pub(crate) fn notice(reader: Reader, now: DateTime<Utc>, what: Notice<'_>) -> String {
    let (title, text) = match what {
        Notice::Missing => (
            reader.say("There is no such page", "没有这个页面"),
            reader.say(
                "Perhaps the certificate was taken out of the config.",
                "该证书可能已从配置中移除。",
            ),
        ),
        Notice::Unreadable(error) => (
            reader.say("The record can't be read now", "目前无法读取数据库"),
            error,
        ),
    };
    let main = html! {
        section.notice {
            h1 { (title) }
            p lang=[matches!(what, Notice::Unreadable(_)).then_some("en")] { (text) }
            p { a href=(reader.link("/")) { (reader.say("All certificates", "全部证书")) } }
        }
    };
    let page = Page {
        reader,
        title,
        fleet: None,
        now,
        address_in: &|reader| reader.link("/"),
    };
    page.with(&main)
}

/// Why there is no other page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Notice<'a> {
    /// Nothing has this address.
    Missing,
    /// The record can't be read, with what was said.
    Unreadable(&'a str),
}
