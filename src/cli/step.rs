//! The next step of a certificate, and why it is that one, in words.

use chrono::{DateTime, Utc};

use super::output::local;
use super::view::{Line, step_name};
use crate::lifecycle::{Orders, Rest, Step};
use crate::sentence::{Phrase, Sentence, phrases, say, sentences};
use crate::tencent::codes::told;

phrases! {
    LOOKED_UP "an application has no answer yet; it is searched for" "申请尚无响应，正在查找订单";
    PENDING "the order is pending" "订单审核中";
    ISSUED "the certificate is issued" "证书已签发";
    FRESH "the window opens then" "到时进入续期窗口";
    AT_WORK "the service is at work" "等待签发";
    FAILED "after a failure" "失败后重试";
    ELSEWHERE "somebody else orders it; it is looked for again then" "由其他机器或其他人申请，到时再次查找";
    IN_TURNS "this machine orders in its turns" "本机轮流申请";
    PARKED "it waits for you" "已停止，待人工处理";
    PAUSED "paused until `evercert resume`" "已暂停，直到 `evercert resume`";
    REMOVED "the config no longer names it" "已从配置中移除";
}

sentences! {
    sought(why) "{why}; somebody else orders it" "{why}，由其他机器或其他人申请";
    turn_is_open(until) "this machine's turn to order is open until {until}" "现在轮到本机申请，到 {until} 为止";
    turn_comes(at) "this machine orders in its turn, from {at}" "本机轮流申请，下次从 {at} 开始";
    renews(why, old) "{why}; renews {old}" "{why}，续期 {old}";
}

/// The step, as [`step_name`] has it for scripts.
pub(super) fn step(step: &Step) -> Phrase {
    let chinese = match step {
        Step::Rest { why, .. } => match why {
            Rest::Fresh => "续期",
            Rest::Pending => "查询订单",
            Rest::Backoff => "重试",
            Rest::Turn => "等待轮次",
            Rest::Elsewhere => "等待其他机器",
            Rest::Parked => "等待人工处理",
            Rest::Paused => "无（已暂停）",
            Rest::Hold(_) => "等待账号",
            Rest::Removed => "无",
        },
        Step::Order { link: None, .. } => "申请",
        Step::Order { link: Some(_), .. } => "续期",
        Step::Seek { .. } => "查找证书",
        Step::LookUp => "查找订单",
        Step::Poll => "查询订单",
        Step::Fetch => "下载证书",
    };
    say(step_name(step), chinese)
}

/// Why it is that step, or waits for it.
pub(super) fn reason(line: &Line<'_>, now: DateTime<Utc>) -> Sentence {
    let phrase = match &line.step {
        Step::Order { why, link } => {
            let why = Sentence::from(why.words());
            return match link {
                Some(old) => renews(why, old),
                None => why,
            };
        }
        Step::Seek { why } => return sought(why.words()),
        Step::LookUp => LOOKED_UP,
        Step::Poll => PENDING,
        Step::Fetch => ISSUED,
        Step::Rest { why, .. } => match why {
            Rest::Fresh => FRESH,
            Rest::Pending => AT_WORK,
            Rest::Backoff => FAILED,
            Rest::Turn => return turn(line.policy.orders, now),
            Rest::Elsewhere => ELSEWHERE,
            Rest::Parked => PARKED,
            Rest::Paused => PAUSED,
            Rest::Hold(hold) => return told(hold.failure.code.as_deref(), &hold.failure.message),
            Rest::Removed => REMOVED,
        },
    };
    phrase.sentence()
}

/// When this machine orders.
pub(super) fn turn(orders: Orders, now: DateTime<Utc>) -> Sentence {
    match orders {
        Orders::InTurn { turns, .. } => match turns.open_until(now) {
            Some(until) => turn_is_open(local(until)),
            None => turn_comes(local(turns.next(now))),
        },
        Orders::Here | Orders::Elsewhere { .. } => IN_TURNS.sentence(),
    }
}
