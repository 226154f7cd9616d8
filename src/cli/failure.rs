//! Why a verb could not do its work, and the exit code for it.

use std::io::Write;
use std::process::ExitCode;

use crate::config::Rejected;
use crate::daemon::DaemonError;
use crate::daemon::assemble::AssembleError;
use crate::observe::LogError;
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
    #[error("{0}")]
    Other(String),
    /// The verb was called with something that does not exist.
    #[error("{0}")]
    Usage(String),
    /// It may work later.
    #[error("{0}")]
    Later(String),
    #[error("the config has {count}\n{0}", count = count(.0))]
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

fn count(rejected: &Rejected) -> String {
    match rejected.mistakes.len() {
        1 => "1 mistake".to_owned(),
        many => format!("{many} mistakes"),
    }
}

impl Failure {
    pub(super) fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(super) fn later(message: impl Into<String>) -> Self {
        Self::Later(message.into())
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
    pub(super) fn tell(&self) {
        if crate::observe::log::last_words(&format!("evercert: {self}")) {
            return;
        }
        let mut stderr = std::io::stderr().lock();
        // Nobody is left to tell where this fails.
        if writeln!(stderr, "evercert: {}", plain_lines(&self.to_string())).is_err() {
            tracing::debug!("standard error is closed");
        }
    }
}
