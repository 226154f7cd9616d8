//! The figures that the README quotes, each measured on the real binary against the stand-in: `cargo bench`.
//!
//! Prints a table in Markdown. CPU is user and system time of our process alone, from the kernel's own counters; memory is
//! proportional (`Pss` of `/proc/PID/smaps_rollup`). `EVERCERT_BENCH_IDLE` says for how many seconds the idle daemon is
//! watched (60), `EVERCERT_BENCH_DUE` how many certificates are brought from due to installed (200). Then `peers.sh` prints
//! what others take on the same machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    dead_code,
    reason = "a measurement that can't go on fails at that place; it shares the tests' tools and not all of them"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use evercert::clock::{Clock, SystemClock, VirtualClock};
use evercert::tencent::{Client, ClientSettings, HttpTransport, Limiter, PageRequest, Provider};

use common::{Daemon, Home, StandIn, now, read_pair, wait_for, write_rested};

/// How often what is short is measured; the median is told.
const RUNS: usize = 9;
/// Many certificates.
const MANY: usize = 10_000;

fn main() {
    // `cargo test --benches` runs this too, where nobody waits for figures.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    println!("| what | measured | method |\n| --- | --- | --- |");
    let binary = Path::new(env!("CARGO_BIN_EXE_evercert"));
    let size = fs::metadata(binary).unwrap().len();
    row(
        "binary, stripped",
        &format!("{:.1} MiB", mebibytes(size)),
        "size of the file",
    );

    let stand_in = StandIn::quick();
    let one = rested(&stand_in, 1);
    let many = rested(&stand_in, MANY);
    // The day's listing is made, so that what follows needs none.
    for home in [&one, &many] {
        assert_eq!(home.run(&["renew"]).code, 0);
    }
    let calls = stand_in.requests();
    let passes: Vec<f64> = (0..RUNS).map(|_| cpu_of(&many, &["renew"])).collect();
    row(
        "a pass over 10,000 certificates, none due",
        &format!(
            "{:.0} ms CPU, {} API calls",
            median(passes) * 1e3,
            stand_in.requests() - calls
        ),
        "`evercert renew`, whole process",
    );
    for (name, home) in [("1", &one), ("10,000", &many)] {
        let starts: Vec<f64> = (0..RUNS).map(|_| start_to_ready(home)).collect();
        row(
            &format!("start to ready, {name}"),
            &format!("{:.0} ms", median(starts) * 1e3),
            "`evercert run` until `daemon.ready`",
        );
    }
    idle(&one, "1");
    idle(&many, "10,000");
    signed_calls();
    due();
    year();
    println!();
    let peers = Command::new("bash")
        .arg("benches/peers.sh")
        .status()
        .unwrap();
    assert!(peers.success());
}

fn row(what: &str, measured: &str, method: &str) {
    println!("| {what} | {measured} | {method} |");
}

/// A state folder with so many certificates, all of them installed a month ago.
fn rested(stand_in: &StandIn, count: usize) -> Home {
    let home = Home::empty();
    // With its status page, as it is shipped.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .unwrap()
        .port();
    let mut text = format!(
        "state_dir = \"{}\"\n[accounts.default]\nendpoint = \"{}\"\nsecret_id = \"{}\"\nsecret_key = \"{}\"\n\
         free_limit = 100000\ndomain_limit = 100000\n[log]\nformat = \"json\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n",
        home.state_dir().display(),
        stand_in.endpoint(),
        evercert::sandbox::DEFAULT_SECRET_ID,
        evercert::sandbox::DEFAULT_SECRET_KEY,
    );
    for number in 0..count {
        text.push_str(&format!(
            "[[certificates]]\ndomain = \"www{number}.example.com\"\n"
        ));
    }
    home.write_config(text);
    write_rested(&home);
    home
}

/// CPU seconds of this verb, its whole process.
fn cpu_of(home: &Home, verb: &[&str]) -> f64 {
    // The shell's `times` tells what its children used.
    let words = verb.join(" ");
    let script = format!("\"$0\" --config \"$1\" {words} >/dev/null 2>&1; times");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_evercert")])
        .arg(home.config())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let children = text.lines().last().unwrap();
    children.split_whitespace().map(seconds).sum()
}

/// `0m0.012s` as seconds.
fn seconds(text: &str) -> f64 {
    let (minutes, rest) = text.trim_end_matches('s').split_once('m').unwrap();
    minutes.parse::<f64>().unwrap() * 60.0 + rest.parse::<f64>().unwrap()
}

fn start_to_ready(home: &Home) -> f64 {
    let clock = SystemClock::new();
    let mut child = home
        .command()
        .arg("run")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("daemon.ready") {
        line.clear();
        assert!(
            std::io::BufRead::read_line(&mut log, &mut line).unwrap() > 0,
            "it ended"
        );
    }
    let took = clock.monotonic().as_secs_f64();
    child.kill().unwrap();
    child.wait().unwrap();
    took
}

/// What the shipped unit sets in the daemon's environment.
fn environment_of_the_unit() -> impl Iterator<Item = (&'static str, &'static str)> {
    let unit = include_str!("../systemd/evercert.service");
    let set = unit
        .lines()
        .filter_map(|line| line.strip_prefix("Environment="));
    set.flat_map(str::split_whitespace)
        .filter_map(|one| one.split_once('='))
}

/// Memory and CPU of a daemon that has nothing to do, in the environment that its unit sets.
fn idle(home: &Home, name: &str) {
    let daemon = Daemon::spawn(home.command().arg("run").envs(environment_of_the_unit()));
    daemon.wait("daemon.ready");
    // What the start has done is over.
    std::thread::sleep(Duration::from_secs(5));
    let pid = daemon.pid().as_raw();
    let seconds = number("EVERCERT_BENCH_IDLE", 60);
    let before = ticks(pid);
    std::thread::sleep(Duration::from_secs(seconds));
    let used = ticks(pid) - before;
    let pss = proportional(pid).map_or_else(
        || "only root can read it".to_owned(),
        |bytes| format!("{:.1} MiB", mebibytes(bytes)),
    );
    row(
        &format!("idle daemon, memory, {name}"),
        &pss,
        "proportional, as the unit starts it",
    );
    row(
        &format!("idle daemon, CPU, {name}"),
        &format!("{used:.2} s in {seconds} s"),
        "user and system",
    );
}

/// CPU seconds that a process has used.
fn ticks(pid: i32) -> f64 {
    ticks_of(&pid.to_string())
}

/// As [`ticks`], by its name below `/proc`.
fn ticks_of(whose: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{whose}/stat")).unwrap();
    let (_, rest) = text.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

/// The daemon lets nobody but root look at its memory.
fn proportional(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Pss:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// CPU of the client alone, on this thread, against a server that always gives the same answer.
fn signed_calls() {
    const CALLS: usize = 5_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || answer_always(stream));
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let used = runtime.block_on(async {
        // Its time moves by our hand, so that the limit keeps nobody waiting.
        let hand = VirtualClock::new(now());
        let clock: Arc<dyn Clock> = Arc::new(hand.clone());
        let secret = secrecy::SecretString::from("SANDBOXKEY");
        let client = Client::new(
            ClientSettings {
                endpoint,
                timeout: Duration::from_secs(30),
            },
            Arc::new(HttpTransport::loopback().unwrap()),
            Arc::new(Limiter::new(Arc::clone(&clock), 10)),
            Arc::clone(&clock),
            Arc::new(Provider::fixed("AKIDSANDBOX", secret, clock)),
        );
        let mut before = 0.0;
        for number in 0..=CALLS {
            if number == 1 {
                before = ticks_of("thread-self");
            }
            hand.advance(Duration::from_secs(2));
            client.certificates(&PageRequest::from(0)).await.unwrap();
        }
        ticks_of("thread-self") - before
    });
    row(
        "CPU a signed call in the client",
        &format!("{:.0} µs", used / CALLS as f64 * 1e6),
        "HTTP included; an answer without certificates",
    );
}

fn answer_always(mut stream: TcpStream) {
    const BODY: &str = r#"{"Response":{"TotalCount":0,"Certificates":[],"RequestId":"00000000-0000-0000-0000-000000000000"}}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut waiting = Vec::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        if read == 0 {
            return;
        }
        waiting.extend_from_slice(&buffer[..read]);
        while let Some(end) = waiting.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&waiting[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let whole = end + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap());
            if waiting.len() < whole {
                break;
            }
            waiting.drain(..whole);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    }
}

/// From due to installed, many at once.
fn due() {
    let count = number("EVERCERT_BENCH_DUE", 200);
    let stand_in = StandIn::with(|options| {
        options.free_limit = 100_000;
        options.domain_limit = 100_000;
        options.issue_after = Duration::from_millis(500);
    });
    let domains: Vec<String> = (0..count)
        .map(|n| format!("www{n}.example{n}.com"))
        .collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let home = Home::empty();
    let text = home
        .config_text(&stand_in.endpoint(), &names)
        .replace("check = \"* * * * * *\"\n", "");
    home.write_config(text);
    let daemon = Daemon::start(&home);
    let clock = SystemClock::new();
    wait_for(
        "every pair on disk",
        Duration::from_secs(60 + count),
        || {
            let last = domains.iter().rev();
            last.map(|domain| read_pair(&home.live(domain)))
                .all(|pair| pair.is_some())
                .then_some(())
        },
    );
    let took = clock.monotonic().as_secs_f64();
    let calls = stand_in.requests();
    row(
        &format!("CPU a certificate, due to installed, {count} at once"),
        &format!(
            "{:.1} ms",
            ticks(daemon.pid().as_raw()) / count as f64 * 1e3
        ),
        "the daemon from its start on",
    );
    row(
        &format!("API calls a certificate, {count} at once"),
        &format!("{:.2} (floor 2)", calls as f64 / count as f64),
        "the stand-in's count",
    );
    // Ten a second, two a certificate; the opening pause of two seconds is part of the limit.
    let least = 2.0 + (2 * count) as f64 / 10.0;
    row(
        "of the pace that the limit and two calls allow",
        &format!(
            "{:.0} %, {:.1} a second",
            least / took * 100.0,
            count as f64 / took
        ),
        "until the last pair lies on disk",
    );
}

/// A simulated year of fifty domains.
fn year() {
    let home = Home::empty();
    let domains: String = (0..50)
        .map(|n| format!("[[certificates]]\ndomain = \"www{n}.example{n}.com\"\nkey = \"ECC\"\n"))
        .collect();
    home.write_config(domains);
    let used: Vec<f64> = (1..=3)
        .map(|seed| cpu_of(&home, &["simulate", "--seed", &seed.to_string()]))
        .collect();
    row(
        "a simulated year of 50 domains",
        &format!("{:.1} s CPU", median(used)),
        "`evercert simulate`, mild faults",
    );
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
