//! `status DOMAIN`: all that is known of one certificate.

use chrono::TimeDelta;

use super::awaited;
use super::failure::Failure;
use super::output::{Colour, Screen, local, padded, wrapped};
use super::row::{Form, left, mark, next};
use super::targets;
use super::trouble::{Trouble, of_hold, troubles};
use super::view::{Line, View};
use crate::lifecycle::delivery::TargetKind;
use crate::lifecycle::{Order, Stage};
use crate::observe::event::message_of;
use crate::observe::overview::Tone;
use crate::sentence::{Language, Phrase, Sentence, say, sentences};
use unicode_width::UnicodeWidthStr;

/// So many of its last events are shown.
const EVENTS: u32 = 5;

sentences! {
    headline(display, state, left) "{display}: {state}, {left} left" "{display}：{state}，剩余 {left}";
    headline_without(display, state) "{display}: {state}" "{display}：{state}";
    in_account(id, account) "{id} of account \"{account}\"" "{id}，账号 \"{account}\"";
    next_at(what, at) "{what}, {at}" "{what}，{at}";
    resources(count) "{count} cloud resources have it" "{count} 个云资源正在使用";
    seen_at(place, at) "{place}, seen {at}" "{place}，查看于 {at}";
    searched(marker, looks) "{marker}: sent without an answer, searched for {looks} times" "{marker}：已发出申请但没有收到响应，已查找 {looks} 次";
    pending_since(id, at) "{id}: pending since {at}" "{id}：自 {at} 起待签发";
    issued(id) "{id}: issued, not fetched yet" "{id}：已签发，尚未下载";
    somebody_s(id, at) "{id} of somebody else, waited for since {at}" "{id}（他人的订单），自 {at} 起等待";
    failing_times(count) "failing, {count} times in a row" "失败，连续 {count} 次";
}

/// All of it.
pub(super) async fn card(view: &View, line: &Line<'_>, form: Form) -> Result<Screen, Failure> {
    let language = form.language;
    let mut screen = Screen::new(form.coloured);
    let (sign, colour) = mark(view.tone(line));
    let state = language.of_phrase(line.standing.phrase());
    let is_alive = line.record.ends().is_some_and(|end| end > view.now);
    let words = match is_alive {
        true => headline(line.display, state, left(language, view, line)),
        false => headline_without(line.display, state),
    };
    screen.push_in(colour, &format!("{sign} {}", language.of(&words)));
    screen.push("\n\n");
    let fields = fields(language, view, line);
    let widest = fields
        .iter()
        .map(|(label, _)| language.of_phrase(*label).width());
    let widest = widest.max().unwrap_or_default();
    for (label, value) in &fields {
        let label = padded(language.of_phrase(*label), widest);
        let indent = " ".repeat(widest + 4);
        let lines = wrapped(value, form.width, &indent);
        for (number, text) in lines.iter().enumerate() {
            match number {
                0 => {
                    screen.push_in(Colour::Dim, &format!("  {label}"));
                    screen.push(&format!("  {}\n", text.trim_start()));
                }
                _ => screen.push(&format!("{text}\n")),
            }
        }
    }
    targets_of(&mut screen, view, line, form);
    problems(&mut screen, view, line, form);
    let records = awaited::records(language, line.display, line.by_hand);
    if !records.is_empty() {
        screen.push(&format!("\n{records}"));
    }
    events(&mut screen, view, line, form).await?;
    Ok(screen)
}

fn title(screen: &mut Screen, form: Form, words: Phrase) {
    screen.push("\n");
    screen.push_in(Colour::Bold, form.language.of_phrase(words));
    screen.push("\n");
}

/// Label and value of each fact.
fn fields(language: Language, view: &View, line: &Line<'_>) -> Vec<(Phrase, String)> {
    let record = &line.record;
    let said = |sentence: Sentence| language.of(&sentence).to_owned();
    let mut fields = Vec::new();
    if let Some(end) = record.ends() {
        fields.push((say("valid until", "有效期至"), local(end)));
    }
    let comes = coming(language, view, line);
    fields.push((say("next", "下一步"), comes));
    if let Some(installed) = &record.installed {
        let (id, account) = (&installed.certificate_id, &installed.account);
        fields.push((say("installed", "已安装"), said(in_account(id, account))));
        fields.push((say("SHA-256", "SHA-256"), installed.fingerprint.clone()));
        let folder = view.config.state_dir.join("live").join(&record.domain);
        fields.push((say("files", "文件"), folder.display().to_string()));
    } else {
        let account = format!("\"{}\"", record.account);
        fields.push((say("account", "账号"), account));
    }
    if let Some(order) = &record.order {
        fields.push((say("order", "订单"), said(order_words(order))));
    }
    if let Some(foreign) = record.foreign.as_ref().filter(|_| record.waits_for_other()) {
        let words = somebody_s(&foreign.certificate_id, local(foreign.since));
        fields.push((say("order", "订单"), said(words)));
    }
    let rows = view.targets(&record.domain);
    let places = view.places(line);
    let bound: u64 = rows.iter().filter_map(|row| row.bound()).sum();
    if rows.iter().any(|row| row.kind() == TargetKind::Cloud) {
        let words = match bound {
            0 => language.of_phrase(targets::phrase(places.bound)).to_owned(),
            bound => said(resources(bound)),
        };
        fields.push((say("bound", "已绑定"), words));
    }
    if let Some(row) = rows.iter().find(|row| row.kind() == TargetKind::Verify) {
        let place = language.of_phrase(targets::phrase(places.served));
        let words = match row.look() {
            Some((_, at)) => said(seen_at(place, local(at))),
            None => place.to_owned(),
        };
        fields.push((say("served", "实际使用"), words));
    }
    fields
}

/// What comes next, and when.
pub(super) fn coming(language: Language, view: &View, line: &Line<'_>) -> String {
    let what = next(language, view, line);
    match view.comes_at(line) {
        Some(at) if at > view.now + TimeDelta::minutes(1) => {
            language.of(&next_at(what, local(at))).to_owned()
        }
        _ => what,
    }
}

/// How far the open order is.
pub(super) fn order_words(order: &Order) -> Sentence {
    match &order.stage {
        Stage::Intended { looks, .. } => searched(&order.marker, looks),
        Stage::Pending {
            certificate_id,
            since,
            ..
        } => pending_since(certificate_id, local(*since)),
        Stage::Issued { certificate_id } => issued(certificate_id),
    }
}

fn targets_of(screen: &mut Screen, view: &View, line: &Line<'_>, form: Form) {
    let (rows, wanted) = (
        view.targets(&line.record.domain),
        view.wanted(&line.record.domain),
    );
    if rows.is_empty() {
        return;
    }
    title(screen, form, say("Targets", "部署目标"));
    for row in rows {
        let state = row.status(wanted);
        let tone = match state {
            "done" => Tone::Well,
            "failing" => Tone::Bad,
            _ => Tone::Busy,
        };
        let (sign, colour) = mark(tone);
        let words = match row.attempts {
            0 | 1 => form.language.of_phrase(targets::state(state)).to_owned(),
            count => form.language.of(&failing_times(count)).to_owned(),
        };
        screen.push("  ");
        screen.push_in(colour, sign);
        let text = format!("{}  {words}", row.title);
        for (number, line) in wrapped(&text, form.width, "    ").iter().enumerate() {
            let line = if number == 0 {
                line.get(3..)
            } else {
                line.get(..)
            };
            screen.push(&format!("{}\n", line.unwrap_or_default()));
        }
    }
}

fn problems(screen: &mut Screen, view: &View, line: &Line<'_>, form: Form) {
    let mut all = troubles(form.language, view, line);
    if let Some(hold) = line.hold() {
        let (headline, trouble) = of_hold(form.language, view, hold, view.held_by(hold));
        all.push(Trouble {
            what: headline,
            again: None,
            remedy: None,
        });
        all.push(trouble);
    }
    if all.is_empty() {
        return;
    }
    title(screen, form, say("Problems", "问题"));
    for trouble in &all {
        for text in trouble.words(form.language) {
            for line in wrapped(&text, form.width, "  ") {
                screen.push(&format!("{line}\n"));
            }
        }
    }
}

async fn events(
    screen: &mut Screen,
    view: &View,
    line: &Line<'_>,
    form: Form,
) -> Result<(), Failure> {
    let Some(store) = &view.store else {
        return Ok(());
    };
    let entries = store.history(Some(&line.record.domain), EVENTS).await?;
    if entries.is_empty() {
        return Ok(());
    }
    title(screen, form, say("Last events", "最近的事件"));
    for entry in &entries {
        screen.push(&format!("  {}  {}\n", local(entry.at), entry.what.event));
        for line in wrapped(&message_of(&entry.what, form.language), form.width, "    ") {
            screen.push(&format!("{line}\n"));
        }
    }
    Ok(())
}
