//! `/certificates/DOMAIN`: one certificate and what happened to it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::frame::{domain, frame, time};
use super::home::{badge, places, ticks};
use super::timeline::{axis, bar, legend, words};
use super::words::{class, relative};
use crate::observe::board::{Leaf, OrderLine, Record, TargetLine};
use crate::store::Entry;

/// The page.
pub fn certificate(leaf: &Leaf) -> String {
    let card = &leaf.card;
    let main = html! {
        nav.crumbs aria-label="Where you are" { a href="/" { "← All certificates" } }
        section.now #now data-live {
            h1 aria-label=(format!("{}: {}", card.display, card.state)) { (domain(&card.display)) " " (badge(card)) }
            @if let Some(life) = card.life { p.lead { "It " (words(life, leaf.now)) "." } }
            @else { p.lead { "There is no certificate yet." } }
            @if card.manual.is_empty() {
                @if let Some((what, remedy)) = card.need(leaf.now) {
                    ul.needs.single { li class=(format!("need {}", class(card.tone))) { p.what { (what) } p.remedy { (ticks(&remedy)) } } }
                }
            }
            @if card.rolled_back {
                p.remedy { "It is rolled back to the certificate before; the next renewal ends that, or " code { "evercert deploy " (card.domain) } "." }
            }
            @for record in &card.manual { (to_put_up(record)) }
            div.alone { (axis(leaf.now)) (bar(card, leaf.now)) (legend()) }
            (facts(leaf))
        }
        section #targets data-live aria-labelledby="targets-title" {
            h2 #targets-title { "Where it goes" }
            @if leaf.targets.is_empty() { p.empty { "To the live folder alone: the config names no target." } }
            @else { (targets(&leaf.targets, leaf.now)) }
        }
        section #orders data-live aria-labelledby="orders-title" {
            h2 #orders-title { "Orders" }
            @if leaf.orders.is_empty() { p.empty { "None yet." } } @else { (orders(&leaf.orders)) }
        }
        section #history data-live aria-labelledby="history-title" {
            h2 #history-title { "History" }
            @if leaf.history.is_empty() { p.empty { "Nothing yet." } } @else { (history(&leaf.history)) }
        }
    };
    frame(&card.display, leaf.now, &main)
}

fn to_put_up(record: &Record) -> Markup {
    html! {
        div.record {
            h2 { "Put up this " (record.kind) @if record.kind != "FILE" { " record" } }
            dl {
                dt { @if record.kind == "FILE" { "Path" } @else { "Name" } } dd { code { (record.name) } }
                dt { "Type" } dd { code { (record.kind) } }
                dt { @if record.kind == "FILE" { "Content" } @else { "Value" } } dd { code { (record.value) } }
            }
            p.dim { "Evercert looks for it, and goes on by itself once it is seen." }
        }
    }
}

fn facts(leaf: &Leaf) -> Markup {
    let card = &leaf.card;
    html! {
        dl.facts {
            dt { "Next step" }
            dd { (card.next_step) @if let Some(at) = card.next_at { ", " (relative(at.max(leaf.now), leaf.now)) " " span.dim { (time(at.max(leaf.now))) } } }
            dt { "Where it is" } dd { (places(card.places)) }
            dt { "Account" } dd { (card.account) }
            dt { "Control proved by" } dd { (leaf.method) }
            @if let Some(life) = card.life {
                dt { "Valid" } dd { (time(life.not_before)) " to " (time(life.not_after)) }
                dt { "Window opens" } dd { (time(life.renew_at)) }
            }
            @if let Some(id) = &leaf.certificate_id { dt { "Id at the service" } dd { code { (id) } } }
            @if let Some(fingerprint) = &leaf.fingerprint { dt { "SHA-256" } dd { code.long { (fingerprint) } } }
            @if card.failures > 0 { dt { "Failures in a row" } dd { (card.failures) } }
            @if let Some(code) = &card.code { dt { "Last code" } dd { code { (code) } ", see " code { "evercert explain " (code) } } }
        }
    }
}

fn targets(lines: &[TargetLine], now: DateTime<Utc>) -> Markup {
    html! {
        ul.targets {
            @for line in lines {
                @let tone = if line.error.is_some() { "wary" } else if !line.right { "bad" } else if line.state == "done" { "well" } else { "busy" };
                li {
                    span class=(format!("dot {tone}")) aria-hidden="true" {}
                    div {
                        p { b { (line.title) } " " span.dim { (line.kind) "; " (line.state) } }
                        @if let Some((seen, at)) = &line.seen {
                            p.dim { "seen there " (relative(*at, now)) ": " @if line.right { "the right certificate" } @else { "another certificate, " code.long { (seen) } } }
                        }
                        @if let Some(error) = &line.error { p.what { (error) } }
                        @if let Some(at) = line.next_at { p.dim { "next " (relative(at.max(now), now)) } }
                    }
                }
            }
        }
    }
}

fn orders(lines: &[OrderLine]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Orders" {
            table.plain {
                thead { tr { th scope="col" { "Made" } th scope="col" { "What" } th scope="col" { "State" } th scope="col" { "Proof" } th scope="col" { "Id" } th scope="col" { "Marker" } } }
                tbody {
                    @for line in lines {
                        tr {
                            td { (time(line.opened)) }
                            td { (line.what) }
                            td { (line.state) @if let Some(at) = line.closed { " " span.dim { (time(at)) } } }
                            td { (line.method) }
                            td { @if let Some(id) = &line.certificate_id { code { (id) } } }
                            td { code { (line.marker) } }
                        }
                    }
                }
            }
        }
    }
}

fn history(entries: &[Entry]) -> Markup {
    html! {
        ol.history reversed {
            @for entry in entries {
                li {
                    (time(entry.at))
                    code { (entry.what.event) }
                    p { (entry.what.message) @if let Some(id) = &entry.what.request_id { " " span.dim { "request " (id) } } }
                }
            }
        }
    }
}
