//! `run`: the daemon, in the foreground.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::failure::Failure;
use super::identity::become_owner;
use super::view::read_by;
use crate::clock::SystemClock;
#[cfg(feature = "sandbox")]
use crate::config;
use crate::config::Loaded;
use crate::daemon::{self, assemble};
use crate::observe::{Event, Fact, log};
use crate::sentence::Language;

/// What `run` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Against a stand-in started inside the process: no credentials, nothing beyond this machine, one folder
    #[cfg(feature = "sandbox")]
    #[arg(long)]
    sandbox: bool,
    /// With --sandbox: how old the first certificate of each domain already is, so that its renewal can be watched
    #[cfg(feature = "sandbox")]
    #[arg(long, value_name = "DURATION", default_value = "62d", value_parser = duration, requires = "sandbox")]
    sandbox_age: std::time::Duration,
}

impl Arguments {
    /// Whether the sandbox is run on a terminal, by somebody who reads why it does not start.
    pub(super) fn is_tried_by_a_person(&self) -> bool {
        #[cfg(feature = "sandbox")]
        let is_sandbox = self.sandbox;
        #[cfg(not(feature = "sandbox"))]
        let is_sandbox = false;
        is_sandbox && std::io::stderr().is_terminal()
    }
}

/// `given` tells whether the operator named the config; else `--sandbox` takes the example.
#[cfg_attr(
    not(feature = "sandbox"),
    expect(unused_variables, reason = "all three concern --sandbox")
)]
pub(super) async fn run(
    config: &Path,
    given: bool,
    language: Language,
    arguments: Arguments,
) -> Result<ExitCode, Failure> {
    #[cfg(feature = "sandbox")]
    if arguments.sandbox {
        return sandboxed(config, given, language, &arguments).await;
    }
    let (loaded, reading) = read_by(config, daemon::load)??;
    become_owner(&loaded.config.state_dir)?;
    start_log(&loaded)?;
    Event::of(Fact::DaemonStarting {
        version: env!("CARGO_PKG_VERSION").into(),
        config: config.display().to_string().into(),
        state_dir: loaded.config.state_dir.display().to_string().into(),
    })
    .emit();
    let clock = Arc::new(SystemClock::new());
    let assembled = assemble::assemble(loaded, clock).await?;
    daemon::run(assembled, Some((config.to_path_buf(), reading))).await?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "sandbox")]
async fn sandboxed(
    config: &Path,
    given: bool,
    language: Language,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    use super::beside;
    use crate::daemon::sandboxed;

    let mut loaded = if given {
        config::load_without_credentials(config)?
    } else {
        config::parse(config::EXAMPLE, None)?
    };
    start_log(&loaded)?;
    let sandbox = sandboxed::prepare(&mut loaded, arguments.sandbox_age)
        .await
        .map_err(|error| Failure::other(error.to_string()))?;
    tracing::info!("{}", beside::line(&sandbox, &loaded.config));
    let clock = Arc::new(SystemClock::new());
    let assembled = assemble::assemble(loaded, clock).await?;
    let screen = beside::tell(&sandbox, &assembled, language);
    // The config is not read again: its file does not say what the sandbox only pretends.
    let outcome = daemon::run(assembled, None).await;
    screen.abort();
    sandbox.server.shutdown().await;
    outcome?;
    Ok(ExitCode::SUCCESS)
}

/// Logs as the config says.
fn start_log(loaded: &Loaded) -> Result<(), Failure> {
    let settings = &loaded.config.log;
    Ok(log::init(settings.format, &settings.level)?)
}

/// A duration of the command line, written as in the config.
#[cfg(feature = "sandbox")]
pub(super) fn duration(text: &str) -> Result<std::time::Duration, String> {
    config::parse_duration(text)
        .ok_or_else(|| "write whole numbers with their units: 30s, 10m, 6h, 62d".to_owned())
}
