//! What is found, how grave it is, and what to do about it.

use serde_json::{Value, json};

use super::chinese;
use crate::cli::language::Language;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// A renewal would fail.
    Fails,
    /// It works, and better otherwise.
    Advice,
    /// It can't be known without acting.
    Unproven,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Advice => "advice",
            Self::Unproven => "unproven",
        }
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
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn json(&self) -> Value {
        let (mut account, mut domain) = (None, None);
        match &self.subject {
            Subject::Machine => {}
            Subject::Account(name) => account = Some(name),
            Subject::Certificate(name) => domain = Some(name),
        }
        json!({
            "level": self.level.name(),
            "account": account,
            "domain": domain,
            "finding": self.what,
            "remedy": self.remedy,
        })
    }

    /// For people. The level keeps its name in every language: the manual and scripts go by it.
    pub(super) fn text(&self, language: Language) -> String {
        let level = self.level.name();
        match language {
            Language::English => {
                let subject = match &self.subject {
                    Subject::Machine => "this machine".to_owned(),
                    Subject::Account(name) => format!("account \"{name}\""),
                    Subject::Certificate(name) => name.clone(),
                };
                format!(
                    "{level:<8}  {subject}: {}\n          {}\n",
                    self.what, self.remedy
                )
            }
            Language::Chinese => {
                let subject = match &self.subject {
                    Subject::Machine => "本机".to_owned(),
                    Subject::Account(name) => format!("账号 \"{name}\""),
                    Subject::Certificate(name) => name.clone(),
                };
                let [what, remedy] = [&self.what, &self.remedy].map(|text| chinese::of(text));
                format!("{level:<8}  {subject}：{what}\n          {remedy}\n")
            }
        }
    }
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn add(
        &mut self,
        level: Level,
        subject: &Subject,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push(Finding {
            level,
            subject: subject.clone(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn fails(
        &mut self,
        subject: &Subject,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Level::Fails, subject, what, remedy);
    }

    pub(super) fn advises(
        &mut self,
        subject: &Subject,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Level::Advice, subject, what, remedy);
    }
}
