//! `explain CODE`: an error code of the service, or a class of failures, in English or Chinese. One table serves this and
//! the classification.

mod chinese;

use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::language::Language;
use super::output::show;
use crate::lifecycle::Class;
use crate::sentence::sentences;
use crate::tencent::codes::{self, Code, Scope};

/// What `explain` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The code as logs show it, the part behind its first dot, or a class; all codes if none is given
    code: Option<String>,
    /// As a list of objects
    #[arg(long)]
    json: bool,
}

pub(super) fn run(language: Language, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let class = arguments.code.as_deref().and_then(Class::from_name);
    match (&arguments.code, class) {
        (_, Some(class)) => show(
            arguments.json,
            || vec![json_of_class(class)].into(),
            || text_of_class(language, class),
        )?,
        (Some(code), None) => {
            let (found, by_family) = match (codes::find(code), codes::lookup(code)) {
                (found, Some(family)) if found.is_empty() => (vec![family], true),
                (found, _) => (found, false),
            };
            if found.is_empty() {
                return Err(not_known(language, code));
            }
            let heading = if by_family {
                language.of(&counts_as_its_family(code)).to_owned()
            } else {
                String::new()
            };
            show_all(language, arguments.json, heading, &found)?;
        }
        (None, None) => {
            let all: Vec<&Code> = codes::CODES.iter().collect();
            show_all(language, arguments.json, String::new(), &all)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show_all(
    language: Language,
    as_json: bool,
    heading: String,
    codes: &[&Code],
) -> Result<(), Failure> {
    show(
        as_json,
        || codes.iter().map(|code| json_of(code)).collect(),
        || {
            let parts: Vec<String> = codes.iter().map(|code| text_of(language, code)).collect();
            heading + &parts.join("\n")
        },
    )
}

sentences! {
    counts_as_its_family(code) "{code} is not in the table; it counts as its family:\n\n" "表中没有 {code}，按它所属的大类处理：\n\n";
    unknown(code, hint) "{code} is not a code that this version knows{hint}. Evercert treats unknown codes as transient, and an application that met one as unanswered: it is searched for before anything is ordered again" "这个版本不认识错误码 {code}{hint}。Evercert 把未知的错误码当作暂时性错误；如果是申请证书时遇到，会先查找订单，再决定是否重新申请";
    nearest(codes) "; the nearest are {codes}" "（相近的有 {codes}）";
    paragraph(title, kind, meaning, does, you) "{title}\n{kind}  meaning:   {meaning}\n  evercert:  {does}\n  you:       {you}\n" "{title}\n{kind}  含义：{meaning}\n  处理：{does}\n  建议：{you}\n";
}

fn not_known(language: Language, code: &str) -> Failure {
    let near = codes::suggest(code, 3).join(", ");
    let hint = match near.as_str() {
        "" => String::new(),
        near => language.of(&nearest(near)).to_owned(),
    };
    Failure::usage(language.of(&unknown(code, hint)))
}

/// A sentence in the language; English where it has none.
fn said(language: Language, english: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::Chinese => chinese::of(english).unwrap_or(english),
    }
}

/// Meaning, what Evercert does, what to do: of a class, where a code is not at hand.
fn class_texts(class: Class) -> [&'static str; 3] {
    match class {
        Class::Transient => [
            "It goes away by itself.",
            "Retries with growing pauses. An application is first looked up, since the order may exist.",
            "Nothing, unless it lasts for hours; then look at the service's status page.",
        ],
        Class::Quota => [
            "Free certificates, or another quota, are used up.",
            "Waits for hours, with every certificate of the account, and raises an alarm. Renewals go first when a slot is free.",
            "See who holds them (`evercert account`), and delete what nobody needs.",
        ],
        Class::Operator => [
            "A person has to act: credentials, permissions, real-name check.",
            "Pauses the account, raises an alarm, and retries slowly.",
            "`evercert explain CODE` tells what the code wants; then run `systemctl reload evercert`.",
        ],
        Class::Permanent => [
            "This input will never be accepted.",
            "Parks the certificate until its config changes.",
            "Do what the message says: change the certificate's entry, or run `evercert renew DOMAIN` once the cause is mended.",
        ],
        Class::AlreadySo => [
            "What was wanted is there already.",
            "Counts it as a success, after checking.",
            "Nothing.",
        ],
    }
}

fn json_of_class(class: Class) -> Value {
    let [meaning, evercert_does, you_do] = class_texts(class);
    json!({
        "class": class.name(),
        "meaning": meaning,
        "evercert_does": evercert_does,
        "you_do": you_do,
    })
}

fn text_of_class(language: Language, class: Class) -> String {
    text_with(language, class.name(), "", class_texts(class))
}

fn json_of(code: &Code) -> Value {
    json!({
        "code": code.code,
        "class": code.class.name(),
        "scope": code.scope.name(),
        "settles_an_application": code.settled,
        "meaning": code.meaning,
        "evercert_does": code.evercert_does,
        "you_do": code.you_do,
    })
}

fn text_of(language: Language, code: &Code) -> String {
    let (class, scope) = (code.class, code.scope);
    let kind = match language {
        Language::English => format!("  class:     {class} (concerns the {})\n", scope.name()),
        Language::Chinese => format!(
            "  类别：{}（{class}），影响{}\n",
            class_name(class),
            scope_name(scope)
        ),
    };
    let texts = [code.meaning, code.evercert_does, code.you_do];
    text_with(language, code.code, &kind, texts)
}

fn text_with(language: Language, title: &str, kind: &str, texts: [&'static str; 3]) -> String {
    let [meaning, does, you] = texts.map(|text| said(language, text));
    let text = paragraph(title, kind, meaning, does, you);
    language.of(&text).to_owned()
}

/// The class in Chinese, beside its own name, which logs have.
fn class_name(class: Class) -> &'static str {
    match class {
        Class::Transient => "暂时性错误",
        Class::Quota => "配额不足",
        Class::Operator => "需要人工处理",
        Class::Permanent => "输入不被接受",
        Class::AlreadySo => "已经如此",
    }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Certificate => "该证书",
        Scope::Account => "整个账号",
        Scope::MainDomain => "整个主域名",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const CLASSES: [Class; 5] = [
        Class::Transient,
        Class::Quota,
        Class::Operator,
        Class::Permanent,
        Class::AlreadySo,
    ];

    #[test]
    fn every_code_and_class_is_explained_in_both_languages() {
        let of_codes = codes::CODES
            .iter()
            .flat_map(|code| [code.meaning, code.evercert_does, code.you_do]);
        let said: HashSet<&str> = of_codes
            .chain(CLASSES.into_iter().flat_map(class_texts))
            .collect();
        let mut known = HashSet::new();
        for (english, chinese) in chinese::SENTENCES {
            assert!(known.insert(*english), "twice: {english}");
            assert!(
                said.contains(english),
                "said of nothing any more: {english}"
            );
            assert!(chinese.ends_with('。'), "no sentence: {chinese}");
        }
        let missing: Vec<_> = said.difference(&known).collect();
        assert!(missing.is_empty(), "without Chinese: {missing:#?}");
    }

    #[test]
    fn names_survive_translation() {
        for (english, chinese) in chinese::SENTENCES {
            crate::sentence::check(english, chinese);
        }
    }

    #[test]
    fn a_chinese_explanation_keeps_code_and_class_as_logs_have_them() {
        let code = codes::lookup("FailedOperation.ExceedsFreeLimit").unwrap();
        let text = text_of(Language::Chinese, code);
        assert!(
            text.starts_with("FailedOperation.ExceedsFreeLimit\n"),
            "{text}"
        );
        assert!(
            text.contains("（quota），影响整个账号") && text.contains("免费证书额度已用完"),
            "{text}"
        );
        assert!(json_of(code)["meaning"].as_str().unwrap().is_ascii());
    }

    #[test]
    fn a_class_is_explained_by_its_name() {
        for class in CLASSES {
            assert!(text_of_class(Language::English, class).starts_with(class.name()));
            assert!(
                codes::find(class.name()).is_empty(),
                "{class} is a code too"
            );
        }
    }
}
