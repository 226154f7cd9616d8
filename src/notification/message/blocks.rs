//! The paragraphs: one a trouble, with each certificate that has it and its own values, and what to do.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::notice::{Notice, State};
use super::title::{Severity, ends, left};
use crate::config::display_name;
use crate::observe::{Event, Fact};
use crate::sentence::{COMMA, Language, Phrase, say};

/// How many certificates that share one trouble are named.
const NAMED: usize = 5;

const TO_DO: Phrase = say("What to do: ", "处理办法：");
const SAME: Phrase = say("the same for ", "同样的还有：");

/// What notices are told together by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Trouble {
    severity: Severity,
    event: &'static str,
    gist: String,
    target: Option<String>,
    main_domain: Option<String>,
    account: Option<String>,
}

/// The notices, the worst first: by severity, then by the end that comes first.
pub(super) fn sorted(notices: &[Notice], now: DateTime<Utc>) -> Vec<&Notice> {
    let mut sorted: Vec<&Notice> = notices.iter().collect();
    sorted.sort_by_key(|notice| {
        let end = ends(&notice.event);
        (Severity::of(notice, now), end.is_none(), end, notice.id)
    });
    sorted
}

/// One paragraph a trouble, in the order of its worst notice.
pub(super) fn blocks(notices: &[&Notice], now: DateTime<Utc>, language: Language) -> Vec<String> {
    let mut places: BTreeMap<Trouble, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Notice>> = Vec::new();
    for notice in notices {
        let place = *places.entry(trouble(notice, now)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(notice),
            None => groups.push(vec![notice]),
        }
    }
    let block = |group: &Vec<&Notice>| block(group, now, language);
    groups.iter().map(block).collect()
}

/// What notices of one trouble have in common: all but the certificate and the numbers.
fn trouble(notice: &Notice, now: DateTime<Utc>) -> Trouble {
    let about = &notice.event.about;
    let domain = about.certificate.as_deref().unwrap_or("\0");
    Trouble {
        severity: Severity::of(notice, now),
        event: notice.event.name(),
        gist: notice.event.fact.gist().replace(domain, ""),
        target: about.target.clone(),
        main_domain: about.main_domain.clone(),
        // Of certificates with the same trouble, whatever their account, the names are listed.
        account: about
            .account
            .clone()
            .filter(|_| about.certificate.is_none()),
    }
}

/// One trouble, its certificates, and what to do. Who differs in its numbers has a line of its own.
fn block(notices: &[&Notice], now: DateTime<Utc>, language: Language) -> String {
    let Some((first, others)) = notices.split_first() else {
        return String::new();
    };
    let mark = language.of_phrase(Severity::of(first, now).mark());
    let mut text = format!("{mark} {}", sentence(first, now, language));
    let (named, rest) = others.split_at(others.len().min(NAMED));
    let (same, differ): (Vec<&Notice>, Vec<&Notice>) = named
        .iter()
        .partition(|notice| details(notice) == details(first));
    for notice in differ {
        text.push_str(&format!("\n  {}", sentence(notice, now, language)));
    }
    let same: Vec<String> = same
        .iter()
        .filter_map(|notice| {
            Some(name(
                notice,
                notice.event.about.certificate.as_deref()?,
                now,
                language,
            ))
        })
        .collect();
    let listed = same.join(language.of_phrase(COMMA));
    match (same.is_empty(), rest.len(), language) {
        (true, 0, _) => {}
        (true, more, Language::English) => text.push_str(&format!("\n  and {more} more")),
        (true, _, Language::Chinese) => text.push_str(&format!("\n  等共 {} 项", notices.len())),
        (false, 0, _) => text.push_str(&format!("\n  {}{listed}", language.of_phrase(SAME))),
        (false, more, Language::English) => {
            text.push_str(&format!("\n  {}{listed} and {more} more", SAME.english));
        }
        (false, _, Language::Chinese) => {
            text.push_str(&format!(
                "\n  {}{listed}，等共 {} 项",
                SAME.chinese,
                notices.len()
            ));
        }
    }
    if let Some(remedy) = remedy(first, language) {
        text.push_str(&format!("\n  {}{remedy}", language.of_phrase(TO_DO)));
    }
    text
}

/// What to do about a notice; nothing where nothing is to be done.
pub(super) fn remedy(notice: &Notice, language: Language) -> Option<String> {
    match notice.state {
        State::Problem => notice.event.remedy_in(language),
        State::Solved | State::News => None,
    }
}

/// All of it but the certificate.
fn details(notice: &Notice) -> String {
    let domain = notice.event.about.certificate.as_deref().unwrap_or("\0");
    let fact = serde_json::to_string(&notice.event.fact).unwrap_or_default();
    fact.replace(domain, "")
}

/// A certificate, with what is left of it where that is the trouble.
fn name(notice: &Notice, domain: &str, now: DateTime<Utc>, language: Language) -> String {
    let domain = display_name(domain);
    match time_left(notice, now, language) {
        Some(left) => bracketed(&domain, &left, language),
        None => domain,
    }
}

/// The sentence, with what is left where it does not say that.
fn sentence(notice: &Notice, now: DateTime<Utc>, language: Language) -> String {
    let event = at(&notice.event, now);
    let message = event.message_in(language);
    let says_days = matches!(event.fact, Fact::CertificateExpiring { .. })
        && event.about.days_left.is_some_and(|days| days >= 2);
    match time_left(notice, now, language) {
        Some(left) if !says_days => bracketed(&message, &left, language),
        _ => message,
    }
}

fn time_left(notice: &Notice, now: DateTime<Utc>, language: Language) -> Option<String> {
    let left = left(&notice.event, now).filter(|_| notice.state == State::Problem)?;
    Some(match language {
        Language::English => format!("{} left", left.english),
        Language::Chinese => format!("剩余 {}", left.chinese),
    })
}

fn bracketed(text: &str, more: &str, language: Language) -> String {
    match language {
        Language::English => format!("{text} ({more})"),
        Language::Chinese => format!("{text}（{more}）"),
    }
}

/// The event with the time that is left now: it may have waited for the channel.
fn at(event: &Event, now: DateTime<Utc>) -> Event {
    let Some(end) = ends(event) else {
        return event.clone();
    };
    let mut event = event.clone().days_left_until(Some(end), now);
    if let Fact::CertificateExpiring { is_shown, waits } = &event.fact
        && end <= now
    {
        event.fact = Fact::CertificateExpired {
            is_shown: *is_shown,
            waits: waits.clone(),
        };
    }
    event
}
