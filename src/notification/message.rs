//! What is sent: several facts in one message, as text for people in their language and as JSON for programs.
//!
//! The JSON is documented in docs/notifications.md, and its fields are never renamed.

mod blocks;
mod notice;
mod title;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::sentence::{Language, Phrase, Sentence, say, sentences};
use crate::words::words;
use blocks::{blocks, remedy, sorted};
pub use notice::{Notice, State};
use title::title;

const TEST: Phrase = say(
    "[TEST] Evercert can reach you this way",
    "[测试] Evercert 可以用这个渠道通知您",
);
const SUMMARY: Phrase = say("[SUMMARY]", "[汇总]");

sentences! {
    from(host) "Evercert on {host}" "来自 {host} 上的 Evercert";
    rest(count)
        "… and {count} more: `evercert status` shows all"
        "… 另有 {count} 项，`evercert status` 列出全部";
}

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

impl Notice {
    fn json(&self, language: Language) -> Value {
        let mut all = json!(self.event.about);
        all["id"] = self.id.into();
        all["at"] = rfc3339(self.at).into();
        all["topic"] = self.topic.name().into();
        all["state"] = self.state.name().into();
        all["event"] = self.event.name().into();
        all["message"] = self.event.message_in(language).into();
        all["remedy"] = remedy(self, language).into();
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
    /// The summary's own lines; the first is its headline.
    pub(crate) lines: Vec<Sentence>,
    /// What it is written in.
    pub language: Language,
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
            language: Language::English,
        }
    }

    /// A summary.
    #[must_use]
    pub(crate) fn digest(id: String, host: &str, at: DateTime<Utc>, lines: Vec<Sentence>) -> Self {
        Self {
            kind: Kind::Digest,
            lines,
            ..Self::of_events(id, host, at, Vec::new())
        }
    }

    /// What `evercert notify test` sends.
    #[must_use]
    pub fn test(host: &str, at: DateTime<Utc>) -> Self {
        let id = format!("test-{}", at.timestamp_millis());
        Self {
            kind: Kind::Test,
            ..Self::of_events(id, host, at, Vec::new())
        }
    }

    /// The same in this language.
    #[must_use]
    pub fn written_in(&self, language: Language) -> Self {
        Self {
            language,
            ..self.clone()
        }
    }

    /// The first line, which phones show: how bad it is, and the worst that happened.
    #[must_use]
    pub fn title(&self) -> String {
        let language = self.language;
        match self.kind {
            Kind::Test => language.of_phrase(TEST).to_owned(),
            Kind::Digest => {
                let first = self.lines.first().map(|line| language.of(line));
                let mark = language.of_phrase(SUMMARY);
                format!("{mark} {}", first.unwrap_or_default())
            }
            Kind::Events => title(&sorted(&self.notices, self.at), self.at, language),
        }
    }

    /// The text for people, no longer than this in bytes. What has no room is counted.
    #[must_use]
    pub fn text(&self, longest: usize) -> String {
        let from = from(&self.host);
        let from = cut(self.language.of(&from), longest / 4);
        let text = self.body(longest.saturating_sub(from.len() + 1));
        format!("{text}\n{from}")
    }

    /// All but the machine that it is from.
    fn body(&self, longest: usize) -> String {
        const ROOM_FOR_THE_REST: usize = 80;
        let language = self.language;
        let mut blocks: Vec<String> = self
            .lines
            .iter()
            .skip(1)
            .map(|line| language.of(line).to_owned())
            .collect();
        let notices = sorted(&self.notices, self.at);
        blocks.extend(self::blocks(&notices, self.at, language));
        let title = self.title();
        // News of one certificate is its own headline.
        if blocks.first() == Some(&title) {
            blocks.remove(0);
        }
        let mut text = cut(&title, longest / 2);
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
                    text.push('\n');
                    text.push_str(language.of(&rest(left)));
                }
                return text;
            }
            text.push('\n');
            text.push_str(block);
        }
        text
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
            "events": self.notices.iter().map(|notice| notice.json(self.language)).collect::<Vec<_>>(),
            "more": self.more,
        })
    }
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
