//! Why a verb could not do its work, and the exit code for it.

use std::io::Write;
use std::process::ExitCode;

use crate::config::Rejected;
use crate::daemon::DaemonError;
use crate::daemon::assemble::AssembleError;
use crate::engine::EngineError;
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
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Something failed.
    pub(super) fn other(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: FAILED,
        }
    }

    /// The verb was called with something that does not exist.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: USAGE,
        }
    }

    /// It may work later.
    pub(super) fn later(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: TRY_LATER,
        }
    }

    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// Says it on standard error.
    pub(super) fn tell(&self) {
        if crate::observe::log::last_words(&format!("evercert: {}", self.message)) {
            return;
        }
        let mut stderr = std::io::stderr().lock();
        // Nobody is left to tell where this fails.
        if writeln!(stderr, "evercert: {}", plain_lines(&self.message)).is_err() {
            tracing::debug!("standard error is closed");
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        let count = rejected.mistakes.len();
        let words = if count == 1 { "mistake" } else { "mistakes" };
        Self {
            message: format!("the config has {count} {words}\n{rejected}"),
            code: CONFIG,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self {
            code: if error.try_later() { TRY_LATER } else { FAILED },
            message: error.to_string(),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            error => Self::other(error.to_string()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
        }
    }
}

impl From<AssembleError> for Failure {
    fn from(error: AssembleError) -> Self {
        match error {
            AssembleError::Store(error) => error.into(),
            AssembleError::Engine(error) => error.into(),
            error => Self::other(error.to_string()),
        }
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Assemble(error) => error.into(),
            DaemonError::Engine(error) => error.into(),
            error => Self::other(error.to_string()),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::other(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::other(error.to_string())
    }
}
