//! What is the matter with a certificate, and what its operator can do: for `status` and `why`.

use chrono::{DateTime, Utc};

use super::output::{local, span};
use super::view::{Line, View};
use crate::lifecycle::delivery::TargetKind;
use crate::lifecycle::{Class, Hold, HoldScope};
use crate::sentence::{Language, Sentence, sentences};
use crate::tencent::codes::{self, reason};

/// One thing that is the matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What.
    pub(super) what: String,
    /// When it is tried again by itself, in words.
    pub(super) again: Option<String>,
    /// What to do about it; none where it is tried again by itself.
    pub(super) remedy: Option<String>,
}

impl Trouble {
    /// All of it, a text a line.
    pub(super) fn words(&self, language: Language) -> Vec<String> {
        let what = match &self.again {
            Some(again) => language.of(&and_again(&self.what, again)).to_owned(),
            None => self.what.clone(),
        };
        let remedy = self.remedy.as_ref().map(|remedy| format!("→ {remedy}"));
        std::iter::once(what).chain(remedy).collect()
    }
}

sentences! {
    and_again(what, again) "{what}; {again}" "{what}；{again}";
    revoked(status) "the installed certificate is revoked or refunded at Tencent Cloud (status {status}); a new one is ordered" "已安装的证书在腾讯云被吊销或退款（状态 {status}），将申请新证书";
    live_wrong(reason) "the files on this machine are not right: {reason}" "本机上的证书文件有问题：{reason}";
    again_in(span) "tried again in {span}" "{span}后重试";
    again_now() "tried again now" "即将重试";
    failing_target(title, reason) "{title}: {reason}" "{title}：{reason}";
    other_there(title) "{title}: another certificate is there than the installed one" "{title}：实际使用的不是已安装的证书";
    deploy(domain) "`evercert deploy {domain}` tries it now" "排除原因后，可执行 `evercert deploy {domain}` 立即重试";
    rolled_back() "rolled back to the certificate before" "已回退到上一张证书";
    end_rolled_back(domain) "the next renewal, or `evercert deploy {domain}`, ends that" "下次续期或执行 `evercert deploy {domain}` 后恢复";
    earlier_there(end) "visitors get an earlier certificate, valid until {end}" "访问者得到的是较早的证书，有效期至 {end}";
    earlier_maybe_there(end) "visitors may still get an earlier certificate, valid until {end}" "访问者得到的可能仍是较早的证书，有效期至 {end}";
    bring_installed(domain) "`evercert deploy {domain}` brings the installed one" "执行 `evercert deploy {domain}` 换成已安装的证书";
    paused(since) "paused since {since}: nothing is done for it" "自 {since} 起暂停，不做任何处理";
    of_account(account, count, span) "account \"{account}\": {count} waiting, tried again in {span}" "账号 \"{account}\"：{count} 张证书在等待，{span}后重试";
    of_main(account, main, count, span) "account \"{account}\", {main}: {count} waiting, tried again in {span}" "账号 \"{account}\"，{main}：{count} 张证书在等待，{span}后重试";
    waits_now(headline, reason) "{headline}: {reason}" "{headline}：{reason}";
    resume(domain) "`evercert resume {domain}` ends that" "执行 `evercert resume {domain}` 恢复";
}

/// Everything that is the matter with this certificate alone: what visitors suffer from first. What keeps back others too
/// is told of its account.
pub(super) fn troubles(language: Language, view: &View, line: &Line<'_>) -> Vec<Trouble> {
    let (record, now) = (&line.record, view.now);
    let said = |sentence: Sentence| language.of(&sentence).to_owned();
    let domain = &record.domain;
    let mut all = Vec::new();
    let mut add = |what: Sentence, again: Option<Sentence>, remedy: Option<Sentence>| {
        all.push(Trouble {
            what: said(what),
            again: again.map(said),
            remedy: remedy.map(said),
        });
    };
    if let Some(status) = record.dead {
        add(revoked(status), None, None);
    }
    if let Some(wrong) = view.live_trouble(domain) {
        add(live_wrong(reason(language, None, wrong)), None, None);
    }
    if let Some(parked) = &record.parked {
        let last = record.retry.last.as_ref();
        let code = last.and_then(|last| last.code.as_deref());
        let what = Sentence::verbatim(reason(language, code, &parked.reason));
        let remedy = reason(language, None, &parked.remedy);
        add(what, None, Some(Sentence::verbatim(remedy)));
    } else if let Some(last) = &record.retry.last
        && record.retry.failures > 0
        && line.hold().is_none()
    {
        let words = reason(language, last.code.as_deref(), &last.message);
        let remedy = remedy_of(language, last.class, last.code.as_deref());
        let again = again(language, record.retry.not_before, now);
        add(Sentence::verbatim(words), Some(again), remedy);
    }
    if let Some(wrong) = view.proof_trouble(domain) {
        add(
            Sentence::verbatim(reason(language, None, wrong)),
            None,
            None,
        );
    }
    let wanted = view.wanted(domain);
    for target in view.targets(domain) {
        if target.kind() == TargetKind::Failure {
            continue;
        }
        let title = &target.title;
        if target.attempts > 0 {
            let words = target.last_error.as_deref().unwrap_or_default();
            let what = failing_target(title, reason(language, None, words));
            let again = again(language, target.next_at, now);
            add(what, Some(again), Some(deploy(domain)));
        } else if wanted.is_some_and(|wanted| target.has_other(wanted)) {
            add(other_there(title), None, Some(deploy(domain)));
        }
    }
    if view.is_rolled_back(domain) {
        add(rolled_back(), None, Some(end_rolled_back(domain)));
    }
    if let Some(shown) = record.shown_until {
        match view.is_rolled_back(domain) {
            // How that ends is said already.
            true => add(earlier_there(local(shown)), None, None),
            false => add(
                earlier_maybe_there(local(shown)),
                None,
                Some(bring_installed(domain)),
            ),
        }
    }
    if let Some(since) = record.paused {
        add(paused(local(since)), None, Some(resume(domain)));
    }
    all
}

fn again(language: Language, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Sentence {
    match at.filter(|at| *at > now) {
        Some(at) => again_in(span(language, at - now)),
        None => again_now(),
    }
}

/// What its operator can do about such a failure; nothing, where it passes by itself.
fn remedy_of(language: Language, class: Class, code: Option<&str>) -> Option<Sentence> {
    if class == Class::Transient {
        return None;
    }
    let entry = codes::lookup(code?)?;
    Some(Sentence::verbatim(language.of_phrase(entry.you_do)))
}

/// What keeps back certificates now and may go on doing so, with that time: all but what passes by itself.
pub(super) fn kept_back(view: &View) -> Vec<(DateTime<Utc>, Sentence)> {
    let lasting = |hold: &&Hold| hold.in_force(view.now) && hold.failure.class != Class::Transient;
    let holds = view.holds.iter().filter(lasting);
    let of_each = holds.map(|hold| {
        let said = |language| {
            let (headline, trouble) = of_hold(language, view, hold, view.held_by(hold));
            language.of(&waits_now(headline, trouble.what)).to_owned()
        };
        let (english, chinese) = (said(Language::English), said(Language::Chinese));
        (view.now, Sentence { english, chinese })
    });
    of_each.collect()
}

/// What keeps certificates of an account back together: its headline, what was refused, and what to do.
pub(super) fn of_hold(
    language: Language,
    view: &View,
    hold: &Hold,
    waiting: usize,
) -> (String, Trouble) {
    let until = span(language, hold.until - view.now);
    let headline = match &hold.scope {
        HoldScope::MainDomain(main) => of_main(&hold.account, main, waiting, until),
        _ => of_account(&hold.account, waiting, until),
    };
    let failure = &hold.failure;
    let code = failure.code.as_deref();
    let trouble = Trouble {
        what: reason(language, code, &failure.message),
        again: None,
        remedy: remedy_of(language, failure.class, code)
            .map(|remedy| language.of(&remedy).to_owned()),
    };
    (language.of(&headline).to_owned(), trouble)
}
