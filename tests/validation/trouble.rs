//! Bad commands, crashes, and orders that come to nothing.

use std::fs;
use std::time::Instant;

use super::bench::{Bench, NameServer, dns, have, kill};

const DOMAIN: &str = "shop.example.com";

fn hook(bench: &Bench, text: &str) -> String {
    let hook = bench.write("hook", text);
    format!("provider = \"exec\", command = [\"{hook}\"], timeout = \"2s\"")
}

#[test]
fn a_command_that_hangs_delays_no_other_domain() {
    let bench = Bench::new(&[]);
    let provider = hook(&bench, "#!/bin/sh\nsleep 300\n").replace("2s", "50s");
    let both = format!(
        "{}[[certificates]]\ndomain = \"other.example.com\"\n",
        dns(DOMAIN, &provider, "127.0.0.1:9")
    );
    bench.configure(&both);
    let started = Instant::now();
    let mut daemon = bench.start();
    bench.wait_for_certificate("other.example.com");
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    // And it ends in time, the command with it.
    let asked = Instant::now();
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(daemon.0.id()).unwrap()),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    daemon.0.wait().unwrap();
    assert!(asked.elapsed().as_secs() < 12, "{:?}", asked.elapsed());
}

#[test]
fn a_failing_command_is_told_with_its_last_words_and_tried_again() {
    let bench = Bench::new(&[]);
    let provider = hook(
        &bench,
        "#!/bin/sh\necho the token has expired >&2\nexit 7\n",
    );
    bench.configure(&dns(DOMAIN, &provider, "127.0.0.1:9"));
    let _daemon = bench.start();
    bench.wait("two attempts", || {
        bench.log().matches("the token has expired").count() >= 2
    });
    assert!(bench.log().contains("exit code 7"));
    let status = bench.status(DOMAIN);
    assert!(
        status["last_error"]
            .to_string()
            .contains("the token has expired"),
        "{status}"
    );
    assert_eq!(
        bench.calls("ApplyCertificate"),
        1,
        "a failing hook costs no second order"
    );
    // Mended, it goes on at once with the order that is there.
    hook(&bench, "#!/bin/sh\nexit 0\n");
    bench.wait_for_certificate(DOMAIN);
    assert_eq!(bench.calls("ApplyCertificate"), 1);
}

#[test]
fn a_missing_command_is_named() {
    let bench = Bench::new(&[]);
    let provider = "provider = \"exec\", command = [\"/nowhere/hook\"]";
    bench.configure(&dns(DOMAIN, provider, "127.0.0.1:9"));
    let _daemon = bench.start();
    bench.wait_for_log("/nowhere/hook can't be started: it is not there");
}

#[test]
fn what_was_put_up_is_taken_down_after_a_crash() {
    if !have(&["named", "dig", "nsupdate"]) {
        return;
    }
    let server = NameServer::start();
    let bench = Bench::new(&["--dns", &server.address(), "--record", "txt"]);
    let hook = server.hook(&bench);
    // The daemon dies between putting up and writing down that it is up.
    let slow = bench.write(
        "slow",
        &format!("#!/bin/sh\n{hook} \"$@\"\n[ $1 = cleanup ] || sleep 20\n"),
    );
    let provider = format!("provider = \"exec\", command = [\"{slow}\"]");
    bench.configure(&dns(DOMAIN, &provider, &server.address()));
    let daemon = bench.start();
    let name = format!("_dnsauth.{DOMAIN}");
    bench.wait("the record is up", || !server.dig(&name, "TXT").is_empty());
    kill(daemon);
    // Meanwhile the order ends.
    let id = bench.state()["certificates"][0]["certificate_id"]
        .as_str()
        .unwrap()
        .to_owned();
    bench.manage("POST", &format!("/orders/{id}"), r#"{"status": 2}"#);
    let _daemon = bench.start();
    bench.wait("the record is gone", || server.dig(&name, "TXT").is_empty());
}

#[test]
fn a_rejected_order_leaves_no_record_behind_and_its_clean_up_is_repeated_until_it_works() {
    let bench = Bench::new(&["--dns", "127.0.0.1:9"]);
    let (block, calls) = (bench.path("block"), bench.path("calls"));
    fs::write(&block, "").unwrap();
    let provider = hook(
        &bench,
        &format!(
            "#!/bin/sh\necho $1 >> {}\n[ $1 = present ] || [ ! -e {} ]\n",
            calls.display(),
            block.display()
        ),
    );
    bench.configure(&dns(DOMAIN, &provider, "127.0.0.1:9"));
    let daemon = bench.start();
    bench.wait_for_log("validation.presented");
    let id = bench.state()["certificates"][0]["certificate_id"]
        .as_str()
        .unwrap()
        .to_owned();
    bench.manage("POST", &format!("/orders/{id}"), r#"{"status": 2}"#);
    bench.wait_for_log("taking down the proof fails");
    // It outlives the process, too.
    kill(daemon);
    fs::remove_file(&block).unwrap();
    let _daemon = bench.start();
    bench.wait_for_cleanup();
    let calls = fs::read_to_string(&calls).unwrap();
    assert!(calls.matches("cleanup").count() >= 2, "{calls}");
}

#[test]
fn why_the_service_does_not_validate_is_put_in_words() {
    if !have(&["named", "dig"]) {
        return;
    }
    let server = NameServer::start();
    let bench = Bench::new(&["--dns", &server.address(), "--record", "txt"]);
    // It claims to have put the record up, and did not.
    let provider = hook(&bench, "#!/bin/sh\nexit 0\n");
    bench.configure(&dns(DOMAIN, &provider, &server.address()));
    let _daemon = bench.start();
    bench.wait_for_log("does not have the name");
    bench.wait_for_log("validation.asked");
    assert_eq!(bench.calls("CompleteCertificate"), 1);
}

#[test]
fn an_order_that_goes_by_an_earlier_proof_is_asked_for_nothing_and_leaves_nothing_behind() {
    // Issued at the first look, and some seconds later.
    for issue_after in ["0s", "3s"] {
        let bench = Bench::new(&["--reuse-validation", "200d", "--issue-after", issue_after]);
        let calls = bench.path("calls");
        let provider = hook(
            &bench,
            &format!("#!/bin/sh\necho $1 >> {}\n", calls.display()),
        );
        bench.configure(&dns(DOMAIN, &provider, "127.0.0.1:9"));
        let _daemon = bench.start();
        bench.wait_for_certificate(DOMAIN);
        bench.wait_for_cleanup();
        let first = fs::read_to_string(&calls).unwrap();
        assert_eq!(first, "present\ncleanup\n");
        let renewed = bench.verb(&["renew", DOMAIN, "--force"]);
        assert!(renewed.status.success(), "{renewed:?}");
        bench.wait("the second is installed", || {
            bench.log().matches("certificate.installed").count() == 2
        });
        bench.wait("no proof is open", || proofs(&bench) == 0);
        assert_eq!(fs::read_to_string(&calls).unwrap(), first);
        assert_eq!(bench.calls("CompleteCertificate"), 1);
        assert_eq!(bench.calls("ApplyCertificate"), 2);
        assert!(
            !bench.log().contains("validation.failed"),
            "{}",
            bench.log()
        );
        let status = bench.status(DOMAIN);
        assert!(status["last_error"].is_null(), "{status}");
    }
}

/// How many proofs are not over.
fn proofs(bench: &Bench) -> i64 {
    let url = format!(
        "sqlite://{}?mode=ro",
        bench.path("state/evercert.db").display()
    );
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        use sqlx::Connection;
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM proof")
            .fetch_one(&mut connection)
            .await
            .unwrap()
    })
}
