//! The command line in Chinese: its help, and what is wrong with what was typed. In English clap's own words do.

use std::ffi::{OsStr, OsString};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory, Error, FromArgMatches, Parser, ValueEnum};

use super::Arguments;
use super::failure::complain;
use crate::sentence::{COMMA, Catalog, Language, Sentence, sentences};

/// What a verb's help consists of.
const TEMPLATE: &str = "{before-help}{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// Reads the command line. Ends the process where it asks for help, or is wrong.
pub(super) fn parse() -> Arguments {
    if Language::chosen(asked(std::env::args_os())) == Language::English {
        return Arguments::parse();
    }
    let parsed = in_chinese(Arguments::command()).try_get_matches();
    match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => end(&error),
    }
}

/// The language that is asked for, found before anything is read.
fn asked(words: impl Iterator<Item = OsString>) -> Option<Language> {
    let mut words = words.take_while(|word| word != "--");
    let given = words.by_ref().find_map(|word| {
        let word = word.to_str()?;
        (word == "--lang")
            .then(String::new)
            .or_else(|| Some(word.strip_prefix("--lang=")?.to_owned()))
    })?;
    let value = match given.as_str() {
        "" => words.next()?.to_str()?.to_owned(),
        value => value.to_owned(),
    };
    Language::from_str(&value, true).ok()
}

/// The same command line with Chinese descriptions.
fn in_chinese(command: Command) -> Command {
    let mut command = translated(command);
    // The verb `help` is only there then.
    command.build();
    command.mut_subcommand("help", |help| help.about("显示本帮助或某个命令的帮助"))
}

fn translated(command: Command) -> Command {
    let mut command = described(command);
    for verb in names(&command) {
        command = command.mut_subcommand(verb, translated);
    }
    command
}

fn told(english: &str) -> String {
    Language::Chinese.tell_of(Catalog::Help, english)
}

fn names(command: &Command) -> Vec<String> {
    let verbs = command.get_subcommands();
    verbs.map(|verb| verb.get_name().to_owned()).collect()
}

/// This command's own texts.
fn described(mut command: Command) -> Command {
    let tell = |text: &StyledStr| told(&text.to_string());
    let about = command.get_about().map(tell);
    let after = command.get_after_help().map(tell);
    if let Some(about) = about {
        command = command.about(about.clone()).long_about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help);
    command = command
        .disable_help_flag(true)
        .arg(help.help(told("Print help")))
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令");
    if command.get_version().is_some() {
        let version = Arg::new("version")
            .short('V')
            .long("version")
            .action(ArgAction::Version);
        command = command
            .disable_version_flag(true)
            .arg(version.help(told("Print version")));
    }
    command.mut_args(|argument| {
        let heading = if argument.is_positional() {
            "参数"
        } else {
            "选项"
        };
        let mut help = argument.get_help().map(tell).unwrap_or_default();
        help.push_str(&choices(&argument));
        let takes_value = argument.get_action().takes_values();
        argument
            .help(help.clone())
            .long_help(help)
            .help_heading(heading)
            .hide_default_value(takes_value)
            .hide_possible_values(takes_value)
            .hide_env(takes_value)
    })
}

/// What an argument may be, and is if it is not given.
fn choices(argument: &Arg) -> String {
    let mut text = String::new();
    let takes_value = argument.get_action().takes_values();
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    if takes_value && !values.is_empty() {
        text.push_str(&format!("［可选值：{}］", values.join(COMMA.chinese)));
    }
    let default: Vec<&str> = argument
        .get_default_values()
        .iter()
        .filter_map(|value| value.to_str())
        .collect();
    if takes_value && !default.is_empty() {
        text.push_str(&format!("［默认：{}］", default.join(COMMA.chinese)));
    }
    if let Some(variable) = argument.get_env().and_then(OsStr::to_str) {
        text.push_str(&format!("［环境变量：{variable}］"));
    }
    text
}

sentences! {
    usage_error(what) "error: {what}" "错误：{what}";
    see_help() "For more information, try '--help'." "用 `--help` 查看用法。";
    unknown_argument(argument) "unexpected argument '{argument}'" "不认识的参数 `{argument}`";
    unknown_verb(verb) "unrecognized subcommand '{verb}'" "不认识的命令 `{verb}`";
    meant(what, name) "{what}; did you mean '{name}'?" "{what}；是否想写 `{name}`？";
    no_verb() "a verb is missing" "缺少命令";
    not_a_number() "not a whole number" "不是整数";
    out_of(value, bounds) "{value} is not in {bounds}" "{value} 不在 {bounds} 之内";
    not_between(value, least, most) "{value} is not between {least} and {most}" "{value} 不在 {least} 到 {most} 之间";
    missing(arguments) "missing: {arguments}" "缺少：{arguments}";
    wrong_value(value, argument) "invalid value '{value}' for '{argument}'" "`{argument}` 的值 `{value}` 无效";
    because(what, reason) "{what}: {reason}" "{what}：{reason}";
    one_of(what, values) "{what}; possible values: {values}" "{what}；可选值：{values}";
    not_together(argument, others) "'{argument}' cannot be used with '{others}'" "`{argument}` 不能与 `{others}` 同时使用";
    not_text() "an argument is not valid UTF-8" "有参数不是有效的 UTF-8";
    given_twice(argument) "'{argument}' cannot be used more than once" "`{argument}` 只能写一次";
    other_error(error) "{error}" "用法错误：{error}";
}

/// Says it and ends.
fn end(error: &Error) -> ! {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        error.exit();
    }
    complain(&format!(
        "{}\n\n{}",
        usage_error(what(error)).chinese,
        see_help().chinese
    ));
    std::process::exit(error.exit_code())
}

/// What is wrong with the command line.
fn what(error: &Error) -> Sentence {
    let text = |kind| {
        error
            .get(kind)
            .map(|value: &ContextValue| value.to_string())
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let valid = text(ContextKind::ValidValue).filter(|values| !values.is_empty());
    let suggested = |what: Sentence, kind| match text(kind).filter(|name| !name.is_empty()) {
        Some(name) => meant(what, name),
        None => what,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => {
            suggested(unknown_argument(argument), ContextKind::SuggestedArg)
        }
        ErrorKind::InvalidSubcommand => {
            let verb = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            suggested(unknown_verb(verb), ContextKind::SuggestedSubcommand)
        }
        ErrorKind::MissingRequiredArgument => missing(argument),
        ErrorKind::MissingSubcommand => no_verb(),
        ErrorKind::InvalidUtf8 => not_text(),
        ErrorKind::ArgumentConflict => {
            let others = text(ContextKind::PriorArg).unwrap_or_default();
            match others == argument {
                true => given_twice(argument),
                false => not_together(argument, others),
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let wrong = wrong_value(value, argument);
            match (valid, std::error::Error::source(error)) {
                (Some(values), _) => one_of(wrong, values),
                (None, Some(reason)) => because(wrong, reason_of(&reason.to_string())),
                (None, None) => wrong,
            }
        }
        _ => other_error(first_line(error)),
    }
}

/// Why a value is refused: by one of ours, or by clap.
fn reason_of(text: &str) -> Sentence {
    match text.split_once(" is not in ") {
        Some((value, bounds)) => match bounds.split_once("..=") {
            Some((least, most)) => not_between(value, least, most),
            None => out_of(value, bounds),
        },
        None if text.ends_with("found in string") => not_a_number(),
        None => Sentence::from(text),
    }
}

fn first_line(error: &Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(words: &[&str]) -> Error {
        let words = ["evercert"].iter().chain(words);
        let parsed = in_chinese(Arguments::command()).try_get_matches_from(words);
        parsed.expect_err("it parses")
    }

    #[test]
    fn every_verb_and_argument_has_its_chinese() {
        fn look(command: &Command, missing: &mut Vec<String>) {
            let own = command
                .get_arguments()
                .filter_map(|argument| argument.get_help());
            let texts = own
                .chain(command.get_about())
                .chain(command.get_after_help());
            for text in texts.map(ToString::to_string) {
                if told(&text) == text {
                    missing.push(text);
                }
            }
            for verb in command.get_subcommands() {
                look(verb, missing);
            }
        }
        let mut missing = Vec::new();
        look(&Arguments::command(), &mut missing);
        assert!(
            missing.is_empty(),
            "add to sentence/catalog/help.rs: {missing:#?}"
        );
    }

    #[test]
    fn the_chinese_command_line_is_the_same_one() {
        in_chinese(Arguments::command()).debug_assert();
        let words = ["evercert", "--lang", "zh", "plan", "--days", "30"];
        assert!(
            in_chinese(Arguments::command())
                .try_get_matches_from(words)
                .is_ok()
        );
        let help = rendered(&["history", "--help"]).to_string();
        for words in [
            "显示历史事件",
            "用法：evercert history",
            "参数",
            "选项",
            "［默认：100］",
        ] {
            assert!(help.contains(words), "{help}");
        }
        for english in ["Usage", "Options", "Arguments", "Print", "default"] {
            assert!(!help.contains(english), "{help}");
        }
        let all = rendered(&["--help"]).to_string();
        assert!(all.contains("命令") && all.contains("退出码"), "{all}");
    }

    #[test]
    fn a_wrong_command_line_is_said_in_chinese() {
        for (words, said) in [
            (&["statu"][..], "不认识的命令 `statu`；是否想写 `status`？"),
            (
                &["plan", "--day", "3"],
                "不认识的参数 `--day`；是否想写 `--days`？",
            ),
            (&["why"], "缺少：<DOMAIN>"),
            (&["status", "a", "b"], "不认识的参数 `b`"),
            (&["--lang", "zh"], "缺少命令"),
            (&["plan", "--days", "0"], "0 不在 1 到 3660 之间"),
            (
                &["plan", "--days", "x"],
                "`--days <N>` 的值 `x` 无效：不是整数",
            ),
            (&["--lang", "fr", "status"], "可选值：en、zh"),
        ] {
            let sentence = what(&rendered(words));
            assert!(
                sentence.chinese.contains(said),
                "{words:?}: {}",
                sentence.chinese
            );
        }
    }

    #[test]
    fn the_language_is_found_before_the_command_line_is_read() {
        let asked = |words: &[&str]| asked(words.iter().map(OsString::from));
        assert_eq!(
            asked(&["evercert", "--lang", "zh", "status"]),
            Some(Language::Chinese)
        );
        assert_eq!(
            asked(&["evercert", "status", "--lang=en"]),
            Some(Language::English)
        );
        for none in [
            &["evercert", "--lang"][..],
            &["evercert", "status"],
            &["evercert", "--", "--lang", "zh"],
        ] {
            assert_eq!(asked(none), None, "{none:?}");
        }
    }
}
