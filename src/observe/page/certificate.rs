//! `/certificates/DOMAIN`: one certificate and what happened to it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::frame::Page;
use super::needs;
use super::parts::{badge, domain, dot, original, places, time};
use super::reader::Reader;
use super::timeline::{axis, bar, legend, words};
use crate::lifecycle::Challenge;
use crate::observe::event::message_of;
use crate::observe::overview::{Detail, TargetLine};
use crate::sentence::{Language, sentences};
use crate::store::{Entry, PastOrder};

sentences! {
    rolled_back(name)
        "It is rolled back to the certificate before; the next renewal ends that, or `evercert deploy {name}`."
        "已回退到上一张证书；下次续期后恢复正常，也可以执行 `evercert deploy {name}`。";
    add_record(kind) "Add this {kind} record" "请添加这条 {kind} 解析记录";
    explained(code) "{code}, see `evercert explain {code}`" "{code}，`evercert explain {code}` 有详细说明";
    seen(when) "seen there {when}: " "{when}检查：";
    next_time(when) "next {when}" "下次：{when}";
    request(id) "request {id}" "请求 {id}";
}

/// The page.
pub(crate) fn certificate(reader: Reader, detail: &Detail) -> String {
    let certificate = &detail.certificate;
    let now = detail.now;
    let main = html! {
        nav.crumbs aria-label=(reader.say("Where you are", "当前位置")) {
            a href=(reader.link("/")) { (reader.say("← All certificates", "← 全部证书")) }
        }
        section.now #now data-live {
            h1 aria-label=(format!("{}: {}", certificate.display, reader.state(certificate))) {
                (domain(&certificate.display)) " " (badge(reader, certificate))
            }
            p.lead { (lead(reader, detail)) }
            @if certificate.manual.is_empty() {
                @if let Some(need) = needs::of_one(reader, certificate, detail.hold.as_ref(), now) { (need) }
            }
            @if certificate.rolled_back {
                p.remedy { (super::parts::ticks(&reader.tell(rolled_back(&certificate.domain)))) }
            }
            @for record in &certificate.manual { (to_add(reader, record)) }
            div.alone { (axis(reader, now)) (bar(reader, certificate, now)) (legend(reader)) }
            (facts(reader, detail))
        }
        (section("targets", reader.say("Where it goes", "部署目标"),
            reader.say("To the live folder alone: the config names no target.", "只写入 live 文件夹：配置中没有其他目标。"),
            targets(reader, &detail.targets, now)))
        (section("orders", reader.say("Orders", "订单"), reader.say("None yet.", "还没有。"), orders(reader, &detail.orders)))
        (section("history", reader.say("History", "历史记录"), reader.say("Nothing yet.", "还没有。"), history(reader, &detail.history)))
    };
    let page = Page {
        reader,
        title: &certificate.display,
        fleet: detail.fleet.as_ref(),
        now,
        address_in: &|reader| reader.link(&format!("/certificates/{}", certificate.domain)),
    };
    page.with(&main)
}

fn lead(reader: Reader, detail: &Detail) -> String {
    match (detail.certificate.life, reader.language) {
        (Some(life), Language::English) => format!("It {}.", words(reader, life, detail.now)),
        (Some(life), Language::Chinese) => format!("{}。", words(reader, life, detail.now)),
        (None, _) => reader
            .say("There is no certificate yet.", "还没有证书。")
            .to_owned(),
    }
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

fn to_add(reader: Reader, record: &Challenge) -> Markup {
    let kind = record.kind.name();
    let is_file = kind == "FILE";
    let (name, value) = if is_file {
        (reader.say("Path", "路径"), reader.say("Content", "内容"))
    } else {
        (
            reader.say("Name", "主机记录"),
            reader.say("Value", "记录值"),
        )
    };
    html! {
        div.record {
            h2 {
                @if is_file { (reader.say("Serve this file", "请放置这个文件")) } @else { (reader.tell(add_record(kind))) }
            }
            dl {
                dt { (name) } dd { code { (record.name) } }
                dt { (reader.say("Type", "类型")) } dd { code { (kind) } }
                dt { (value) } dd { code { (record.value) } }
            }
            p.dim {
                (reader.say("Evercert looks for it, and goes on by itself once it is seen.", "Evercert 会不断检查，看到后自动继续。"))
            }
        }
    }
}

fn facts(reader: Reader, detail: &Detail) -> Markup {
    let certificate = &detail.certificate;
    html! {
        dl.facts {
            dt { (reader.say("Next step", "下一步")) }
            dd {
                (reader.word(certificate.next_step))
                @if let Some(at) = certificate.next_by_itself() {
                    (reader.say(", ", "，")) (reader.coming(at, detail.now)) " " span.dim { (time(at.max(detail.now))) }
                }
            }
            dt { (reader.say("Where it is", "所在位置")) } dd { (places(reader, certificate.places)) }
            dt { (reader.say("Account", "账号")) } dd { (certificate.account) }
            dt { (reader.say("Domain validation", "域名验证")) } dd { (detail.method) }
            @if let Some(life) = certificate.life {
                dt { (reader.say("Valid", "有效期")) }
                dd { (time(life.not_before)) (reader.say(" to ", " 至 ")) (time(life.not_after)) }
                dt { (reader.say("Renewal window opens", "续期窗口开启")) } dd { (time(life.renew_at)) }
            }
            @if let Some(id) = &detail.certificate_id { dt { (reader.say("Id at the service", "证书 ID")) } dd { code { (id) } } }
            @if let Some(fingerprint) = &detail.fingerprint { dt { "SHA-256" } dd { code.long { (fingerprint) } } }
            @if certificate.failures > 0 { dt { (reader.say("Failures in a row", "连续失败次数")) } dd { (certificate.failures) } }
            @if let Some(code) = &certificate.code {
                dt { (reader.say("Last code", "最近的错误码")) } dd { (super::parts::ticks(&reader.tell(explained(code)))) }
            }
        }
    }
}

fn targets(reader: Reader, lines: &[TargetLine], now: DateTime<Utc>) -> Option<Markup> {
    let list = html! {
        ul.targets {
            @for line in lines {
                @let is_other = line.seen.is_some() && !line.right;
                @let tone = match line.state {
                    _ if line.error.is_some() => "wary",
                    "looking" => "busy",
                    _ if is_other => "bad",
                    "done" => "well",
                    _ => "busy",
                };
                li {
                    (dot(tone))
                    div {
                        p {
                            b { (line.title) } " "
                            span.dim { (reader.kind(line.kind)) (reader.say("; ", "；")) (reader.word(line.state)) }
                        }
                        @if let Some((fingerprint, at)) = &line.seen {
                            p.dim {
                                (reader.tell(seen(reader.relative(*at, now))))
                                @if line.right { (reader.say("the right certificate", "是应有的证书")) }
                                @else { (reader.say("another certificate, ", "是另一张证书 ")) code.long { (fingerprint) } }
                            }
                        }
                        @if let Some(error) = &line.error { (original(reader, error)) }
                        @if let Some(at) = line.next_at { p.dim { (reader.tell(next_time(reader.coming(at, now)))) } }
                    }
                }
            }
        }
    };
    (!lines.is_empty()).then_some(list)
}

fn orders(reader: Reader, orders: &[PastOrder]) -> Option<Markup> {
    let titles = [
        reader.say("Made", "提交时间"),
        reader.say("What", "类型"),
        reader.say("State", "状态"),
        reader.say("Validation", "验证方式"),
        reader.say("Id", "证书 ID"),
        reader.say("Marker", "标记"),
    ];
    let table = html! {
        div.scroll tabindex="0" role="region" aria-label=(reader.say("Orders", "订单")) {
            table.plain {
                thead { tr { @for title in titles { th scope="col" { (title) } } } }
                tbody {
                    @for order in orders {
                        @let what = match (order.adopted, order.renewal) {
                            (true, _) => reader.say("adopted", "接管"),
                            (false, true) => reader.say("renewal", "续期"),
                            (false, false) => reader.say("first", "首次申请"),
                        };
                        tr {
                            td { (time(order.opened)) }
                            td { (what) }
                            td {
                                (reader.word(order.ending.as_ref().unwrap_or(&order.stage)))
                                @if let Some(at) = order.closed { " " span.dim { (time(at)) } }
                            }
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

fn history(reader: Reader, entries: &[Entry]) -> Option<Markup> {
    let list = html! {
        ol.history reversed {
            @for entry in entries {
                li {
                    (time(entry.at))
                    code { (entry.what.event) }
                    p {
                        (message_of(&entry.what, reader.language))
                        @if let Some(id) = &entry.what.request_id { " " span.dim { (reader.tell(request(id))) } }
                    }
                }
            }
        }
    };
    (!entries.is_empty()).then_some(list)
}
