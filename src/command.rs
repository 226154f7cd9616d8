//! Runs a command of the operator's: its arguments as they are, never a shell.
//!
//! The command leads a process group of its own, which is ended as a whole when its time is over or when the run is
//! dropped: no child outlives what it was started for. Its environment holds what the caller gives and a `PATH`, nothing
//! of ours, and systemd's credentials are out of its reach where the kernel allows it (`credentials`). Of its output the
//! last 4 KiB are kept, without secrets (`redact`), the rest is read and thrown away, so that it never blocks. Arguments may
//! hold secrets too, so they are shown nowhere ([`title`]).

use std::fmt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};

use crate::clock::Clock;
use crate::text;

mod credentials;
mod orphans;
mod output;
mod turns;

use output::{Keeps, Reader, Tail, Whole};

pub use orphans::reap;
pub use turns::{Turn, name, turn};

/// Where programs named without a folder are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long output may still come from children once the command itself has ended, before they are ended.
const DRAIN: Duration = Duration::from_millis(500);

/// How long a command that was killed is waited for.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// The variables that a command sees.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: Vec<(&'static str, String)>,
    secrets: Vec<(String, SecretString)>,
    inherits: bool,
}

impl Environment {
    /// Our own `PATH`, `HOME`, `LANG`, `TZ` and `TMPDIR`, for programs that keep things below `HOME`. Else a command
    /// gets a plain `PATH` and `LANG`.
    #[must_use]
    pub fn inherited() -> Self {
        Self {
            inherits: true,
            ..Self::default()
        }
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Adds variables of the operator's own, with secrets in them. Ours are not overwritten by them.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Vec<(String, SecretString)>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    fn apply(&self, command: &mut Command) {
        command.env_clear().env("PATH", PATH);
        if self.inherits {
            for name in ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] {
                if let Some(value) = std::env::var_os(name) {
                    command.env(name, value);
                }
            }
        } else {
            command.env("LANG", "C.UTF-8");
        }
        let secrets = self.secrets.iter();
        command.envs(secrets.map(|(name, value)| (name, value.expose_secret())));
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
    }
}

/// What becomes of processes that a command leaves behind when it ends well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leftovers {
    /// They stay: a reload may start a server.
    #[default]
    Stay,
    /// They end with it, once they have had a moment to print what they have to say.
    End,
}

/// What is run, and how.
#[derive(Debug)]
pub struct Run<'a> {
    /// The program, then its arguments.
    pub argv: &'a [String],
    /// What it sees.
    pub environment: Environment,
    /// What it can read on standard input; nothing unless set.
    pub input: Option<&'a [u8]>,
    /// The folder it starts in; `/` unless set.
    pub folder: Option<&'a Path>,
    /// What becomes of what it leaves behind.
    pub leftovers: Leftovers,
    /// How long it may take.
    pub timeout: Duration,
    /// Where set, standard output is wanted whole and as it is, of at most so many bytes: for programs whose output is read,
    /// not shown.
    pub whole: Option<usize>,
}

impl<'a> Run<'a> {
    /// A command with no input, started in `/`, whose leftovers stay.
    #[must_use]
    pub fn new(argv: &'a [String], environment: Environment, timeout: Duration) -> Self {
        Self {
            argv,
            environment,
            input: None,
            folder: None,
            leftovers: Leftovers::Stay,
            timeout,
            whole: None,
        }
    }
}

/// A command that ended well.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The end of what it wrote to standard output.
    pub output: String,
    /// All of it, where [`Run::whole`] asked for that.
    pub whole: SecretSlice<u8>,
}

/// Why a command did not end well.
#[derive(Debug, Error)]
pub enum CommandError {
    /// It can't be started.
    #[error("{program} can't be started: {}", StartWords(source))]
    Start {
        /// The program.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("{program} ended with {how}{}", Said(tail))]
    Failed {
        /// The program.
        program: String,
        /// Its exit status, in words.
        how: String,
        /// The end of what it wrote, to either output.
        tail: String,
    },
    /// It took too long, and was ended together with its children.
    #[error("{program} took longer than {} seconds and was ended{}", timeout.as_secs(), Said(tail))]
    TimedOut {
        /// The program.
        program: String,
        /// How long it was given.
        timeout: Duration,
        /// The end of what it wrote, to either output.
        tail: String,
    },
    /// It wrote more than was asked for.
    #[error("{program} wrote more than {limit} bytes")]
    TooMuch {
        /// The program.
        program: String,
        /// How much it might.
        limit: usize,
    },
}

impl CommandError {
    /// The same under another name, where the program's own says little.
    #[must_use]
    pub fn of(mut self, name: String) -> Self {
        let (Self::Start { program, .. }
        | Self::Failed { program, .. }
        | Self::TimedOut { program, .. }
        | Self::TooMuch { program, .. }) = &mut self;
        *program = name;
        self
    }
}

/// Why a program can't be started, with the remedy for the frequent reasons.
struct StartWords<'a>(&'a std::io::Error);

impl fmt::Display for StartWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            std::io::ErrorKind::NotFound => {
                f.write_str("it is not there (or its interpreter, in the line #!, is not)")
            }
            std::io::ErrorKind::PermissionDenied => f.write_str("permission denied; chmod +x it"),
            _ => self.0.fmt(f),
        }
    }
}

/// How a command is called wherever it is named: the program's file name, and a short digest of all of it, so that two of
/// them can be told apart.
#[must_use]
pub fn title(argv: &[String]) -> String {
    let program = argv.first().map_or("", String::as_str);
    let name = Path::new(program)
        .file_name()
        .map_or_else(|| program.into(), |name| name.to_string_lossy());
    let mut digest = Sha256::new();
    for part in argv {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    format!(
        "{} ({:02x}{:02x})",
        text::plain(&name),
        digest[0],
        digest[1]
    )
}

/// What a command said, as it follows in a sentence: its last four lines.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.lines().map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        let last = lines[lines.len().saturating_sub(4)..].join(" | ");
        if last.is_empty() {
            return Ok(());
        }
        write!(f, ": {last}")
    }
}

/// Runs a command to its end, or until its time is over.
///
/// # Errors
/// See [`CommandError`].
pub async fn run(run: Run<'_>, clock: &dyn Clock) -> Result<Ran, CommandError> {
    let program = run.argv.first().cloned().unwrap_or_default();
    let said = |tail: &Tail| tail.text(run.argv);
    let cannot = |source| CommandError::Start {
        program: program.clone(),
        source,
    };
    let start = orphans::Start::begin();
    let starting = credentials::spawn(prepare(&program, &run));
    let mut child = tokio::select! {
        biased;
        started = starting => started.map_err(cannot)?,
        () = clock.limit(run.timeout) => return Err(cannot(std::io::ErrorKind::TimedOut.into())),
    };
    let _known = start.end(&child);
    let mut group = Group::of(child.id());
    let (output, both) = (Tail::default(), Tail::default());
    let whole = run.whole.map(Whole::of);
    let mut keepers: Vec<Box<dyn Keeps>> = vec![Box::new(output.clone()), Box::new(both.clone())];
    keepers.extend(whole.clone().map(|whole| Box::new(whole) as Box<dyn Keeps>));
    let mut out = Reader::start(child.stdout.take(), keepers);
    let mut err = Reader::start(child.stderr.take(), vec![Box::new(both.clone())]);
    let ended = {
        // A child of its own may hold its input unread: what is left of it is not waited for.
        let feeding = feed(child.stdin.take(), run.input.unwrap_or_default());
        let feeding = async move {
            feeding.await;
            std::future::pending().await
        };
        tokio::select! {
            status = child.wait() => Some(status),
            () = clock.limit(run.timeout) => None,
            () = feeding => None,
        }
    };
    let good = matches!(&ended, Some(Ok(status)) if status.success());
    if good && run.leftovers == Leftovers::Stay {
        group.leave();
    } else if ended.is_some() {
        tokio::select! {
            () = async { tokio::join!(out.ended(), err.ended()); } => {}
            () = clock.limit(DRAIN) => {}
        }
    }
    group.end();
    if ended.is_none() {
        // Waited for here, so that no zombie is left; but not for one that hangs in the kernel (on a dead disk, say).
        tokio::select! {
            gone = child.wait() => {
                if let Err(error) = gone {
                    tracing::debug!(%error, "a command that was ended could not be waited for");
                }
            }
            () = clock.limit(LAST_WAIT) => {
                tracing::warn!(program, "a command that was ended does not go; the kernel holds it");
            }
        }
    }
    tokio::join!(out.stop(), err.stop());
    match ended {
        None => Err(CommandError::TimedOut {
            program,
            timeout: run.timeout,
            tail: said(&both),
        }),
        Some(Err(source)) => Err(cannot(source)),
        Some(Ok(status)) if status.success() => {
            let limit = run.whole.unwrap_or_default();
            let whole = whole.map_or(Some(Vec::new()), |whole| whole.take());
            Ok(Ran {
                output: said(&output),
                whole: whole
                    .ok_or(CommandError::TooMuch { program, limit })?
                    .into(),
            })
        }
        Some(Ok(status)) => Err(CommandError::Failed {
            program,
            how: words(status),
            tail: said(&both),
        }),
    }
}

fn prepare(program: &str, run: &Run<'_>) -> Command {
    let mut command = Command::new(program);
    run.environment.apply(&mut command);
    command
        .args(run.argv.iter().skip(1))
        .current_dir(run.folder.unwrap_or(Path::new("/")))
        .stdin(if run.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Gives a command its input. One that does not want it, or ends before, is none the worse for it.
async fn feed(pipe: Option<ChildStdin>, input: &[u8]) {
    let Some(mut pipe) = pipe else { return };
    if let Err(error) = pipe.write_all(input).await {
        tracing::debug!(%error, "a command did not read all of its input");
    }
}

fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}

/// How many commands are running in this process.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Whether any command of the operator's is running: a stop waits for these.
pub fn are_running() -> bool {
    RUNNING.load(Ordering::Relaxed) > 0
}

/// The process group of a command; ended when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(id: Option<u32>) -> Self {
        RUNNING.fetch_add(1, Ordering::Relaxed);
        Self(id.and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw))
    }

    fn end(&mut self) {
        let Some(group) = self.0.take() else { return };
        match killpg(group, Signal::SIGKILL) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => {
                tracing::debug!(%error, %group, "a command's processes could not be ended")
            }
        }
    }

    fn leave(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
        self.end();
    }
}

#[cfg(test)]
mod tests;
