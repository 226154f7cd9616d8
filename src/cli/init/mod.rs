//! `init`: the first config.
//!
//! A `task` gathers names, from the command line (`arguments`, `proposal`), from nginx (`source`, `grammar`, `sites`, `served`) and
//! from the account (`account`); the account's key is found, or asked for (`credential`, `keys`, `terminal`); the file is shown
//! (`render`), and written once somebody agreed; and what comes next ends it (`next`). Nothing that is there is changed. The file
//! itself goes to standard output, everything else to standard error. `sentences` has what all these say.

mod account;
mod arguments;
mod credential;
mod grammar;
mod keys;
mod next;
mod proposal;
mod render;
mod sentences;
mod served;
mod sites;
mod source;
mod task;
mod terminal;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use self::sentences as say;
use super::failure::{Failure, complain, exit};
use super::output::print;
use crate::sentence::{Catalog, Language, Sentence};
pub(super) use arguments::Arguments;
use keys::{Kind, NewFile};
use proposal::Proposal;
use task::{Task, refuse_what_is_there};

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    // What is dropped here puts the terminal back, and leaves no file half written.
    tokio::select! {
        ended = write(path, language, arguments) => ended,
        _ = interrupt.recv() => Err(interrupted()),
        _ = terminate.recv() => Err(interrupted()),
        _ = hang_up.recv() => Err(interrupted()),
    }
}

fn interrupted() -> Failure {
    Failure::other("interrupted")
}

async fn write(
    path: &Path,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let task = Task::begin(path, language, arguments).await?;
    let mut proposal = Proposal::default();
    let notes = proposal
        .take_names(&arguments.names)
        .map_err(|wrong| Failure::usage(all_of(wrong)))?;
    notes.iter().for_each(|note| task.tell(note));
    let nginx = task.propose_for_nginx(&mut proposal).await?;
    let key = task.find_key().await?;
    if arguments.from_account {
        let nothing = || Failure::other(say::no_key());
        let keys = key.provider.as_ref().ok_or_else(nothing)?;
        task.propose_for_account(keys, &mut proposal).await?;
    }
    task.note_limits(&proposal);
    let text = match &task.there {
        Some(there) => match task.what_lacks(&there.config, proposal)? {
            Some(text) => text,
            None => return Ok(ExitCode::SUCCESS),
        },
        None => {
            let named = key.named.as_ref();
            task.whole(&proposal, named.map(|(id, key)| (&**id, &**key)))?
        }
    };
    print(&text)?;
    if task.output == task.config && task.there.is_some() {
        task.tell(&say::add_by(arguments.adding_command(&task.config)));
        return Ok(exit(arguments.dry_run));
    }
    let mut files = key.new;
    files.push(task.new_config(&text));
    if !is_wanted(&task, &files).await? {
        return Ok(exit(arguments.dry_run));
    }
    for file in &files {
        file.write().map_err(|error| {
            Failure::other(format!("{} can't be written: {error}", file.path.display()))
        })?;
        task.tell(&say::written(file.path.display()));
    }
    let written = next::Written {
        config: &task.config,
        by_service: task.machine.has_service_for(&task.config),
        is_added: task.there.is_some(),
        new_drop_in: files.iter().any(|file| file.kind == Kind::DropIn),
        live: &task.live(),
        nginx: &nginx,
    };
    let next = next::text(&written, language);
    complain(&format!("\n{}", next.trim_end()));
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with each name, a line each.
fn all_of(wrong: Vec<String>) -> Sentence {
    let all: Vec<Sentence> = wrong
        .into_iter()
        .map(|why| Sentence::of(Catalog::Mistakes, why))
        .collect();
    let in_lines = |language: Language| {
        let lines: Vec<&str> = all.iter().map(|one| language.of(one)).collect();
        lines.join("\n  ")
    };
    Sentence {
        english: in_lines(Language::English),
        chinese: in_lines(Language::Chinese),
    }
}

/// Whether these files are to be written.
async fn is_wanted(task: &Task<'_>, files: &[NewFile]) -> Result<bool, Failure> {
    files
        .iter()
        .try_for_each(|file| refuse_what_is_there(&file.path))?;
    complain("");
    task.tell(&say::would_write());
    for file in files {
        let what = match file.kind {
            Kind::Config | Kind::Part => say::the_config(),
            Kind::SecretId => say::the_secret_id(),
            Kind::SecretKey => say::the_secret_key(),
            Kind::DropIn => say::the_drop_in(),
        };
        let (path, mode) = (file.path.display(), file.mode);
        let what = task.language.of(&what);
        task.tell(&Sentence::verbatim(format!(
            "  {path} ({mode:04o}): {what}"
        )));
    }
    if task.arguments.dry_run {
        task.tell(&say::only_shown());
        return Ok(false);
    }
    if task.arguments.yes {
        return Ok(true);
    }
    let Some(terminal) = &task.terminal else {
        return Err(Failure::usage(say::not_asked()));
    };
    let agreed = terminal.agrees(task.language.of(&say::write_it())).await?;
    if !agreed {
        task.tell(&say::declined());
    }
    Ok(agreed)
}
