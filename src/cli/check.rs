//! `check`: the config, offline.

use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::edit::Edit;
use super::failure::{Failure, mistake_in};
use super::older_systemd;
use super::output::{print, show};
use super::rights::{losses, needs_drop_in};
use super::view::read;
use crate::config::{Config, Loaded, Mistake};
use crate::delivery::addresses::is_own;
use crate::sentence::{Language, Sentence, sentences};

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Mistakes and warnings as a list of objects
    #[arg(long)]
    json: bool,
    /// Show what the file would change against the config in force, and what that would cost
    #[arg(long)]
    diff: bool,
}

sentences! {
    warning(mistake) "warning: {mistake}\n" "警告：{mistake}\n";
    note(note) "note: {note}\n" "提示：{note}\n";
    good_one(file) "{file}: OK, 1 certificate\n" "{file}：正确，1 张证书\n";
    good(file, count) "{file}: OK, {count} certificates\n" "{file}：正确，{count} 张证书\n";
    unmet(what, remedy) "{what}; {remedy}" "{what}；{remedy}";
    pace(fleet, calls) "of fleet {fleet}: the service takes ten calls a second from an account, over all machines; this one makes {calls} at most, so let the sum of all be ten or less" "{fleet} 的多台机器：腾讯云把同一账号在所有机器上的调用合在一起，每秒最多十次；本机最多每秒 {calls} 次，请让总和不超过十次";
    verified_elsewhere(names) "`verify` of {names} must reach this machine itself: through a balancer it meets another one, whose certificate is only told, and takes nothing back; write an address of this machine, such as \"127.0.0.1:443\"" "{names} 的 `verify` 必须连接到本机：经过负载均衡会连到其他机器，那里的证书只会被报告，不会引起回退；请写本机的地址，例如 \"127.0.0.1:443\"";
}

pub(super) async fn run(
    config: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let loaded = match read(config)? {
        Ok(loaded) => loaded,
        Err(rejected) if arguments.json => {
            let mistakes = rejected.mistakes.iter();
            let list: Value = mistakes
                .map(|mistake| json_of(mistake, "mistake"))
                .collect();
            print(&format!("{list:#}\n"))?;
            return Ok(Failure::from(rejected).code());
        }
        Err(rejected) => return Err(rejected.into()),
    };
    if arguments.diff {
        let edit = Edit::of(loaded.config, language).await?;
        show(arguments.json, || edit.json(), || edit.text(language))?;
    } else {
        let notes = notes(&loaded.config).await;
        show(
            arguments.json,
            || list(&loaded, &notes),
            || text_of(config, &loaded, &notes, language),
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is no matter of the config's, and worth a word before it is in force.
async fn notes(config: &Config) -> Vec<Sentence> {
    let losses = config.certificates.iter().flat_map(|certificate| {
        let installs = certificate.targets.install.iter();
        installs.flat_map(|install| losses(certificate, install))
    });
    let notes = needs_drop_in(config).into_iter().chain(losses);
    let wants = older_systemd::look().await.into_iter();
    notes
        .chain(wants.map(|(what, remedy)| unmet(&what, &remedy)))
        .chain(of_fleet(config))
        .collect()
}

/// What the machines of a fleet have to agree on, and no config of one of them can show.
fn of_fleet(config: &Config) -> Vec<Sentence> {
    let Some(fleet) = &config.fleet else {
        return Vec::new();
    };
    let mut notes = vec![pace(&fleet.name, config.api.requests_per_second)];
    let is_here = |host: &str| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(is_own)
    };
    let others = config.certificates.iter().filter(|certificate| {
        let verify = certificate.targets.verify.as_ref();
        verify.is_some_and(|verify| !is_here(&verify.address.host))
    });
    let names: Vec<&str> = others.map(|one| one.display.as_str()).take(3).collect();
    if !names.is_empty() {
        notes.push(verified_elsewhere(Sentence::names(names)));
    }
    notes
}

fn list(loaded: &Loaded, notes: &[Sentence]) -> Value {
    let warnings = loaded.warnings.iter();
    let warnings = warnings.map(|warning| json_of(warning, "warning"));
    let notes = notes.iter();
    let notes = notes.map(|note| json!({ "kind": "note", "message": note.english }));
    warnings.chain(notes).collect()
}

fn text_of(file: &Path, loaded: &Loaded, notes: &[Sentence], language: Language) -> String {
    let mut text = String::new();
    for mistake in &loaded.warnings {
        let words = mistake_in(language, mistake);
        text.push_str(language.of(&warning(words)));
    }
    for one in notes {
        text.push_str(language.of(&note(one)));
    }
    let count = loaded.config.certificates.len();
    let words = match count {
        1 => good_one(file.display()),
        many => good(file.display(), many),
    };
    text + language.of(&words)
}

fn json_of(mistake: &Mistake, kind: &str) -> Value {
    json!({
        "kind": kind,
        "file": mistake.file.display().to_string(),
        "line": mistake.line,
        "column": mistake.column,
        "message": mistake.message,
        "help": mistake.help,
    })
}
