//! What to do about an event: by its fact, and by what it tells of it.

use super::{Event, Fact};
use crate::config::display_name;
use crate::sentence::{Language, Sentence, sentences};
use crate::tencent::codes;

sentences! {
    nothing() "Nothing." "无需处理。";
    by_itself(domain)
        "Nothing, it is tried again by itself; `evercert why {domain}` says more."
        "无需处理，会自动重试；详情见 `evercert why {domain}`。";
    check(command, domain)
        "Run `{command}` and mend what it says, then `evercert deploy {domain}`."
        "运行 `{command}`，改正它报告的错误，再运行 `evercert deploy {domain}`。";
    deploy(domain)
        "Mend what the message names, then run `evercert deploy {domain}`."
        "按消息改正后，运行 `evercert deploy {domain}`。";
    explained(advice, code) "{advice} More: `evercert explain {code}`." "{advice}详情见 `evercert explain {code}`。";
    credentials()
        "Repair the credentials or the CAM policy, then reload."
        "修正密钥或访问管理 CAM 的策略，然后重新加载。";
    mistake(file, line)
        "Mend line {line} of {file}; `evercert check` lists all mistakes."
        "改正 {file} 第 {line} 行；`evercert check` 列出全部错误。";
}

impl Event {
    /// What to do about it, with the names filled in; `None` where nothing is to be done.
    #[must_use]
    pub fn remedy_in(&self, language: Language) -> Option<String> {
        let about = &self.about;
        let domain = display_name(about.certificate.as_deref().unwrap_or("DOMAIN"));
        let domain = domain.as_str();
        let code = about.code.as_deref();
        let advised = code.and_then(|code| Some((code, codes::lookup(code)?)));
        let own = match (&self.fact, advised) {
            (
                Fact::CertificateFailed { .. }
                | Fact::ApiRefused { .. }
                | Fact::AccountPaused { .. },
                Some((code, entry)),
            ) => Some(explained_by(entry, code)),
            (Fact::CertificateFailed { .. } | Fact::CertificateRolledBack { .. }, None) => {
                Some(match (&about.command, &about.target) {
                    (Some(command), _) => check(command, domain),
                    (None, Some(_)) => deploy(domain),
                    (None, None) => by_itself(domain),
                })
            }
            (Fact::AccountPaused { .. }, None) => Some(credentials()),
            (Fact::ConfigRejected { .. }, _) => match (&about.file, about.line) {
                (Some(file), Some(line)) if line > 0 => Some(mistake(file, line)),
                _ => None,
            },
            _ => None,
        };
        if let Some(own) = own {
            return Some(language.of(&own).to_owned());
        }
        let remedy = self.fact.kind().remedy;
        if remedy.english == nothing().english
            || (code.is_none() && remedy.english.contains("CODE"))
        {
            return None;
        }
        let text = language.of_phrase(remedy).replace("DOMAIN", domain);
        Some(text.replace("CODE", code.unwrap_or_default()))
    }
}

/// What a code's entry says, and where there is more.
fn explained_by(entry: &codes::Code, code: &str) -> Sentence {
    let advice = entry.you_do;
    Sentence {
        english: explained(advice.english, code).english,
        chinese: explained(advice.chinese, code).chinese,
    }
}
