//! `/`: everything at a glance.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

use super::frame::frame;
use super::parts::{self, badge, coming, domain, dot, places, short_time};
use super::query::Query;
use super::timeline::{axis, bar, legend};
use super::words::{class, date, relative, span};
use crate::observe::calls::SLICE;
use crate::observe::health::HealthStatus;
use crate::observe::overview::need::Need;
use crate::observe::overview::{
    AccountLine, CertificateLine, Overview, Rate, Tone, grouped, plural,
};

/// Certificates on one page.
const PAGE: usize = 200;

/// As many needs are spelt out; the list below shows all.
const NEEDS: usize = 20;

/// The page.
pub(crate) fn home(
    overview: &Overview,
    status: &HealthStatus,
    rate: &Rate,
    query: &Query,
) -> String {
    let needs = overview.needs(status);
    let bad = needs.iter().filter(|need| need.tone != Tone::Wary).count();
    let title = match (bad, needs.len()) {
        (0, 0) => "All is well".to_owned(),
        (0, _) => "Some are tried again".to_owned(),
        (1, _) => "1 needs you".to_owned(),
        (count, _) => format!("{count} need you"),
    };
    let headline = match (bad, needs.len()) {
        (0, 0) if overview.certificates.is_empty() => "There is no certificate yet".to_owned(),
        (0, 0) => "Nothing needs you".to_owned(),
        (0, 1) => "Nothing needs you; one thing is tried again".to_owned(),
        (0, many) => format!("Nothing needs you; {many} things are tried again"),
        (1, _) => "One thing needs you".to_owned(),
        (many, _) => format!("{many} things need you"),
    };
    let main = html! {
        section.now #now data-live {
            @let worst = needs.first().map_or(Tone::Well, |need| need.tone);
            h1 { (dot(class(worst))) (headline) }
            p.lead { (lead(overview)) }
            (needs_list(&needs))
        }
        section.figures #figures data-live aria-label="The daemon" {
            (daemon(overview, status))
            @for account in &overview.accounts { (slots(account, overview.now)) }
            (api(rate))
        }
        section.list aria-labelledby="certificates" {
            div.listhead {
                h2 #certificates { "Certificates" }
                (search(query))
            }
            div #rows data-live { (rows(overview, query)) }
        }
    };
    frame(&title, overview.now, &main)
}

/// The worst number in a sentence.
fn lead(overview: &Overview) -> String {
    let count = i64::try_from(overview.certificates.len()).unwrap_or(i64::MAX);
    let certificates = plural(count, "certificate");
    let all = overview.certificates.iter();
    let lives = all.filter_map(|one| Some((one.life?.not_after, &one.display)));
    let Some((end, name)) = lives.min_by_key(|(end, _)| *end) else {
        return format!("{certificates}; none is installed yet.");
    };
    if end <= overview.now {
        return format!("{certificates}; {name} has expired.");
    }
    let when = format!("{} ({})", relative(end, overview.now), date(end));
    if count == 1 {
        return format!("{certificates}; it ends {when}.");
    }
    format!("{certificates}; the first to end is {name}, {when}.")
}

fn needs_list(needs: &[Need]) -> Markup {
    html! {
        @if !needs.is_empty() {
            ul.needs {
                @for need in needs.iter().take(NEEDS) {
                    @let about = match &need.domain {
                        Some(name) => html! { a.name href=(format!("/certificates/{name}")) aria-label=(need.about) { (domain(&need.about)) } },
                        None => html! { span.name { (need.about) } },
                    };
                    (parts::need(need.tone, &about, &need.what, &need.remedy))
                }
            }
            @if needs.len() > NEEDS {
                p.more { "and " (needs.len() - NEEDS) " more, first in the list below" }
            }
        }
    }
}

fn daemon(overview: &Overview, status: &HealthStatus) -> Markup {
    let figure = |name: &str, value: &Markup, below: &Markup| {
        html! {
            div.figure { dt { (name) } dd { strong { (value) } span.dim { (below) } } }
        }
    };
    let nothing = html! {};
    let ago = |at: DateTime<Utc>| html! { (relative(at, overview.now)) };
    let last = match &status.last_pass {
        Some(pass) => {
            let took = TimeDelta::from_std(pass.took).unwrap_or_default();
            let took = if took < TimeDelta::milliseconds(100) {
                "under 0.1 s".to_owned()
            } else if took < TimeDelta::minutes(2) {
                format!("{:.1} s", pass.took.as_secs_f64())
            } else {
                span(took)
            };
            figure(
                "Last pass",
                &ago(pass.ended),
                &html! { (short_time(pass.ended, overview.now)) ", took " (took) },
            )
        }
        None => figure("Last pass", &html! { "under way" }, &nothing),
    };
    let next = match status.next_check {
        Some(at) => figure("Next check", &ago(at), &short_time(at, overview.now)),
        None => figure("Next check", &html! { "not set" }, &nothing),
    };
    let due = match overview.next_due {
        Some(at) => figure(
            "Next due",
            &html! { (coming(at, overview.now)) },
            &short_time(at.max(overview.now), overview.now),
        ),
        None => figure("Next due", &html! { "nothing" }, &nothing),
    };
    html! {
        dl.daemon {
            (last) (next) (due)
            (figure("Running", &html! { (span(overview.now - status.started)) }, &html! { "since " (short_time(status.started, overview.now)) }))
        }
    }
}

fn slots(account: &AccountLine, now: DateTime<Utc>) -> Markup {
    let limit = account.limit.max(1);
    html! {
        div.panel {
            h2 { "Account " b { (account.name) } }
            @if let Some((used, seen)) = account.slots {
                @let share = (f64::from(used) / f64::from(limit) * 100.0).min(100.0);
                @let tone = if used >= account.limit { "bad" } else if share >= 90.0 { "wary" } else { "well" };
                p.big { strong { (used) } " of " (account.limit) span.dim { " free certificates used" } }
                svg class=(format!("meter {tone}")) width="100%" height="8" aria-hidden="true" {
                    rect.room x="0" y="0" width="100%" height="8" rx="4" {}
                    rect.used x="0" y="0" width=(format!("{share:.1}%")) height="8" rx="4" {}
                }
                p.dim { "as listed " (relative(seen, now)) "; later orders are not in it" }
            } @else {
                p.big { span.dim { "not listed yet; " } (account.limit) span.dim { " free certificates at most" } }
            }
        }
    }
}

fn api(rate: &Rate) -> Markup {
    let slices = &rate.counts.slices;
    let most = slices.iter().copied().max().unwrap_or(0).max(4);
    let width = 100.0 / slices.len().max(1) as f64;
    let minutes = SLICE.as_secs() * slices.len() as u64 / 60;
    let total: u32 = slices.iter().sum();
    let label = format!(
        "{total} calls in the last {minutes} minutes, at most {most} in {} seconds",
        SLICE.as_secs()
    );
    html! {
        div.panel {
            h2 { "Calls to the API" }
            p.big { strong { (rate.last_minute) } span.dim { " in the last minute" } }
            svg.rate width="100%" height="34" role="img" aria-label=(label) {
                line.base x1="0" x2="100%" y1="33.5" y2="33.5" {}
                @for (place, calls) in slices.iter().enumerate() {
                    @if *calls > 0 {
                        @let height = 32.0 * f64::from(*calls) / f64::from(most);
                        rect x=(format!("{:.2}%", place as f64 * width)) y=(format!("{:.1}", 33.0 - height))
                            width=(format!("{:.2}%", width * 0.8)) height=(format!("{height:.1}")) {}
                    }
                }
            }
            p.dim {
                "the last " (minutes) " minutes; at most " (rate.peak) " in one second, " (rate.permits) " allowed"
                @if rate.counts.throttled > 0 { "; " (rate.counts.throttled) " refused as too many" }
            }
        }
    }
}

fn search(query: &Query) -> Markup {
    html! {
        form.search method="get" action="/" role="search" {
            label for="q" { "Find" }
            input #q type="search" name="q" value=(query.text) placeholder="part of a name" autocomplete="off"
                spellcheck="false" maxlength="100";
            @if let Some(word) = query.tone_word() { input type="hidden" name="show" value=(word); }
            button type="submit" { "Find" }
        }
    }
}

fn rows(overview: &Overview, query: &Query) -> Markup {
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
    let mut shown: Vec<&CertificateLine> = found
        .iter()
        .copied()
        .filter(|certificate| query.tone.is_none_or(|tone| certificate.tone == tone))
        .collect();
    // Those that need attention first, then the soonest to end.
    shown.sort_by_key(|certificate| {
        let end = certificate.life.map(|life| life.not_after);
        (certificate.tone, end.is_none(), end)
    });
    let pages = shown.len().div_ceil(PAGE).max(1);
    let page = query.page.min(pages);
    let chips = [
        (None, "All"),
        (Some(Tone::Bad), "Need you"),
        (Some(Tone::Wary), "Failing"),
        (Some(Tone::Busy), "Under way"),
        (Some(Tone::Well), "Well"),
    ];
    html! {
        nav.chips aria-label="Which certificates" {
            @for (tone, word) in chips {
                @let here = query.tone == tone;
                a.chip href=(query.with_tone(tone)) aria-current=[here.then_some("true")] {
                    @if let Some(tone) = tone { (dot(class(tone))) }
                    (word) " " b { (grouped(count(tone))) }
                }
            }
            (legend())
        }
        @if shown.is_empty() {
            p.empty { @if query.text.is_empty() { "None." } @else { "None has “" (query.text) "” in its name." } }
        } @else {
            (table(&shown[(page - 1) * PAGE..shown.len().min(page * PAGE)], overview.now))
        }
        @if pages > 1 {
            nav.pages aria-label="Pages" {
                @if page > 1 { a rel="prev" href=(query.with_page(page - 1)) { "← before" } }
                span { "page " (page) " of " (pages) }
                @if page < pages { a rel="next" href=(query.with_page(page + 1)) { "next →" } }
            }
        }
    }
}

fn table(certificates: &[&CertificateLine], now: DateTime<Utc>) -> Markup {
    // On a phone the style sheet takes the table apart; the roles keep it one for screen readers.
    html! {
        table.certificates role="table" {
            caption.unseen { "Certificates, those that need attention first" }
            thead role="rowgroup" {
                tr role="row" {
                    @for title in ["Name", "State"] { th scope="col" role="columnheader" { (title) } }
                    th.axiscell scope="col" role="columnheader" { span.unseen { "Life" } (axis(now)) }
                    th.right scope="col" role="columnheader" { "Days left" }
                    @for title in ["Where it is", "Next"] { th scope="col" role="columnheader" { (title) } }
                }
            }
            tbody role="rowgroup" {
                @for certificate in certificates { (row(certificate, now)) }
            }
        }
    }
}

fn row(certificate: &CertificateLine, now: DateTime<Utc>) -> Markup {
    html! {
        tr role="row" class=(class(certificate.tone)) {
            th.name scope="row" role="rowheader" { a href=(format!("/certificates/{}", certificate.domain)) aria-label=(certificate.display) { (domain(&certificate.display)) } }
            td.state role="cell" { (badge(certificate)) }
            td.line role="cell" { (bar(certificate, now)) }
            td.right.days role="cell" {
                @match certificate.days_left(now) {
                    Some(days) => { (days) span.phone { " days left" } },
                    None => { span.dim { "–" } },
                }
            }
            td.where role="cell" { (places(certificate.places)) }
            td.next role="cell" {
                (certificate.next_step)
                @if let Some(at) = certificate.next_at { " " span.dim { (coming(at, now)) } }
            }
        }
    }
}
