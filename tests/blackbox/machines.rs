//! What machines do to a daemon: files that come late, a log that nobody reads, the first process of a container, a copied
//! state folder, health checks of old.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use evercert::sandbox::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::{
    Daemon, Home, SOON, StandIn, ask, free_port, get, output, read_pair, site, wait_for,
};

fn write_secret(path: &std::path::Path, text: &str) {
    let next = path.with_extension("next");
    fs::write(&next, text).unwrap();
    fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(next, path).unwrap();
}

#[test]
fn a_key_that_comes_later_pauses_its_account_and_no_other_and_is_found() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let key = home.path().join("late.key");
    let endpoint = stand_in.endpoint();
    home.write_config(format!(
        "{}\n[accounts.late]\nendpoint = \"{endpoint}\"\nsecret_id = \"{DEFAULT_SECRET_ID}\"\nsecret_key_file = \"{}\"\n\
         [[certificates]]\ndomain = \"healthy.com\"\n[[certificates]]\ndomain = \"waits.com\"\naccount = \"late\"\n",
        home.head(&endpoint),
        key.display()
    ));
    let mut daemon = Daemon::start(&home);
    let warned = daemon.wait("config.warning");
    assert!(
        warned["message"]
            .to_string()
            .contains("does not exist (yet)"),
        "{warned}"
    );
    daemon.wait_of("certificate.installed", "healthy.com");
    let paused = daemon.wait("account.paused");
    assert_eq!(paused["account"], "late");
    assert!(
        paused["message"].to_string().contains("late.key"),
        "{paused}"
    );
    assert!(
        daemon
            .events_of("certificate.installed", "waits.com")
            .is_empty()
    );
    // An agent makes the file first, and writes it a moment later.
    write_secret(&key, "");
    std::thread::sleep(Duration::from_secs(3));
    write_secret(&key, DEFAULT_SECRET_KEY);
    daemon.wait_of("certificate.installed", "waits.com");
    assert!(
        daemon.events("config.reloaded").is_empty(),
        "nothing was edited"
    );
    assert_eq!(daemon.stop().code(), Some(0));
    let checked = home.run(&["check"]);
    assert_eq!(checked.code, 0, "{}", checked.all());
}

#[test]
fn a_channel_that_lacks_its_address_stops_neither_the_daemon_nor_another_channel() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["a.com"]);
    let url = home.path().join("hook.url");
    let told = home.path().join("told");
    let script = home.path().join("tell.sh");
    fs::write(&script, format!("#!/bin/sh\ncat >> {}\n", told.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let text = fs::read_to_string(home.config()).unwrap();
    home.write_config(format!(
        "{text}[[notify]]\ntype = \"slack\"\nname = \"late\"\nurl_file = \"{}\"\n\
         [[notify]]\ntype = \"exec\"\nname = \"now\"\ncommand = [\"{}\"]\n",
        url.display(),
        script.display()
    ));
    let checked = home.run(&["check"]);
    assert_eq!(checked.code, 0, "{}", checked.all());
    assert!(
        checked.all().contains("hook.url does not exist (yet)"),
        "{}",
        checked.all()
    );
    let tested = home.run(&["notify", "test"]);
    assert_eq!(tested.code, 1, "{}", tested.all());
    assert!(
        tested.all().contains("ok: now") && tested.all().contains("FAILED: late"),
        "{}",
        tested.all()
    );
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "a.com");
}

#[test]
fn a_log_that_nobody_reads_holds_up_neither_the_work_nor_a_stop() {
    let stand_in = StandIn::quick();
    let names: Vec<String> = (0..40).map(|number| format!("n{number}.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let home = Home::of(&stand_in, &names);
    let port = free_port();
    let text = fs::read_to_string(home.config()).unwrap();
    let text = text.replace("listen = \"\"", &format!("listen = \"127.0.0.1:{port}\""));
    home.write_config(text.replace("format = \"json\"", "format = \"json\"\nlevel = \"debug\""));
    let mut child = home
        .command()
        .arg("run")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The other end is there, and never read; a page is all that it takes.
    let pipe = child.stderr.take().unwrap();
    fcntl(&pipe, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    wait_for("every pair is installed", SOON, || {
        let installed = names
            .iter()
            .filter(|name| read_pair(&home.live(name)).is_some());
        (installed.count() == names.len()).then_some(())
    });
    let at = format!("127.0.0.1:{port}").parse().unwrap();
    let metrics = get(at, "/metrics").body;
    assert!(
        metrics.contains("evercert_log_lines_dropped_total"),
        "{metrics}"
    );
    kill(
        Pid::from_raw(i32::try_from(child.id()).unwrap()),
        Signal::SIGTERM,
    )
    .unwrap();
    let status = wait_for("it stops", Duration::from_secs(12), || {
        child.try_wait().unwrap()
    });
    assert!(status.success(), "{status}");
    drop(pipe);
}

#[test]
fn the_first_process_of_a_container_waits_for_what_hooks_leave_behind() {
    let can = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "true"])
        .stderr(Stdio::null())
        .status();
    if !can.is_ok_and(|status| status.success()) {
        println!("skipped: no name space of processes can be made here");
        return;
    }
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["a.com"]);
    let hook = home.path().join("hook.sh");
    let seen = home.path().join("seen");
    // Its children outlive it, and end when nobody waits for them.
    fs::write(
        &hook,
        format!(
            "#!/bin/sh\nfor n in 1 2 3 4 5; do (sleep 0.2) >/dev/null 2>&1 & done\n\
             (sleep 4; grep -l '^State:.*Z' /proc/[0-9]*/status > {0}.new; mv {0}.new {0}) >/dev/null 2>&1 &\nexit 0\n",
            seen.display()
        ),
    )
    .unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let text = fs::read_to_string(home.config()).unwrap();
    home.write_config(format!(
        "{text}[certificates.hooks]\ndeploy = [[\"{}\"]]\n",
        hook.display()
    ));
    let mut command = Command::new("unshare");
    command
        .args(["--pid", "--fork", "--mount-proc", "--kill-child"])
        .arg(env!("CARGO_BIN_EXE_evercert"))
        .arg("--config")
        .arg(home.config())
        .arg("run");
    let daemon = Daemon::spawn(&mut command);
    daemon.wait_of("certificate.deployed", "a.com");
    let zombies = wait_for("the hook looked for zombies", SOON, || {
        fs::read_to_string(&seen).ok()
    });
    assert_eq!(zombies, "", "{}", daemon.text());
}

#[test]
fn a_copied_state_folder_is_noticed_and_orders_nothing_until_its_operator_decides() {
    let stand_in = StandIn::quick();
    let first = Home::of(&stand_in, &["a.com"]);
    let mut daemon = Daemon::start(&first);
    daemon.wait_of("certificate.installed", "a.com");
    assert_eq!(daemon.stop().code(), Some(0));
    let second = Home::of(&stand_in, &["a.com"]);
    let copied = output(
        Command::new("cp")
            .arg("-a")
            .arg(first.state_dir())
            .arg(second.path()),
        SOON,
    );
    assert_eq!(copied.code, 0, "{}", copied.all());
    // The first goes on, and orders a name that the copy has never heard of.
    first.configure(&stand_in.endpoint(), &["a.com", "b.com"]);
    let daemon = Daemon::start(&first);
    daemon.wait_of("certificate.installed", "b.com");
    second.configure(&stand_in.endpoint(), &["a.com", "c.com"]);
    let copy = Daemon::start(&second);
    let seen = copy.wait("twin.seen");
    assert!(
        seen["message"].to_string().contains("evercert claim"),
        "{seen}"
    );
    let failed = copy.wait_of("certificate.failed", "c.com");
    assert_eq!(failed["class"], "operator", "{failed}");
    assert!(stand_in.orders("c.com").is_empty());
    drop(daemon);
    let claimed = second.run(&["claim"]);
    assert_eq!(claimed.code, 0, "{}", claimed.all());
    copy.wait_of("certificate.installed", "c.com");
    assert_eq!(stand_in.orders("c.com").len(), 1);
}

#[test]
fn a_health_check_of_before_names_were_sent_is_answered_and_gets_no_page() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["a.com"]);
    let text = fs::read_to_string(home.config()).unwrap();
    home.write_config(text.replace(
        "listen = \"\"",
        &format!("listen = \"127.0.0.1:{}\"", free_port()),
    ));
    let daemon = Daemon::start(&home);
    let at = site(&daemon);
    for (request, status) in [
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("HEAD /healthz HTTP/1.0\r\n\r\n", 200),
        ("OPTIONS /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET / HTTP/1.0\r\n\r\n", 421),
        ("GET /metrics HTTP/1.0\r\n\r\n", 421),
        ("OPTIONS / HTTP/1.0\r\n\r\n", 405),
        ("GET /healthz HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    ] {
        assert_eq!(ask(at, request).status, status, "{request:?}");
    }
}
