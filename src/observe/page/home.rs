//! `/`: everything at a glance.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::figures::figures;
use super::frame::Page;
use super::needs::need;
use super::parts::{badge, domain, dot, places};
use super::query::Query;
use super::reader::Reader;
use super::timeline::{axis, bar, legend};
use super::words::class;
use crate::observe::health::HealthStatus;
use crate::observe::overview::need::{Need, Rank, SPELT_OUT};
use crate::observe::overview::{CertificateLine, Overview, Rate, Tone, grouped};
use crate::sentence::{Language, sentences};

/// Certificates on one page.
const PAGE: usize = 200;

sentences! {
    need_you(count) "{count} things need you" "{count} 项需要处理";
    tried_again(count) "Nothing needs you; {count} things wait or are tried again" "无需处理；{count} 项正在等待或自动重试";
    more_needs(count) "and {count} more, first in the list below" "另有 {count} 项，见下方列表的最前面";
    none_yet(certificates) "{certificates}; none is installed yet." "{certificates}，均未安装。";
    has_expired(certificates, name) "{certificates}; {name} has expired." "{certificates}；{name} 已过期。";
    one_ends(certificates, when, date) "{certificates}; it ends {when} ({date})." "{certificates}；{when}（{date}）到期。";
    first_ends(certificates, name, when, date)
        "{certificates}; the first to end is {name}, {when} ({date})."
        "{certificates}；最早到期的是 {name}，{when}（{date}）到期。";
    page_of(page, pages) "page {page} of {pages}" "第 {page} 页，共 {pages} 页";
    none_has(text) "None has “{text}” in its name." "没有名称包含“{text}”的证书。";
}

/// The page.
pub(crate) fn home(
    overview: &Overview,
    status: &HealthStatus,
    rate: &Rate,
    (reader, query): (Reader, &Query),
) -> String {
    let needs = overview.needs(status);
    let (title, headline) = headline(reader, overview, &needs);
    let main = html! {
        section.now #now data-live {
            @let worst = needs.iter().map(|need| need.tone).min().unwrap_or(Tone::Well);
            h1 { (dot(class(worst))) (headline) }
            p.lead { (lead(reader, overview)) }
            @if !needs.is_empty() {
                ul.needs { @for one in needs.iter().take(SPELT_OUT) { (need(reader, one, overview.now)) } }
                @if needs.len() > SPELT_OUT { p.more { (reader.tell(more_needs(needs.len() - SPELT_OUT))) } }
            }
        }
        section.figures #figures data-live aria-label=(reader.say("The daemon", "运行状态")) {
            (figures(reader, overview, status, rate))
        }
        section.list aria-labelledby="certificates" {
            div.listhead {
                h2 #certificates { (reader.say("Certificates", "证书")) }
                (search(reader, query))
            }
            div #rows data-live { (rows(reader, overview, query)) }
        }
    };
    let page = Page {
        reader,
        title: &title,
        fleet: overview.fleet.as_ref(),
        now: overview.now,
        address_in: &|reader| query.address(reader),
    };
    page.with(&main)
}

/// What the tab says, and the page.
fn headline(reader: Reader, overview: &Overview, needs: &[Need<'_>]) -> (String, String) {
    let bad = needs.iter().filter(|need| need.tone == Tone::Bad).count();
    let both = |text: &str| (text.to_owned(), text.to_owned());
    let ok = reader.say("Nothing needs you", "无需处理").to_owned();
    match (bad, needs.len()) {
        (0, 0) if overview.certificates.is_empty() => {
            both(reader.say("There is no certificate yet", "还没有证书"))
        }
        (0, 0) => both(&ok),
        (0, 1) => {
            let one = reader.say(
                "Nothing needs you; one thing waits or is tried again",
                "无需处理；1 项正在等待或自动重试",
            );
            (ok, one.to_owned())
        }
        (0, many) => (ok, reader.tell(tried_again(many))),
        (1, _) => both(reader.say("1 thing needs you", "1 项需要处理")),
        (many, _) => both(&reader.tell(need_you(many))),
    }
}

/// The worst number in a sentence.
fn lead(reader: Reader, overview: &Overview) -> String {
    let now = overview.now;
    let count = reader.certificates(overview.certificates.len());
    let all = overview.certificates.iter();
    let lives = all.filter_map(|one| Some((one.life?.not_after, &one.display)));
    let Some((end, name)) = lives.min_by_key(|(end, _)| *end) else {
        return reader.tell(none_yet(count));
    };
    if end <= now {
        return reader.tell(has_expired(count, name));
    }
    let (when, date) = (reader.relative(end, now), reader.date(end));
    reader.tell(match overview.certificates.len() {
        1 => one_ends(count, when, date),
        _ => first_ends(count, name, when, date),
    })
}

fn search(reader: Reader, query: &Query) -> Markup {
    let find = reader.say("Find", "查找");
    html! {
        form.search method="get" action="/" role="search" {
            label for="q" { (find) }
            input #q type="search" name="q" value=(query.text) placeholder=(reader.say("part of a name", "域名的一部分"))
                autocomplete="off" spellcheck="false" maxlength="100";
            @if let Some(word) = query.tone_word() { input type="hidden" name="show" value=(word); }
            @if let Some(word) = reader.kept() { input type="hidden" name="lang" value=(word); }
            button type="submit" { (find) }
        }
    }
}

fn rows(reader: Reader, overview: &Overview, query: &Query) -> Markup {
    let now = overview.now;
    let found: Vec<&CertificateLine> = overview
        .certificates
        .iter()
        .filter(|certificate| query.finds(certificate))
        .collect();
    let count = |tone: Option<Tone>| {
        let those = found
            .iter()
            .filter(|certificate| tone.is_none_or(|tone| certificate.tone == tone));
        i64::try_from(those.count()).unwrap_or(i64::MAX)
    };
    let shown: Vec<&CertificateLine> = found
        .iter()
        .copied()
        .filter(|certificate| query.tone.is_none_or(|tone| certificate.tone == tone))
        .collect();
    let pages = shown.len().div_ceil(PAGE).max(1);
    let page = query.page.min(pages);
    let chips = [
        (None, reader.say("All", "全部")),
        (Some(Tone::Bad), reader.say("Need you", "需要处理")),
        (
            Some(Tone::Wary),
            reader.say("Waiting or retrying", "等待或重试"),
        ),
        (Some(Tone::Busy), reader.say("In progress", "进行中")),
        (Some(Tone::Well), reader.say("OK", "正常")),
    ];
    html! {
        nav.chips aria-label=(reader.say("Which certificates", "筛选证书")) {
            @for (tone, word) in chips {
                @let here = query.tone == tone;
                a.chip href=(query.with_tone(reader, tone)) aria-current=[here.then_some("true")] {
                    @if let Some(tone) = tone { (dot(class(tone))) }
                    (word) " " b { (grouped(count(tone))) }
                }
            }
            (legend(reader))
        }
        @if shown.is_empty() {
            p.empty {
                @if query.text.is_empty() { (reader.say("None.", "无。")) } @else { (reader.tell(none_has(&query.text))) }
            }
        } @else {
            (table(reader, &on_page(&shown, page, now), now))
        }
        @if pages > 1 {
            nav.pages aria-label=(reader.say("Pages", "分页")) {
                @if page > 1 { a rel="prev" href=(query.with_page(reader, page - 1)) { (reader.say("← previous", "← 上一页")) } }
                span { (reader.tell(page_of(page, pages))) }
                @if page < pages { a rel="next" href=(query.with_page(reader, page + 1)) { (reader.say("next →", "下一页 →")) } }
            }
        }
    }
}

/// Those of this page, the most urgent first; of as urgent ones, in the config's order. What comes after is not sorted.
fn on_page<'a>(
    all: &[&'a CertificateLine],
    page: usize,
    now: DateTime<Utc>,
) -> Vec<&'a CertificateLine> {
    let ranked = all.iter().enumerate();
    let mut ranked: Vec<(Rank, usize)> = ranked.map(|(n, one)| (one.rank(now), n)).collect();
    if ranked.len() > page * PAGE {
        ranked.select_nth_unstable(page * PAGE);
        ranked.truncate(page * PAGE);
    }
    ranked.sort_unstable();
    let those = ranked.iter().skip((page - 1) * PAGE);
    those.map(|(_, n)| all[*n]).collect()
}

fn table(reader: Reader, certificates: &[&CertificateLine], now: DateTime<Utc>) -> Markup {
    // On a phone the style sheet takes the table apart; the roles keep it one for screen readers.
    let heading = |title: &str| html! { th scope="col" role="columnheader" { (title) } };
    html! {
        table.certificates role="table" {
            caption.unseen { (reader.say("Certificates, the most urgent first", "证书，最紧急的在前")) }
            thead role="rowgroup" {
                tr role="row" {
                    (heading(reader.say("Name", "域名")))
                    (heading(reader.say("State", "状态")))
                    th.axiscell scope="col" role="columnheader" {
                        span.unseen { (reader.say("Validity", "有效期")) } (axis(reader, now))
                    }
                    th.right scope="col" role="columnheader" { (reader.say("Left", "剩余")) }
                    (heading(reader.say("Where it is", "所在位置")))
                    (heading(reader.say("Next", "下一步")))
                }
            }
            tbody role="rowgroup" {
                @for certificate in certificates { (row(reader, certificate, now)) }
            }
        }
    }
}

fn row(reader: Reader, certificate: &CertificateLine, now: DateTime<Utc>) -> Markup {
    html! {
        tr role="row" class=(class(certificate.tone)) {
            th.name scope="row" role="rowheader" {
                a href=(reader.link(&format!("/certificates/{}", certificate.domain))) aria-label=(certificate.display) {
                    (domain(&certificate.display))
                }
            }
            td.state role="cell" { (badge(reader, certificate)) }
            td.line role="cell" { (bar(reader, certificate, now)) }
            td.right.days role="cell" { (left(reader, certificate, now)) }
            td.where role="cell" { (places(reader, certificate.places)) }
            td.next role="cell" {
                (reader.word(certificate.next_step))
                @if let Some(at) = certificate.next_by_itself() { " " span.dim { (reader.coming(at, now)) } }
            }
        }
    }
}

/// How long it is still valid, or since when it no longer is.
fn left(reader: Reader, certificate: &CertificateLine, now: DateTime<Utc>) -> Markup {
    let Some(life) = certificate.life else {
        return html! { span.dim { "–" } };
    };
    let is_over = life.not_after <= now;
    html! {
        @match reader.language {
            _ if is_over => { (reader.relative(life.not_after, now)) },
            Language::English => { (reader.span(life.not_after - now)) span.phone { " left" } },
            Language::Chinese => { span.phone { "剩余 " } (reader.span(life.not_after - now)) },
        }
    }
}
