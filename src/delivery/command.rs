//! Runs a command of the operator's: its arguments as they are, never a shell.
//!
//! The command leads a process group of its own, which is ended as a whole when its time is over or when the run is
//! dropped: no child outlives what it was started for. Its environment holds what the caller gives and a plain `PATH`,
//! nothing of ours. Of its output the last 4 KiB are kept, the rest is read and thrown away, so that it never blocks.

use std::fmt;
use std::future::Future;
use std::os::fd::AsFd;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::oneshot;

/// How much of the output is kept, in bytes.
const TAIL: usize = 4096;

/// The most that a pipe holds unread, in bytes (pipe(7): 1 MiB unless an administrator raised it).
const PIPE: usize = 1024 * 1024;

/// Where programs named without a folder are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What it was run with.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(&'static str, String)>);

impl Environment {
    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, value.into()));
        self
    }
}

/// A command that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The end of what it wrote, to either output.
    pub tail: String,
}

/// Why a command did not end well.
#[derive(Debug, Error)]
pub enum CommandError {
    /// It can't be started.
    #[error("{program} can't be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("{program} ended with {how}{}", Said(tail))]
    Failed {
        /// The program.
        program: String,
        /// Its exit status, in words.
        how: String,
        /// The end of what it wrote.
        tail: String,
    },
    /// It took too long, and was ended together with its children.
    #[error("{program} took too long and was ended{}", Said(tail))]
    TimedOut {
        /// The program.
        program: String,
        /// The end of what it wrote.
        tail: String,
    },
}

/// What a command said, as it follows in a sentence.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<&str> = self
            .0
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let last = lines
            .iter()
            .rev()
            .take(4)
            .rev()
            .copied()
            .collect::<Vec<_>>()
            .join(" | ");
        if last.is_empty() {
            Ok(())
        } else {
            write!(f, ": {last}")
        }
    }
}

/// Runs a command to its end, or until `timeout` completes.
///
/// # Errors
/// See [`CommandError`].
pub async fn run(
    command: &[String],
    environment: &Environment,
    timeout: impl Future<Output = ()>,
) -> Result<Ran, CommandError> {
    let program = command.first().cloned().unwrap_or_default();
    let mut child = Command::new(&program)
        .args(command.iter().skip(1))
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .envs(environment.0.iter().map(|(name, value)| (*name, value)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| CommandError::Start {
            program: program.clone(),
            source,
        })?;
    let mut group = Group::of(child.id());
    let out = collect(child.stdout.take());
    let err = collect(child.stderr.take());
    let ended = tokio::select! {
        status = child.wait() => Some(status),
        () = timeout => None,
    };
    let Some(status) = ended else {
        group.end();
        // Reaped here, so that no zombie is left.
        if let Err(error) = child.wait().await {
            tracing::debug!(%error, "a command that was ended could not be waited for");
        }
        let tail = joined(out.stop().await, err.stop().await);
        return Err(CommandError::TimedOut { program, tail });
    };
    let status = status.map_err(|source| CommandError::Start {
        program: program.clone(),
        source,
    })?;
    if status.success() {
        // What it left running on purpose (a server that it started) stays.
        group.leave();
        let tail = joined(out.stop().await, err.stop().await);
        return Ok(Ran { tail });
    }
    group.end();
    let tail = joined(out.stop().await, err.stop().await);
    Err(CommandError::Failed {
        program,
        how: words(status),
        tail,
    })
}

fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}

/// The process group of a command; ended when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(id: Option<u32>) -> Self {
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
        self.end();
    }
}

/// The end of one output, being read.
struct Collected {
    stop: oneshot::Sender<()>,
    reader: tokio::task::JoinHandle<Vec<u8>>,
}

impl Collected {
    /// What has come by now. A child that was left running may keep the pipe open; it is not waited for.
    async fn stop(self) -> Vec<u8> {
        // The reader may have come to the end by itself.
        if self.stop.send(()).is_err() {
            tracing::trace!("the output had ended");
        }
        self.reader.await.unwrap_or_default()
    }
}

fn collect(pipe: Option<impl AsyncRead + AsFd + Unpin + Send + 'static>) -> Collected {
    let (stop, mut stopped) = oneshot::channel();
    let reader = tokio::spawn(async move {
        let mut kept = Vec::new();
        let Some(mut pipe) = pipe else { return kept };
        let mut buffer = [0_u8; TAIL];
        loop {
            tokio::select! {
                biased;
                read = pipe.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => return kept,
                    Ok(count) => keep(&mut kept, &buffer[..count]),
                },
                _ = &mut stopped => break,
            }
        }
        // What the command wrote last may lie in the pipe before the runtime has heard of it. The pipe does not block.
        for _ in 0..PIPE / TAIL {
            match nix::unistd::read(&pipe, &mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => keep(&mut kept, &buffer[..count]),
            }
        }
        kept
    });
    Collected { stop, reader }
}

/// Appends, and drops what is more than the tail.
fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    kept.extend_from_slice(bytes);
    let surplus = kept.len().saturating_sub(TAIL);
    kept.drain(..surplus);
}

fn joined(mut out: Vec<u8>, err: Vec<u8>) -> String {
    out.extend(err);
    let surplus = out.len().saturating_sub(TAIL);
    String::from_utf8_lossy(&out[surplus..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn words(command: &[&str]) -> Vec<String> {
        command.iter().map(|word| (*word).to_owned()).collect()
    }

    async fn run_for(seconds: u64, command: &[&str]) -> Result<Ran, CommandError> {
        let environment = Environment::default().with("EVERCERT_DOMAIN", "a.example");
        let timeout = tokio::time::sleep(Duration::from_secs(seconds));
        run(&words(command), &environment, timeout).await
    }

    #[tokio::test]
    async fn a_command_gets_its_arguments_as_they_are_and_a_clean_environment() {
        let ran = run_for(10, &["printf", "%s|", "a b", "$HOME", "*"])
            .await
            .unwrap();
        assert_eq!(ran.tail, "a b|$HOME|*|");
        let ran = run_for(10, &["env"]).await.unwrap();
        let mut names: Vec<&str> = ran
            .tail
            .lines()
            .filter_map(|line| line.split('=').next())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["EVERCERT_DOMAIN", "LANG", "PATH"]);
    }

    #[tokio::test]
    async fn only_the_end_of_much_output_is_kept_and_it_never_blocks() {
        let ran = run_for(20, &["sh", "-c", "yes | head -c 3000000; echo the end"])
            .await
            .unwrap();
        assert!(
            ran.tail.len() <= TAIL && ran.tail.ends_with("the end"),
            "{}",
            ran.tail.len()
        );
    }

    #[tokio::test]
    async fn a_failure_says_its_code_and_its_last_words() {
        let error = run_for(10, &["sh", "-c", "echo bad directive >&2; exit 3"])
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "sh ended with exit code 3: bad directive"
        );
        let error = run_for(10, &["/nonexistent/x"]).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/nonexistent/x can't be started"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let error = run_for(1, &["sh", "-c", &script]).await.unwrap_err();
        assert!(matches!(error, CommandError::TimedOut { .. }), "{error}");
        let pid: i32 = std::fs::read_to_string(&file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert_gone(pid).await;
    }

    #[tokio::test]
    async fn dropping_a_run_ends_the_command_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let command = ["sh", "-c", script.as_str()];
        let pid: i32 = tokio::select! {
            _ = run_for(600, &command) => panic!("it ended by itself"),
            pid = async {
                loop {
                    if let Ok(Ok(pid)) = std::fs::read_to_string(&file).map(|text| text.trim().parse()) {
                        break pid;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            } => pid,
        };
        assert_gone(pid).await;
    }

    /// The process is gone, or only its entry is left.
    async fn assert_gone(pid: i32) {
        for _ in 0..250 {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("process {pid} lives on");
    }
}
