//! What the problems of certificates are, below the table of `status`: each once, however many have it.

use super::awaited;
use super::output::{Screen, shortened, wrapped};
use super::row::{Form, Group, Row, mark};
use super::trouble::{Trouble, of_hold, troubles};
use super::view::View;
use crate::lifecycle::Class;
use crate::observe::overview::Tone;
use crate::sentence::{COMMA, Language, say, sentences};

/// So many lines an error may take; `why` tells all of it.
const MOST_LINES: usize = 3;
/// So many problems are told.
const MOST_NOTES: usize = 20;
/// So many names are told of those that have the same problem.
const MOST_NAMES: usize = 3;

sentences! {
    and_more(names, count) "{names} and {count} more" "{names} 和另外 {count} 张";
    not_renewed(domain) "it has ended or soon does, and is not renewed yet; `evercert why {domain}` tells more" "已过期或即将过期，续期尚未完成；执行 `evercert why {domain}` 查看详情";
    more_problems(count) "{count} more problems; `evercert status --all` tells them" "还有 {count} 个问题；用 `evercert status --all` 全部列出";
}

/// What the problems are: each once, however many have it.
pub(super) fn notes(screen: &mut Screen, view: &View, rows: &[Row<'_>], form: Form) {
    let language = form.language;
    for hold in view.holds.iter().filter(|hold| hold.in_force(view.now)) {
        let those = rows.iter().filter(|row| row.hold == Some(hold));
        let (headline, trouble) = of_hold(language, view, hold, those.count());
        let tone = match hold.failure.class {
            Class::Transient => Tone::Wary,
            _ => Tone::Bad,
        };
        note(screen, tone, &headline, &[trouble], form);
    }
    let mut told: Vec<(Vec<Trouble>, Vec<&Row<'_>>)> = Vec::new();
    for row in rows {
        let own = own_troubles(language, view, row);
        match told.iter_mut().find(|(known, _)| *known == own) {
            _ if own.is_empty() => {}
            Some((_, those)) => those.push(row),
            None => told.push((own, vec![row])),
        }
    }
    let most = if form.wide || form.all {
        told.len()
    } else {
        MOST_NOTES
    };
    for (own, those) in told.iter().take(most) {
        let names: Vec<&str> = those.iter().map(|row| row.line.display).collect();
        let domain = match those.as_slice() {
            [one] => one.line.record.domain.as_str(),
            _ => form.words(say("DOMAIN", "域名")),
        };
        let own: Vec<Trouble> = own.iter().map(|one| renamed(one, PLACE, domain)).collect();
        let tone = those.iter().map(|row| row.tone).min().unwrap_or(Tone::Wary);
        note(screen, tone, &some_of(language, &names), &own, form);
    }
    if let Some(rest) = told.len().checked_sub(most).filter(|rest| *rest > 0) {
        screen.push("\n");
        push_wrapped(screen, language.of(&more_problems(rest)), form, "");
    }
    for row in rows {
        let records = awaited::records(language, row.line.display, row.line.by_hand);
        if !records.is_empty() {
            screen.push("\n");
            screen.push(&records);
        }
    }
    if form.wide {
        for slots in &view.slots {
            screen.push(&format!(
                "\n{}\n",
                language.of(&slots.summary(&view.config))
            ));
        }
    }
}

/// Stands for the name of a certificate in what several have alike.
const PLACE: &str = "\u{1}";

/// What is the matter with this one alone, without its name, so that the same of others is known as the same.
fn own_troubles(language: Language, view: &View, row: &Row<'_>) -> Vec<Trouble> {
    let line = row.line;
    let mut own = troubles(language, view, line);
    let is_told = row.hold.is_some() || !line.by_hand.is_empty();
    if own.is_empty() && !is_told && matches!(row.group(), Group::Bad | Group::Wary) {
        own.push(Trouble {
            what: language.of(&not_renewed(&line.record.domain)).to_owned(),
            again: None,
            remedy: None,
        });
    }
    let all = own.iter();
    all.map(|one| renamed(one, &line.record.domain, PLACE))
        .collect()
}

/// The same of another name.
fn renamed(trouble: &Trouble, from: &str, to: &str) -> Trouble {
    Trouble {
        what: trouble.what.replace(from, to),
        // It differs from one to the next, and the table has it.
        again: None,
        remedy: trouble
            .remedy
            .as_ref()
            .map(|remedy| remedy.replace(from, to)),
    }
}

/// Some of these names, and how many there are.
fn some_of(language: Language, names: &[&str]) -> String {
    let some = names.get(..MOST_NAMES.min(names.len())).unwrap_or_default();
    let some = some.join(language.of_phrase(COMMA));
    match names.len().checked_sub(MOST_NAMES).filter(|rest| *rest > 0) {
        Some(rest) => language.of(&and_more(some, rest)).to_owned(),
        None => some,
    }
}

/// A headline and what is the matter.
fn note(screen: &mut Screen, tone: Tone, headline: &str, troubles: &[Trouble], form: Form) {
    let (mark, colour) = mark(tone);
    screen.push("\n");
    for (number, line) in wrapped(headline, form.width, "  ").iter().enumerate() {
        if number == 0 {
            screen.push_in(colour, mark);
            screen.push(line.get(1..).unwrap_or_default());
        } else {
            screen.push(line);
        }
        screen.push("\n");
    }
    for trouble in troubles {
        push_wrapped(screen, &trouble.what, form, "  ");
        if let Some(remedy) = &trouble.remedy {
            push_wrapped(screen, &format!("→ {remedy}"), form, "  ");
        }
    }
}

/// Adds text, bounded in width and, but for the wide form, in lines.
pub(super) fn push_wrapped(screen: &mut Screen, text: &str, form: Form, indent: &str) {
    let lines = wrapped(text, form.width, indent);
    let is_cut = !form.wide && lines.len() > MOST_LINES;
    let most = if is_cut { MOST_LINES } else { lines.len() };
    for (number, line) in lines.iter().take(most).enumerate() {
        match is_cut && number + 1 == most {
            true => screen.push(&format!(
                "{} …\n",
                shortened(line, form.width - 2).trim_end()
            )),
            false => screen.push(&format!("{line}\n")),
        }
    }
}
