//! One certificate as `status` shows it: how bad it is, what is left of it, what comes next.

use chrono::{DateTime, TimeDelta, Utc};

use super::output::{Colour, span};
use super::view::{Line, View};
use crate::lifecycle::{Hold, Orders, Rest, Step};
use crate::observe::overview::Tone;
use crate::sentence::{Language, Phrase, Sentence, say, sentences};

/// So many certificates without a problem are listed; of more, their number is told.
const MOST_FINE: usize = 30;
/// So many that are worked on are listed.
const MOST_BUSY: usize = 10;
/// So many that wait for the same are listed.
const MOST_WAITING: usize = 5;
/// So many with a problem of their own are listed.
const MOST_PROBLEMS: usize = 50;

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
    pub(super) fn words(&self, phrase: Phrase) -> &'static str {
        self.language.of_phrase(phrase)
    }
}

sentences! {
    problems(count) "{count} with a problem" "{count} 张有问题";
    waiting(count) "{count} waiting" "{count} 张在等待";
    busy(count) "{count} under way" "{count} 张处理中";
    fine(count) "{count} OK" "{count} 张正常";
    renew_in(span) "renew in {span}" "{span}后续期";
    look_in(span) "look in {span}" "{span}后查询";
    turn_in(span) "turn in {span}" "{span}后轮到";
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
pub(super) struct Row<'a> {
    pub(super) line: &'a Line<'a>,
    pub(super) tone: Tone,
    pub(super) hold: Option<&'a Hold>,
}

impl<'a> Row<'a> {
    /// Of this line.
    pub(super) fn of(view: &View, line: &'a Line<'a>) -> Self {
        Self {
            line,
            tone: view.tone(line),
            hold: line.hold(),
        }
    }

    /// Which of its kind are shown together, in this order.
    pub(super) fn group(&self) -> Group {
        match self.tone {
            Tone::Bad => Group::Bad,
            _ if self.hold.is_some() => Group::Waiting,
            Tone::Wary => Group::Wary,
            Tone::Busy => Group::Busy,
            Tone::Well => Group::Fine,
        }
    }
}

/// What a certificate is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Bad,
    Wary,
    Waiting,
    Busy,
    Fine,
}

impl Group {
    pub(super) const ALL: [Self; 5] =
        [Self::Bad, Self::Wary, Self::Waiting, Self::Busy, Self::Fine];

    /// How many of so many are listed.
    pub(super) fn listed(self, count: usize) -> usize {
        match self {
            Self::Bad | Self::Wary => count.min(MOST_PROBLEMS),
            Self::Waiting => count.min(MOST_WAITING),
            Self::Busy => count.min(MOST_BUSY),
            Self::Fine if count > MOST_FINE => 0,
            Self::Fine => count,
        }
    }

    pub(super) fn counted(self, count: usize) -> Sentence {
        match self {
            Self::Bad | Self::Wary => problems(count),
            Self::Waiting => waiting(count),
            Self::Busy => busy(count),
            Self::Fine => fine(count),
        }
    }
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
    let at = view.comes_at(line);
    let is_now = at.is_some_and(|at| at < now + TimeDelta::seconds(1));
    if line.is_delivered_next() {
        return match at.filter(|_| !is_now) {
            Some(at) => language.of(&deliver_in(soon(at))).to_owned(),
            None => words(say("deliver now", "即将部署")),
        };
    }
    let soon = at.map_or_else(|| "-".to_owned(), soon);
    let sentence = match &line.step {
        Step::Order { .. } => match (is_now, &line.record.installed) {
            (false, _) => renew_in(soon),
            (true, Some(_)) => return words(say("renew now", "即将续期")),
            (true, None) => return words(say("order now", "即将申请")),
        },
        Step::Seek { .. } => return words(say("look now", "即将查询")),
        Step::LookUp => return words(say("search the order", "查找订单")),
        Step::Poll => return words(say("look now", "即将查询")),
        Step::Fetch => return words(say("fetch now", "即将下载")),
        Step::Rest { why, .. } => match why {
            Rest::Pending | Rest::Turn | Rest::Elsewhere if is_now => {
                return words(say("look now", "即将查询"));
            }
            Rest::Backoff | Rest::Hold(_) if is_now => {
                return words(say("retry now", "即将重试"));
            }
            Rest::Fresh => renew_in(soon),
            Rest::Turn => match line.policy.orders {
                Orders::InTurn { .. } => turn_in(soon),
                Orders::Here | Orders::Elsewhere { .. } => look_in(soon),
            },
            Rest::Pending | Rest::Elsewhere => look_in(soon),
            Rest::Backoff | Rest::Hold(_) => retry_in(soon),
            Rest::Parked => return words(say("your turn", "待您处理")),
            Rest::Paused => return words(say("resume it", "待恢复")),
            Rest::Removed => return words(say("nothing", "无")),
        },
    };
    language.of(&sentence).to_owned()
}
