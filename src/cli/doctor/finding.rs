//! What is found, how grave it is, and what to do about it.

use crate::words::words;
use serde_json::{Value, json};

use crate::config::Certificate;
use crate::sentence::{Language, Sentence, sentences};

words! {
    /// How grave a finding is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(super) enum Level {
        /// A renewal would fail.
        Fails = "fails",
        /// It works, and better otherwise.
        Advice = "advice",
        /// It can't be known without acting.
        Unproven = "unproven",
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// This machine.
    Machine,
    /// An account of the config.
    Account(String),
    /// A certificate, as people write it.
    Certificate(String),
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) subject: Subject,
    pub(super) what: Sentence,
    pub(super) remedy: Sentence,
}

impl Finding {
    pub(super) fn json(&self) -> Value {
        let (account, domain) = match &self.subject {
            Subject::Machine => (None, None),
            Subject::Account(name) => (Some(name), None),
            Subject::Certificate(name) => (None, Some(name)),
        };
        json!({
            "level": self.level.name(),
            "account": account,
            "domain": domain,
            "finding": self.what.english,
            "remedy": self.remedy.english,
        })
    }

    /// For people. The level keeps its name in every language: the manual and scripts go by it.
    pub(super) fn text(&self, language: Language) -> String {
        let subject = match &self.subject {
            Subject::Machine => this_machine(),
            Subject::Account(name) => account(name),
            Subject::Certificate(name) => Sentence::verbatim(name),
        };
        let [subject, what, remedy] =
            [&subject, &self.what, &self.remedy].map(|sentence| language.of(sentence));
        let colon = match language {
            Language::English => ": ",
            Language::Chinese => "：",
        };
        format!(
            "{:<8}  {subject}{colon}{what}\n          {remedy}\n",
            self.level.name()
        )
    }
}

sentences! {
    this_machine() "this machine" "本机";
    account(name) "account \"{name}\"" "账号 \"{name}\"";
}

/// What is found of one subject.
#[derive(Debug)]
pub(super) struct Findings {
    subject: Subject,
    pub(super) list: Vec<Finding>,
}

impl Findings {
    pub(super) fn about(subject: Subject) -> Self {
        let list = Vec::new();
        Self { subject, list }
    }

    pub(super) fn about_certificate(certificate: &Certificate) -> Self {
        Self::about(Subject::Certificate(certificate.display.clone()))
    }

    pub(super) fn fails(&mut self, what: Sentence, remedy: Sentence) {
        self.add(Level::Fails, what, remedy);
    }

    pub(super) fn advises(&mut self, what: Sentence, remedy: Sentence) {
        self.add(Level::Advice, what, remedy);
    }

    pub(super) fn leaves_open(&mut self, what: Sentence, remedy: Sentence) {
        self.add(Level::Unproven, what, remedy);
    }

    fn add(&mut self, level: Level, what: Sentence, remedy: Sentence) {
        self.list.push(Finding {
            level,
            subject: self.subject.clone(),
            what,
            remedy,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::sentences::{action_refused, no_zone};
    use super::*;

    #[test]
    fn what_differs_finds_its_place() {
        let refused = "UnauthorizedOperation: no: really";
        let finding = Finding {
            level: Level::Fails,
            subject: Subject::Account("dns".to_owned()),
            what: action_refused("ssl:DescribeCertificates", refused),
            remedy: Sentence::verbatim("chmod 600 /etc/x"),
        };
        assert_eq!(
            finding.text(Language::Chinese),
            "fails     账号 \"dns\"：ssl:DescribeCertificates 被拒绝：UnauthorizedOperation: no: really\n          \
             chmod 600 /etc/x\n"
        );
        assert_eq!(
            finding.text(Language::English),
            "fails     account \"dns\": ssl:DescribeCertificates is refused: UnauthorizedOperation: no: really\n          \
             chmod 600 /etc/x\n"
        );
        assert_eq!(
            no_zone("dns").chinese,
            "账号 \"dns\" 的 DNSPod 中没有对应的域名"
        );
    }
}
