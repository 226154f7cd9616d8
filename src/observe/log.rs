//! Where log lines go and how they look: the journal by its own protocol, or standard error, as JSON for machines or as
//! text for people.
//!
//! The level is for this crate's own lines. Libraries speak at `warn` and above whatever is configured: at lower levels
//! some print headers and bodies, and with them secrets.

mod journald;
mod parts;
mod pretty;
mod queue;

use std::io::IsTerminal as _;
use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry};

use crate::config::LogFormat;
use journald::Journald;
use queue::{Queue, Stderr};
pub use queue::{dropped, flush, last_words};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The level is none of the five.
    #[error("{level:?} is no log level; use error, warn, info, debug or trace")]
    Level {
        /// What was given.
        level: String,
    },
    /// The thread that writes can't be started.
    #[error("the log's thread can't be started: {0}")]
    Thread(#[source] std::io::Error),
    /// Logging was set up before in this process.
    #[error("the log is set up already; set it up once, at start")]
    Again(#[source] tracing_subscriber::util::TryInitError),
}

/// Sets up this process's log. To be called once, at start; [`flush`] at the end. No line waits for its reader. Colours are used on a terminal only, and not
/// with `NO_COLOR` set.
///
/// # Errors
/// For an unknown level, and when it was called before.
pub fn init(format: LogFormat, level: &str) -> Result<(), LogError> {
    let filter = filter(level)?;
    let queue = Queue::start().map_err(LogError::Thread)?;
    let is_terminal = std::io::stderr().is_terminal();
    let mut missing = None;
    let wanted = match format {
        LogFormat::Auto => journald::has_standard_error(),
        LogFormat::Journald => true,
        LogFormat::Json | LogFormat::Pretty => false,
    };
    let journal = wanted
        .then(|| Journald::to(Path::new(journald::SOCKET)))
        .and_then(|journal| journal.map_err(|error| missing = Some(error)).ok());
    let is_pretty = match format {
        LogFormat::Auto => is_terminal,
        LogFormat::Json | LogFormat::Journald => false,
        LogFormat::Pretty => true,
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let layer = match journal {
        Some(journal) => journal.through(queue.clone()).boxed(),
        None => {
            let stderr = Stderr(queue.clone());
            layer(is_pretty, is_terminal && !no_color, move || stderr.clone())
        }
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init()
        .map_err(LogError::Again)?;
    queue.for_the_process();
    // The usual hook writes to standard error itself, and would wait for its reader.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("a thread panicked: {panic}")
    }));
    if let Some(error) = missing {
        let socket = journald::SOCKET;
        tracing::warn!(%error, "there is no journal at {socket}; the log goes to standard error as JSON lines");
    }
    Ok(())
}

/// Reads a level, or a list of `target=level` with at most one plain level.
///
/// There is no `off`: silence must be noticed (`daemon.heartbeat`). What is not ours stays at `warn`, or at `info` where
/// it is named: the debug lines of HTTP libraries can hold headers.
fn filter(text: &str) -> Result<Targets, LogError> {
    const OURS: &str = env!("CARGO_CRATE_NAME");
    let mut targets = Targets::new().with_default(LevelFilter::WARN);
    let mut plain = LevelFilter::INFO;
    for directive in text.split(',').map(str::trim) {
        match directive.split_once('=') {
            None => plain = parse_level(directive)?,
            Some((target, level)) if target.split("::").next() == Some(OURS) => {
                targets = targets.with_target(target, parse_level(level)?);
            }
            Some((target, level)) => {
                targets = targets.with_target(target, parse_level(level)?.min(LevelFilter::INFO));
            }
        }
    }
    Ok(targets
        .with_default(plain.min(LevelFilter::WARN))
        .with_target(OURS, plain))
}

fn parse_level(level: &str) -> Result<LevelFilter, LogError> {
    match level {
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(LogError::Level {
            level: level.chars().take(50).collect(),
        }),
    }
}

fn layer<W>(is_pretty: bool, colours: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        // Its complaints go through `eprintln!`, which panics when standard error is a broken pipe.
        .log_internal_errors(false);
    if is_pretty {
        return layer
            .with_ansi(colours)
            .event_format(pretty::Pretty)
            .boxed();
    }
    layer
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .boxed()
}

#[cfg(test)]
mod tests;
