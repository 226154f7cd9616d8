//! Files: below a web server's folder, and by the responder of our own.

use std::fs;

use super::bench::{Bench, free_port, have, kill, nginx};

const DOMAIN: &str = "shop.example.com";

fn certificate(way: &str) -> String {
    format!(
        "[[certificates]]\ndomain = \"{DOMAIN}\"\nvalidation = {{ method = \"FILE\", {way} }}\n"
    )
}

#[test]
fn a_file_below_the_web_server_s_folder_proves_control() {
    if !have(&["nginx"]) {
        return;
    }
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let bench = Bench::new(&["--http", &address]);
    let root = bench.path("www");
    fs::create_dir(&root).unwrap();
    let _nginx = nginx(&bench, port, &format!("root {};", root.display()));
    let way = format!("webroot = \"{}\", probe = \"{address}\"", root.display());
    bench.configure(&certificate(&way));
    let _daemon = bench.start();
    bench.wait_for_certificate(DOMAIN);
    bench.wait_for_cleanup();
    assert!(
        bench.log().contains("validation.visible"),
        "{}",
        bench.log()
    );
    assert_eq!(
        fs::read_dir(&root).unwrap().count(),
        0,
        "the folder is as it was"
    );
}

#[test]
fn the_responder_serves_behind_a_proxy_rule_and_only_while_it_is_needed() {
    if !have(&["nginx"]) {
        return;
    }
    let (port, own) = (free_port(), free_port());
    let address = format!("127.0.0.1:{port}");
    let bench = Bench::new(&["--http", &address]);
    let rule =
        format!("location /.well-known/pki-validation/ {{ proxy_pass http://127.0.0.1:{own}; }}");
    let _nginx = nginx(&bench, port, &rule);
    bench.configure(&certificate(&format!(
        "listen = \"127.0.0.1:{own}\", probe = \"{address}\""
    )));
    let _daemon = bench.start();
    bench.wait_for_certificate(DOMAIN);
    bench.wait_for_cleanup();
    bench.wait("the port is free again", || {
        std::net::TcpListener::bind(("127.0.0.1", own)).is_ok()
    });
}

#[test]
fn after_a_crash_the_responder_serves_again() {
    let own = free_port();
    let address = format!("127.0.0.1:{own}");
    let bench = Bench::new(&["--http", &address]);
    // The CA finds another server at first, so that the order is still open when the daemon dies.
    bench.configure(&certificate(&format!("listen = \"{address}\"")));
    bench.manage(
        "POST",
        "/faults",
        r#"{"action": "CompleteCertificate", "kind": "error", "times": 2}"#,
    );
    let daemon = bench.start();
    bench.wait("it serves", || {
        std::net::TcpStream::connect(("127.0.0.1", own)).is_ok()
    });
    kill(daemon);
    assert!(std::net::TcpStream::connect(("127.0.0.1", own)).is_err());
    let _daemon = bench.start();
    bench.wait_for_certificate(DOMAIN);
    bench.wait_for_cleanup();
}

#[test]
fn also_while_its_account_is_paused_the_responder_serves_again() {
    let own = free_port();
    let address = format!("127.0.0.1:{own}");
    let bench = Bench::new(&["--http", &address]);
    bench.configure(&certificate(&format!("listen = \"{address}\"")));
    bench.fail("CompleteCertificate", "InternalError");
    let daemon = bench.start();
    bench.wait("it serves", || {
        std::net::TcpStream::connect(("127.0.0.1", own)).is_ok()
    });
    bench.fail("DescribeCertificates", "AuthFailure.UnauthorizedOperation");
    bench.wait_for_log("account.paused");
    kill(daemon);
    let daemon = bench.start();
    bench.wait("it serves again", || {
        std::net::TcpStream::connect(("127.0.0.1", own)).is_ok()
    });
    assert!(!bench.log().contains("account.resumed"), "{}", bench.log());
    bench.manage("DELETE", "/faults", "");
    bench.reload(&daemon);
    bench.wait_for_certificate(DOMAIN);
    bench.wait_for_cleanup();
}

#[test]
fn a_responder_whose_address_was_taken_serves_once_it_is_free() {
    let own = free_port();
    let address = format!("127.0.0.1:{own}");
    let bench = Bench::new(&["--http", &address]);
    bench.configure(&certificate(&format!("listen = \"{address}\"")));
    bench.fail("CompleteCertificate", "InternalError");
    let daemon = bench.start();
    bench.wait("it serves", || {
        std::net::TcpStream::connect(("127.0.0.1", own)).is_ok()
    });
    kill(daemon);
    let taken = std::net::TcpListener::bind(&address).unwrap();
    let _daemon = bench.start();
    bench.wait_for_log("its validation file is not served");
    drop(taken);
    bench.manage("DELETE", "/faults", "");
    bench.wait_for_certificate(DOMAIN);
    bench.wait_for_cleanup();
}

#[test]
fn what_hides_the_file_is_said_before_the_ca_is_asked() {
    if !have(&["nginx"]) {
        return;
    }
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let bench = Bench::new(&["--http", &address]);
    let root = bench.path("www");
    fs::create_dir(&root).unwrap();
    let _nginx = nginx(&bench, port, "return 403;");
    let way = format!("webroot = \"{}\", probe = \"{address}\"", root.display());
    bench.configure(&certificate(&way));
    let _daemon = bench.start();
    bench.wait("status tells it", || {
        bench.status(DOMAIN)["last_error"]
            .to_string()
            .contains("HTTP status 403")
    });
    // The look only advises.
    bench.wait("the CA is asked all the same", || {
        bench.calls("CompleteCertificate") == 1
    });
}

#[test]
fn a_redirect_to_a_dead_place_is_found_before_an_order_and_named_while_it_waits() {
    if !have(&["nginx"]) {
        return;
    }
    let (port, dead) = (free_port(), free_port());
    let address = format!("127.0.0.1:{port}");
    let bench = Bench::new(&["--http", &address]);
    let root = bench.path("www");
    fs::create_dir(&root).unwrap();
    let rule = format!("return 302 http://127.0.0.1:{dead}/moved$request_uri;");
    let blind = nginx(&bench, port, &rule);
    let way = format!("webroot = \"{}\", probe = \"{address}\"", root.display());
    bench.configure(&certificate(&way));
    let doctor = bench.verb(&["doctor", DOMAIN]);
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(found.contains("is a dead end"), "{found}");
    assert!(
        found.contains(&format!(
            "redirects to http://127.0.0.1:{dead}/moved/.well-known/"
        )),
        "{found}"
    );
    assert_eq!(doctor.status.code(), Some(1), "{found}");
    assert_eq!(bench.calls("ApplyCertificate"), 0);

    let _daemon = bench.start();
    bench.wait("status tells it", || {
        bench.status(DOMAIN)["last_error"]
            .to_string()
            .contains("which can't be fetched")
    });
    // Mended, the order under way goes on by itself.
    drop(blind);
    let _mended = nginx(&bench, port, &format!("root {};", root.display()));
    bench.wait_for_certificate(DOMAIN);
    assert_eq!(bench.calls("ApplyCertificate"), 1);
}
