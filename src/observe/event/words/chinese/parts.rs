//! What the sentences in Chinese are put together of.

use crate::lifecycle::Due;
use crate::observe::event::fact::Waits;
use crate::observe::event::{Event, Plain};
use crate::sentence::Language;
use crate::tencent::codes;

/// Why it was ordered.
pub(super) fn due(why: Due) -> &'static str {
    match why {
        Due::First => "还没有证书",
        Due::Window => "证书已到续期时间",
        Due::Expired => "证书已过期",
        Due::Revoked => "证书在腾讯云已吊销或退款",
        Due::Forced => "应命令要求",
    }
}

/// Why something failed. What is there in English alone is quoted.
pub(super) fn reason(code: Option<&str>, said: &Plain) -> String {
    let reason = codes::reason(Language::Chinese, code, said.as_ref());
    if reason == said.as_ref() {
        quoted(said)
    } else {
        reason
    }
}

/// What the operator can do.
pub(super) fn advice(code: Option<&str>, said: &Plain) -> String {
    match code.and_then(codes::lookup) {
        Some(entry) => entry.you_do.chinese.trim_end_matches('。').to_owned(),
        None => reason(None, said),
    }
}

/// The words of another program, or what has no translation.
pub(super) fn quoted(said: &Plain) -> String {
    format!("“{said}”")
}

/// The target that the event is about, where it is about one.
pub(super) fn at(event: &Event) -> String {
    let target = event.about.target.as_ref();
    target.map_or_else(String::new, |target| format!("{target}："))
}

/// Records and files as the history has them.
pub(super) fn proof_of(proof: &Plain) -> String {
    let proofs = proof
        .as_ref()
        .split(" and ")
        .map(|proof| match proof.strip_prefix("the file ") {
            Some(file) => format!("文件 {file}"),
            None => {
                let record = proof.trim_start_matches("the ");
                match record.split_once(" record ") {
                    Some((kind, value)) => format!("解析记录 {kind} {value}"),
                    None => format!("“{record}”"),
                }
            }
        });
    proofs.collect::<Vec<_>>().join("，以及")
}

pub(super) fn waited_for(event: &Event, waits: &Waits) -> String {
    let code = event.about.code.as_deref();
    match waits {
        Waits::Nothing => String::new(),
        Waits::Operator(remedy) => format!("；待人工处理：{}", advice(code, remedy)),
        Waits::Retry(error) => format!("；最近一次错误：{}", reason(code, error)),
    }
}
