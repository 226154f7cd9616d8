//! What somebody should look at, in words with what to do about it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::parts::{domain, dot, original, ticks};
use super::reader::Reader;
use super::words::class;
use crate::lifecycle::delivery::TargetKind;
use crate::lifecycle::{Class, HoldScope};
use crate::observe::overview::need::{Matter, Need, Urgency};
use crate::observe::overview::{CertificateLine, HoldLine, Parking, Tone, Trouble, With};
use crate::sentence::{COMMA, Language, Phrase, phrases, say, sentences};
use crate::tencent::codes;

/// As many names of one need are spelt out.
const NAMES: usize = 6;

/// Where a need is told.
#[derive(Clone, Copy)]
enum Place {
    Home,
    OwnPage,
}

/// What a need says.
struct Told {
    what: String,
    remedy: String,
    /// What was said, as the record keeps it: English.
    said: Option<String>,
}

impl Told {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            remedy: remedy.into(),
            said: None,
        }
    }

    /// Says more of what is the matter.
    fn add(&mut self, reader: Reader, sentence: &str) {
        if !self.what.is_empty() && reader.language == Language::English {
            self.what.push(' ');
        }
        self.what.push_str(sentence);
    }
}

phrases! {
    BY_ITSELF "It is tried again by itself." "会自动重试。";
    REPLACED "A new one is ordered by itself." "会自动申请新证书。";
    CONFIG "The config file has mistakes; the one before stays in force." "配置文件有错误，仍在使用之前的配置。";
    CHECK "`evercert check` shows every mistake with its line." "`evercert check` 会列出每处错误及其行号。";
    DATABASE "The database can't be written." "数据库无法写入。";
    DISK "A full or read-only disk is the usual cause. Nothing is ordered without a record of it."
        "常见原因是磁盘已满或变为只读。无法留下记录时，不会提交任何申请。";
    BY_HAND "The record that proves control of the domain has to be added by hand." "需要手工添加域名验证的解析记录。";
    ITS_PAGE "Add the record that its page shows." "请添加该证书页面上给出的记录。";
    OTHER_THERE "Another certificate is there than should be." "目标上使用的不是应有的证书。";
    EXPIRED "It has expired." "已过期。";
    UNVALIDATED "Two orders in a row ended without validation." "连续两个订单未通过域名验证。";
    UNCLEAR "An application got no answer, and can be any of several orders." "有一次申请没有收到响应，对应的订单无法确定。";
    ONE_WAITS "1 certificate waits for it." "1 张证书在等待。";
    PAUSED "They are paused." "这些证书已暂停自动处理。";
}

sentences! {
    since_when(date) "It is paused since {date}." "自 {date} 起暂停自动处理。";
    left(span) "{span} left." "剩余 {span}。";
    waits(account) "It waits for the account {account}." "等待账号 {account} 恢复。";
    at_once(name) "It is tried again by itself; `evercert renew {name}` tries at once." "会自动重试；`evercert renew {name}` 可立即重试。";
    resume(name) "`evercert resume {name}` lets it be renewed again." "`evercert resume {name}` 可恢复自动处理。";
    why(name) "`evercert why {name}` tells more." "`evercert why {name}` 可查看原因。";
    refused(code, name) "Correct its entry in the config; `evercert explain {code}` says more, `evercert renew {name}` tries again."
        "请修改它的配置；`evercert explain {code}` 有详细说明，`evercert renew {name}` 可再次申请。";
    host(name) "Host its zone in this account's DNS, delegated to it, without CAA records that exclude the CA; then run `evercert renew {name}`."
        "请在该账号中添加该域名的解析，将 NS 记录指向它，CAA 记录不得排除该 CA；然后执行 `evercert renew {name}`。";
    mend(name) "`evercert history {name}` says what became of its validation; mend that, then run `evercert renew {name}`."
        "`evercert history {name}` 可查看验证过程；排除原因后执行 `evercert renew {name}`。";
    look(name) "Look at its orders in the console and cancel what is not wanted; then run `evercert renew {name}`."
        "请在控制台核对订单，取消不需要的；然后执行 `evercert renew {name}`。";
    dead(status) "The installed certificate is revoked or refunded (status {status})." "已安装的证书已被吊销或退款（状态 {status}）。";
    command_fails(command) "`{command}` fails." "`{command}` 执行失败。";
    run(command, name) "Run `{command}` to see why, and mend that; `evercert deploy {name}` then tries at once."
        "请执行 `{command}` 查看原因，排除后 `evercert deploy {name}` 可立即重试。";
    some_wait(count) "{count} wait for it." "{count}在等待。";
    next_try(when) "The next try is {when}." "下次重试：{when}。";
}

/// Something that needs somebody: what it is about, what is the matter, whom it concerns, and what to do.
pub(super) fn need(reader: Reader, need: &Need<'_>, now: DateTime<Utc>) -> Markup {
    let told = told(reader, need, now);
    let names = match need.matter {
        Matter::One(_) => &[][..],
        _ => need.certificates.as_slice(),
    };
    html! {
        li class=(format!("need {}", class(need.tone))) {
            (about(reader, need))
            (said(reader, &told))
            @if !names.is_empty() {
                p.names {
                    @for (place, certificate) in names.iter().take(NAMES).enumerate() {
                        @if place > 0 { (of(reader, COMMA)) }
                        (link(reader, certificate))
                    }
                    @if names.len() > NAMES { (more(reader, names.len() - NAMES)) }
                }
            }
        }
    }
}

/// What one certificate needs, on its own page.
pub(super) fn of_one(
    reader: Reader,
    certificate: &CertificateLine,
    hold: Option<&HoldLine>,
    now: DateTime<Utc>,
) -> Option<Markup> {
    if !certificate.needs_somebody() {
        return None;
    }
    let told = one(reader, certificate, (hold, Place::OwnPage), now);
    Some(html! {
        ul.needs.single { li class=(format!("need {}", class(certificate.tone))) { (said(reader, &told)) } }
    })
}

fn said(reader: Reader, told: &Told) -> Markup {
    html! {
        p.what { (ticks(&told.what)) }
        @if let Some(said) = &told.said { (original(reader, said)) }
        p.remedy { (ticks(&told.remedy)) }
    }
}

fn about(reader: Reader, need: &Need<'_>) -> Markup {
    let name = match (need.matter, need.certificates.as_slice()) {
        (Matter::One(_), [certificate, ..]) => {
            return html! { span.name { (dot(class(need.tone))) (link(reader, certificate)) } };
        }
        (Matter::Hold(account, hold), _) => {
            let main = hold.scope.main_domain();
            let main = main.map(|main| format!("{}{main}", reader.say(", ", "，")));
            let (word, name) = (reader.say("Account", "账号"), &account.name);
            format!("{word} {name}{}", main.unwrap_or_default())
        }
        (Matter::Database(_), _) => reader.say("Database", "数据库").to_owned(),
        (Matter::Config, _) => reader.say("Config", "配置").to_owned(),
        (_, those) => reader.certificates(those.len()),
    };
    html! { span.name { (dot(class(need.tone))) (name) } }
}

fn link(reader: Reader, certificate: &CertificateLine) -> Markup {
    html! {
        a href=(reader.link(&format!("/certificates/{}", certificate.domain))) aria-label=(certificate.display) {
            (domain(&certificate.display))
        }
    }
}

fn more(reader: Reader, count: usize) -> String {
    match reader.language {
        Language::English => format!(" and {count} more"),
        Language::Chinese => format!("等，另有 {count} 张"),
    }
}

fn told(reader: Reader, need: &Need<'_>, now: DateTime<Utc>) -> Told {
    match (need.matter, need.certificates.as_slice()) {
        (Matter::Config, _) => Told::new(of(reader, CONFIG), of(reader, CHECK)),
        (Matter::Database(reason), _) => Told {
            said: Some(reason.to_owned()),
            ..Told::new(of(reader, DATABASE), of(reader, DISK))
        },
        (Matter::Hold(_, hold), waiting) => held(reader, hold, waiting.len(), now),
        (Matter::One(hold), [certificate, ..]) => {
            one(reader, certificate, (hold, Place::Home), now)
        }
        (_, [certificate, ..]) => alike(reader, certificate),
        (_, []) => Told::new("", ""),
    }
}

fn of(reader: Reader, phrase: Phrase) -> &'static str {
    reader.language.of_phrase(phrase)
}

/// What keeps several back: the refusal, and how many wait.
fn held(reader: Reader, hold: &HoldLine, waiting: usize, now: DateTime<Utc>) -> Told {
    let mut told = reason(reader, hold.code.as_deref(), &hold.said, lacks(&hold.scope));
    match waiting {
        0 => {}
        1 => told.add(reader, of(reader, ONE_WAITS)),
        _ => told.add(
            reader,
            &reader.tell(some_wait(reader.certificates(waiting))),
        ),
    }
    if hold.until > now {
        let when = reader.relative(hold.until, now);
        told.add(reader, &reader.tell(next_try(when)));
    }
    told
}

/// What can't be done while it lasts: said where the refusal has no code that is known.
fn lacks(scope: &HoldScope) -> Phrase {
    match scope {
        HoldScope::Account => say("Calls are refused.", "接口调用被拒绝。"),
        HoldScope::Orders => say("Applications are refused.", "申请证书被拒绝。"),
        HoldScope::MainDomain(_) => say(
            "Applications below this main domain are refused.",
            "该主域名下的申请被拒绝。",
        ),
        HoldScope::List => say(
            "The account's list can't be read.",
            "无法获取该账号的证书列表。",
        ),
        HoldScope::Fetch => say(
            "Issued certificates can't be downloaded.",
            "已签发的证书无法下载。",
        ),
    }
}

/// A failure: what its code means, or what was said. In Chinese, where there is no more than English words, `general` comes
/// before them.
fn reason(reader: Reader, code: Option<&str>, said: &str, general: Phrase) -> Told {
    let known = code.and_then(|code| Some((code, codes::lookup(code)?)));
    if let Some((code, entry)) = known {
        let meaning = reader.language.of_phrase(entry.meaning);
        let what = match reader.language {
            Language::English => format!("{} ({code}).", meaning.trim_end_matches('.')),
            Language::Chinese => format!("{}（{code}）。", meaning.trim_end_matches('。')),
        };
        return Told::new(what, of(reader, entry.you_do));
    }
    let by_itself = of(reader, BY_ITSELF);
    match reader.language {
        _ if said.is_empty() => Told::new(of(reader, general), by_itself),
        Language::English => Told::new(sentence(said), by_itself),
        Language::Chinese => Told {
            said: Some(said.to_owned()),
            ..Told::new(of(reader, general), by_itself)
        },
    }
}

/// One certificate: how soon it ends, what is the matter, and what it waits for.
fn one(
    reader: Reader,
    certificate: &CertificateLine,
    (hold, place): (Option<&HoldLine>, Place),
    now: DateTime<Utc>,
) -> Told {
    let name = certificate.domain.as_str();
    let mut told = Told::new("", "");
    if let Some(since) = certificate.paused {
        told.add(reader, &reader.tell(since_when(reader.date(since))));
    }
    match (certificate.life, certificate.urgency(now)) {
        (_, Urgency::Expired) => told.add(reader, of(reader, EXPIRED)),
        (Some(life), Urgency::Ending) => {
            let span = reader.span(life.not_after - now);
            told.add(reader, &reader.tell(left(span)));
        }
        _ => {}
    }
    let mut more = match (&certificate.trouble, hold) {
        _ if !certificate.manual.is_empty() => Told::new(of(reader, BY_HAND), of(reader, ITS_PAGE)),
        (Some(trouble), _) => matter(reader, trouble, name),
        (None, Some(hold)) => {
            let account = certificate.waits_for.as_ref().map(|waits| &*waits.account);
            told.add(reader, &reader.tell(waits(account.unwrap_or_default())));
            match place {
                // Its account stands there before it, with the reason.
                Place::Home => Told {
                    what: String::new(),
                    said: None,
                    ..held(reader, hold, 0, now)
                },
                Place::OwnPage => held(reader, hold, 0, now),
            }
        }
        (None, None) if certificate.drift => {
            Told::new(of(reader, OTHER_THERE), of(reader, BY_ITSELF))
        }
        (None, None) if told.what.is_empty() => {
            Told::new(reader.tell(why(name)), of(reader, BY_ITSELF))
        }
        (None, None) => Told::new("", of(reader, BY_ITSELF)),
    };
    if certificate.paused.is_some() {
        more.remedy = reader.tell(resume(name));
    } else if certificate.urgency(now) <= Urgency::Ending && goes_away(certificate, hold) {
        // What would do in other times may take too long now.
        more.remedy = reader.tell(at_once(name));
    }
    if !more.what.is_empty() {
        told.add(reader, &more.what);
    }
    Told {
        what: told.what,
        ..more
    }
}

/// Whether what is the matter with an order is expected to go away by itself.
fn goes_away(certificate: &CertificateLine, hold: Option<&HoldLine>) -> bool {
    let passes = |code: Option<&str>| {
        let known = code.and_then(codes::lookup);
        known.is_none_or(|code| code.class == Class::Transient)
    };
    match (&certificate.trouble, hold) {
        (Some(trouble), _) => trouble.with == With::Order && passes(trouble.code.as_deref()),
        (None, Some(hold)) => hold.tone == Tone::Wary && passes(hold.code.as_deref()),
        (None, None) => false,
    }
}

/// Several of one cause, in the words of one of them.
fn alike(reader: Reader, certificate: &CertificateLine) -> Told {
    let name = reader.say("DOMAIN", "域名");
    match &certificate.trouble {
        _ if certificate.paused.is_some() => {
            Told::new(of(reader, PAUSED), reader.tell(resume(name)))
        }
        Some(trouble) => matter(reader, trouble, name),
        None => Told::new("", of(reader, BY_ITSELF)),
    }
}

/// What is the matter, and what to do for the certificate of this name.
fn matter(reader: Reader, trouble: &Trouble, name: &str) -> Told {
    let Trouble { with, code, said } = trouble;
    match with {
        With::Parked(Parking::NotValidated { by_service }) => Told::new(
            of(reader, UNVALIDATED),
            reader.tell(if *by_service { host(name) } else { mend(name) }),
        ),
        With::Parked(Parking::Unclear) => Told {
            said: Some(said.clone()),
            ..Told::new(of(reader, UNCLEAR), reader.tell(look(name)))
        },
        With::Parked(Parking::Refused) => {
            let code = code.as_deref();
            let told = match code.and_then(codes::lookup) {
                Some(_) => {
                    let what = codes::reason(reader.language, code, said);
                    let stop = reader.say(".", "。");
                    Told::new(sentence(&what).trim_end_matches('.').to_owned() + stop, "")
                }
                None => reason(reader, code, said, lacks(&HoldScope::Orders)),
            };
            Told {
                remedy: reader.tell(refused(code.unwrap_or_default(), name)),
                ..told
            }
        }
        With::Dead(status) => Told::new(reader.tell(dead(status)), of(reader, REPLACED)),
        With::Live => reason(
            reader,
            None,
            said,
            say("Its files are not right.", "本机上的证书文件不正确。"),
        ),
        With::Order => reason(
            reader,
            code.as_deref(),
            said,
            say("It failed.", "申请或续期未成功。"),
        ),
        With::Proof => reason(
            reader,
            None,
            said,
            say("Its validation goes on.", "域名验证尚未完成。"),
        ),
        With::Target {
            command: Some(command),
            ..
        } => Told {
            remedy: reader.tell(run(command, name)),
            said: Some(said.clone()),
            ..Told::new(reader.tell(command_fails(command)), "")
        },
        With::Target { kind, title, .. } => target(reader, *kind, title, said),
    }
}

fn target(reader: Reader, kind: TargetKind, title: &str, said: &str) -> Told {
    let by_itself = of(reader, BY_ITSELF);
    if reader.language == Language::English {
        return Told::new(sentence(&format!("{title}: {said}")), by_itself);
    }
    let what = match kind {
        TargetKind::Install => "证书文件写入失败",
        TargetKind::Cloud => "云资源更换证书失败",
        TargetKind::Verify => "线上检查未通过",
        TargetKind::Deploy | TargetKind::Failure => "钩子执行失败",
    };
    Told {
        said: Some(said.to_owned()),
        ..Told::new(format!("{what}：{title}。"), by_itself)
    }
}

/// Begins with a capital letter, unless it begins with a name, and ends with a stop.
fn sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    let plain = first
        .trim_end_matches(',')
        .bytes()
        .all(|byte| byte.is_ascii_lowercase());
    let mut characters = text.chars();
    let mut sentence = match characters.next() {
        Some(letter) if plain => letter.to_uppercase().chain(characters).collect(),
        _ => text.to_owned(),
    };
    if sentence.ends_with(|c: char| c.is_alphanumeric() || c == ')') {
        sentence.push('.');
    }
    sentence
}
