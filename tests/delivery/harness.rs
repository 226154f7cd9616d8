//! A stand-in for the service in the test's process, the real binary on real folders, and its log.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evercert::sandbox::{Credential, Options, Server};
use serde_json::Value;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The name that every test's certificate is for, unless it says otherwise.
pub const DOMAIN: &str = "shop.example.com";

/// A folder with a config, and a stand-in to go with it.
pub struct World {
    pub folder: tempfile::TempDir,
    server: Server,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// `first_age`: how old a first certificate is already.
    pub fn new(first_age: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let options = Options {
            credentials: vec![Credential::new("AKIDTARGETS", "key-for-targets")],
            issue_after: Duration::from_secs(1),
            first_age,
            ..Options::default()
        };
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = runtime
            .block_on(Server::start(options, anywhere, None))
            .unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            server,
            runtime,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn live(&self, name: &str) -> PathBuf {
        self.path("state/live").join(DOMAIN).join(name)
    }

    /// Writes the config: one certificate, and what `targets` says of it.
    pub fn write_config(&self, targets: &str) {
        let text = format!(
            "state_dir = \"{state}\"\n[schedule]\npoll = \"1s\"\njitter = \"0s\"\ncheck = \"*/2 * * * * *\"\n\
             [accounts.default]\nendpoint = \"http://{endpoint}\"\nsecret_id = \"AKIDTARGETS\"\n\
             secret_key = \"key-for-targets\"\n[[certificates]]\ndomain = \"{DOMAIN}\"\n{targets}\n",
            state = self.path("state").display(),
            endpoint = self.server.address(),
        );
        let path = self.path("config.toml");
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
    }

    /// Writes an executable script.
    pub fn script(&self, name: &str, lines: &str) -> String {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        set_mode(&path, 0o755);
        path.display().to_string()
    }

    /// Where the stand-in is, as a config's `endpoint`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// How many orders the stand-in has.
    pub fn orders(&self) -> usize {
        let service = self.server.service();
        let state = service.lock().unwrap().state(chrono::Utc::now());
        state["certificates"].as_array().map_or(0, Vec::len)
    }

    pub fn daemon(&self) -> Daemon {
        Daemon::start(command(&self.path("config.toml")).arg("run"))
    }

    /// `run --sandbox` with this config, in this world's folder.
    pub fn sandboxed_daemon(&self) -> Daemon {
        let mut command = command(&self.path("config.toml"));
        Daemon::start(
            command
                .args(["run", "--sandbox"])
                .current_dir(self.folder.path()),
        )
    }

    /// Runs a verb to its end.
    pub fn verb(&self, words: &[&str]) -> Output {
        command(&self.path("config.toml"))
            .args(words)
            .output()
            .unwrap()
    }

    /// Runs a verb that must end with 0; its output.
    pub fn good_verb(&self, words: &[&str]) -> String {
        let output = self.verb(words);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {text}{errors}");
        text
    }

    /// `status --json` of the one certificate.
    pub fn status(&self) -> Value {
        let list: Value = serde_json::from_str(&self.good_verb(&["status", "--json"])).unwrap();
        list[0].clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.runtime.block_on(async {});
    }
}

pub fn command(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evercert"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null());
    command
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A daemon with its log; killed when dropped.
pub struct Daemon {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Daemon {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let stderr = child.stderr.take().unwrap();
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                kept.lock().unwrap().push(value);
            }
        });
        Self { child, lines }
    }

    /// The events of this name so far.
    pub fn events(&self, name: &str) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .filter(|line| line["event"] == name)
            .cloned()
            .collect()
    }

    /// Waits for the `count`-th event of this name.
    #[track_caller]
    pub fn wait_for(&self, name: &str, count: usize) -> Value {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(event) = self.events(name).get(count - 1) {
                return event.clone();
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        panic!("no {name} number {count}; the log:\n{}", self.log());
    }

    pub fn log(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// As a power cut would.
    pub fn kill(mut self) {
        self.end();
    }

    /// SIGTERM; how long it took to end.
    pub fn stop(mut self) -> Duration {
        let began = Instant::now();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        began.elapsed()
    }

    fn end(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until something is so.
#[track_caller]
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    panic!("never came true: {what}");
}

pub fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether a program is there; says so where it is not.
pub fn has(program: &str) -> bool {
    let found = [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
    ]
    .iter()
    .any(|folder| Path::new(folder).join(program).exists());
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// A process of a test's; killed when dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        if nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).is_ok() {
            self.0.wait().unwrap();
        }
    }
}
