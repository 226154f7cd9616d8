//! Ports that somebody holds open.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::common::{Daemon, Home, SOON, StandIn, free_port, get, site, wait_for};

/// As many as fill the table of a process with the usual limit.
const MANY: usize = 1_100;

/// Opens connections and says nothing; those that the other side does not take wait in the kernel.
fn hold(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let open = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    (0..count).filter_map(|_| open()).collect()
}

/// Our own table must have room for both ends' worth.
fn with_many_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most.min(8_192), most).unwrap();
}

#[test]
fn silent_connections_keep_no_health_check_waiting() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["a.example.com"]);
    home.write_config(text.replace(
        "listen = \"\"",
        &format!("listen = \"127.0.0.1:{}\"", free_port()),
    ));
    let daemon = Daemon::start(&home);
    let at = site(&daemon);
    let installed = hold(at, 200);
    // Sooner than the first of them would have been given up for its silence.
    let (done, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(get(at, "/healthz").status));
    let status = asked.recv_timeout(Duration::from_secs(4));
    assert_eq!(status.ok(), Some(200));
    drop(installed);
}

#[test]
fn connections_to_the_responder_cost_no_certificate_and_end_with_the_proof() {
    with_many_descriptors();
    let own = free_port();
    let address: SocketAddr = format!("127.0.0.1:{own}").parse().unwrap();
    let stand_in = StandIn::with(|options| options.issue_after = Duration::from_secs(5));
    let home = Home::empty();
    let way = format!(
        "domain = \"a.example.com\"\nvalidation = {{ method = \"FILE\", listen = \"{address}\" }}"
    );
    let text = home.config_text(&stand_in.endpoint(), &["a.example.com", "b.example.com"]);
    home.write_config(text.replacen("domain = \"a.example.com\"", &way, 1));
    // The limit that a process has where nobody raised it.
    let mut command = std::process::Command::new("sh");
    let binary = home.command();
    command
        .args(["-c", "ulimit -n 256; exec \"$0\" \"$@\""])
        .arg(binary.get_program())
        .args(binary.get_args())
        .arg("run")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.path())
        .current_dir(home.path());
    let daemon = Daemon::spawn(&mut command);
    wait_for("the responder", SOON, || TcpStream::connect(address).ok());
    let mut installed = hold(address, MANY);
    daemon.wait_of("certificate.installed", "a.example.com");
    daemon.wait_of("certificate.installed", "b.example.com");
    daemon.signal(Signal::SIGHUP);
    daemon.wait("config.reloaded");
    wait_for("the end of the responder", SOON, || {
        TcpStream::connect(address).is_err().then_some(())
    });
    // With the proof, every connection ends.
    for stream in &mut installed {
        stream.set_read_timeout(Some(SOON)).unwrap();
        let mut byte = [0];
        assert!(!matches!(stream.read(&mut byte), Ok(1)));
    }
    assert_eq!(daemon.events("store.failed").len(), 0);
}
