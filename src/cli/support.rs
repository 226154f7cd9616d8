//! `support`: one text for whoever helps, with the secrets left out.
//!
//! One file and no archive, so that it can be read before it is sent. Nothing is copied as it lies: the config is its
//! effective form, and all goes through [`secrets`], which takes out what this machine's config, files and environment
//! hold in secret, and anything that looks like a private key.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{local, print, rfc3339};
use super::secrets;
use super::slots::Slots;
use super::view::View;
use super::{plan, status};
use crate::config::Effective;
use crate::files::{FileError, Folder};
use crate::observe::event::message_of;
use crate::sentence::{Language, sentences};
use crate::store::{Entry, Lock};

/// So much of the history goes in.
const HISTORY: u32 = 2000;

/// What `support` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file to write; it must not be there yet
    file: PathBuf,
}

sentences! {
    written(file) "{file}: written. Secrets are left out; names of domains, addresses and paths are in it: read it before you send it\n" "{file}：已写入。其中不含密钥，但有域名、地址和路径：发送之前请先看一遍\n";
}

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let name = &arguments.file;
    let failed = |error: FileError| Failure::of_file(name, error);
    // Opened before the verb becomes the owner of the state folder: that user may not write here, nor read all secrets.
    let mut file = Folder::of(name)
        .and_then(|(folder, name)| folder.create(name, 0o600, (None, None)))
        .map_err(failed)?;
    let secrets = secrets::known(path);
    let mut bundle = Bundle::default();
    bundle.put("environment", &environment());
    match View::open(path, language).await {
        Ok(view) => {
            bundle.put("config", &config_text(&Effective::of(&view.config)));
            record(&mut bundle, &view).await?;
        }
        // A config or a database that can't be read is what help is wanted for, likely.
        Err(failure) => bundle.put("failure", &failure.to_string()),
    }
    file.write_all(secrets.removed_from(&bundle.text).as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| failed(error.into()))?;
    print(language.of(&written(name.display())))?;
    Ok(ExitCode::SUCCESS)
}

/// What the record has to tell.
async fn record(bundle: &mut Bundle, view: &View) -> Result<(), Failure> {
    let lines = view.lines();
    bundle.put_json("status", &status::list(view, &lines));
    bundle.put_json("plan", &plan::list(view, &lines));
    bundle.put_json("accounts", &view.slots.iter().map(Slots::json).collect());
    let holds = view.holds.iter().map(|hold| {
        json!({
            "account": hold.account,
            "scope": format!("{:?}", hold.scope),
            "until": rfc3339(Some(hold.until)),
            "times": hold.times,
            "class": hold.failure.class.name(),
            "code": hold.failure.code,
            "message": hold.failure.message,
        })
    });
    bundle.put_json("holds", &holds.collect());
    let Some(store) = &view.store else {
        bundle.put("database", "there is no database yet");
        return Ok(());
    };
    let history = store.history(None, HISTORY).await?;
    let history: String = history.iter().map(history_line).collect();
    bundle.put("history", &history);
    let database = format!(
        "tables at step {}\nintegrity: {}\ninstallation: ec-{}-\nrestored: {}\na daemon runs: {}\n",
        store.version().await?,
        store.integrity().await?,
        store.installation().await?,
        store
            .restored_at()
            .await?
            .map_or_else(|| "never".to_owned(), local),
        Lock::is_taken(&view.config.state_dir)?,
    );
    bundle.put("database", &database);
    Ok(())
}

fn history_line(entry: &Entry) -> String {
    format!(
        "{} {} {}\n",
        entry.at.to_rfc3339(),
        entry.what.event,
        message_of(&entry.what, Language::English)
    )
}

fn config_text(effective: &Effective) -> String {
    let mut text = String::new();
    for (key, value) in &effective.settings {
        text.push_str(&format!("{key} = {value}\n"));
    }
    for (domain, settings) in &effective.certificates {
        text.push_str(&format!("\n[{domain}]\n"));
        for (key, value) in settings {
            // Whom the service turns to is nobody's business here.
            let value = if key.starts_with("contact_") {
                "(set)"
            } else {
                value
            };
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    text
}

/// What kind of machine this is.
fn environment() -> String {
    let read = |path: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().next().unwrap_or_default().to_owned()
    };
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .unwrap_or("?")
        .trim_matches('"')
        .to_owned();
    // Names alone: the values of these may be secrets.
    let mut names: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            [
                "EVERCERT",
                "TENCENTCLOUD",
                "HTTP",
                "http",
                "NO_PROXY",
                "no_proxy",
                "TZ",
                "LANG",
            ]
            .iter()
            .any(|start| name.starts_with(start))
        })
        .collect();
    names.sort();
    format!(
        "evercert {}\nsystem: {system}\nkernel: {} {}\narchitecture: {}\nuser: {}\nunder systemd: {}\n\
         variables that are set: {}\n",
        env!("CARGO_PKG_VERSION"),
        read("/proc/sys/kernel/ostype"),
        read("/proc/sys/kernel/osrelease"),
        std::env::consts::ARCH,
        nix::unistd::geteuid(),
        Path::new("/run/systemd/system").exists(),
        names.join(", "),
    )
}

/// The text under way.
#[derive(Default)]
struct Bundle {
    text: String,
}

impl Bundle {
    fn put(&mut self, title: &str, text: &str) {
        self.text
            .push_str(&format!("==== {title} ====\n{}\n\n", text.trim_end()));
    }

    fn put_json(&mut self, title: &str, value: &Value) {
        self.put(title, &format!("{value:#}"));
    }
}
