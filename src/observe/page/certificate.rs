//! `/certificates/DOMAIN`: one certificate and what happened to it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::frame::frame;
use super::parts::{badge, coming, domain, dot, need, places, time};
use super::timeline::{axis, bar, legend, words};
use super::words::relative;
use crate::lifecycle::Challenge;
use crate::observe::event::message_of;
use crate::observe::overview::{Detail, TargetLine};
use crate::sentence::Language;
use crate::store::{Entry, PastOrder};

/// The page.
pub(crate) fn certificate(detail: &Detail) -> String {
    let certificate = &detail.certificate;
    let main = html! {
        nav.crumbs aria-label="Where you are" { a href="/" { "← All certificates" } }
        section.now #now data-live {
            h1 aria-label=(format!("{}: {}", certificate.display, certificate.state)) { (domain(&certificate.display)) " " (badge(certificate)) }
            @if let Some(life) = certificate.life { p.lead { "It " (words(life, detail.now)) "." } }
            @else { p.lead { "There is no certificate yet." } }
            @if certificate.manual.is_empty() {
                @if let Some((what, remedy)) = certificate.need(detail.now) {
                    ul.needs.single { (need(certificate.tone, &html! {}, &what, &remedy)) }
                }
            }
            @if certificate.rolled_back {
                p.remedy { "It is rolled back to the certificate before; the next renewal ends that, or " code { "evercert deploy " (certificate.domain) } "." }
            }
            @for record in &certificate.manual { (to_put_up(record)) }
            div.alone { (axis(detail.now)) (bar(certificate, detail.now)) (legend()) }
            (facts(detail))
        }
        (section("targets", "Where it goes", "To the live folder alone: the config names no target.", targets(&detail.targets, detail.now)))
        (section("orders", "Orders", "None yet.", orders(&detail.orders)))
        (section("history", "History", "Nothing yet.", history(&detail.history)))
    };
    frame(&certificate.display, detail.now, &main)
}

/// A part of the page with its heading; what is said where it has no content.
fn section(id: &str, title: &str, empty: &str, content: Option<Markup>) -> Markup {
    html! {
        section id=(id) data-live aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (title) }
            @match content {
                Some(content) => (content),
                None => { p.empty { (empty) } },
            }
        }
    }
}

fn to_put_up(record: &Challenge) -> Markup {
    let kind = record.kind.name();
    let [name, value] = match kind {
        "FILE" => ["Path", "Content"],
        _ => ["Name", "Value"],
    };
    html! {
        div.record {
            h2 { "Put up this " (kind) @if kind != "FILE" { " record" } }
            dl {
                dt { (name) } dd { code { (record.name) } }
                dt { "Type" } dd { code { (kind) } }
                dt { (value) } dd { code { (record.value) } }
            }
            p.dim { "Evercert looks for it, and goes on by itself once it is seen." }
        }
    }
}

fn facts(detail: &Detail) -> Markup {
    let certificate = &detail.certificate;
    html! {
        dl.facts {
            dt { "Next step" }
            dd { (certificate.next_step) @if let Some(at) = certificate.next_at { ", " (coming(at, detail.now)) " " span.dim { (time(at.max(detail.now))) } } }
            dt { "Where it is" } dd { (places(certificate.places)) }
            dt { "Account" } dd { (certificate.account) }
            dt { "Control proved by" } dd { (detail.method) }
            @if let Some(life) = certificate.life {
                dt { "Valid" } dd { (time(life.not_before)) " to " (time(life.not_after)) }
                dt { "Window opens" } dd { (time(life.renew_at)) }
            }
            @if let Some(id) = &detail.certificate_id { dt { "Id at the service" } dd { code { (id) } } }
            @if let Some(fingerprint) = &detail.fingerprint { dt { "SHA-256" } dd { code.long { (fingerprint) } } }
            @if certificate.failures > 0 { dt { "Failures in a row" } dd { (certificate.failures) } }
            @if let Some(code) = &certificate.code { dt { "Last code" } dd { code { (code) } ", see " code { "evercert explain " (code) } } }
        }
    }
}

fn targets(lines: &[TargetLine], now: DateTime<Utc>) -> Option<Markup> {
    let list = html! {
        ul.targets {
            @for line in lines {
                @let tone = if line.error.is_some() { "wary" } else if !line.right { "bad" } else if line.state == "done" { "well" } else { "busy" };
                li {
                    (dot(tone))
                    div {
                        p { b { (line.title) } " " span.dim { (line.kind) "; " (line.state) } }
                        @if let Some((seen, at)) = &line.seen {
                            p.dim { "seen there " (relative(*at, now)) ": " @if line.right { "the right certificate" } @else { "another certificate, " code.long { (seen) } } }
                        }
                        @if let Some(error) = &line.error { p.what { (error) } }
                        @if let Some(at) = line.next_at { p.dim { "next " (coming(at, now)) } }
                    }
                }
            }
        }
    };
    (!lines.is_empty()).then_some(list)
}

fn orders(orders: &[PastOrder]) -> Option<Markup> {
    let table = html! {
        div.scroll tabindex="0" role="region" aria-label="Orders" {
            table.plain {
                thead { tr { @for title in ["Made", "What", "State", "Proof", "Id", "Marker"] { th scope="col" { (title) } } } }
                tbody {
                    @for order in orders {
                        @let what = match (order.adopted, order.renewal) {
                            (true, _) => "adopted",
                            (false, true) => "renewal",
                            (false, false) => "first",
                        };
                        tr {
                            td { (time(order.opened)) }
                            td { (what) }
                            td { (order.ending.as_ref().unwrap_or(&order.stage)) @if let Some(at) = order.closed { " " span.dim { (time(at)) } } }
                            td { (order.method) }
                            td { @if let Some(id) = &order.certificate_id { code { (id) } } }
                            td { code { (order.marker) } }
                        }
                    }
                }
            }
        }
    };
    (!orders.is_empty()).then_some(table)
}

fn history(entries: &[Entry]) -> Option<Markup> {
    let list = html! {
        ol.history reversed {
            @for entry in entries {
                li {
                    (time(entry.at))
                    code { (entry.what.event) }
                    p { (message_of(&entry.what, Language::English)) @if let Some(id) = &entry.what.request_id { " " span.dim { "request " (id) } } }
                }
            }
        }
    };
    (!entries.is_empty()).then_some(list)
}
