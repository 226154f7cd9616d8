//! What is sent: several facts in one message, as text for people and as JSON for programs.
//!
//! The JSON is documented in docs/notifications.md, and its fields are never renamed.

use crate::words::words;
use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::config::Topic;
use crate::observe::{Event, Fact};

/// How many certificates that share one trouble are named.
const NAMED: usize = 5;

words! {
    /// What a message is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Kind {
        /// Things that happened.
        Events = "events",
        /// A summary.
        Digest = "digest",
        /// From `evercert notify test`.
        Test = "test",
    }
}

words! {
    /// What a notice tells.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum State {
        /// Something is wrong.
        Problem = "problem",
        /// What was wrong is well again.
        Solved = "solved",
        /// Something happened.
        News = "news",
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its number in the history: the same whenever it is sent again.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What channels choose by.
    pub topic: Topic,
    /// Whether it is good.
    pub state: State,
    /// The event.
    pub event: Event,
}

/// What notices are told together by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Trouble {
    state: State,
    event: &'static str,
    gist: String,
    target: Option<String>,
    main_domain: Option<String>,
    account: Option<String>,
}

impl Notice {
    /// What to do about it, with the names filled in; nothing where nothing is to be done.
    fn remedy(&self) -> Option<String> {
        let kind = self.event.fact.kind();
        if self.state != State::Problem || kind.remedy.english == "Nothing." {
            return None;
        }
        let about = &self.event.about;
        let domain = about.certificate.as_deref().unwrap_or("DOMAIN");
        let code = about.code.as_deref().unwrap_or("CODE");
        Some(
            kind.remedy
                .english
                .replace("DOMAIN", domain)
                .replace("CODE", code),
        )
    }

    /// The sentence, with the days that are left where it does not say them.
    fn sentence(&self) -> String {
        let message = self.event.message();
        match self.event.about.days_left {
            Some(days)
                if self.state == State::Problem
                    && !matches!(self.event.fact, Fact::CertificateExpiring { .. }) =>
            {
                format!("{message} ({days} days left)")
            }
            _ => message,
        }
    }

    /// What notices of one trouble have in common: all but the certificate and the numbers.
    fn trouble(&self) -> Trouble {
        let about = &self.event.about;
        let domain = about.certificate.as_deref().unwrap_or("\0");
        Trouble {
            state: self.state,
            event: self.event.name(),
            gist: self.event.fact.gist().replace(domain, ""),
            target: about.target.clone(),
            main_domain: about.main_domain.clone(),
            // Of certificates with the same trouble, whatever their account, the names are listed.
            account: about
                .account
                .clone()
                .filter(|_| about.certificate.is_none()),
        }
    }

    fn json(&self) -> Value {
        let mut all = json!(self.event.about);
        all["id"] = self.id.into();
        all["at"] = rfc3339(self.at).into();
        all["topic"] = self.topic.name().into();
        all["state"] = self.state.name().into();
        all["event"] = self.event.name().into();
        all["message"] = self.event.message().into();
        all["remedy"] = self.remedy().into();
        all["level"] = self.event.level().name().into();
        all
    }
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same when it is sent again because the answer was lost.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// When it was put together.
    pub at: DateTime<Utc>,
    /// The machine it comes from.
    pub host: String,
    /// What happened.
    pub notices: Vec<Notice>,
    /// What happened besides, and has no room here: it follows in the next message, if the channel has `on` for it.
    pub more: u64,
    /// The summary's own lines.
    pub lines: Vec<String>,
}

impl Message {
    /// Of things that happened.
    #[must_use]
    pub fn of_events(id: String, host: &str, at: DateTime<Utc>, notices: Vec<Notice>) -> Self {
        Self {
            id,
            kind: Kind::Events,
            at,
            host: host.to_owned(),
            notices,
            more: 0,
            lines: Vec::new(),
        }
    }

    /// A summary.
    #[must_use]
    pub fn digest(id: String, host: &str, at: DateTime<Utc>, lines: Vec<String>) -> Self {
        Self {
            kind: Kind::Digest,
            lines,
            ..Self::of_events(id, host, at, Vec::new())
        }
    }

    /// What `evercert notify test` sends.
    #[must_use]
    pub fn test(host: &str, at: DateTime<Utc>) -> Self {
        let line =
            "This is a test. If you can read it, Evercert can reach you this way.".to_owned();
        Self {
            kind: Kind::Test,
            lines: vec![line],
            ..Self::of_events(
                format!("test-{}", at.timestamp_millis()),
                host,
                at,
                Vec::new(),
            )
        }
    }

    /// The headline: how many of what.
    #[must_use]
    pub fn title(&self) -> String {
        let from = format!("Evercert on {}", self.host);
        match self.kind {
            Kind::Test => return format!("{from}: test"),
            Kind::Digest => return format!("{from}: summary"),
            Kind::Events => {}
        }
        let count = |state| {
            self.notices
                .iter()
                .filter(|notice| notice.state == state)
                .count()
        };
        let parts: Vec<String> = [
            (count(State::Problem), "problem", "problems"),
            (count(State::Solved), "solved", "solved"),
            (count(State::News), "news", "news"),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
        format!("{from}: {}", parts.join(", "))
    }

    /// The text for people, no longer than this in bytes. What has no room is counted.
    #[must_use]
    pub fn text(&self, longest: usize) -> String {
        const ROOM_FOR_THE_REST: usize = 80;
        let blocks = self.blocks();
        let mut text = cut(&self.title(), longest / 2);
        let room = longest.saturating_sub(ROOM_FOR_THE_REST);
        for (shown, block) in blocks.iter().enumerate() {
            let is_last = shown + 1 == blocks.len();
            if text.len() + block.len() + 1 > if is_last { longest } else { room } {
                let left = blocks.len() - shown;
                // Half of the first is better than none.
                let mut left = left;
                if shown == 0 && room > text.len() {
                    text.push('\n');
                    text.push_str(&cut(block, room - text.len()));
                    left -= 1;
                }
                if left > 0 {
                    text.push_str(&format!("\n… and {left} more: `evercert status` shows all"));
                }
                return text;
            }
            text.push('\n');
            text.push_str(block);
        }
        text
    }

    /// One block a trouble, problems first.
    fn blocks(&self) -> Vec<String> {
        let mut groups: BTreeMap<Trouble, Vec<&Notice>> = BTreeMap::new();
        for notice in &self.notices {
            groups.entry(notice.trouble()).or_default().push(notice);
        }
        let mut blocks = self.lines.clone();
        blocks.extend(groups.values().map(|notices| block(notices)));
        blocks
    }

    /// The message for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "version": 1,
            "id": self.id,
            "kind": self.kind.name(),
            "sent_at": rfc3339(self.at),
            "host": self.host,
            "title": self.title(),
            "text": self.text(16 * 1024),
            "events": self.notices.iter().map(Notice::json).collect::<Vec<_>>(),
            "more": self.more,
        })
    }
}

/// One trouble, its certificates, and what to do.
fn block(notices: &[&Notice]) -> String {
    let Some(first) = notices.first() else {
        return String::new();
    };
    let mark = match first.state {
        State::Problem => "PROBLEM ",
        State::Solved => "SOLVED ",
        State::News => "",
    };
    let mut text = format!("{mark}{}", first.sentence());
    let others: Vec<&str> = notices
        .iter()
        .skip(1)
        .filter_map(|notice| notice.event.about.certificate.as_deref())
        .collect();
    if !others.is_empty() {
        let named = others
            .iter()
            .take(NAMED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        let rest = others.len().saturating_sub(NAMED);
        let rest = if rest > 0 {
            format!(" and {rest} more")
        } else {
            String::new()
        };
        text.push_str(&format!("; the same for {named}{rest}"));
    }
    if let Some(remedy) = first.remedy() {
        text.push_str(&format!("\n  What to do: {remedy}"));
    }
    text
}

/// A text cut at a character, with a mark where something is missing.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let mut end = longest.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests;
