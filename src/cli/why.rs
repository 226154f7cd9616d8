//! `why DOMAIN`: which rule decides about this certificate now, with the numbers behind it.

use std::path::Path;
use std::process::ExitCode;

use super::awaited;
use super::card::order_words;
use super::explain::class_name;
use super::failure::Failure;
use super::output::{Screen, is_lively, local, prose_width, wrapped};
use super::step::turn;
use super::trouble::{of_hold, troubles};
use super::view::{Line, View};
use crate::lifecycle::delivery::{Reached, TargetKind};
use crate::lifecycle::{Due, HoldScope, Orders, Rest, Step, due};
use crate::sentence::{Language, Phrase, Sentence, say, sentences};
use crate::tencent::codes::reason;

/// What `why` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domain
    domain: String,
}

pub(super) async fn run(
    config: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let view = View::open(config, language).await?;
    let certificate = view.certificate(&arguments.domain)?;
    why(language, &view, &view.line(certificate)).print()?;
    Ok(ExitCode::SUCCESS)
}

/// All of it.
fn why(language: Language, view: &View, line: &Line<'_>) -> Screen {
    let mut screen = Screen::new(is_lively());
    let width = prose_width();
    let mut put = |text: &str, indent: &str| {
        for line in wrapped(text, width, indent) {
            screen.push(&format!("{line}\n"));
        }
    };
    let head = answer(line.display, language.of(&order(language, view, line)));
    put(language.of(&head), "");
    if let Some(sentence) = delivery(view, line) {
        put(language.of(&sentence), "");
    }
    put("\n", "");
    for fact in facts(language, view, line) {
        put(language.of(&fact), "  ");
    }
    let mut own = troubles(language, view, line);
    own.extend(
        line.hold()
            .map(|hold| of_hold(language, view, hold, view.held_by(hold)).1),
    );
    if !own.is_empty() {
        put("\n", "");
    }
    for trouble in own {
        for text in trouble.words(language) {
            put(&text, "  ");
        }
    }
    let records = awaited::records(language, line.display, line.by_hand);
    if !records.is_empty() {
        screen.push(&format!("\n{records}"));
    }
    screen
}

sentences! {
    answer(display, why) "{display}: {why}" "{display}：{why}";
    ordered_next(how, why) "will be ordered in the next pass {how}, because {why}" "下一次处理时将{how}，原因是{why}";
    ordered_at_check(how, at, why) "will be ordered at the next scheduled check ({at}) {how}, because {why}" "下一次定时检查（{at}）时将{how}，原因是{why}";
    as_renewal(old) "as a renewal of {old}" "续期 {old}";
    sought(why) "somebody else orders it; it is looked for in the next pass, because {why}" "由其他机器或其他人申请，下一次处理时查找，原因是{why}";
    in_turn(turn, until) "{turn}; whether another machine was faster is looked at {until}" "{turn}；{until} 查看其他机器是否已先申请";
    elsewhere(until) "somebody else orders it; it is looked for again {until}" "由其他机器或其他人申请，{until} 再次查找";
    searched() "an application was sent and its answer lost; it is searched for before anything is ordered" "已发出申请，但没有收到响应；先查找该订单，再决定是否申请";
    looked_at_next() "an order is pending; it is looked at in the next pass" "订单待签发，下一次处理时查询";
    fetched_next() "the certificate is issued; it is fetched in the next pass" "证书已签发，下一次处理时下载";
    fresh(until) "won't be renewed now; its window opens {until}" "现在不会续期；{until} 进入续期窗口";
    fresh_for_ever() "won't be renewed now" "现在不会续期";
    looked_at(until) "an order is pending; it is looked at {until}" "订单待签发，{until} 查询";
    awaited() "an order is pending, and waits for the DNS record below" "订单待签发，等待您添加下面的解析记录";
    again(until) "failed, and is tried again {until}" "失败，{until} 重试";
    paused() "paused by `evercert pause`; nothing is done for it until `evercert resume`" "已用 `evercert pause` 暂停；执行 `evercert resume` 之前不做任何处理";
    parked() "waits for you, and does nothing by itself" "已停止，待人工处理";
    kept_back(what, until) "{what} until {until}" "{what}，{until} 重试";
    removed() "is not in the config" "不在配置中";
    delivered_all() "All its targets have the installed certificate." "所有部署目标都已是已安装的证书。";
    delivered_not(count) "Its delivery fails at {count} of its targets; see below." "有 {count} 个部署目标失败，见下。";
    delivered_not_yet(count) "Its delivery is under way: {count} of its targets are not done." "部署进行中，还有 {count} 个目标未完成。";
    now_is(at) "now: {at}" "当前时间：{at}";
    installed(id, account) "installed: {id} of account \"{account}\"" "已安装：{id}，账号 \"{account}\"";
    valid_until(at, days) "valid until: {at} ({days} days left)" "有效期至：{at}（剩余 {days} 天）";
    window(days) "window: {days} days before the end (renew_before, 30 days and half the lifetime: the smallest)" "续期窗口：到期前 {days} 天（renew_before、30 天、有效期的一半，取最小值）";
    window_from(at) "window opens: {at}" "窗口开始：{at}";
    urgent_from(at) "without waiting for a scheduled check: from {at}" "不再等待定时检查：从 {at} 起";
    nothing_installed() "installed: nothing" "已安装：无";
    is_due(why) "due: {why}" "是否到期：{why}";
    order_is(what) "order: {what}" "订单：{what}";
    somebody_s(id, at) "somebody else's order is waited for: {id} (since {at})" "等待他人的订单：{id}（自 {at} 起）";
    counted(failures, lost) "failures in a row: {failures}; orders lost in a row: {lost}" "连续失败：{failures} 次；连续失效的订单：{lost} 个";
    last_error(class, said) "last error ({class}): {said}" "最近的错误（{class}）：{said}";
    not_before(at) "not before: {at}" "不早于：{at}";
    without_link() "the service refused the renewal link: the next order goes without" "腾讯云拒绝了续期关联：下一个订单将作为新证书申请";
    forced(at) "asked for by you: {at}" "您要求过重新申请：{at}";
    parked_since(at) "parked since {at}" "停止时间：{at}";
    hold_lasts(what, at) "{what}: waits until {at}" "{what}：等待到 {at}";
    hold_lasted(what, at) "{what}: waited until {at}" "{what}：曾等待到 {at}";
    orders_below(main) "orders below {main}" "{main} 下的申请";
    schedule(check, poll) "schedule: checks at \"{check}\" local time; pending orders every {poll} s at first" "计划：按 \"{check}\"（本地时间）定时检查；待签发的订单最初每 {poll} 秒查询一次";
}

/// What comes of its order, and why.
fn order(language: Language, view: &View, line: &Line<'_>) -> Sentence {
    match &line.step {
        Step::Order { why, link } => {
            let how = match link {
                Some(old) => language.of(&as_renewal(old)).to_owned(),
                None => {
                    let words = say("as a new certificate", "申请新证书");
                    language.of_phrase(words).to_owned()
                }
            };
            let why = language.of_phrase(due_words(Some(*why)));
            let check = view.config.schedule.check.next_after(view.now);
            match check.filter(|_| !line.schedule.in_flight) {
                Some(at) => ordered_at_check(how, local(at), why),
                None => ordered_next(how, why),
            }
        }
        Step::Seek { why } => sought(language.of_phrase(due_words(Some(*why)))),
        Step::LookUp => searched(),
        Step::Poll
        | Step::Rest {
            why: Rest::Pending, ..
        } if !line.by_hand.is_empty() => awaited(),
        Step::Poll => looked_at_next(),
        Step::Fetch => fetched_next(),
        Step::Rest { why, until } => {
            let at = until.map(local).unwrap_or_default();
            match why {
                Rest::Fresh if until.is_none() => fresh_for_ever(),
                Rest::Fresh => fresh(at),
                Rest::Pending => looked_at(at),
                Rest::Turn => {
                    let turn = turn(line.policy.orders, view.now);
                    in_turn(language.of(&turn), at)
                }
                Rest::Elsewhere => elsewhere(at),
                Rest::Backoff => again(at),
                Rest::Paused => paused(),
                Rest::Parked => parked(),
                Rest::Hold(_) => kept_back(language.of_phrase(line.standing.phrase()), at),
                Rest::Removed => removed(),
            }
        }
    }
}

/// Why a new one is due, if it is.
fn due_words(due: Option<Due>) -> Phrase {
    match due {
        None => say("no", "否"),
        Some(Due::First) => say("there is no certificate yet", "还没有证书"),
        Some(Due::Window) => say(
            "the certificate is inside its renewal window",
            "证书已进入续期窗口",
        ),
        Some(Due::Expired) => say("the certificate has expired", "证书已过期"),
        Some(Due::Revoked) => say(
            "the certificate is revoked or refunded at the service",
            "证书在腾讯云被吊销或退款",
        ),
        Some(Due::Forced) => say("a new one was asked for", "您要求重新申请"),
    }
}

/// What is true of its delivery.
fn delivery(view: &View, line: &Line<'_>) -> Option<Sentence> {
    let domain = &line.record.domain;
    let wanted = view.wanted(domain)?;
    let rows = view.targets(domain).iter();
    let rows = rows.filter(|row| row.kind() != TargetKind::Failure);
    let failing = rows.clone().filter(|row| row.attempts > 0).count();
    let open = rows.clone().filter(|row| !row.is_done(wanted)).count();
    match line.standing.delivery {
        _ if rows.count() == 0 => None,
        Reached::Done => Some(delivered_all()),
        Reached::UnderWay => Some(delivered_not_yet(open)),
        Reached::Failing => Some(delivered_not(failing)),
    }
}

fn facts(language: Language, view: &View, line: &Line<'_>) -> Vec<Sentence> {
    let (record, policy, now) = (&line.record, &line.policy, view.now);
    let mut facts = vec![now_is(local(now))];
    match &record.installed {
        Some(own) => {
            let end = own.not_after;
            facts.push(installed(&own.certificate_id, &own.account));
            facts.push(valid_until(local(end), (end - now).num_days()));
            let opens = policy.renew_at(own);
            facts.push(window((end - opens).num_days()));
            facts.push(window_from(local(opens)));
            facts.push(urgent_from(local(policy.urgent_at(own))));
        }
        None => facts.push(nothing_installed()),
    }
    let why = language.of_phrase(due_words(due(now, policy, record)));
    facts.push(is_due(why));
    if let Some(order) = &record.order {
        facts.push(order_is(language.of(&order_words(order))));
    }
    if let Some(foreign) = record.foreign.as_ref().filter(|_| record.waits_for_other()) {
        facts.push(somebody_s(&foreign.certificate_id, local(foreign.since)));
    }
    let retry = &record.retry;
    facts.push(counted(retry.failures, retry.lost_orders));
    if let Some(last) = &retry.last {
        let said = reason(language, last.code.as_deref(), &last.message);
        let class = match language {
            Language::English => last.class.name(),
            Language::Chinese => class_name(last.class),
        };
        facts.push(last_error(class, said));
    }
    // What waits for its operator is tried at no time.
    if let Some(at) = retry.not_before.filter(|_| record.parked.is_none()) {
        facts.push(not_before(local(at)));
    }
    if retry.without_link {
        facts.push(without_link());
    }
    if let Some(at) = record.forced {
        facts.push(forced(local(at)));
    }
    if let Some(parked) = &record.parked {
        facts.push(parked_since(local(parked.since)));
    }
    for hold in &line.holds {
        let below;
        let what = match &hold.scope {
            HoldScope::Account => {
                language.of_phrase(say("every call of the account", "该账号的所有调用"))
            }
            HoldScope::Orders => language.of_phrase(say("orders of the account", "该账号的申请")),
            HoldScope::MainDomain(main) => {
                below = orders_below(main);
                language.of(&below)
            }
            HoldScope::List => language.of_phrase(say(
                "what needs the account's list",
                "需要查询证书列表的操作",
            )),
            HoldScope::Fetch => {
                language.of_phrase(say("fetching issued certificates", "下载已签发的证书"))
            }
        };
        facts.push(match hold.in_force(now) {
            true => hold_lasts(what, local(hold.until)),
            false => hold_lasted(what, local(hold.until)),
        });
    }
    if let Orders::InTurn { .. } = policy.orders {
        facts.push(turn(policy.orders, now));
    }
    let config = &view.config.schedule;
    facts.push(schedule(config.check.as_str(), policy.poll.num_seconds()));
    facts
}
