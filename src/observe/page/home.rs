//! `/`: everything at a glance.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

use super::frame::{domain, frame, short_time};
use super::query::Query;
use super::timeline::{axis, bar, legend};
use super::words::{class, date, place, relative, span};
use crate::observe::board::{AccountCard, Board, Card, Need, Places, Rate, Tone, grouped, plural};
use crate::observe::calls::SLICE;
use crate::observe::vitals::Pulse;

/// Certificates on one page.
const PAGE: usize = 200;

/// As many needs are spelt out; the list below shows all.
const NEEDS: usize = 20;

/// The page.
pub fn home(board: &Board, pulse: &Pulse, rate: &Rate, query: &Query) -> String {
    let needs = board.needs(pulse);
    let bad = needs.iter().filter(|need| need.tone != Tone::Wary).count();
    let title = match (bad, needs.len()) {
        (0, 0) => "All is well".to_owned(),
        (0, _) => "Some are tried again".to_owned(),
        (1, _) => "1 needs you".to_owned(),
        (count, _) => format!("{count} need you"),
    };
    let main = html! {
        section.now #now data-live {
            @let worst = needs.first().map_or(Tone::Well, |need| need.tone);
            h1 { span class=(format!("dot {}", class(worst))) aria-hidden="true" {} (headline(board, &needs)) }
            p.lead { (lead(board)) }
            (needs_list(&needs))
        }
        section.figures #figures data-live aria-label="The daemon" {
            (daemon(board, pulse))
            @for account in &board.accounts { (slots(account, board.now)) }
            (api(rate))
        }
        section.list aria-labelledby="certificates" {
            div.listhead {
                h2 #certificates { "Certificates" }
                (search(query))
            }
            div #rows data-live { (rows(board, query)) }
        }
    };
    frame(&title, board.now, &main)
}

fn headline(board: &Board, needs: &[Need]) -> String {
    let bad = needs.iter().filter(|need| need.tone != Tone::Wary).count();
    match (bad, needs.len()) {
        (0, 0) if board.cards.is_empty() => "There is no certificate yet".to_owned(),
        (0, 0) => "Nothing needs you".to_owned(),
        (0, 1) => "Nothing needs you; one thing is tried again".to_owned(),
        (0, many) => format!("Nothing needs you; {many} things are tried again"),
        (1, _) => "One thing needs you".to_owned(),
        (many, _) => format!("{many} things need you"),
    }
}

/// The worst number in a sentence.
fn lead(board: &Board) -> String {
    let count = i64::try_from(board.cards.len()).unwrap_or(i64::MAX);
    let soonest = board
        .cards
        .iter()
        .filter_map(|card| card.life.map(|life| (life.not_after, card)))
        .min_by_key(|(end, _)| *end);
    match soonest {
        Some((end, card)) if end <= board.now => {
            format!(
                "{}; {} has expired.",
                plural(count, "certificate"),
                card.display
            )
        }
        Some((end, card)) if count > 1 => format!(
            "{}; the first to end is {}, {} ({}).",
            plural(count, "certificate"),
            card.display,
            relative(end, board.now),
            date(end)
        ),
        Some((end, _)) => format!(
            "1 certificate; it ends {} ({}).",
            relative(end, board.now),
            date(end)
        ),
        None => format!("{}; none is installed yet.", plural(count, "certificate")),
    }
}

fn needs_list(needs: &[Need]) -> Markup {
    html! {
        @if !needs.is_empty() {
            ul.needs {
                @for need in needs.iter().take(NEEDS) {
                    li class=(format!("need {}", class(need.tone))) {
                        @match &need.domain {
                            Some(name) => { a.name href=(format!("/certificates/{name}")) aria-label=(need.about) { (domain(&need.about)) } },
                            None => { span.name { (need.about) } },
                        }
                        p.what { (ticks(&need.what)) }
                        p.remedy { (ticks(&need.remedy)) }
                    }
                }
            }
            @if needs.len() > NEEDS {
                p.more { "and " (needs.len() - NEEDS) " more, first in the list below" }
            }
        }
    }
}

/// What stands between backticks is something to type.
pub(super) fn ticks(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn daemon(board: &Board, pulse: &Pulse) -> Markup {
    let figure = |name: &str, value: &Markup, below: &Markup| {
        html! {
            div.figure { dt { (name) } dd { strong { (value) } span.dim { (below) } } }
        }
    };
    let nothing = html! {};
    let ago = |at: DateTime<Utc>| html! { (relative(at, board.now)) };
    let last = match &pulse.last_pass {
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
                &html! { (short_time(pass.ended, board.now)) ", took " (took) },
            )
        }
        None => figure("Last pass", &html! { "under way" }, &nothing),
    };
    let next = match pulse.next_check {
        Some(at) => figure("Next check", &ago(at), &short_time(at, board.now)),
        None => figure("Next check", &html! { "not set" }, &nothing),
    };
    let due = match board.next_due {
        Some(at) => figure(
            "Next due",
            &ago(at.max(board.now)),
            &short_time(at.max(board.now), board.now),
        ),
        None => figure("Next due", &html! { "nothing" }, &nothing),
    };
    html! {
        dl.daemon {
            (last) (next) (due)
            (figure("Running", &html! { (span(board.now - pulse.started)) }, &html! { "since " (short_time(pulse.started, board.now)) }))
        }
    }
}

fn slots(account: &AccountCard, now: DateTime<Utc>) -> Markup {
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

fn rows(board: &Board, query: &Query) -> Markup {
    let found: Vec<&Card> = board
        .cards
        .iter()
        .filter(|card| query.finds(card))
        .collect();
    let count = |tone: Option<Tone>| {
        let those = found
            .iter()
            .filter(|card| tone.is_none_or(|tone| card.tone == tone));
        i64::try_from(those.count()).unwrap_or(i64::MAX)
    };
    let mut shown: Vec<&Card> = found
        .iter()
        .copied()
        .filter(|card| query.tone.is_none_or(|tone| card.tone == tone))
        .collect();
    // Those that need attention first, then the soonest to end.
    shown.sort_by_key(|card| {
        let end = card.life.map(|life| life.not_after);
        (card.tone, end.is_none(), end)
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
                    @if let Some(tone) = tone { span class=(format!("dot {}", class(tone))) aria-hidden="true" {} }
                    (word) " " b { (grouped(count(tone))) }
                }
            }
            (legend())
        }
        @if shown.is_empty() {
            p.empty { @if query.text.is_empty() { "None." } @else { "None has “" (query.text) "” in its name." } }
        } @else {
            (table(&shown[(page - 1) * PAGE..shown.len().min(page * PAGE)], board.now))
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

fn table(cards: &[&Card], now: DateTime<Utc>) -> Markup {
    // On a phone the style sheet takes the table apart; the roles keep it one for screen readers.
    html! {
        table.certificates role="table" {
            caption.unseen { "Certificates, those that need attention first" }
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "Name" }
                    th scope="col" role="columnheader" { "State" }
                    th.axiscell scope="col" role="columnheader" { span.unseen { "Life" } (axis(now)) }
                    th.right scope="col" role="columnheader" { "Days left" }
                    th scope="col" role="columnheader" { "Where it is" }
                    th scope="col" role="columnheader" { "Next" }
                }
            }
            tbody role="rowgroup" {
                @for card in cards { (row(card, now)) }
            }
        }
    }
}

fn row(card: &Card, now: DateTime<Utc>) -> Markup {
    html! {
        tr role="row" class=(class(card.tone)) {
            th.name scope="row" role="rowheader" { a href=(format!("/certificates/{}", card.domain)) aria-label=(card.display) { (domain(&card.display)) } }
            td.state role="cell" { (badge(card)) }
            td.line role="cell" { (bar(card, now)) }
            td.right.days role="cell" {
                @match card.days_left(now) {
                    Some(days) => { (days) span.phone { " days left" } },
                    None => { span.dim { "–" } },
                }
            }
            td.where role="cell" { (places(card.places)) }
            td.next role="cell" {
                (card.next_step)
                @if let Some(at) = card.next_at { " " span.dim { (relative(at.max(now), now)) } }
            }
        }
    }
}

/// The state in a word, with its colour.
pub(super) fn badge(card: &Card) -> Markup {
    html! {
        span class=(format!("badge {}", class(card.tone))) { span class=(format!("dot {}", class(card.tone))) aria-hidden="true" {} (card.state) }
    }
}

/// Installed, bound, served: a dot and a word each; what the config does not ask for is left out.
pub(super) fn places(places: Places) -> Markup {
    let one = |word: &str, there| {
        let (class, said) = place(there);
        html! {
            @if class != "none" || word == "installed" {
                span.place {
                    span class=(format!("dot {class}")) aria-hidden="true" {}
                    span { (word) span.unseen[class == "well"] { ": " (said) } }
                }
            }
        }
    };
    html! {
        (one("installed", places.installed)) (one("bound", places.bound)) (one("served", places.served))
    }
}
