//! The real binary: as a daemon whose log is read along, and as a verb that ends by itself.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::{Home, SOON, wait_for};

/// A running `evercert run`. It is killed with the test.
pub struct Daemon {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
}

impl Daemon {
    /// Starts one on this folder's config.
    pub fn start(home: &Home) -> Self {
        Self::spawn(command(home).arg("run"))
    }

    /// Starts this command and reads its standard error along.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                read.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Self {
            child,
            lines,
            reader,
        }
    }

    /// The process id.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    /// All that it said, as it was written.
    pub fn text(&self) -> String {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .join("\n")
    }

    /// The log lines so far that are JSON.
    pub fn log(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// The lines so far with this event.
    pub fn events(&self, event: &str) -> Vec<Value> {
        let mut log = self.log();
        log.retain(|line| line["event"] == event);
        log
    }

    /// The lines so far with this event, about this domain.
    pub fn events_of(&self, event: &str, domain: &str) -> Vec<Value> {
        let mut events = self.events(event);
        events.retain(|line| line["certificate"] == domain);
        events
    }

    /// Waits for the first line with this event.
    pub fn wait(&self, event: &str) -> Value {
        self.wait_until(event, |log| {
            log.iter().find(|line| line["event"] == event).cloned()
        })
    }

    /// Waits until there are so many lines with this event.
    pub fn wait_for(&self, event: &str, count: usize) {
        self.wait_until(event, |log| {
            let of_event = log.iter().filter(|line| line["event"] == event);
            (of_event.count() >= count).then_some(())
        });
    }

    /// Waits for the first line with this event about this domain.
    pub fn wait_of(&self, event: &str, domain: &str) -> Value {
        self.wait_until(&format!("{event} of {domain}"), |log| {
            log.iter()
                .find(|line| line["event"] == event && line["certificate"] == domain)
                .cloned()
        })
    }

    /// Waits until the log has what the probe looks for.
    pub fn wait_until<T>(&self, what: &str, mut probe: impl FnMut(&[Value]) -> Option<T>) -> T {
        let clock = evercert::clock::SystemClock::new();
        loop {
            if let Some(found) = probe(&self.log()) {
                return found;
            }
            assert!(
                evercert::clock::Clock::monotonic(&clock) < SOON,
                "waited in vain for {what}; the log:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Ends it as a power cut would.
    pub fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.read_out();
    }

    /// Waits for its end, and until all that it said was read.
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let status = wait_for("the end of the daemon", within, || {
            self.child.try_wait().unwrap()
        });
        self.read_out();
        status
    }

    fn read_out(&self) {
        wait_for("the end of the log", SOON, || {
            self.reader.is_finished().then_some(())
        });
    }

    /// Asks it to stop, and waits for that.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended(Duration::from_secs(20))
    }

    /// The most memory it ever had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kilobytes * 1024
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// What a verb said, and how it ended.
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code.
    pub code: i32,
}

impl Output {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "{error} in:\n{}\nstandard error:\n{}",
                self.stdout, self.stderr
            )
        })
    }

    /// Both outputs.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Home {
    /// Runs a verb to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        output(command(self).args(arguments), SOON)
    }
}

/// The binary on this folder's config, with nothing of the test's environment.
fn command(home: &Home) -> Command {
    let mut command = bare(home.path());
    command.arg("--config").arg(home.config());
    command
}

/// The binary in this folder, with nothing of the test's environment.
pub fn bare(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evercert"));
    command
        .env_clear()
        .env("HOME", folder)
        .env("TZ", "Asia/Shanghai")
        .current_dir(folder);
    command
}

impl Home {
    /// The command line of this folder, for tests that add to it.
    pub fn command(&self) -> Command {
        command(self)
    }

    /// The command line without a config, in this folder.
    pub fn bare(&self) -> Command {
        bare(self.path())
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it takes longer than `within`.
pub fn output(command: &mut Command, within: Duration) -> Output {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_out(child, within)
}

/// Waits for the end of a child with piped outputs.
///
/// # Panics
/// When it takes longer than `within`.
pub fn wait_out(mut child: Child, within: Duration) -> Output {
    let stdout = drain(child.stdout.take().unwrap());
    let stderr = drain(child.stderr.take().unwrap());
    let clock = evercert::clock::SystemClock::new();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if evercert::clock::Clock::monotonic(&clock) >= within {
            child.kill().unwrap();
            child.wait().unwrap();
            let said = stdout.join().unwrap() + &stderr.join().unwrap();
            panic!("a command did not end within {within:?}; it said:\n{said}");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    Output {
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
        code: status.code().unwrap_or(-1),
    }
}

fn drain(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
