//! Times, counts and stable words, as people say them.

use chrono::{DateTime, Datelike, Local, TimeDelta, Utc};

use super::reader::Reader;
use crate::lifecycle::State;
use crate::lifecycle::delivery::TargetKind;
use crate::observe::overview::{CertificateLine, Place, Tone, Trouble, With, grouped, plural};
use crate::sentence::{Language, Phrase, say};

/// The time here if it is today, else date and time; with the zone.
pub(super) fn short(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (there, here) = (time.with_timezone(&Local), now.with_timezone(&Local));
    let form = if there.date_naive() == here.date_naive() {
        "%H:%M:%S %:z"
    } else {
        "%Y-%m-%d %H:%M %:z"
    };
    there.format(form).to_string()
}

impl Reader {
    /// The date here.
    pub(super) fn date(self, time: DateTime<Utc>) -> String {
        let form = self.say("%-d %b %Y", "%Y年%-m月%-d日");
        time.with_timezone(&Local).format(form).to_string()
    }

    /// A month in short.
    pub(super) fn month(self, time: DateTime<Local>) -> String {
        match self.language {
            Language::English => time.format("%b").to_string(),
            Language::Chinese => format!("{}月", time.month()),
        }
    }

    /// How far off a time is: `in 3 hours`, `12 minutes ago`, `now`.
    pub(super) fn relative(self, time: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let distance = time - now;
        if distance.abs() < TimeDelta::seconds(2) {
            return self.say("now", "现在").to_owned();
        }
        let span = self.span(distance.abs());
        match (self.language, distance > TimeDelta::zero()) {
            (Language::English, true) => format!("in {span}"),
            (Language::English, false) => format!("{span} ago"),
            (Language::Chinese, true) => format!("{span}后"),
            (Language::Chinese, false) => format!("{span}前"),
        }
    }

    /// How far off a time that is to come is; one that should have come is now.
    pub(super) fn coming(self, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
        self.relative(at.max(now), now)
    }

    /// A length of time in its largest unit that is not too coarse: hours below two days.
    pub(super) fn span(self, length: TimeDelta) -> String {
        let (count, unit) = if length < TimeDelta::minutes(2) {
            (length.num_seconds(), say("second", "秒"))
        } else if length < TimeDelta::hours(2) {
            (length.num_minutes(), say("minute", "分钟"))
        } else if length < TimeDelta::days(2) {
            (length.num_hours(), say("hour", "小时"))
        } else {
            (length.num_days(), say("day", "天"))
        };
        match self.language {
            Language::English => plural(count, unit.english),
            Language::Chinese => format!("{} {}", grouped(count), unit.chinese),
        }
    }

    /// So many certificates.
    pub(super) fn certificates(self, count: usize) -> String {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match self.language {
            Language::English => plural(count, "certificate"),
            Language::Chinese => format!("{} 张证书", grouped(count)),
        }
    }

    /// The words for where a certificate stands.
    pub(super) fn state(self, certificate: &CertificateLine) -> &'static str {
        let is_of_files = |trouble: &Trouble| matches!(trouble.with, With::Live);
        if certificate.standing.state == State::Installed
            && certificate.trouble.as_ref().is_some_and(is_of_files)
        {
            return self.say("files not right", "文件异常");
        }
        self.language.of_phrase(certificate.standing.phrase())
    }

    /// The word of people for a stable word of the record; itself where there is none.
    pub(super) fn word(self, stable: &str) -> &str {
        known(stable).map_or(stable, |phrase| self.language.of_phrase(phrase))
    }

    /// The kind of a target.
    pub(super) fn kind(self, kind: TargetKind) -> &'static str {
        match kind {
            TargetKind::Install => self.say("files for a server", "证书文件"),
            TargetKind::Cloud => self.say("cloud resources", "云资源"),
            TargetKind::Deploy => self.say("deploy hook", "部署钩子"),
            TargetKind::Verify => self.say("check of what is served", "线上检查"),
            TargetKind::Failure => self.say("failure hook", "失败钩子"),
        }
    }

    /// What a screen reader says of a place.
    pub(super) fn place(self, place: Place) -> &'static str {
        match place {
            Place::Yes => self.say("yes", "是"),
            Place::No => self.say("no", "否"),
            Place::NotWanted => self.say("not asked for", "未配置"),
            Place::Nowhere => self.say("to nothing", "无绑定资源"),
            Place::NotYet => self.say("not yet", "未完成"),
            Place::Unseen => self.say("not looked at yet", "尚未检查"),
            Place::Failing => self.say("failing", "失败"),
            Place::Other => self.say("another certificate", "是另一张证书"),
        }
    }
}

/// The words of people for the stable words of states, steps, stages and endings.
fn known(stable: &str) -> Option<Phrase> {
    let phrase = match stable {
        "installed" => say("installed", "已安装"),
        "missing" => say("missing", "尚无证书"),
        "intended" => say("applying", "申请中"),
        "pending" => say("pending", "签发中"),
        "issued" => say("issued", "已签发"),
        "failing" => say("failing", "失败重试中"),
        "parked" => say("parked", "已停止"),
        "waiting" => say("waiting", "等待中"),
        "expired" => say("expired", "已过期"),
        "revoked" => say("revoked", "已吊销"),
        "paused" => say("paused", "已暂停"),
        "removed" => say("removed", "已移出配置"),
        // Steps.
        "renew" => say("renew", "续期"),
        "deliver" => say("deliver", "部署"),
        "order" => say("order", "申请证书"),
        "look up" => say("look for the order", "查找订单"),
        "poll" => say("ask how far it is", "查询进度"),
        "fetch" => say("download", "下载证书"),
        "retry" => say("retry", "重试"),
        "wait for operator" => say("waits for you", "等待您处理"),
        "wait for account" => say("try again", "重试"),
        "none (paused)" => say("nothing while paused", "暂停中，不会自动处理"),
        "none" => say("nothing", "无"),
        // How far targets are.
        "done" => say("done", "已完成"),
        "writing" => say("writing the files", "正在写入文件"),
        "checking" => say("checking", "正在检查"),
        "reloading" => say("reloading", "正在重新加载"),
        "undoing" | "undoing-all" => say("going back", "正在还原"),
        "reloading-old" => say("reloading what was there before", "还原后重新加载"),
        "moving" => say("moving to the new certificate", "正在更换证书"),
        "looking" => say("looking again", "正在复查"),
        // How orders end.
        "refused" => say("refused", "申请被拒绝"),
        "vanished" => say("never made", "未创建"),
        "rejected" => say("rejected", "未通过"),
        "cancelled" => say("cancelled", "已取消"),
        "gone" => say("no longer there", "已不存在"),
        "unusable" => say("not usable", "无法使用"),
        "kept" => say("kept", "已保留"),
        _ => return None,
    };
    Some(phrase)
}

/// The class by which the style sheet knows a tone.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Wary => "wary",
        Tone::Busy => "busy",
        Tone::Well => "well",
    }
}

/// The class of a place.
pub(super) fn class_of(place: Place) -> &'static str {
    match place {
        Place::Yes => "well",
        Place::No | Place::NotWanted => "none",
        Place::Nowhere | Place::NotYet | Place::Unseen => "busy",
        Place::Failing => "wary",
        Place::Other => "bad",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_unit_that_people_would_use() {
        let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        for (seconds, english, chinese) in [
            (0, "now", "现在"),
            (-1, "now", "现在"),
            (90, "in 90 seconds", "90 秒后"),
            (-600, "10 minutes ago", "10 分钟前"),
            (3 * 3_600, "in 3 hours", "3 小时后"),
            (-47 * 3_600, "47 hours ago", "47 小时前"),
            (49 * 3_600, "in 2 days", "2 天后"),
        ] {
            let at = now + TimeDelta::seconds(seconds);
            for (language, said) in [(Language::English, english), (Language::Chinese, chinese)] {
                assert_eq!(Reader::choosing(language).relative(at, now), said);
            }
        }
    }
}
