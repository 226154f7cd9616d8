//! A command of the operator's: no shell, a clean environment, a bounded wait, a bounded output, and no child left over.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::clock::Clock;

use super::ValidationError;

/// How much of the end of its output is kept, in bytes.
const TAIL: usize = 4096;
/// How long output may still come after the command itself has ended: a child in the background may hold the pipe.
const DRAIN: Duration = Duration::from_millis(500);
/// Where programs are looked for if our own environment does not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is run.
pub(super) struct Run<'a> {
    pub(super) argv: Vec<String>,
    pub(super) variables: Vec<(&'a str, String)>,
    pub(super) secrets: Vec<(String, SecretString)>,
    pub(super) timeout: Duration,
    pub(super) folder: Option<&'a Path>,
}

/// Ends the whole group of processes, however the wait for it ends.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // The command leads a group of its own; whatever it started and left behind ends with it. That there is
            // nobody left is no failure.
            let _ended = killpg(pid, Signal::SIGKILL);
        }
    }
}

/// Runs it to its end, and gives the end of its standard output.
///
/// # Errors
/// [`ValidationError::Command`]: it is not there, can't be run, takes too long, or ends with another code than 0.
pub(super) async fn run(run: Run<'_>, clock: &Arc<dyn Clock>) -> Result<String, ValidationError> {
    let program = run.argv.first().cloned().unwrap_or_default();
    let wrong = |what: String, tail: String| ValidationError::Command {
        program: program.clone(),
        what,
        tail,
    };
    let mut command = Command::new(&program);
    command
        .args(run.argv.iter().skip(1))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    for name in ["PATH", "HOME", "LANG", "TZ", "TMPDIR"] {
        match std::env::var_os(name) {
            Some(value) => command.env(name, value),
            None if name == "PATH" => command.env(name, PATH),
            None => &mut command,
        };
    }
    command.envs(
        run.secrets
            .iter()
            .map(|(name, value)| (name, value.expose_secret())),
    );
    command.envs(run.variables.iter().map(|(name, value)| (name, value)));
    if let Some(folder) = run.folder {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(|error| {
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "is not there (or its interpreter, in the line #!, is not)".to_owned()
            }
            std::io::ErrorKind::PermissionDenied => {
                "can't be run: permission denied; chmod +x it".to_owned()
            }
            _ => format!("can't be run: {error}"),
        };
        wrong(what, String::new())
    })?;
    let group = Group(
        child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw),
    );
    let out = Tail::default();
    let all = Tail::default();
    let pipes = (child.stdout.take(), child.stderr.take());
    let reading =
        async { tokio::join!(drain(pipes.0, [&out, &all]), drain(pipes.1, [&all, &all])) };
    tokio::pin!(reading);
    let mut open = true;
    let timeout = clock.sleep(run.timeout);
    tokio::pin!(timeout);
    let status = loop {
        tokio::select! {
            status = child.wait() => break Some(status),
            () = &mut timeout => break None,
            _ = &mut reading, if open => open = false,
        }
    };
    if open && status.is_some() {
        tokio::select! {
            _ = &mut reading => {}
            () = clock.sleep(DRAIN) => {}
        }
    }
    drop(group);
    match status {
        None => {
            let seconds = run.timeout.as_secs();
            Err(wrong(
                format!("took longer than {seconds} seconds and was ended"),
                all.text(),
            ))
        }
        Some(Err(error)) => Err(wrong(format!("can't be waited for: {error}"), all.text())),
        Some(Ok(status)) if status.success() => Ok(out.text()),
        Some(Ok(status)) => {
            let what = match status.code() {
                Some(code) => format!("failed with code {code}"),
                None => "was ended by a signal".to_owned(),
            };
            Err(wrong(what, all.text()))
        }
    }
}

/// The end of a stream.
#[derive(Default)]
struct Tail(Mutex<Vec<u8>>);

impl Tail {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        let surplus = kept.len().saturating_sub(TAIL);
        kept.drain(..surplus);
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).trim().to_owned()
    }
}

async fn drain(pipe: Option<impl AsyncRead + Unpin>, tails: [&Tail; 2]) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = [0; 8192];
    // An end, or an error: nothing more comes either way.
    while let Ok(read) = pipe.read(&mut buffer).await
        && read > 0
    {
        tails[0].add(&buffer[..read]);
        if !std::ptr::eq(tails[0], tails[1]) {
            tails[1].add(&buffer[..read]);
        }
    }
}

#[cfg(test)]
#[path = "command/tests.rs"]
mod tests;
