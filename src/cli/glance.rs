//! `status` for people: a line of summary, the certificates with those that have problems first, and what the problems are.

#[cfg(test)]
mod tests;

use unicode_width::UnicodeWidthStr;

use super::notes::{notes, push_wrapped};
use super::output::{Colour, LEAST_NAME, Screen, day, fitted, local, wrapped};
use super::row::{Form, Group, Row, left, mark, next};
use super::targets;
use super::trouble::{of_hold, troubles};
use super::view::{Line, View};
use crate::lifecycle::Class;
use crate::observe::overview::{FleetMember, Tone, URGENT_DAYS};
use crate::sentence::{Phrase, say, sentences};
use crate::text::plain;

sentences! {
    total(count) "{count} certificates" "{count} 张证书";
    total_of_one() "1 certificate" "1 张证书";
    free_of(account, used, limit) "{used} of {limit} of \"{account}\"" "账号 \"{account}\" {used}/{limit}";
    free(used, limit) "{used} of {limit}" "{used}/{limit} 张";
    not_shown(what) "Not shown: {what}; `evercert status --all` shows them" "未列出：{what}；用 `evercert status --all` 全部列出";
}

/// All of it.
pub(super) fn glance(view: &View, lines: &[Line<'_>], form: Form) -> Screen {
    let mut screen = Screen::new(form.coloured);
    let rows = lines.iter().map(|line| Row::of(view, line));
    let mut rows: Vec<Row<'_>> = rows.collect();
    // What ends soonest first; what has nothing that could end hurts nobody yet.
    rows.sort_by_key(|row| {
        let end = row.line.record.ends();
        (row.group(), end.is_none(), end)
    });
    summary(&mut screen, view, &rows, form);
    if rows.is_empty() {
        return screen;
    }
    let mut shown = Vec::new();
    let mut left_out = Vec::new();
    for group in Group::ALL {
        let those: Vec<&Row<'_>> = rows.iter().filter(|row| row.group() == group).collect();
        let listed = match form.all || form.wide {
            true => those.len(),
            false => group.listed(those.len()),
        };
        shown.extend_from_slice(those.get(..listed).unwrap_or_default());
        if let Some(rest) = those.len().checked_sub(listed).filter(|rest| *rest > 0) {
            left_out.push(form.language.of(&group.counted(rest)).to_owned());
        }
    }
    if !shown.is_empty() {
        screen.push("\n");
        table(&mut screen, view, &shown, form);
    }
    if !left_out.is_empty() {
        screen.push("\n");
        let left_out = left_out.join(form.words(say(", ", "，")));
        push_wrapped(
            &mut screen,
            form.language.of(&not_shown(left_out)),
            form,
            "",
        );
    }
    notes(&mut screen, view, &rows, form);
    screen
}

/// Counts, and free certificates.
fn summary(screen: &mut Screen, view: &View, rows: &[Row<'_>], form: Form) {
    let count = |groups: &[Group]| {
        let those = rows.iter().filter(|row| groups.contains(&row.group()));
        those.count()
    };
    let language = form.language;
    let all = match rows.len() {
        1 => total_of_one(),
        count => total(count),
    };
    let bad = count(&[Group::Bad, Group::Wary]);
    let mut counts = Vec::new();
    for groups in [
        &[Group::Bad, Group::Wary][..],
        &[Group::Waiting],
        &[Group::Busy],
        &[Group::Fine],
    ] {
        let those = count(groups);
        if let Some(group) = groups.first().filter(|_| those > 0) {
            counts.push(language.of(&group.counted(those)).to_owned());
        }
    }
    let comma = form.words(say(", ", "，"));
    let mut text = language.of(&all).to_owned();
    if !counts.is_empty() {
        text.push_str(form.words(say(": ", "：")));
        text.push_str(&counts.join(comma));
    }
    let slots = view.slots.iter().map(|slots| match view.slots.len() {
        1 => free(slots.used, slots.limit),
        _ => free_of(&slots.account, slots.used, slots.limit),
    });
    let slots: Vec<String> = slots.map(|words| language.of(&words).to_owned()).collect();
    let mut lines = vec![text];
    if !slots.is_empty() {
        let all = format!(
            "{}{}",
            form.words(say("free certificates used: ", "免费证书已用：")),
            slots.join(comma)
        );
        let both = format!("{}{}{all}", lines.join(""), form.words(say("; ", "；")));
        if both.width() <= form.width {
            lines = vec![both];
        } else {
            lines.push(all);
        }
    }
    let is_held_back = view.holds.iter().any(|hold| {
        hold.in_force(view.now) && matches!(hold.failure.class, Class::Operator | Class::Quota)
    });
    let colour = match bad > 0 || is_held_back {
        true => Colour::Red,
        false => Colour::Bold,
    };
    for line in lines.iter().flat_map(|line| wrapped(line, form.width, "")) {
        screen.push_in(colour, &line);
        screen.push("\n");
    }
    if let Some(fleet) = &view.config.fleet {
        let member = FleetMember::of(fleet).sentence();
        push_wrapped(screen, language.of(&member), form, "");
    }
}

const TITLES: [Phrase; 5] = [
    say("DOMAIN", "域名"),
    say("STATE", "状态"),
    say("LEFT", "剩余"),
    say("ENDS", "到期"),
    say("NEXT", "下一步"),
];

const WIDE_TITLES: [Phrase; 8] = [
    say("DOMAIN", "域名"),
    say("STATE", "状态"),
    say("LEFT", "剩余"),
    say("VALID UNTIL", "有效期至"),
    say("INSTALLED / BOUND / SERVED", "已安装 / 已绑定 / 实际使用"),
    say("NEXT", "下一步"),
    say("ACCOUNT", "账号"),
    say("LAST ERROR", "最近的错误"),
];

fn table(screen: &mut Screen, view: &View, rows: &[&Row<'_>], form: Form) {
    let titles: Vec<String> = match form.wide {
        true => WIDE_TITLES
            .iter()
            .map(|title| form.words(*title).to_owned())
            .collect(),
        false => TITLES
            .iter()
            .map(|title| form.words(*title).to_owned())
            .collect(),
    };
    let cells = rows.iter().map(|row| match form.wide {
        true => wide_cells(view, row, form),
        false => cells(view, row, form),
    });
    let cells: Vec<Vec<String>> = std::iter::once(titles).chain(cells).collect();
    let room = if form.wide {
        usize::MAX
    } else {
        form.width.saturating_sub(2)
    };
    let mut fitted = fitted(cells, room, 0, LEAST_NAME).into_iter();
    if let Some(titles) = fitted.next() {
        screen.push_in(Colour::Dim, format!("  {}", titles.join("  ")).trim_end());
        screen.push("\n");
    }
    for (row, cells) in rows.iter().zip(fitted) {
        let (mark, colour) = mark(row.tone);
        screen.push_in(colour, mark);
        for (column, cell) in cells.iter().enumerate() {
            screen.push(if column == 0 { " " } else { "  " });
            let is_last = column + 1 == cells.len();
            let cell = if is_last { cell.trim_end() } else { cell };
            match (column, row.tone) {
                (1, Tone::Bad | Tone::Wary) => screen.push_in(colour, cell),
                (2, _) if is_urgent(view, row.line) => screen.push_in(Colour::Red, cell),
                _ => screen.push(cell),
            }
        }
        screen.push("\n");
    }
}

fn is_urgent(view: &View, line: &Line<'_>) -> bool {
    line.days_left(view.now)
        .is_some_and(|days| days < URGENT_DAYS)
}

fn cells(view: &View, row: &Row<'_>, form: Form) -> Vec<String> {
    let line = row.line;
    let end = line.record.ends();
    let date = end.map_or_else(|| "-".to_owned(), day);
    vec![
        line.display.to_owned(),
        form.words(line.standing.phrase()).to_owned(),
        left(form.language, view, line),
        date,
        next(form.language, view, line),
    ]
}

fn wide_cells(view: &View, row: &Row<'_>, form: Form) -> Vec<String> {
    let line = row.line;
    let error = troubles(form.language, view, line).into_iter().next();
    let held = row.hold.map(|hold| of_hold(form.language, view, hold, 0).1);
    let error = error.or(held).map(|trouble| trouble.what);
    vec![
        line.display.to_owned(),
        form.words(line.standing.phrase()).to_owned(),
        left(form.language, view, line),
        line.record.ends().map_or_else(|| "-".to_owned(), local),
        targets::words(form.language, view, line),
        next(form.language, view, line),
        line.record.acting_account().to_owned(),
        error.map_or_else(|| "-".to_owned(), |error| plain(&error)),
    ]
}
