//! Why a verb could not do its work, and the exit code for it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::config::{Mistake, Rejected, display_names};
use crate::daemon::DaemonError;
use crate::daemon::assemble::AssembleError;
use crate::observe::LogError;
use crate::sentence::{Catalog, Language, Sentence, sentences};
use crate::store::{BackupError, StoreError};
use crate::text::plain_lines;

/// Something failed.
const FAILED: u8 = 1;
/// The command line was wrong.
const USAGE: u8 = 2;
/// Try later (sysexits.h, `EX_TEMPFAIL`).
const TRY_LATER: u8 = 75;
/// The config is wrong (sysexits.h, `EX_CONFIG`).
const CONFIG: u8 = 78;

/// The exit code of a verb that did its work: 1 where what it tells of is not as it should be.
pub(super) fn exit(all_well: bool) -> ExitCode {
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    }
}

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Something failed.
    #[error("{}", .0.english)]
    Other(Sentence),
    /// The verb was called with something that does not exist.
    #[error("{}", .0.english)]
    Usage(Sentence),
    /// It may work later.
    #[error("{}", .0.english)]
    Later(Sentence),
    #[error("{}", mistakes_in(Language::English, .0))]
    Config(#[from] Rejected),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

sentences! {
    one_mistake(mistake) "the config has 1 mistake\n{mistake}" "配置有 1 处错误\n{mistake}";
    mistakes(count, mistakes) "the config has {count} mistakes\n{mistakes}" "配置有 {count} 处错误\n{mistakes}";
    of_file(path, reason) "{path}: {reason}" "{path}：{reason}";
    help(help) "\n  help: {help}" "\n  建议：{help}";
}

/// A mistake, or a warning, as people read it.
pub(super) fn mistake_in(language: Language, mistake: &Mistake) -> String {
    let remedy = mistake.help.as_ref();
    let remedy = remedy.map_or_else(String::new, |text| {
        let remedy = help(Sentence::of(Catalog::Mistakes, text));
        language.of(&remedy).to_owned()
    });
    let message = language.tell_of(Catalog::Mistakes, &mistake.message);
    let place = mistake.place();
    format!("{place} {message}{remedy}")
}

/// All mistakes, with their number.
fn mistakes_in(language: Language, rejected: &Rejected) -> String {
    let all = rejected.mistakes.iter();
    let all: Vec<String> = all.map(|mistake| mistake_in(language, mistake)).collect();
    let sentence = match all.len() {
        1 => one_mistake(all.join("\n")),
        count => mistakes(count, all.join("\n")),
    };
    language.of(&sentence).to_owned()
}

/// Says text on standard error, a line more. Whoever read there may have gone: then nobody is left to tell.
pub(super) fn complain(text: &str) {
    let mut stderr = std::io::stderr().lock();
    if writeln!(stderr, "{}", plain_lines(&display_names(text))).is_err() {
        tracing::debug!("standard error is closed");
    }
}

impl Failure {
    pub(super) fn other(message: impl Into<Sentence>) -> Self {
        Self::Other(message.into())
    }

    /// Something failed with this file.
    pub(super) fn of_file(path: &Path, error: impl std::fmt::Display) -> Self {
        Self::Other(of_file(path.display(), error))
    }

    pub(super) fn usage(message: impl Into<Sentence>) -> Self {
        Self::Usage(message.into())
    }

    pub(super) fn later(message: impl Into<Sentence>) -> Self {
        Self::Later(message.into())
    }

    /// It in words of this language.
    fn in_language(&self, language: Language) -> String {
        match self {
            Self::Other(words) | Self::Usage(words) | Self::Later(words) => {
                language.of(words).to_owned()
            }
            Self::Config(rejected) => mistakes_in(language, rejected),
            error => language.tell_said(&error.to_string()),
        }
    }

    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => USAGE,
            Self::Later(_) => TRY_LATER,
            Self::Config(_) => CONFIG,
            _ if self.store_error().is_some_and(StoreError::try_later) => TRY_LATER,
            _ => FAILED,
        })
    }

    /// The store's error, where one is what failed.
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error)
            | Self::Backup(BackupError::Store(error))
            | Self::Assemble(AssembleError::Store(error))
            | Self::Daemon(
                DaemonError::Store(error) | DaemonError::Assemble(AssembleError::Store(error)),
            ) => Some(error),
            _ => None,
        }
    }

    /// Says it on standard error.
    pub(super) fn tell(&self, language: Language) {
        let words = format!("evercert: {}", plain_lines(&self.in_language(language)));
        if !crate::observe::log::last_words(&words) {
            complain(&words);
        }
    }
}
