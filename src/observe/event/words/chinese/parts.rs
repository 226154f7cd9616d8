//! What the sentences in Chinese are put together of.

use crate::lifecycle::Due;
use crate::observe::event::fact::{MistakeParts, Part, Published, Waits};
use crate::observe::event::{Event, Plain};
use crate::sentence::{Catalog, Language};
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

/// The words of another program, or what has no translation.
pub(super) fn quoted(said: &Plain) -> String {
    format!("“{said}”")
}

/// The target that the event is about, where it is about one.
pub(super) fn at(event: &Event) -> String {
    let target = event.about.target.as_ref();
    target.map_or_else(String::new, |target| format!("{target}："))
}

/// Records and files that prove control.
pub(super) fn proof_of(proof: &Published) -> String {
    let parts = match proof {
        Published::Words(words) if words.as_ref().contains(" and the ") => return quoted(words),
        Published::Words(words) => return reason(None, words),
        Published::Parts(parts) => parts.iter().map(|part| match part {
            Part::Record { kind, name, value } => format!("解析记录 {kind} {name} = {value}"),
            Part::File(path) => format!("文件 {path}"),
        }),
    };
    parts.collect::<Vec<_>>().join("，以及")
}

/// A mistake of a config.
pub(super) fn mistake_of(mistake: &Plain, parts: Option<&MistakeParts>) -> String {
    let Some(parts) = parts else {
        return reason(None, mistake);
    };
    let tell = |text: &Plain| Language::Chinese.tell_of(Catalog::Mistakes, text.as_ref());
    let help = parts.help.as_ref();
    let help = help.map_or_else(String::new, |help| format!("（建议：{}）", tell(help)));
    format!("{} {}{help}", parts.place, tell(&parts.message))
}

pub(super) fn waited_for(event: &Event, waits: &Waits) -> String {
    let code = event.about.code.as_deref();
    match waits {
        Waits::Nothing => String::new(),
        Waits::Operator(remedy) => format!("；待人工处理：{}", reason(None, remedy)),
        Waits::Retry(error) => format!("；最近一次错误：{}", reason(code, error)),
    }
}
