//! Records: by a command, by dynamic update, by acme.sh's scripts, by the DNS service, by hand.

use std::fs;

use super::bench::{Bench, NameServer, dns, have};

const DOMAIN: &str = "shop.example.com";

#[test]
fn a_command_puts_the_record_up_and_takes_it_down() {
    if !have(&["named", "dig", "nsupdate"]) {
        return;
    }
    for record in ["txt", "cname"] {
        let server = NameServer::start();
        let bench = Bench::new(&["--dns", &server.address(), "--record", record]);
        let hook = server.hook(&bench);
        let provider = format!("provider = \"exec\", command = [\"{hook}\"]");
        bench.configure(&dns(DOMAIN, &provider, &server.address()));
        let _daemon = bench.start();
        bench.wait_for_certificate(DOMAIN);
        bench.wait_for_cleanup();

        let calls = fs::read_to_string(bench.path("calls")).unwrap();
        let name = variable(&calls, "EVERCERT_DNS_NAME");
        assert!(name.ends_with(".example.com"), "{name}");
        assert_eq!(server.dig(&name, record), "", "the record is gone");
        let value = variable(&calls, "EVERCERT_DNS_VALUE");
        assert!(
            calls.contains(&format!("present {name}. {value}")),
            "lego's arguments: {calls}"
        );
        assert!(
            calls.contains(&format!("cleanup {name}. {value}")),
            "{calls}"
        );
        assert_eq!(variable(&calls, "CERTBOT_DOMAIN"), DOMAIN);
        assert_eq!(variable(&calls, "EVERCERT_DNS_TYPE"), record.to_uppercase());
        assert!(
            !calls.contains("SANDBOX"),
            "no secret of the account: {calls}"
        );
        assert_eq!(bench.calls("CompleteCertificate"), 1);
    }
}

fn variable(env: &str, name: &str) -> String {
    let line = env
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}=")));
    line.unwrap_or_else(|| panic!("{name} in {env}")).to_owned()
}

#[test]
fn dynamic_update_with_a_key_proves_control() {
    if !have(&["named", "dig"]) {
        return;
    }
    for record in ["txt", "cname"] {
        let server = NameServer::start();
        let bench = Bench::new(&["--dns", &server.address(), "--record", record]);
        let provider = format!(
            "provider = \"rfc2136\", server = \"{}\", key_name = \"evercert\", key_file = \"{}\"",
            server.address(),
            server.key_file()
        );
        bench.configure(&dns(DOMAIN, &provider, &server.address()));
        // A record of somebody else's at the same name must survive.
        if record == "txt" {
            server.update(&format!("add _dnsauth.{DOMAIN}. 60 TXT somebody-elses"));
        }
        let _daemon = bench.start();
        bench.wait_for_certificate(DOMAIN);
        bench.wait_for_cleanup();
        if record == "txt" {
            let left = server.dig(&format!("_dnsauth.{DOMAIN}"), "TXT");
            assert_eq!(left, "\"somebody-elses\"");
        }
    }
}

#[test]
fn a_key_that_the_server_does_not_know_is_named() {
    if !have(&["named", "dig"]) {
        return;
    }
    let server = NameServer::start();
    let bench = Bench::new(&["--dns", &server.address()]);
    let key = bench.write("wrong", "d3Jvbmc=\n");
    let provider = format!(
        "provider = \"rfc2136\", server = \"{}\", key_name = \"evercert\", key_file = \"{key}\"",
        server.address()
    );
    bench.configure(&dns(DOMAIN, &provider, &server.address()));
    let _daemon = bench.start();
    bench.wait_for_log("does not accept the key");
    let error = bench.status(DOMAIN)["last_error"].to_string();
    assert!(error.contains("key_file"), "status tells it too: {error}");
}

/// The path of a checkout of acme.sh; it is never part of this project.
fn acme_sh() -> Option<String> {
    let path = std::env::var("EVERCERT_TEST_ACME_SH").ok();
    if path.is_none() {
        eprintln!("skipped: EVERCERT_TEST_ACME_SH does not name a checkout of acme.sh");
    }
    path
}

#[test]
fn a_script_of_acme_sh_works_as_it_is() {
    let Some(acme_sh) = acme_sh() else { return };
    if !have(&["named", "dig", "nsupdate", "bash"]) {
        return;
    }
    let server = NameServer::start();
    let bench = Bench::new(&["--dns", &server.address(), "--record", "txt"]);
    let env = format!(
        "NSUPDATE_SERVER='127.0.0.1'\nNSUPDATE_SERVER_PORT={}\nNSUPDATE_KEY={}\n",
        server.port,
        server.key_file()
    );
    let env_file = bench.write("env", &env);
    let provider = format!(
        "provider = \"acme.sh\", acme_sh = \"{acme_sh}\", script = \"dns_nsupdate\", env_file = \"{env_file}\""
    );
    bench.configure(&dns(DOMAIN, &provider, &server.address()));
    let _daemon = bench.start();
    bench.wait_for_certificate(DOMAIN);
    bench.wait_for_cleanup();
    assert_eq!(server.dig(&format!("_dnsauth.{DOMAIN}"), "TXT"), "");
    let scratch = bench.path("state").join("scratch");
    assert_eq!(
        fs::read_dir(scratch).unwrap().count(),
        0,
        "nothing of its settings stays"
    );
}

#[test]
fn acme_sh_refuses_a_cname_with_the_reason() {
    let Some(acme_sh) = acme_sh() else { return };
    let bench = Bench::new(&["--record", "cname"]);
    let provider =
        format!("provider = \"acme.sh\", acme_sh = \"{acme_sh}\", script = \"dns_nsupdate\"");
    bench.configure(&dns(DOMAIN, &provider, "127.0.0.1:9"));
    let _daemon = bench.start();
    bench.wait_for_log("can only set TXT");
}

#[test]
fn the_dns_service_of_the_account_is_used_through_its_api() {
    for record in ["txt", "cname"] {
        let bench = Bench::new(&["--zone", "com", "--zone", "example.com", "--record", record]);
        bench.configure(&dns(DOMAIN, "provider = \"dnspod\"", "127.0.0.1:9"));
        let daemon = bench.start();
        bench.wait_for_certificate(DOMAIN);
        bench.wait_for_cleanup();
        assert_eq!(
            (bench.calls("CreateRecord"), bench.calls("DeleteRecord")),
            (1, 1)
        );
        let state = bench.state();
        assert_eq!(state["zones"][1]["records"], serde_json::json!([]));
        drop(daemon);
    }
}

#[test]
fn a_zone_that_the_account_does_not_have_is_named() {
    let bench = Bench::new(&["--zone", "other.example"]);
    bench.configure(&dns(DOMAIN, "provider = \"dnspod\"", "127.0.0.1:9"));
    let _daemon = bench.start();
    bench.wait_for_log("has no DNS zone for");
}

#[test]
fn a_lost_answer_to_creating_leaves_no_record_behind() {
    let bench = Bench::new(&["--zone", "example.com"]);
    bench.manage(
        "POST",
        "/faults",
        r#"{"action": "CreateRecord", "kind": "drop_after"}"#,
    );
    bench.configure(&dns(DOMAIN, "provider = \"dnspod\"", "127.0.0.1:9"));
    let _daemon = bench.start();
    bench.wait_for_certificate(DOMAIN);
    bench.wait_for_cleanup();
    assert_eq!(bench.state()["zones"][0]["records"], serde_json::json!([]));
}

#[test]
fn a_person_is_told_what_to_set_and_is_waited_for() {
    if !have(&["named", "dig", "nsupdate"]) {
        return;
    }
    let server = NameServer::start();
    let bench = Bench::new(&["--dns", &server.address(), "--record", "txt"]);
    bench.configure(&dns(DOMAIN, "provider = \"manual\"", &server.address()));
    let _daemon = bench.start();
    bench.wait_for_log("validation.wanted");
    let told = || {
        bench.status(DOMAIN)["last_error"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    bench.wait("status tells it", || {
        told().contains("waits for you to set")
    });
    let value = told()
        .split_once(" = ")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(
        bench.calls("CompleteCertificate"),
        0,
        "nobody is asked before it is there"
    );
    server.update(&format!("add _dnsauth.{DOMAIN}. 60 TXT {value}"));
    bench.wait_for_certificate(DOMAIN);
}

#[test]
fn what_the_dns_service_limits_or_forbids_keeps_no_order_of_the_account_back() {
    let codes = [
        "LimitExceeded.AAAACountLimit",
        "LimitExceeded.Brandnew",
        "InvalidParameter.CustomMessage",
        "InvalidParameter.RequestIpLimited",
        "InvalidParameter.AccountIsBanned",
        "FailedOperation.NotRealNamedUser",
    ];
    let bench = Bench::new(&["--zone", "example.com", "--record", "txt"]);
    let mut entries = String::new();
    for (n, code) in codes.iter().enumerate() {
        let message = serde_json::json!({"reason": format!("said by n{n}")}).to_string();
        let fault = serde_json::json!({
            "action": "CreateRecord", "kind": "error", "code": code, "message": message,
            "names": format!("_dnsauth.n{n}"),
        });
        bench.manage("POST", "/faults", &fault.to_string());
        entries += &dns(
            &format!("n{n}.example.com"),
            "provider = \"dnspod\"",
            "127.0.0.1:9",
        );
    }
    entries += "[[certificates]]\ndomain = \"other.example.com\"\n";
    bench.configure(&entries);
    let _daemon = bench.start();
    bench.wait_for_certificate("other.example.com");
    for (n, code) in codes.iter().enumerate() {
        bench.wait_for_certificate(&format!("n{n}.example.com"));
        // Where the code does not tell, the service's own words do.
        let own = match *code {
            "LimitExceeded.Brandnew" | "InvalidParameter.CustomMessage" => {
                format!(": reason: said by n{n}")
            }
            _ => String::new(),
        };
        bench.wait_for_log(&format!("{own} ({code})"));
    }
    let log = bench.log();
    for event in ["account.paused", "quota.exhausted", "account.unreachable"] {
        assert!(!log.contains(event), "{log}");
    }
    assert_eq!(bench.calls("ApplyCertificate"), codes.len() + 1);
}
