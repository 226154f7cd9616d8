//! The first line, which is all that a phone shows: how bad it is, and the worst that happened.

use chrono::{DateTime, TimeDelta, Utc};

use super::notice::{Notice, State};
use crate::config::display_names;
use crate::observe::event::{Event, Fact, Level, Twin};
use crate::sentence::{Language, Phrase, Sentence, say, sentences};

/// A certificate that ends so soon makes every problem of it urgent.
const SOON: TimeDelta = TimeDelta::days(3);

/// The longest headline, in characters.
const LONGEST: usize = 100;

/// How bad a notice is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// Visitors see it now, or will in days.
    Urgent,
    /// Somebody must act.
    Problem,
    /// Somebody may need to act.
    Warning,
    /// A problem is over.
    Solved,
    /// It is good to know.
    News,
}

impl Severity {
    /// How bad a notice is when it is told.
    pub(super) fn of(notice: &Notice, now: DateTime<Utc>) -> Self {
        match notice.state {
            State::Solved => return Self::Solved,
            State::News if notice.event.level() == Level::Info => return Self::News,
            State::News | State::Problem => {}
        }
        let ends_soon = ends(&notice.event).is_some_and(|end| end - now < SOON);
        match notice.event.fact {
            Fact::CertificateExpired { .. } | Fact::CertificateRevoked { .. } => Self::Urgent,
            _ if ends_soon => Self::Urgent,
            _ if notice.event.level() == Level::Error => Self::Problem,
            _ => Self::Warning,
        }
    }

    /// What stands before it.
    pub(super) fn mark(self) -> Phrase {
        match self {
            Self::Urgent => say("[URGENT]", "[紧急]"),
            Self::Problem => say("[PROBLEM]", "[故障]"),
            Self::Warning => say("[WARNING]", "[警告]"),
            Self::Solved => say("[SOLVED]", "[已恢复]"),
            Self::News => say("[NEWS]", "[通知]"),
        }
    }
}

sentences! {
    hours(count) "{count} hours" "{count} 小时";
    days(count) "{count} days" "{count} 天";
    one_hour() "1 hour" "1 小时";
    less_than_an_hour() "less than an hour" "不到 1 小时";
    expiring(domain, left) "{domain} has {left} left and is not renewed" "{domain} 剩余 {left}，续期未完成";
    shown(domain, left)
        "{domain} is served with a certificate that has {left} left"
        "{domain} 线上证书剩余 {left}，且不是已安装的那张";
    expired(domain) "{domain} has expired and is not renewed" "{domain} 证书已过期，续期未完成";
    expired_shown(domain)
        "{domain} is served with an expired certificate"
        "{domain} 线上证书已过期，且不是已安装的那张";
    revoked(domain) "the certificate of {domain} is revoked" "{domain} 的证书已被吊销";
    parked(domain) "{domain} waits for you" "{domain} 已停止，待人工处理";
    not_delivered(domain, target) "{domain} is not delivered ({target})" "{domain} 部署失败（{target}）";
    not_obtained(domain) "{domain} gets no new certificate" "{domain} 申请证书失败";
    rolled_back(domain, target)
        "{domain} went back to the certificate before ({target})"
        "{domain} 部署失败，已换回原来的证书（{target}）";
    hook(domain, target) "{domain}: a command failed ({target})" "{domain} 的命令执行失败（{target}）";
    unusable(domain) "{domain}: the issued certificate is of no use" "{domain} 签发的证书无法使用";
    stalled(domain) "{domain} is not issued for a long time" "{domain} 的订单迟迟没有签发";
    zone(domain) "{domain}: its DNS zone is not in this account" "{domain} 的解析不在这个账号的 DNS";
    wanted(domain) "{domain} needs a DNS record from you" "{domain} 需要您添加解析记录";
    proof(domain) "{domain}: the validation fails" "{domain} 域名验证失败";
    left_behind(domain) "{domain}: a validation record is left behind" "{domain} 的验证记录未能删除";
    drift(domain) "{domain}: another certificate is in use" "{domain} 使用的不是已安装的证书";
    live(domain) "{domain}: its folder is not as it should be" "{domain} 的证书目录内容不对";
    twin(domain) "{domain} is ordered by another installation too" "{domain} 还有另一套 Evercert 在申请";
    copied() "this state folder may be a copy" "本机的状态目录可能是副本";
    account(name) "account {name} is refused" "账号 {name} 被拒绝";
    unreachable(name) "the list of account {name} can't be read" "账号 {name} 的证书列表读取失败";
    quota(name) "{name} has no free certificate left" "{name} 的免费证书额度已用完";
    clock() "the clock of this machine is wrong" "本机时间不准";
    config() "a changed config is refused" "修改后的配置被拒绝";
}

/// When the certificate ends that an event is about.
pub(super) fn ends(event: &Event) -> Option<DateTime<Utc>> {
    let end = event.about.not_after.as_deref()?;
    let end = DateTime::parse_from_rfc3339(end).ok()?;
    Some(end.with_timezone(&Utc))
}

/// How long that is from now: in hours below two days. `None` once it is over, and where no end is known.
pub(super) fn left(event: &Event, now: DateTime<Utc>) -> Option<Sentence> {
    let left = match (ends(event), event.about.days_left) {
        (Some(end), _) => end - now,
        (None, Some(left)) => TimeDelta::days(left),
        (None, None) => return None,
    };
    if left <= TimeDelta::zero() {
        return None;
    }
    Some(match left.num_hours() {
        0 => less_than_an_hour(),
        1 => one_hour(),
        few if few < 48 => hours(few),
        _ => days(left.num_days()),
    })
}

/// The headline of these notices, of which the first is the worst.
pub(super) fn title(notices: &[&Notice], now: DateTime<Utc>, language: Language) -> String {
    let Some(worst) = notices.first() else {
        return String::new();
    };
    let mark = language.of_phrase(Severity::of(worst, now).mark());
    let headline = crate::text::plain_up_to(&headline(worst, now, language), LONGEST);
    let title = format!("{mark} {headline}");
    match notices.len() {
        1 => title,
        all => match language {
            Language::English => format!("{title}, and {} more", all - 1),
            Language::Chinese => format!("{title}，等 {all} 项"),
        },
    }
}

fn headline(notice: &Notice, now: DateTime<Utc>, language: Language) -> String {
    let event = &notice.event;
    let told = (notice.state == State::Problem).then(|| of_problem(event, now, language));
    match told.flatten() {
        Some(told) => display_names(language.of(&told)),
        None => event.message_in(language),
    }
}

/// A few words for a problem.
fn of_problem(event: &Event, now: DateTime<Utc>, language: Language) -> Option<Sentence> {
    let about = &event.about;
    let name = about.certificate.as_deref().unwrap_or_default();
    let target = about.target.as_deref();
    let of_account = about.account.as_deref().unwrap_or_default();
    let left = left(event, now).map(|left| language.of(&left).to_owned());
    Some(match (&event.fact, left) {
        (Fact::CertificateExpiring { is_shown: true, .. }, Some(left)) => shown(name, left),
        (Fact::CertificateExpiring { .. }, Some(left)) => expiring(name, left),
        (
            Fact::CertificateExpiring { is_shown, .. } | Fact::CertificateExpired { is_shown, .. },
            _,
        ) => match is_shown {
            true => expired_shown(name),
            false => expired(name),
        },
        (Fact::CertificateRevoked { .. }, _) => revoked(name),
        (Fact::CertificateParked { .. }, _) => parked(name),
        (Fact::CertificateFailed { .. }, _) => match target {
            Some(target) => not_delivered(name, target),
            None => not_obtained(name),
        },
        (Fact::CertificateRolledBack { .. }, _) => rolled_back(name, target.unwrap_or_default()),
        (Fact::HookFailed { .. }, _) => hook(name, target.unwrap_or_default()),
        (Fact::OrderUnusable { .. }, _) => unusable(name),
        (Fact::OrderStalled { .. }, _) => stalled(name),
        (Fact::ValidationZoneElsewhere, _) => zone(name),
        (Fact::ValidationWanted { .. }, _) => wanted(name),
        (Fact::ValidationFailed { .. }, _) => proof(name),
        (Fact::ValidationLeft { .. }, _) => left_behind(name),
        (Fact::DriftFound { .. }, _) => drift(name),
        (Fact::LiveWrong { .. }, _) => live(name),
        (Fact::TwinSeen { what }, _) => match what {
            Twin::Orders(_) => twin(name),
            Twin::Copy(_) => copied(),
        },
        (Fact::AccountPaused { .. }, _) => account(of_account),
        (Fact::AccountUnreachable { .. }, _) => unreachable(of_account),
        (Fact::QuotaExhausted { .. }, _) => {
            quota(about.main_domain.as_deref().unwrap_or(of_account))
        }
        (Fact::ClockSkewed { .. }, _) => clock(),
        (Fact::ConfigRejected { .. }, _) => config(),
        _ => return None,
    })
}
