//! The HTTP port: metrics, health, the page; and what bad input gets.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use evercert::clock::{Clock, SystemClock};
use evercert::sandbox::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use nix::sys::signal::Signal;

use crate::common::{Daemon, Home, SOON, StandIn, ask, ask_raw, free_port, get, site, wait_for};

const DOMAIN: &str = "wgc.red";

/// A home whose daemon serves, with these lines added to `[http]`.
fn home(stand_in: &StandIn, domains: &[&str], lines: &str) -> (Home, SocketAddr) {
    let home = Home::empty();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    configure(
        &home,
        stand_in,
        domains,
        &format!("listen = \"{address}\"\n{lines}"),
    );
    (home, address)
}

fn configure(home: &Home, stand_in: &StandIn, domains: &[&str], http: &str) {
    let text = home.config_text(&stand_in.endpoint(), domains);
    home.write_config(text.replace("listen = \"\"", http));
}

#[test]
fn a_daemon_at_work_is_seen_by_scraper_browser_and_health_check() {
    let stand_in = StandIn::aged(62);
    let (home, address) = home(&stand_in, &[DOMAIN], "");
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.renewed", DOMAIN);
    assert_eq!(site(&daemon), address);

    let metrics = wait_for("the renewal in the metrics", SOON, || {
        let text = get(address, "/metrics").body;
        text.contains("\nevercert_renewals_total 1\n")
            .then_some(text)
    });
    for sample in [
        "evercert_api_requests_total{action=\"ApplyCertificate\",code=\"ok\"} 2",
        "evercert_certificate_failures{certificate=\"wgc.red\",account=\"default\"} 0",
        "evercert_config_last_reload_successful 1",
        "evercert_database_up 1",
        "evercert_ready 1",
    ] {
        assert!(metrics.contains(sample), "{sample} is not in\n{metrics}");
    }
    promtool_accepts(&metrics);

    assert_eq!(get(address, "/healthz").body, "alive\n");
    assert_eq!(
        (
            get(address, "/readyz").status,
            get(address, "/readyz").body.as_str()
        ),
        (200, "ready\n")
    );
    let page = get(address, "/");
    assert!(
        page.body.contains("Nothing needs you") && page.body.contains(DOMAIN),
        "{}",
        page.body
    );
    let own = get(address, "/certificates/wgc.red").body;
    assert!(
        own.contains("certificate.renewed") && own.contains("order.applied"),
        "{own}"
    );
    let head = ask(
        address,
        &format!("HEAD / HTTP/1.1\r\nHost: {address}\r\n\r\n"),
    );
    assert_eq!((head.status, head.body.as_str()), (200, ""));

    for path in ["/", "/certificates/wgc.red", "/metrics", "/readyz"] {
        let text = get(address, path).body;
        for secret in [DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY, "PRIVATE KEY"] {
            assert!(!text.contains(secret), "{secret} is at {path}");
        }
    }
}

/// The format as Prometheus' own tool sees it.
fn promtool_accepts(metrics: &str) {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = tool else {
        println!("not checked by promtool, which is missing (Debian package prometheus)");
        return;
    };
    tool.stdin
        .take()
        .unwrap()
        .write_all(metrics.as_bytes())
        .unwrap();
    let out = tool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn a_rejected_config_makes_it_unready_until_it_is_mended() {
    let stand_in = StandIn::quick();
    let (home, address) = home(&stand_in, &[DOMAIN], "");
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", DOMAIN);
    let good = fs::read_to_string(home.config()).unwrap();
    home.write_config(format!("{good}\n[nonsense]\n"));
    daemon.signal(Signal::SIGHUP);
    daemon.wait("config.rejected");
    let ready = wait_for("503", SOON, || {
        Some(get(address, "/readyz")).filter(|ready| ready.status == 503)
    });
    assert!(ready.body.contains("evercert check"), "{}", ready.body);
    assert!(
        get(address, "/metrics")
            .body
            .contains("\nevercert_config_last_reload_successful 0\n")
    );
    assert!(
        get(address, "/")
            .body
            .contains("The config file has mistakes")
    );
    assert_eq!(get(address, "/healthz").status, 200);
    home.write_config(good);
    daemon.signal(Signal::SIGHUP);
    wait_for("200", SOON, || {
        (get(address, "/readyz").status == 200).then_some(())
    });
}

#[test]
fn a_reload_moves_the_port_and_closes_it() {
    let stand_in = StandIn::quick();
    let (home, first) = home(&stand_in, &[DOMAIN], "");
    let daemon = Daemon::start(&home);
    wait_for("the page", SOON, || TcpStream::connect(first).ok());
    let second = SocketAddr::from(([127, 0, 0, 1], free_port()));
    configure(
        &home,
        &stand_in,
        &[DOMAIN],
        &format!("listen = \"{second}\"\nhosts = [\"ops.internal\"]"),
    );
    daemon.signal(Signal::SIGHUP);
    wait_for("the page at its new port", SOON, || {
        TcpStream::connect(second).ok()
    });
    assert!(TcpStream::connect(first).is_err(), "the old port is closed");
    let named = |host: &str| {
        ask(
            second,
            &format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        )
        .status
    };
    assert_eq!((named("ops.internal"), named("other.internal")), (200, 421));
    configure(&home, &stand_in, &[DOMAIN], "listen = \"\"");
    daemon.signal(Signal::SIGHUP);
    wait_for("the end of the port", SOON, || {
        TcpStream::connect(second).is_err().then_some(())
    });
}

#[test]
fn a_port_that_is_taken_is_said_and_renewing_goes_on() {
    let stand_in = StandIn::quick();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::empty();
    let listen = format!("listen = \"{}\"", taken.local_addr().unwrap());
    configure(&home, &stand_in, &[DOMAIN], &listen);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", DOMAIN);
    assert_eq!(daemon.events("http.failed").len(), 1);
    let said = daemon.events("http.failed")[0]["message"].to_string();
    assert!(
        said.contains(&taken.local_addr().unwrap().to_string()),
        "{said}"
    );
}

#[test]
fn the_file_of_metrics_is_whole_readable_and_new_after_each_pass() {
    let stand_in = StandIn::aged(62);
    let home = Home::empty();
    let folder = home.path().join("textfile");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("evercert.prom");
    let lines = format!("listen = \"\"\ntextfile = \"{}\"", file.display());
    configure(&home, &stand_in, &[DOMAIN], &lines);
    let mut daemon = Daemon::start(&home);
    wait_for("the renewal in the file", SOON, || {
        let text = fs::read_to_string(&file).ok()?;
        // Never half a file, whenever it is read.
        assert!(text.ends_with('\n') && text.contains("evercert_build_info"));
        text.contains("\nevercert_renewals_total 1\n").then_some(())
    });
    promtool_accepts(&fs::read_to_string(&file).unwrap());
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    // A folder that is gone is said once and heals.
    fs::remove_dir_all(&folder).unwrap();
    daemon.wait("textfile.failed");
    fs::create_dir(&folder).unwrap();
    wait_for("the file again", SOON, || file.exists().then_some(()));
    assert_eq!(daemon.events("textfile.failed").len(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(file.exists(), "it stays, so that its age tells");
}

#[test]
fn what_is_no_plain_question_is_refused() {
    let stand_in = StandIn::quick();
    let (home, address) = home(&stand_in, &[DOMAIN], "");
    let daemon = Daemon::start(&home);
    site(&daemon);
    let status = |request: &str| ask(address, request).status;
    let host = format!("Host: {address}\r\n");
    assert_eq!(
        status(&format!(
            "POST / HTTP/1.1\r\n{host}Content-Length: 0\r\n\r\n"
        )),
        405
    );
    assert_eq!(
        status(&format!(
            "GET / HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello"
        )),
        413
    );
    assert_eq!(status("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
    assert_eq!(status("GET / HTTP/1.0\r\n\r\n"), 421);
    assert_eq!(
        status(&format!("GET /../../etc/passwd HTTP/1.1\r\n{host}\r\n")),
        404
    );
    assert_eq!(
        status(&format!(
            "GET /certificates/%2e%2e%2f%2e%2e HTTP/1.1\r\n{host}\r\n"
        )),
        404
    );
    let long = "x".repeat(64 * 1024);
    for request in [
        format!("GET /?q={long} HTTP/1.1\r\n{host}\r\n"),
        format!("GET / HTTP/1.1\r\n{host}X-Long: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{host}{}\r\n", "X: y\r\n".repeat(500)),
        "\u{0}\u{1}\u{2} rubbish\r\n\r\n".to_owned(),
    ] {
        let answer = ask_raw(address, request.as_bytes());
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{answer}");
    }
    // One request a connection: a second one in the same breath is not answered.
    let twice = format!("GET /healthz HTTP/1.1\r\n{host}\r\n").repeat(2);
    assert_eq!(
        ask_raw(address, twice.as_bytes())
            .matches("HTTP/1.1")
            .count(),
        1
    );
    assert_eq!(get(address, "/healthz").status, 200);
}

#[test]
fn slow_clients_are_cut_off_and_keep_nobody_else_waiting_for_long() {
    let stand_in = StandIn::quick();
    let (home, address) = home(&stand_in, &[DOMAIN], "");
    let daemon = Daemon::start(&home);
    site(&daemon);
    let mut slow: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
            stream
        })
        .collect();
    let clock = SystemClock::new();
    assert_eq!(get(address, "/healthz").status, 200);
    assert!(clock.monotonic() < Duration::from_secs(20));
    let mut first = slow.remove(0);
    first
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).expect("it was cut off");
    daemon.wait_of("certificate.installed", DOMAIN);
}

#[test]
fn ten_thousand_certificates_are_scraped_whole_and_shown_by_the_page() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let domains: Vec<String> = (0..10_000).map(|n| format!("www{n}.example.com")).collect();
    let names: Vec<&str> = domains.iter().map(String::as_str).collect();
    let text = home
        .config_text(&stand_in.endpoint(), &names)
        .replace("* * * * * *", "0 0 5 * * *");
    home.write_config(text.replace("listen = \"\"", &format!("listen = \"{address}\"")));
    crate::common::write_rested(&home);
    let daemon = Daemon::start(&home);
    site(&daemon);
    wait_for("the first pass", SOON, || {
        (get(address, "/readyz").status == 200).then_some(())
    });
    let metrics = get(address, "/metrics").body;
    assert_eq!(
        metrics
            .matches("\nevercert_certificate_not_after_timestamp_seconds{")
            .count(),
        10_000
    );
    let page = get(address, "/?page=2").body;
    assert!(page.contains("page 2 of 50"));
    let rows = page.matches("<tr").count();
    assert!((200..250).contains(&rows), "a page has {rows} rows");
    // About 500 bytes a certificate, as docs/metrics.md says.
    let bytes = metrics.len();
    assert!(bytes < 8_000_000, "a scrape of {bytes} bytes");
    let most = daemon.peak_memory();
    assert!(most < 150_000_000, "the daemon took {most} bytes");
}

#[test]
fn the_sandbox_serves_its_page_at_an_address_of_its_own() {
    let home = Home::empty();
    let mut command = home.bare();
    command.args(["run", "--sandbox"]);
    let daemon = Daemon::spawn(&mut command);
    let address = site(&daemon);
    assert!(address.ip().is_loopback() && address.port() != 9219);
    daemon.wait_of("certificate.renewed", DOMAIN);
    wait_for("the page", SOON, || {
        get(address, "/")
            .body
            .contains("Nothing needs you")
            .then_some(())
    });
}
