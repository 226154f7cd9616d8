//! What a client really gets, from real servers.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evercert::delivery::verify::{Place, look};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::harness::{DOMAIN, Running, World, eventually, has, read};
use crate::common::free_port;

/// nginx on loopback, with the files of a pem target.
struct Nginx {
    port: u16,
    targets: String,
}

impl Nginx {
    fn prepare(world: &World, verify: &str) -> Self {
        let port = free_port();
        fs::create_dir(world.path("ssl")).unwrap();
        let folder = world.folder.path().display().to_string();
        let conf = format!(
            "worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n\
             events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;\n\
             fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/ssl/c.crt;\n\
             ssl_certificate_key {folder}/ssl/c.key; return 204; }} }}\n"
        );
        fs::write(world.path("nginx.conf"), conf).unwrap();
        let check = world.script(
            "check.sh",
            &format!("exec nginx -t -q -e {folder}/nginx.log -c {folder}/nginx.conf"),
        );
        let reload = world.script("reload.sh", &format!(
            "[ -s {folder}/nginx.pid ] || exit 0; exec nginx -s reload -e {folder}/nginx.log -c {folder}/nginx.conf"
        ));
        let targets = format!(
            "{verify}\n[[certificates.install]]\nformat = \"pem\"\ncert = \"{folder}/ssl/c.crt\"\nkey = \"{folder}/ssl/c.key\"\n\
             check = [\"{check}\"]\nreload = [\"{reload}\"]\n"
        )
        .replace("PORT", &port.to_string());
        Self { port, targets }
    }

    fn start(&self, world: &World) -> Running {
        let child = Command::new("nginx")
            .arg("-c")
            .arg(world.path("nginx.conf"))
            .arg("-e")
            .arg(world.path("nginx.log"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("nginx serves", || shown(self.port).is_ok());
        Running(child)
    }
}

/// The fingerprint that a client gets.
fn shown(port: u16) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let place = Place {
        host: "127.0.0.1".to_owned(),
        port,
        name: DOMAIN.to_owned(),
        starttls: None,
    };
    let served = runtime.block_on(look(&place, tokio::time::sleep));
    match served.map_err(|error| error.to_string())?.pop() {
        Some(one) => one
            .leaf
            .map(|leaf| leaf.fingerprint)
            .map_err(|error| error.to_string()),
        None => Err("no address".to_owned()),
    }
}

/// A worker of before the reload may take one more connection.
fn serves_what_is_installed(port: u16, world: &World) {
    let wanted = installed(world);
    eventually("what is installed is served", || {
        shown(port).as_ref() == Ok(&wanted)
    });
}

fn installed(world: &World) -> String {
    world.status()["fingerprint"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn renewed_under_load_a_client_sees_the_old_or_the_new_certificate_and_no_failure() {
    if !has("nginx") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let nginx = Nginx::prepare(&world, "");
    world.write_config(&nginx.targets);
    world.good_verb(&["renew"]);
    let _running = nginx.start(&world);
    // With a check of what is served from now on.
    let verify = format!("verify = \"127.0.0.1:{}\"\n", nginx.port);
    world.write_config(&format!("{verify}{}", nginx.targets));
    let daemon = world.daemon();
    let old = installed(&world);
    daemon.wait_for("certificate.served", 1);
    let done = Arc::new(AtomicBool::new(false));
    let (port, stop) = (nginx.port, Arc::clone(&done));
    let client = std::thread::spawn(move || {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) {
            seen.insert(shown(port).unwrap_or_else(|error| format!("failed: {error}")));
            count += 1;
        }
        (seen, count)
    });
    world.good_verb(&["renew", "--force", DOMAIN]);
    let renewed = daemon.wait_for("certificate.renewed", 1);
    assert!(
        renewed["message"]
            .as_str()
            .unwrap()
            .contains("served at 127.0.0.1"),
        "{renewed}"
    );
    done.store(true, Ordering::Relaxed);
    let (seen, count) = client.join().unwrap();
    let new = installed(&world);
    assert_ne!(old, new);
    assert_eq!(
        seen,
        BTreeSet::from([old, new.clone()]),
        "after {count} connections"
    );
    assert_eq!(world.status()["served"], new);
    // A worker of before the reload may take one more connection.
    eventually("`verify` finds it served", || {
        world.verb(&["verify"]).status.code() == Some(0)
    });
}

#[test]
fn a_broken_nginx_config_keeps_the_old_certificate_served() {
    if !has("nginx") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let nginx = Nginx::prepare(&world, "verify = \"127.0.0.1:PORT\"");
    world.write_config(&nginx.targets.replace("verify =", "# verify ="));
    world.good_verb(&["renew"]);
    let _running = nginx.start(&world);
    world.write_config(&nginx.targets);
    let daemon = world.daemon();
    daemon.wait_for("certificate.served", 1);
    let old = installed(&world);
    let good = read(world.path("nginx.conf"));
    fs::write(world.path("nginx.conf"), format!("{good}\nnonsense on;\n")).unwrap();
    world.verb(&["renew", "--force", DOMAIN]);
    daemon.wait_for("certificate.rolled_back", 1);
    assert_eq!(shown(nginx.port).unwrap(), old);
    assert_eq!(
        daemon.events("certificate.renewed").len(),
        0,
        "{}",
        daemon.log()
    );
    assert_eq!(world.verb(&["verify", DOMAIN]).status.code(), Some(1));
    fs::write(world.path("nginx.conf"), good).unwrap();
    daemon.wait_for("certificate.renewed", 1);
    serves_what_is_installed(nginx.port, &world);
}

#[test]
fn a_reload_without_effect_is_seen_and_the_files_go_back() {
    if !has("nginx") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let nginx = Nginx::prepare(
        &world,
        "verify = { address = \"127.0.0.1:PORT\", patience = \"2s\" }",
    );
    world.write_config(&nginx.targets.replace("verify =", "# verify ="));
    world.good_verb(&["renew"]);
    let _running = nginx.start(&world);
    world.write_config(&nginx.targets);
    let daemon = world.daemon();
    daemon.wait_for("certificate.served", 1);
    let (old, old_files) = (installed(&world), read(world.path("ssl/c.crt")));
    let reload = read(world.path("reload.sh"));
    world.script(
        "reload.sh",
        &format!(
            "cp {0} {0}.$(date +%s%N); exit 0",
            world.path("ssl/c.crt").display()
        ),
    );
    world.verb(&["renew", "--force", DOMAIN]);
    let rolled_back = daemon.wait_for("certificate.rolled_back", 1);
    assert!(
        rolled_back["message"]
            .as_str()
            .unwrap()
            .contains("serves another certificate"),
        "{rolled_back}"
    );
    assert_eq!(shown(nginx.port).unwrap(), old);
    assert!(
        fs::read_dir(world.path("ssl"))
            .unwrap()
            .any(|entry| read(entry.unwrap().path()) == old_files)
    );
    world.script("reload.sh", reload.trim_start_matches("#!/bin/sh\n"));
    daemon.wait_for("certificate.renewed", 1);
    serves_what_is_installed(nginx.port, &world);
    assert_eq!(world.orders(), 2);
}

#[test]
fn what_is_replaced_behind_our_back_is_found_by_the_next_check_and_mended() {
    if !has("nginx") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let other = World::new(Duration::from_secs(20 * 86_400));
    other.write_config("");
    other.good_verb(&["renew"]);
    let nginx = Nginx::prepare(
        &world,
        "verify = { address = \"127.0.0.1:PORT\", patience = \"2s\" }",
    );
    world.write_config(&nginx.targets.replace("verify =", "# verify ="));
    world.good_verb(&["renew"]);
    let _running = nginx.start(&world);
    world.write_config(&nginx.targets);
    let daemon = world.daemon();
    daemon.wait_for("certificate.served", 1);
    // Only what is served is changed, not the files: an older certificate by another config.
    let conf = read(world.path("nginx.conf"));
    let swapped = conf
        .replace(
            &world.path("ssl/c.crt").display().to_string(),
            &other.live("fullchain.pem").display().to_string(),
        )
        .replace(
            &world.path("ssl/c.key").display().to_string(),
            &other.live("privkey.pem").display().to_string(),
        );
    fs::write(world.path("nginx.conf"), swapped).unwrap();
    assert!(
        Command::new(world.path("reload.sh"))
            .status()
            .unwrap()
            .success()
    );
    // nginx reads its config when the signal arrives, not when it is sent.
    let ours = installed(&world);
    eventually("the other certificate is served", || {
        shown(nginx.port).is_ok_and(|seen| seen != ours)
    });
    fs::write(world.path("nginx.conf"), conf).unwrap();
    let drift = daemon.wait_for("drift.found", 1);
    assert!(
        drift["message"]
            .as_str()
            .unwrap()
            .contains("serves another certificate"),
        "{drift}"
    );
    daemon.wait_for("certificate.served", 2);
    serves_what_is_installed(nginx.port, &world);
    assert_eq!(world.orders(), 1);
}

#[test]
fn deploy_says_when_the_server_goes_on_serving_another_certificate() {
    if !has("nginx") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let nginx = Nginx::prepare(
        &world,
        "verify = { address = \"127.0.0.1:PORT\", patience = \"1s\" }",
    );
    world.write_config(&nginx.targets.replace("verify =", "# verify ="));
    world.good_verb(&["renew"]);
    let running = nginx.start(&world);
    world.write_config(&nginx.targets);
    world.good_verb(&["deploy", DOMAIN]);
    // Another server, with its own certificate, has the port; the reload tells the wrong one and ends well.
    drop(running);
    let other = rcgen::generate_simple_self_signed(vec![DOMAIN.to_owned()]).unwrap();
    fs::write(world.path("other.crt"), other.cert.pem()).unwrap();
    fs::write(world.path("other.key"), other.signing_key.serialize_pem()).unwrap();
    let conf = read(world.path("nginx.conf")).replace("/ssl/c.", "/other.");
    fs::write(world.path("nginx.conf"), conf).unwrap();
    let _running = nginx.start(&world);
    world.script("reload.sh", "exit 0");
    let output = world.verb(&["deploy", DOMAIN]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("serves another certificate"), "{said}");
}

#[test]
fn a_default_certificate_that_ends_later_is_a_mistake_and_nobody_s_newer_one() {
    if !has("nginx") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let nginx = Nginx::prepare(
        &world,
        "verify = { address = \"127.0.0.1:PORT\", patience = \"2s\" }",
    );
    // What a server is installed with: for its name, signed by itself, for ten years.
    let placeholder = rcgen::generate_simple_self_signed(vec![DOMAIN.to_owned()]).unwrap();
    fs::write(world.path("ssl/c.crt"), placeholder.cert.pem()).unwrap();
    fs::write(
        world.path("ssl/c.key"),
        placeholder.signing_key.serialize_pem(),
    )
    .unwrap();
    fs::copy(world.path("ssl/c.crt"), world.path("default.crt")).unwrap();
    fs::copy(world.path("ssl/c.key"), world.path("default.key")).unwrap();
    let _running = nginx.start(&world);
    world.write_config(&nginx.targets);
    let daemon = world.daemon();
    daemon.wait_for("certificate.served", 1);
    assert_eq!(daemon.events("drift.found").len(), 0, "{}", daemon.log());
    // The server goes back to it by a config of its own.
    let conf = read(world.path("nginx.conf"));
    let swapped = conf.replace("/ssl/c.", "/default.");
    fs::write(world.path("nginx.conf"), swapped).unwrap();
    let reloaded = Command::new(world.path("reload.sh")).status().unwrap();
    assert!(reloaded.success());
    let ours = installed(&world);
    eventually("the placeholder is served", || {
        shown(nginx.port).is_ok_and(|seen| seen != ours)
    });
    fs::write(world.path("nginx.conf"), conf).unwrap();
    let drift = daemon.wait_for("drift.found", 1);
    assert!(
        drift["message"]
            .as_str()
            .unwrap()
            .contains("serves another"),
        "{drift}"
    );
    daemon.wait_for("certificate.served", 2);
    serves_what_is_installed(nginx.port, &world);
}

#[test]
fn haproxy_takes_up_the_combined_file() {
    if !has("haproxy") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let port = free_port();
    let folder = world.folder.path().display().to_string();
    let conf = format!(
        "global\n  maxconn 50\n  master-worker\ndefaults\n  mode http\n  timeout client 5s\n  timeout connect 5s\n  timeout server 5s\n\
         frontend f\n  bind 127.0.0.1:{port} ssl crt {folder}/h.pem\n  http-request return status 204\n"
    );
    fs::write(world.path("haproxy.cfg"), conf).unwrap();
    let check = world.script(
        "check.sh",
        &format!("exec haproxy -c -q -f {folder}/haproxy.cfg"),
    );
    let reload = world.script(
        "reload.sh",
        &format!("[ ! -s {folder}/h.pid ] || kill -USR2 $(cat {folder}/h.pid)"),
    );
    let targets = format!(
        "[[certificates.install]]\nformat = \"combined\"\nfile = \"{folder}/h.pem\"\ncheck = [\"{check}\"]\nreload = [\"{reload}\"]\n"
    );
    world.write_config(&targets);
    world.good_verb(&["renew"]);
    let child = Command::new("haproxy")
        .args(["-W", "-q", "-f"])
        .arg(world.path("haproxy.cfg"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    fs::write(world.path("h.pid"), child.id().to_string()).unwrap();
    let _running = Running(child);
    eventually("haproxy serves", || shown(port).is_ok());
    world.write_config(&format!("verify = \"127.0.0.1:{port}\"\n{targets}"));
    let daemon = world.daemon();
    daemon.wait_for("certificate.served", 1);
    world.good_verb(&["renew", "--force", DOMAIN]);
    daemon.wait_for("certificate.renewed", 1);
    serves_what_is_installed(port, &world);
}

#[test]
fn unreachable_is_an_alarm_and_no_roll_back() {
    let world = World::new(Duration::ZERO);
    world.write_config(&format!(
        "verify = \"127.0.0.1:{}\"\n[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\n",
        free_port(),
        world.path("h.pem").display()
    ));
    let daemon = world.daemon();
    let failed = daemon.wait_for("certificate.failed", 2);
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("can't be connected to"),
        "{failed}"
    );
    assert!(world.path("h.pem").exists());
    assert_eq!(daemon.events("certificate.rolled_back").len(), 0);
    assert_eq!(world.verb(&["verify"]).status.code(), Some(1));
    assert_eq!(world.verb(&["status", "--check"]).status.code(), Some(1));
}

/// A server that is spoken to plainly first; `talk` answers until TLS begins.
fn starttls_server(
    world: &World,
    greeting: &'static str,
    talk: fn(&str) -> (&'static str, bool),
    whole: bool,
) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = if whole { "fullchain.pem" } else { "cert.pem" };
    let chain = CertificateDer::pem_file_iter(world.live(file))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_file(world.live("privkey.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(greeting.as_bytes()).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                let (answer, begins) = talk(line.trim_end());
                stream.write_all(answer.as_bytes()).unwrap();
                if begins {
                    let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                    // The client goes once it has seen the certificate.
                    while tls.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {}
                    break;
                }
            }
        }
    });
    port
}

#[test]
fn mail_servers_are_turned_to_tls_first_and_a_missing_chain_is_said() {
    let world = World::new(Duration::ZERO);
    world.write_config("");
    world.good_verb(&["renew"]);
    let smtp: fn(&str) -> (&'static str, bool) = |line| match line {
        "STARTTLS" => ("220 go\r\n", true),
        _ => ("250-hello\r\n250 STARTTLS\r\n", false),
    };
    let imap: fn(&str) -> (&'static str, bool) = |line| match line {
        "a1 STARTTLS" => ("* note\r\na1 OK go\r\n", true),
        _ => ("* BAD\r\n", false),
    };
    for (way, greeting, talk, whole, code, says) in [
        (
            "smtp",
            "220-mail\r\n220 ready\r\n",
            smtp,
            true,
            0,
            "served at",
        ),
        ("imap", "* OK ready\r\n", imap, true, 0, "served at"),
        ("smtp", "554 go away\r\n", smtp, true, 1, "554 go away"),
        ("smtp", "220 ready\r\n", smtp, false, 1, "without its chain"),
    ] {
        let port = starttls_server(&world, greeting, talk, whole);
        world.write_config(&format!(
            "verify = {{ address = \"127.0.0.1:{port}\", starttls = \"{way}\" }}"
        ));
        // The record must know of the check's certificate; the verb only reads.
        let output = world.verb(&["verify"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{way}: {text}");
        assert!(text.contains(says), "{way}: {text}");
    }
}

#[test]
fn openssl_and_java_read_the_key_store() {
    let world = World::new(Duration::ZERO);
    let password = world.path("password");
    fs::write(&password, "correct horse\n").unwrap();
    let file = world.path("s.p12");
    world.write_config(&format!(
        "[[certificates.install]]\nformat = \"pkcs12\"\nfile = \"{}\"\npassword_file = \"{}\"\nalias = \"shop\"\n",
        file.display(),
        password.display()
    ));
    world.good_verb(&["renew"]);
    if has("openssl") {
        let output = Command::new("openssl")
            .args(["pkcs12", "-nodes", "-in"])
            .arg(&file)
            .arg("-passin")
            .arg(format!("file:{}", password.display()))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{text}");
        assert_eq!(text.matches("BEGIN PRIVATE KEY").count(), 1);
        let leaf = read(world.live("cert.pem"));
        let body: Vec<&str> = leaf.lines().skip(1).take(3).collect();
        assert!(text.contains(&body.join("\n")), "{text}");
    }
    if has("keytool") {
        let output = Command::new("keytool")
            .args(["-list", "-v", "-storetype", "PKCS12", "-keystore"])
            .arg(&file)
            .arg("-storepass:file")
            .arg(&password)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(
            text.contains("PrivateKeyEntry") && text.contains("shop"),
            "{text}"
        );
        assert!(text.contains("Certificate chain length: 2"), "{text}");
    }
}
