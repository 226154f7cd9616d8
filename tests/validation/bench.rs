//! A stand-in, a daemon, and real servers around them, each in a temporary folder, each ended with the test.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const EVERCERT: &str = env!("CARGO_BIN_EXE_evercert");
/// Nothing here takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// A child that ends with the test.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A stand-in and what a daemon needs to work against it.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    api: String,
    manage: String,
    _sandbox: Process,
}

impl Bench {
    /// Starts a stand-in with these arguments.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut sandbox = Command::new(EVERCERT)
            .args([
                "sandbox",
                "--listen",
                "127.0.0.1:0",
                "--manage",
                "127.0.0.1:0",
            ])
            .args(arguments)
            .args(if arguments.contains(&"--issue-after") {
                &[][..]
            } else {
                &["--issue-after", "1s"]
            })
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(sandbox.stdout.take().unwrap()).lines();
        let mut line = |word: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(word).unwrap().trim().to_owned()
        };
        let (api, manage) = (line("listening"), line("management"));
        Self {
            folder: TempDir::new().unwrap(),
            api,
            manage: manage.trim_start_matches("http://").to_owned(),
            _sandbox: Process(sandbox),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, executable for its owner if it begins with `#!`.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        let mode = if text.starts_with("#!") { 0o700 } else { 0o600 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    }

    /// Writes the config: these certificates, at the quickest pace.
    pub(crate) fn configure(&self, certificates: &str) {
        let text = format!(
            "state_dir = \"{}\"\n[schedule]\npoll = \"1s\"\njitter = \"0s\"\n[accounts.default]\nendpoint = \"{}\"\n\
             secret_id = \"AKIDSANDBOX\"\nsecret_key = \"SANDBOXKEY\"\n[log]\nformat = \"json\"\n{certificates}",
            self.path("state").display(),
            self.api
        );
        self.write("config.toml", &text);
    }

    /// Starts the daemon. Its log goes to `log`, behind what is there.
    pub(crate) fn start(&self) -> Process {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let child = Command::new(EVERCERT)
            .args(["run", "--config"])
            .arg(self.path("config.toml"))
            .env_remove("RUST_LOG")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Process(child)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Waits for something in the log.
    pub(crate) fn wait_for_log(&self, what: &str) {
        self.wait(what, || self.log().contains(what));
    }

    /// Waits for a condition; on its failure the log is shown.
    pub(crate) fn wait(&self, what: &str, condition: impl Fn() -> bool) {
        let started = Instant::now();
        while !condition() {
            assert!(
                started.elapsed() < PATIENCE,
                "never: {what}\n{}\nstate: {}",
                self.log(),
                self.state()
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the certificate lies in the live folder.
    pub(crate) fn wait_for_certificate(&self, domain: &str) {
        let live = self.path("state").join("live").join(domain);
        self.wait(&format!("a certificate for {domain}"), || live.exists());
    }

    /// Waits until nothing is left to take down.
    pub(crate) fn wait_for_cleanup(&self) {
        self.wait_for_log("validation.cleaned");
    }

    /// A verb, run to its end.
    pub(crate) fn verb(&self, arguments: &[&str]) -> std::process::Output {
        Command::new(EVERCERT)
            .args(arguments)
            .arg("--config")
            .arg(self.path("config.toml"))
            .output()
            .unwrap()
    }

    /// The daemon's own word on a domain.
    pub(crate) fn status(&self, domain: &str) -> Value {
        let output = self.verb(&["status", domain, "--json"]);
        // A daemon that has only just begun to make its database has nothing to tell yet.
        let list: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        list[0].clone()
    }

    /// The stand-in's state.
    pub(crate) fn state(&self) -> Value {
        serde_json::from_str(&self.manage("GET", "/state", "")).unwrap()
    }

    /// How often an action was called.
    pub(crate) fn calls(&self, action: &str) -> usize {
        let requests: Value =
            serde_json::from_str(&self.manage("GET", "/requests?since=0", "")).unwrap();
        let list = requests["requests"].as_array().unwrap();
        list.iter()
            .filter(|request| request["action"] == action)
            .count()
    }

    /// Refuses every call of an action, until the faults are cleared.
    pub(crate) fn fail(&self, action: &str, code: &str) {
        let fault = serde_json::json!({
            "action": action, "kind": "error", "code": code, "times": 1_000_000
        });
        self.manage("POST", "/faults", &fault.to_string());
    }

    /// Tells the daemon to read its config again.
    pub(crate) fn reload(&self, daemon: &Process) {
        let pid = daemon.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-HUP", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    pub(crate) fn manage(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.manage).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

/// Ends a daemon as a power cut would.
pub(crate) fn kill(mut process: Process) {
    process.0.kill().unwrap();
    process.0.wait().unwrap();
}

/// Whether these programs are here; else says which is missing, and the test is skipped.
pub(crate) fn have(programs: &[&str]) -> bool {
    let found = |program: &&&str| {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(program).exists())
    };
    let missing = programs.iter().find(|program| !found(program));
    if let Some(program) = missing {
        eprintln!("skipped: {program} is not installed");
    }
    missing.is_none()
}

/// The ports given out: tests run side by side, and a port that was free is not taken at once.
static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());

/// A port that is free for both TCP and UDP, and nobody else's here.
pub(crate) fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let mut given = GIVEN.lock().unwrap();
        if !given.contains(&port) && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            given.push(port);
            return port;
        }
    }
}

/// A real name server (bind9) with the zone example.com, which takes updates signed with the key `evercert`.
pub(crate) struct NameServer {
    folder: TempDir,
    pub(crate) port: u16,
    _process: Process,
}

const SECRET: &str = "c2VjcmV0LW9mLWEtdGVzdC1rZXktMzItYnl0ZXMtbG9uZw==";

impl NameServer {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let at = folder.path().display();
        let key =
            format!("key \"evercert\" {{\n\talgorithm hmac-sha256;\n\tsecret \"{SECRET}\";\n}};\n");
        let config = format!(
            "options {{ directory \"{at}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
             recursion no; pid-file none; session-keyfile \"{at}/session.key\"; dnssec-validation no; }};\n\
             controls {{}};\n{key}\
             zone \"example.com\" {{ type primary; file \"{at}/zone\"; allow-update {{ key \"evercert\"; }}; }};\n"
        );
        let zone = "$TTL 60\n@ SOA ns.example.com. a.example.com. 1 60 60 60 60\n@ NS ns.example.com.\n\
                    ns A 127.0.0.1\nshop A 127.0.0.1\n";
        for (name, text) in [
            ("key", key.as_str()),
            ("named.conf", &config),
            ("zone", zone),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let process = Command::new("named")
            .args(["-f", "-c"])
            .arg(folder.path().join("named.conf"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            folder,
            port,
            _process: Process(process),
        };
        let started = Instant::now();
        while !server.dig("ns.example.com", "A").contains("127.0.0.1") {
            assert!(started.elapsed() < PATIENCE, "named does not answer");
            sleep(Duration::from_millis(50));
        }
        server
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn key_file(&self) -> String {
        self.folder.path().join("key").display().to_string()
    }

    /// What it answers.
    pub(crate) fn dig(&self, name: &str, kind: &str) -> String {
        let output = Command::new("dig")
            .args(["@127.0.0.1", "-p", &self.port.to_string(), name, kind])
            .args(["+short", "+time=1", "+tries=1"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Changes the zone with nsupdate. A server that was started a moment ago may not take it yet.
    pub(crate) fn update(&self, line: &str) {
        let began = Instant::now();
        while !self.try_update(line) {
            assert!(began.elapsed() < Duration::from_secs(20), "{line}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn try_update(&self, line: &str) -> bool {
        let mut child = Command::new("nsupdate")
            .args(["-k", &self.key_file()])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let text = format!("server 127.0.0.1 {}\nupdate {line}\nsend\n", self.port);
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        child.wait().unwrap().success()
    }

    /// A hook that puts records up and takes them down with nsupdate, and notes how it was called.
    pub(crate) fn hook(&self, bench: &Bench) -> String {
        let (key, port, calls) = (self.key_file(), self.port, bench.path("calls"));
        bench.write(
            "hook",
            &format!(
                "#!/bin/sh\nset -e\necho \"$1 $2 $3\" >> {calls}\nenv >> {calls}\n\
                 if [ \"$EVERCERT_DNS_ACTION\" = present ]; then change=\"add $EVERCERT_DNS_NAME. 60\"\n\
                 else change=\"delete $EVERCERT_DNS_NAME.\"; fi\n\
                 nsupdate -k {key} <<EOF\nserver 127.0.0.1 {port}\n\
                 update $change $EVERCERT_DNS_TYPE $EVERCERT_DNS_VALUE\nsend\nEOF\n",
                calls = calls.display()
            ),
        )
    }
}

/// The validation entry of a certificate, with the name server to look at.
pub(crate) fn dns(domain: &str, provider: &str, server: &str) -> String {
    format!(
        "[[certificates]]\ndomain = \"{domain}\"\n\
         validation = {{ method = \"DNS\", name_servers = [\"{server}\"], {provider} }}\n"
    )
}

/// A real nginx that serves a folder.
pub(crate) fn nginx(bench: &Bench, port: u16, location: &str) -> Process {
    let at = bench.folder.path().display();
    let config = format!(
        "daemon off; master_process off; pid {at}/nginx.pid; error_log {at}/nginx.log; user root;\nevents {{}}\n\
         http {{ access_log off; server {{ listen 127.0.0.1:{port}; {location} }} }}\n"
    );
    let config = bench.write("nginx.conf", &config);
    let child = Command::new("nginx")
        .args(["-p", &at.to_string(), "-e", "stderr", "-c", &config])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process(child);
    bench.wait("nginx listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    process
}
