//! What is found, how grave it is, and what to do about it.

use std::collections::HashMap;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::cli::output::prose;
use crate::config::Certificate;
use crate::lifecycle::Failure;
use crate::sentence::{Language, Phrase, Sentence, say, sentences};
use crate::words::words;

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

/// What a failure comes from, beside everything else in the account that fails for it.
pub(super) fn cause(account: &str, failure: &Failure) -> String {
    let what = failure.code.as_deref().unwrap_or(&failure.message);
    format!("{account} {what}")
}

impl Level {
    /// As people read it; scripts go by its name.
    fn phrase(self) -> Phrase {
        match self {
            Self::Fails => say("fails", "失败"),
            Self::Advice => say("advice", "建议"),
            Self::Unproven => say("unproven", "未确认"),
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
    pub(super) what: Sentence,
    pub(super) remedy: Sentence,
    /// What it comes from, where that has other findings too: the same in all of them.
    pub(super) cause: Option<String>,
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
}

impl Finding {
    /// The text as it would be of any certificate, its own name left open.
    fn of_any(&self, text: &Sentence) -> Sentence {
        match &self.subject {
            Subject::Certificate(name) => Sentence {
                english: text.english.replace(name, "DOMAIN"),
                chinese: text
                    .chinese
                    .replace(&format!(" {name} "), "域名")
                    .replace(name, "域名"),
            },
            _ => text.clone(),
        }
    }
}

/// Findings of one cause, or that say the same of several: told once, with all that they are about.
#[derive(Debug)]
pub(super) struct Told<'f> {
    first: &'f Finding,
    subjects: Vec<&'f Subject>,
}

impl<'f> Told<'f> {
    /// What is to be told of these findings, which are in the order of their levels and subjects.
    pub(super) fn of(findings: &'f [Finding]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        let mut known: HashMap<[String; 3], usize> = HashMap::new();
        for finding in findings {
            let key = match &finding.cause {
                Some(cause) => [cause.clone(), String::new(), String::new()],
                None => {
                    let same = |text: &Sentence| finding.of_any(text).english;
                    [String::new(), same(&finding.what), same(&finding.remedy)]
                }
            };
            match known.get(&key).and_then(|place| all.get_mut(*place)) {
                Some(told) if !told.subjects.contains(&&finding.subject) => {
                    told.subjects.push(&finding.subject);
                }
                Some(_) => {}
                None => {
                    known.insert(key, all.len());
                    all.push(Self {
                        first: finding,
                        subjects: vec![&finding.subject],
                    });
                }
            }
        }
        all
    }

    pub(super) fn level(&self) -> Level {
        self.first.level
    }

    pub(super) fn text(&self, language: Language, width: usize) -> String {
        let level = language.of_phrase(self.level().phrase());
        let pad = " ".repeat(WIDEST.saturating_sub(level.width()));
        let is_certificate = |subject: &&&Subject| matches!(subject, Subject::Certificate(_));
        let certificates: Vec<&Subject> = self
            .subjects
            .iter()
            .filter(is_certificate)
            .copied()
            .collect();
        let is_about_all = certificates.len() < self.subjects.len();
        let about = match is_about_all {
            false => names(&certificates),
            true => {
                let others = self.subjects.iter().filter(|one| !is_certificate(one));
                names(&others.copied().collect::<Vec<_>>())
            }
        };
        let [what, remedy] =
            [&self.first.what, &self.first.remedy].map(|text| match certificates.len() {
                0 | 1 => text.clone(),
                _ => self.first.of_any(text),
            });
        let begins = format!("{level}{pad}  ");
        let indent = " ".repeat(begins.width());
        let mut text = prose(width, &begins, language.of(&said_of(about, what)));
        // A policy is copied as it is.
        let remedy = language.of(&remedy);
        let is_copied = remedy.contains("{\"");
        text.push_str(&prose(
            if is_copied { usize::MAX } else { width },
            &indent,
            remedy,
        ));
        if is_about_all && !certificates.is_empty() {
            let concerned = concerns(certificates.len(), names(&certificates));
            text.push_str(&prose(width, &indent, language.of(&concerned)));
        }
        text
    }
}

/// So wide is the widest level, in columns of a terminal.
const WIDEST: usize = 8;

/// So many are named one by one.
const NAMED: usize = 5;

/// These, the first of them by their names.
fn names(subjects: &[&Subject]) -> Sentence {
    let mut all = subjects.iter().map(|subject| match subject {
        Subject::Machine => this_machine(),
        Subject::Account(name) => account(name),
        Subject::Certificate(name) => Sentence::verbatim(name),
    });
    let first = all.next().unwrap_or_else(this_machine);
    let named = all.by_ref().take(NAMED - 1).fold(first, and);
    match all.count() {
        0 => named,
        others => and_others(named, others),
    }
}

sentences! {
    this_machine() "this machine" "本机";
    account(name) "account \"{name}\"" "账号 \"{name}\"";
    and(some, other) "{some}, {other}" "{some}、{other}";
    and_others(some, others) "{some} and {others} more" "{some}等（另有 {others} 个）";
    said_of(subject, what) "{subject}: {what}" "{subject}：{what}";
    concerns(count, names) "certificates that it concerns ({count}): {names}" "涉及的证书（{count} 张）：{names}";
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
            cause: None,
        });
    }

    /// Notes what the last finding comes from.
    pub(super) fn because(&mut self, cause: String) {
        if let Some(last) = self.list.last_mut() {
            last.cause = Some(cause);
        }
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
            cause: None,
        };
        let findings = [finding];
        let told = &Told::of(&findings)[0];
        assert_eq!(
            told.text(Language::Chinese, usize::MAX),
            "失败      账号 \"dns\"：ssl:DescribeCertificates 被拒绝：“UnauthorizedOperation: no: really”\n          \
             chmod 600 /etc/x\n"
        );
        assert_eq!(
            told.text(Language::English, usize::MAX),
            "fails     account \"dns\": ssl:DescribeCertificates is refused: UnauthorizedOperation: no: really\n          \
             chmod 600 /etc/x\n"
        );
        assert_eq!(
            no_zone("dns").chinese,
            "账号 \"dns\" 的 DNSPod 中没有对应的域名"
        );
    }

    #[test]
    fn what_has_one_cause_is_told_once_with_all_that_it_concerns() {
        let finding = |subject: Subject, what: &str, cause: Option<&str>| Finding {
            level: Level::Fails,
            subject,
            what: Sentence::verbatim(what),
            remedy: Sentence::verbatim("mend it"),
            cause: cause.map(str::to_owned),
        };
        let certificate = |name: &str| Subject::Certificate(name.to_owned());
        let account = Subject::Account("shops".to_owned());
        let mut findings = vec![finding(account, "refused", Some("key"))];
        for number in 0..7 {
            findings.push(finding(
                certificate(&format!("{number}.example")),
                "failed",
                Some("key"),
            ));
        }
        findings.push(finding(
            certificate("a.example"),
            "no folder of a.example",
            None,
        ));
        findings.push(finding(
            certificate("b.example"),
            "no folder of b.example",
            None,
        ));
        findings.push(finding(certificate("b.example"), "no program", None));
        let told = Told::of(&findings);
        let texts: Vec<String> = told
            .iter()
            .map(|one| one.text(Language::English, usize::MAX))
            .collect();
        assert_eq!(
            texts.concat(),
            "fails     account \"shops\": refused\n          mend it\n          certificates that it concerns (7): \
             0.example, 1.example, 2.example, 3.example, 4.example and 2 more\nfails     a.example, b.example: no folder of DOMAIN\n\
             \u{20}         mend it\nfails     b.example: no program\n          mend it\n"
        );
        assert!(
            told[0]
                .text(Language::Chinese, usize::MAX)
                .contains("涉及的证书（7 张）：")
        );
    }
}
