//! Secrets in the arguments and in the output of the operator's commands.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use evercert::sandbox::DEFAULT_SECRET_KEY;

use crate::common::{Daemon, Home, StandIn, ask_raw, free_port, site};

const DOMAIN: &str = "a.example.com";

/// A hook that is given a secret, and prints all that it knows: its arguments, the private key, the account's key, and a
/// secret of its own.
const HOOK: &str = "echo \"called with $*\"; cat \"$EVERCERT_KEY\"; tail -n 5 \"$EVERCERT_KEY\"; \
     echo 'api_token=Own9Secret'; echo 'Authorization: Bearer Bear9Secret'; \
     echo 'https://me:Url9Secret@host/'; sed -n 's/^secret_key = //p' CONFIG; echo the end";

#[test]
fn what_a_hook_is_given_and_what_it_prints_is_shown_without_secrets() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    for (name, last) in [("good.sh", ""), ("bad.sh", "\nexit 3")] {
        let path = home.path().join(name);
        let lines = HOOK.replace("CONFIG", &home.config().display().to_string());
        fs::write(&path, format!("#!/bin/sh\n{lines}{last}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let hooks = format!(
        "[certificates.hooks]\ndeploy = [[\"{0}/good.sh\", \"--token\", \"Arg9Secret\"], [\"{0}/bad.sh\", \"Arg9Secret\"]]\n",
        home.path().display()
    );
    let text = home.config_text(&stand_in.endpoint(), &[DOMAIN]).replace(
        "listen = \"\"",
        &format!("listen = \"127.0.0.1:{}\"", free_port()),
    );
    home.write_config(format!("{text}{hooks}"));
    let daemon = Daemon::start(&home);
    daemon.wait_of("hook.ran", DOMAIN);
    daemon.wait_of("hook.failed", DOMAIN);
    let at = site(&daemon);
    let mut shown = daemon.text();
    for path in [
        "/".to_owned(),
        format!("/certificates/{DOMAIN}"),
        "/metrics".to_owned(),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\n\r\n");
        shown.push_str(&ask_raw(at, request.as_bytes()));
    }
    for verb in [
        &["status"] as &[&str],
        &["status", "--json"],
        &["status", DOMAIN],
        &["history"],
        &["history", "--json"],
        &["why", DOMAIN],
        &["plan"],
    ] {
        shown.push_str(&home.run(verb).all());
    }
    assert!(
        shown.contains("good.sh") && shown.contains("the end"),
        "{shown}"
    );
    let key = fs::read_to_string(home.live(DOMAIN).join("privkey.pem")).unwrap();
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    let secrets = [
        "Arg9Secret",
        "Own9Secret",
        "Bear9Secret",
        "Url9Secret",
        DEFAULT_SECRET_KEY,
    ];
    for secret in secrets.into_iter().chain(lines) {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    // Nor does the record keep them.
    for name in ["evercert.db", "evercert.db-wal"] {
        let bytes = fs::read(home.state_dir().join(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {name}");
        }
    }
}
