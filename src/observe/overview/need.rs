//! What somebody should look at, in plain words with the remedy.

use chrono::{DateTime, Utc};

use super::{CertificateLine, Overview, Tone, URGENT_DAYS, plural};
use crate::observe::health::HealthStatus;

const BY_ITSELF: &str = "It is tried again by itself.";

/// What stands at the top of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// How bad it is.
    pub(crate) tone: Tone,
    /// What it is about, as people write it.
    pub(crate) about: String,
    /// The certificate, where it is about one.
    pub(crate) domain: Option<String>,
    /// What is the matter, in a sentence.
    pub(crate) what: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl Need {
    fn of_the_whole(
        about: impl Into<String>,
        what: impl AsRef<str>,
        remedy: impl AsRef<str>,
    ) -> Self {
        Self {
            tone: Tone::Bad,
            about: about.into(),
            domain: None,
            what: sentence(what.as_ref()),
            remedy: sentence(remedy.as_ref()),
        }
    }
}

impl Overview {
    /// What somebody should look at, the worst first.
    pub(crate) fn needs(&self, status: &HealthStatus) -> Vec<Need> {
        let mut needs = Vec::new();
        if !status.config_good {
            let what = "The file has mistakes; the config before stays in force.";
            needs.push(Need::of_the_whole(
                "Config",
                what,
                "`evercert check` shows every mistake with its line.",
            ));
        }
        if let Some(reason) = &status.database {
            let remedy = "A full or read-only disk is the usual cause. Nothing is ordered without a record of it.";
            needs.push(Need::of_the_whole("Database", reason, remedy));
        }
        for account in &self.accounts {
            for hold in &account.holds {
                let about = format!("Account {}", account.name);
                let what = format!(
                    "{} held back. {}",
                    sentence(&hold.what),
                    sentence(&hold.reason)
                );
                needs.push(Need {
                    tone: hold.tone,
                    ..Need::of_the_whole(about, what, hold.remedy.as_deref().unwrap_or(BY_ITSELF))
                });
            }
        }
        for certificate in &self.certificates {
            if let Some((what, remedy)) = certificate.need(self.now) {
                needs.push(Need {
                    tone: certificate.tone,
                    about: certificate.display.clone(),
                    domain: Some(certificate.domain.clone()),
                    what,
                    remedy,
                });
            }
        }
        needs.sort_by_key(|need| need.tone);
        needs
    }
}

impl CertificateLine {
    /// What is the matter and what to do about it, where something is.
    pub(crate) fn need(&self, now: DateTime<Utc>) -> Option<(String, String)> {
        if !self.manual.is_empty() {
            let what = "Control of the domain is proved by hand, and the record is awaited.";
            let remedy = "Put up the record that its page shows.";
            return Some((what.to_owned(), remedy.to_owned()));
        }
        if !matches!(self.tone, Tone::Bad | Tone::Wary) {
            return None;
        }
        let mut parts = Vec::new();
        if let Some(since) = self.paused {
            parts.push(format!("It is paused since {}.", since.format("%Y-%m-%d")));
        }
        match self.life {
            Some(life) if life.not_after <= now => parts.push("It has expired.".to_owned()),
            Some(life) if (life.not_after - now).num_days() < URGENT_DAYS => {
                parts.push(format!(
                    "{} left.",
                    plural((life.not_after - now).num_days(), "day")
                ));
            }
            _ => {}
        }
        match &self.error {
            Some(error) => parts.push(sentence(error)),
            None if self.drift => {
                parts.push("Another certificate is there than should be.".to_owned())
            }
            None if parts.is_empty() => {
                parts.push(format!("`evercert why {}` tells more.", self.domain))
            }
            None => {}
        }
        let remedy = match (&self.remedy, self.paused) {
            (_, Some(_)) => format!(
                "`evercert resume {}` lets it be renewed again.",
                self.domain
            ),
            (Some(remedy), None) => sentence(remedy),
            (None, None) => BY_ITSELF.to_owned(),
        };
        Some((parts.join(" "), remedy))
    }
}

/// Begins with a capital letter, unless it begins with a name.
fn sentence(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    let plain = first
        .trim_end_matches(',')
        .bytes()
        .all(|byte| byte.is_ascii_lowercase());
    let mut characters = text.chars();
    match characters.next() {
        Some(letter) if plain => letter.to_uppercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}
