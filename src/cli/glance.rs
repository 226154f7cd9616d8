//! `status` for people: a line of summary, the certificates with those that have problems first, and what the problems are.

#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

use super::awaited;
use super::output::{Colour, Screen, fitted, local, shortened, span, wrapped};
use super::targets;
use super::trouble::{Trouble, of_hold, troubles};
use super::view::{Line, View};
use crate::lifecycle::delivery::Reached;
use crate::lifecycle::{Class, Hold, Rest, State, Step};
use crate::observe::overview::{Tone, URGENT_DAYS};
use crate::sentence::{Language, Phrase, Sentence, say, sentences};

/// So many certificates without a problem are listed; of more, their number is told.
const MOST_FINE: usize = 30;
/// So many that are worked on are listed.
const MOST_BUSY: usize = 10;
/// So many that wait for the same are listed.
const MOST_WAITING: usize = 5;
/// So many with a problem of their own are listed.
const MOST_PROBLEMS: usize = 50;
/// A name is not shortened to less than this.
const LEAST_NAME: usize = 16;
/// So many lines an error may take; `why` tells all of it.
const MOST_LINES: usize = 3;
/// So many problems are told.
const MOST_NOTES: usize = 20;
/// So many names are told of those that have the same problem.
const MOST_NAMES: usize = 3;

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) language: Language,
    /// The columns of the terminal.
    pub(super) width: usize,
    /// With all columns, as wide as they must be, and every certificate.
    pub(super) wide: bool,
    /// With every certificate.
    pub(super) all: bool,
    pub(super) coloured: bool,
}

impl Form {
    fn words(&self, phrase: Phrase) -> &'static str {
        self.language.of_phrase(phrase)
    }
}

sentences! {
    total(count) "{count} certificates" "{count} 张证书";
    total_of_one() "1 certificate" "1 张证书";
    problems(count) "{count} with a problem" "{count} 张有问题";
    waiting(count) "{count} waiting" "{count} 张在等待";
    busy(count) "{count} under way" "{count} 张处理中";
    fine(count) "{count} OK" "{count} 张正常";
    free_of(account, used, limit) "free certificates of \"{account}\": {used} of {limit} used" "账号 \"{account}\" 的免费证书：已用 {used}/{limit}";
    free(used, limit) "free certificates: {used} of {limit} used" "免费证书：已用 {used}/{limit}";
    not_shown(what) "Not shown: {what}; `evercert status --all` shows them" "未列出：{what}；用 `evercert status --all` 全部列出";
    and_more(names, count) "{names} and {count} more" "{names} 和另外 {count} 张";
    not_renewed(domain) "it has ended or soon does, and is not renewed yet; `evercert why {domain}` tells more" "已过期或即将过期，续期尚未完成；执行 `evercert why {domain}` 查看详情";
    more_problems(count) "{count} more problems; `evercert status --all` tells them" "还有 {count} 个问题；用 `evercert status --all` 全部列出";
    renew_in(span) "renew in {span}" "{span}后续期";
    order_in(span) "order in {span}" "{span}后申请";
    look_in(span) "look in {span}" "{span}后查询";
    retry_in(span) "retry in {span}" "{span}后重试";
    deliver_in(span) "deliver in {span}" "{span}后部署";
}

/// The mark of a tone, which tells also without colours.
pub(super) fn mark(tone: Tone) -> (&'static str, Colour) {
    match tone {
        Tone::Bad => ("×", Colour::Red),
        Tone::Wary => ("△", Colour::Yellow),
        Tone::Busy => ("○", Colour::Blue),
        Tone::Well => ("●", Colour::Green),
    }
}

/// One certificate of the table.
struct Row<'a> {
    line: &'a Line<'a>,
    tone: Tone,
    hold: Option<&'a Hold>,
}

impl Row<'_> {
    /// Which of its kind are shown together, in this order.
    fn group(&self) -> Group {
        match self.tone {
            Tone::Bad => Group::Bad,
            _ if self.hold.is_some() => Group::Waiting,
            Tone::Wary => Group::Wary,
            Tone::Busy => Group::Busy,
            Tone::Well => Group::Fine,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Bad,
    Wary,
    Waiting,
    Busy,
    Fine,
}

impl Group {
    const ALL: [Self; 5] = [Self::Bad, Self::Wary, Self::Waiting, Self::Busy, Self::Fine];

    /// How many of so many are listed.
    fn listed(self, count: usize) -> usize {
        match self {
            Self::Bad | Self::Wary => count.min(MOST_PROBLEMS),
            Self::Waiting => count.min(MOST_WAITING),
            Self::Busy => count.min(MOST_BUSY),
            Self::Fine if count > MOST_FINE => 0,
            Self::Fine => count,
        }
    }

    fn counted(self, count: usize) -> Sentence {
        match self {
            Self::Bad | Self::Wary => problems(count),
            Self::Waiting => waiting(count),
            Self::Busy => busy(count),
            Self::Fine => fine(count),
        }
    }
}

/// All of it.
pub(super) fn glance(view: &View, lines: &[Line<'_>], form: Form) -> Screen {
    let mut screen = Screen::new(form.coloured);
    let rows = lines.iter().map(|line| Row {
        line,
        tone: view.tone(line),
        hold: line.hold(),
    });
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
    let counts = [
        (bad, problems(bad)),
        (count(&[Group::Waiting]), waiting(count(&[Group::Waiting]))),
        (count(&[Group::Busy]), busy(count(&[Group::Busy]))),
        (count(&[Group::Fine]), fine(count(&[Group::Fine]))),
    ];
    let counts: Vec<&str> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, words)| language.of(words))
        .collect();
    let comma = form.words(say(", ", "，"));
    let mut text = language.of(&all).to_owned();
    if !counts.is_empty() {
        text.push_str(form.words(say(": ", "：")));
        text.push_str(&counts.join(comma));
    }
    for slots in &view.slots {
        let (used, limit) = (slots.used, slots.limit);
        let words = match view.slots.len() {
            1 => free(used, limit),
            _ => free_of(&slots.account, used, limit),
        };
        text.push_str(form.words(say("; ", "；")));
        text.push_str(language.of(&words));
    }
    let is_held_back = view.holds.iter().any(|hold| {
        hold.in_force(view.now) && matches!(hold.failure.class, Class::Operator | Class::Quota)
    });
    let colour = match bad > 0 || is_held_back {
        true => Colour::Red,
        false => Colour::Bold,
    };
    for line in wrapped(&text, form.width, "") {
        screen.push_in(colour, &line);
        screen.push("\n");
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
    let date = end.map_or_else(
        || "-".to_owned(),
        |end| local(end).chars().take(10).collect(),
    );
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
    let held = row.hold.map(|hold| of_hold(form.language, hold, 0).1);
    let error = error.or(held).map(|trouble| trouble.what);
    vec![
        line.display.to_owned(),
        form.words(line.standing.phrase()).to_owned(),
        left(form.language, view, line),
        line.record.ends().map_or_else(|| "-".to_owned(), local),
        targets::words(form.language, view, line),
        next(form.language, view, line),
        line.record.acting_account().to_owned(),
        error.unwrap_or_else(|| "-".to_owned()),
    ]
}

/// What is left of what visitors get.
pub(super) fn left(language: Language, view: &View, line: &Line<'_>) -> String {
    match line.record.ends() {
        None => "-".to_owned(),
        Some(end) if end <= view.now => language.of_phrase(say("expired", "已过期")).to_owned(),
        Some(end) => span(language, end - view.now),
    }
}

/// What comes next, and how soon.
pub(super) fn next(language: Language, view: &View, line: &Line<'_>) -> String {
    let now = view.now;
    let words = |phrase: Phrase| language.of_phrase(phrase).to_owned();
    let soon = |at: DateTime<Utc>| span(language, (at - now).max(TimeDelta::zero()));
    if !line.by_hand.is_empty() {
        return words(say("add DNS record", "添加解析记录"));
    }
    if line.standing.state == State::Installed && line.standing.delivery != Reached::Done {
        let targets = view.targets(&line.record.domain).iter();
        let at = targets.filter_map(|target| target.next_at).min();
        return at.map_or_else(
            || words(say("deliver", "部署")),
            |at| language.of(&deliver_in(soon(at))).to_owned(),
        );
    }
    let at_check = || {
        let urgent = line.schedule.urgent_at.is_some_and(|at| at <= now);
        let check = view.config.schedule.check.next_after(now);
        match check.filter(|_| !line.schedule.in_flight && !urgent) {
            Some(check) => soon(check),
            None => span(language, TimeDelta::zero()),
        }
    };
    let sentence = match &line.step {
        Step::Order { link: None, .. } if line.record.installed.is_none() => order_in(at_check()),
        Step::Order { .. } => renew_in(at_check()),
        Step::LookUp => return words(say("search the order", "查找订单")),
        Step::Poll => return words(say("look now", "即将查询")),
        Step::Fetch => return words(say("fetch now", "即将下载")),
        Step::Rest { why, until } => {
            let at = until.map_or_else(|| "-".to_owned(), soon);
            match why {
                Rest::Fresh => renew_in(at),
                Rest::Pending => look_in(at),
                Rest::Backoff | Rest::Hold(_) => retry_in(at),
                Rest::Parked => return words(say("your turn", "待您处理")),
                Rest::Paused => return words(say("resume it", "待恢复")),
                Rest::Removed => return words(say("nothing", "无")),
            }
        }
    };
    language.of(&sentence).to_owned()
}

/// What the problems are: each once, however many have it.
fn notes(screen: &mut Screen, view: &View, rows: &[Row<'_>], form: Form) {
    let language = form.language;
    for hold in view.holds.iter().filter(|hold| hold.in_force(view.now)) {
        let those = rows.iter().filter(|row| row.hold == Some(hold));
        let (headline, trouble) = of_hold(language, hold, those.count());
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
            screen.push(&format!("\n{}\n", slots.words(&view.config)));
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
    let some = some.join(", ");
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
fn push_wrapped(screen: &mut Screen, text: &str, form: Form, indent: &str) {
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
