//! `explain CODE`: an error code of the service, or a class of failures, in English or Chinese. One table serves this and
//! the classification.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::show;
use crate::lifecycle::Class;
use crate::sentence::{Language, Phrase, Sentence, sentences};
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
                return Err(not_known(code));
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

fn not_known(code: &str) -> Failure {
    let near = codes::suggest(code, 3);
    let hint = match near.is_empty() {
        true => Sentence::verbatim(""),
        false => nearest(Sentence::names(near)),
    };
    Failure::usage(unknown(code, hint))
}

fn json_of_class(class: Class) -> Value {
    let [meaning, evercert_does, you_do] = codes::of_class(class).map(|text| text.english);
    json!({
        "class": class.name(),
        "meaning": meaning,
        "evercert_does": evercert_does,
        "you_do": you_do,
    })
}

fn text_of_class(language: Language, class: Class) -> String {
    text_with(language, class.name(), "", codes::of_class(class))
}

fn json_of(code: &Code) -> Value {
    json!({
        "code": code.code,
        "class": code.class.name(),
        "scope": code.scope.name(),
        "settles_an_application": code.settled,
        "meaning": code.meaning.english,
        "evercert_does": code.evercert_does.english,
        "you_do": code.you_do.english,
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

fn text_with(language: Language, title: &str, kind: &str, texts: [Phrase; 3]) -> String {
    let [meaning, does, you] = texts.map(|text| language.of_phrase(text));
    let text = paragraph(title, kind, meaning, does, you);
    language.of(&text).to_owned()
}

/// The class in Chinese, beside its own name, which logs have.
pub(super) fn class_name(class: Class) -> &'static str {
    match class {
        Class::Transient => "暂时性错误",
        Class::Quota => "配额不足",
        Class::Operator => "需要人工处理",
        Class::Permanent => "参数被拒绝",
        Class::AlreadySo => "无需重复操作",
    }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Certificate => "该证书",
        Scope::Account => "整个账号",
        Scope::MainDomain => "整个主域名",
        Scope::Zone => "域名解析",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Class; 5] = [
        Class::Transient,
        Class::Quota,
        Class::Operator,
        Class::Permanent,
        Class::AlreadySo,
    ];

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
