//! What `doctor` finds with real name servers that are set up soundly and unsoundly, through the system's own resolvers.

use std::fs;

use serde_json::Value;

use super::bench::{Bench, Process, free_port, have, nginx};
use super::internet::{CARELESS, CHECKING, Internet, NARROW, NOBODY, Signing, Zone, has};

/// Findings that are about DNS: the rest of a machine without a daemon is of no matter here.
fn grave(found: &[Value]) -> Vec<&Value> {
    found.iter().filter(|one| one["level"] == "fails").collect()
}

const A: &str = "@ A 127.0.0.4\nwww A 127.0.0.4\n";

#[test]
fn caa_records_rule_from_the_nearest_name_up_and_say_who_may_issue() {
    let zones = [
        Zone::plain("none.com", A),
        Zone::plain(
            "other.com",
            "www A 127.0.0.4\n@ CAA 0 issue \"letsencrypt.org\"\n",
        ),
        Zone::plain(
            "ours.com",
            "@ CAA 0 issue \"letsencrypt.org\"\n@ CAA 128 ISSUE \" TrustAsia.com; policy=ev\"\n",
        ),
        Zone::plain(
            "nearer.com",
            "@ CAA 0 issue \";\"\nwww CAA 0 issue \"trust-provider.com\"\napi CAA 0 iodef \"mailto:a@nearer.com\"\n",
        ),
        Zone::plain("earlier.com", "@ CAA 0 issue \"digicert.com\"\n"),
        Zone::plain(
            "critical.com",
            "@ CAA 128 nobodyknows \"x\"\n@ CAA 0 issue \"trustasia.com\"\n",
        ),
        Zone::plain(
            "alias.com",
            "www CNAME shop.other.com.\n@ CAA 0 issue \"trustasia.com\"\n",
        ),
        Zone::plain(
            "led.com",
            "www CNAME other.com.\n@ CAA 0 issue \"trustasia.com\"\n",
        ),
    ];
    let Some(internet) = Internet::with(&zones) else {
        return;
    };
    let look = |domain: &str| internet.doctor(&[CHECKING], domain, "");
    for fine in [
        "none.com",
        "a.b.none.com",
        "ours.com",
        "www.nearer.com",
        "a.www.nearer.com",
        "api.nearer.com",
        // What stands above the target of an alias is of no matter; what stands above the alias is.
        "www.alias.com",
    ] {
        let found = look(fine);
        assert!(grave(&found).is_empty(), "{fine}: {found:?}");
        assert!(!has(&found, "advice", "CAA"), "{fine}: {found:?}");
    }
    for (domain, level, words) in [
        ("other.com", "fails", "other.com allow only letsencrypt.org"),
        (
            "a.b.www.other.com",
            "fails",
            "other.com allow only letsencrypt.org",
        ),
        (
            "www.led.com",
            "fails",
            "www.led.com allow only letsencrypt.org",
        ),
        ("nearer.com", "fails", "nearer.com forbid every CA"),
        (
            "earlier.com",
            "advice",
            "earlier.com allow only digicert.com: since 2026",
        ),
        (
            "critical.com",
            "fails",
            "has the tag nobodyknows and is marked critical",
        ),
    ] {
        let found = look(domain);
        assert!(has(&found, level, words), "{domain}: {found:?}");
    }
}

#[test]
fn a_broken_chain_of_signatures_is_found_with_its_zone_and_its_reason() {
    let caa = "@ CAA 0 issue \"trustasia.com\"\nwww A 127.0.0.4\n";
    let zones = [
        Zone::signed("good.com", "www CNAME www.plain.com.\n", Signing::Good),
        Zone::plain("plain.com", A),
        Zone::signed("ended.com", A, Signing::Ended),
        Zone::signed("moved.com", A, Signing::DsAlone),
        Zone::signed("rolled.com", A, Signing::OtherKeys),
        Zone::signed("changed.com", caa, Signing::Changed),
        Zone::signed("stripped.com", A, Signing::Stripped),
        Zone::signed("shop.good.com", A, Signing::Ended),
        Zone::plain("open.good.com", A),
    ];
    let Some(internet) = Internet::with(&zones) else {
        return;
    };
    let broken = [
        (
            "ended.com",
            "DNSSEC of ended.com is broken: its signatures ended 2020-02-01 00:00 UTC",
        ),
        ("a.www.ended.com", "DNSSEC of ended.com is broken"),
        (
            "moved.com",
            "DNSSEC of moved.com is broken: the registrar names a DS record",
        ),
        (
            "rolled.com",
            "DNSSEC of rolled.com is broken: no key of the zone",
        ),
        (
            "stripped.com",
            "DNSSEC of stripped.com is broken: it has keys",
        ),
        (
            "www.shop.good.com",
            "DNSSEC of shop.good.com is broken: its signatures ended",
        ),
    ];
    for resolver in [CHECKING, CARELESS] {
        for (domain, words) in broken {
            let found = internet.doctor(&[resolver], domain, "");
            assert!(has(&found, "fails", words), "{domain}: {found:?}");
            assert_eq!(grave(&found).len(), 1, "said once: {found:?}");
        }
        for fine in ["www.plain.com", "www.open.good.com", "none.plain.com"] {
            let found = internet.doctor(&[resolver], fine, "");
            assert!(grave(&found).is_empty(), "{fine} at {resolver}: {found:?}");
        }
    }
    // Whatever the method.
    let by_hand = "validation = { method = \"DNS\", provider = \"manual\" }";
    let found = internet.doctor(&[CARELESS], "ended.com", by_hand);
    assert!(has(&found, "fails", broken[0].1), "{found:?}");
    // Only a resolver that checks sees that a record was changed; one of several is enough.
    let words = "DNSSEC of changed.com is broken: the resolver 127.0.0.1 answers SERVFAIL";
    for resolvers in [&[CHECKING][..], &[CARELESS, CHECKING], &[NOBODY, CHECKING]] {
        let found = internet.doctor(resolvers, "changed.com", "");
        assert!(has(&found, "fails", words), "{resolvers:?}: {found:?}");
    }
    // And where none checks, it is not said that all is well.
    for domain in ["changed.com", "www.good.com", "open.good.com"] {
        let found = internet.doctor(&[CARELESS], domain, "");
        assert!(grave(&found).is_empty(), "{domain}: {found:?}");
        assert!(
            has(&found, "unproven", "no resolver of this machine checks"),
            "{domain}: {found:?}"
        );
    }
    for domain in ["www.good.com", "open.good.com", "plain.com"] {
        let found = internet.doctor(&[CHECKING], domain, "");
        assert!(!has(&found, "unproven", "DNSSEC"), "{domain}: {found:?}");
    }
}

#[test]
fn name_servers_that_fail_are_told_and_a_look_up_of_caa_that_fails_is_no_permission() {
    let zones = [
        Zone::plain("half.com", A).at(&["127.0.0.2", CARELESS]),
        Zone::plain("silent.com", A).at(&["127.0.0.2", NOBODY]),
        Zone::plain("lame.com", A).at(&[CARELESS]),
        Zone::plain("parent.com", A),
        Zone::plain("led.parent.com", A).at(&[CARELESS]),
    ];
    let Some(internet) = Internet::with(&zones) else {
        return;
    };
    let look = |domain: &str| internet.doctor(&[CHECKING], domain, "");
    let found = look("half.com");
    let lame = "ns1.half.com (127.0.0.3) is named as a name server of half.com, and does not answer for it";
    assert!(has(&found, "fails", lame), "{found:?}");
    let found = look("silent.com");
    let silent = "ns1.silent.com (127.0.0.9) is named as a name server of silent.com, and does not answer from here";
    assert!(has(&found, "advice", silent), "{found:?}");
    for (domain, zone) in [
        ("www.lame.com", "www.lame.com"),
        // What a parent's record allows is of no matter where a name below can't be looked up.
        ("led.parent.com", "led.parent.com"),
    ] {
        let found = look(domain);
        let words =
            format!("the CAA records of {zone} can't be looked up (SERVFAIL): every CA must");
        assert!(has(&found, "fails", &words), "{domain}: {found:?}");
    }
    let words = "name servers of lame.com could not be looked up from here: SERVFAIL";
    assert!(has(&look("lame.com"), "advice", words));
    // A name that nobody has registered.
    for domain in ["nobody.com", "www.nobody.com"] {
        let words = format!("no name servers of {domain} could be found");
        assert!(has(&look(domain), "fails", &words), "{:?}", look(domain));
    }
}

#[test]
fn without_a_resolver_that_answers_nothing_is_claimed() {
    let Some(internet) = Internet::with(&[Zone::plain("some.com", A)]) else {
        return;
    };
    let found = internet.doctor(&[NOBODY], "some.com", "");
    assert!(
        has(
            &found,
            "advice",
            "DNS could not be asked about it: no resolver answers: 127.0.0.9"
        ),
        "{found:?}"
    );
    assert!(grave(&found).is_empty(), "{found:?}");
    // It is asked of those that do.
    let found = internet.doctor(&[NOBODY, CARELESS], "some.com", "");
    assert!(
        !has(&found, "advice", "DNS could not be asked"),
        "{found:?}"
    );
    assert!(grave(&found).is_empty(), "{found:?}");
}

#[test]
fn a_look_up_of_caa_that_only_this_machines_resolver_fails_is_no_verdict() {
    let zones = [
        Zone::plain(
            "many.com",
            "www A 127.0.0.4\n@ CAA 0 issue \"trustasia.com\"\n@ CAA 0 issue \"letsencrypt.org\"\n\
             @ CAA 0 issue \"digicert.com\"\n",
        ),
        Zone::plain("few.com", "@ CAA 0 issue \"trustasia.com\"\n"),
    ];
    let Some(mut internet) = Internet::with(&zones) else {
        return;
    };
    internet.start_narrow();
    // Of a name below, it is said of the name that has the records.
    for domain in ["many.com", "www.many.com"] {
        let found = internet.doctor(&[NARROW], domain, "");
        let words = "the CAA records of many.com can be looked up is not proven: this machine's resolver can't (SERVFAIL)";
        assert!(has(&found, "unproven", words), "{domain}: {found:?}");
        assert!(grave(&found).is_empty(), "{domain}: {found:?}");
    }
    // Another resolver that can settles it.
    for (resolvers, domain) in [
        (&[NARROW, CHECKING][..], "many.com"),
        (&[NARROW], "few.com"),
    ] {
        let found = internet.doctor(resolvers, domain, "");
        assert!(!has(&found, "unproven", "CAA"), "{domain}: {found:?}");
        assert!(grave(&found).is_empty(), "{domain}: {found:?}");
    }
}

#[test]
fn an_address_look_up_that_fails_is_told_whether_or_not_the_other_family_has_any() {
    let zones = [
        Zone::plain("four.com", "@ A 127.0.0.4\n@ A 127.0.0.5\n@ A 127.0.0.7\n"),
        Zone::plain(
            "six.com",
            "@ A 127.0.0.4\n@ AAAA ::1\n@ AAAA ::2\n@ AAAA ::3\n",
        ),
    ];
    let Some(mut internet) = Internet::with(&zones) else {
        return;
    };
    internet.start_narrow();
    let way = format!(
        "validation = {{ method = \"FILE\", webroot = \"{}\" }}",
        internet.path("state").display()
    );
    let words = |domain| format!("an address of {domain} could not be looked up (SERVFAIL)");
    for domain in ["four.com", "six.com"] {
        let found = internet.doctor(&[NARROW], domain, &way);
        assert!(has(&found, "advice", &words(domain)), "{found:?}");
        // That there is none can't be known then.
        assert!(!has(&found, "fails", "no address of"), "{found:?}");
    }
    let found = internet.doctor(&[CHECKING], "six.com", &way);
    assert!(!has(&found, "advice", &words("six.com")), "{found:?}");
}

/// A web server of the network, on port 80.
fn web(internet: &Internet, address: &str, location: &str) -> Process {
    let at = internet.path(&format!("nginx.{address}"));
    fs::create_dir(&at).unwrap();
    let shown = at.display();
    let config = at.join("nginx.conf");
    let text = format!(
        "daemon off; master_process off; pid {shown}/pid; error_log {shown}/log; user root;\nevents {{}}\n\
         http {{ access_log off; server {{ listen {address}:80; {location} }} }}\n"
    );
    fs::write(&config, text).unwrap();
    let child = internet
        .command("nginx")
        .args(["-p", &shown.to_string(), "-e", "stderr", "-c"])
        .arg(&config)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let began = std::time::Instant::now();
    let mut curl = internet.command("curl");
    curl.args(["-s", "-o", "/dev/null", &format!("http://{address}/")]);
    while !curl.status().unwrap().success() {
        assert!(began.elapsed().as_secs() < 20, "nginx does not answer");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Process(child)
}

/// The files of a key and of a certificate that nobody trusts.
fn self_signed(internet: &Internet) -> (String, String) {
    let path = |name: &str| internet.path(name).display().to_string();
    let (key, certificate) = (path("web.key"), path("web.crt"));
    let made = internet
        .command("openssl")
        .args(["req", "-x509", "-nodes", "-subj", "/CN=web", "-newkey"])
        .args(["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    (key, certificate)
}

#[test]
fn what_keeps_the_ca_from_the_file_is_found_by_address_and_by_fetching() {
    if !have(&["nginx", "curl", "openssl"]) {
        return;
    }
    let zones = [
        Zone::plain("shop.com", "@ A 127.0.0.4\n"),
        Zone::plain("six.com", "@ A 127.0.0.4\n@ AAAA ::1\n"),
        Zone::plain("empty.com", "@ TXT \"nothing\"\n"),
        Zone::plain("blocked.com", "@ A 127.0.0.5\n"),
        Zone::plain("half.com", "@ A 127.0.0.7\n"),
    ];
    let Some(internet) = Internet::with(&zones) else {
        return;
    };
    let _web = web(&internet, "127.0.0.4", "return 404;");
    let page = "return 302 https://dnspod.qcloud.com/static/webblock.html?d=$host;";
    let _block = web(&internet, "127.0.0.5", page);
    let (key, certificate) = self_signed(&internet);
    let half = format!(
        "listen 127.0.0.7:443 ssl; ssl_certificate {certificate}; ssl_certificate_key {key};\n\
         if ($scheme = http) {{ {page} }} return 404;"
    );
    let _half = web(&internet, "127.0.0.7", &half);
    let way = format!(
        "validation = {{ method = \"FILE\", webroot = \"{}\" }}",
        internet.path("state").display()
    );
    let look = |domain: &str| internet.doctor(&[CHECKING], domain, &way);
    let found = look("shop.com");
    assert!(
        has(
            &found,
            "fails",
            "shop.com points at 127.0.0.4, which the CA can't reach"
        ),
        "{found:?}"
    );
    assert!(!has(&found, "fails", "备案"), "{found:?}");
    let found = look("six.com");
    assert!(
        has(
            &found,
            "fails",
            "the AAAA record of six.com points at ::1, which refuses http"
        ),
        "{found:?}"
    );
    let found = look("empty.com");
    assert!(has(&found, "fails", "no address of empty.com"), "{found:?}");
    let found = look("blocked.com");
    assert!(
        has(
            &found,
            "fails",
            "blocked.com has no ICP filing (备案): http is answered by"
        ),
        "{found:?}"
    );
    // Where https is let through, the CA may take the file by that.
    let found = look("half.com");
    let words = "half.com has no ICP filing (备案): http is answered by Tencent Cloud's block page; the file can be seen by https only";
    assert!(has(&found, "advice", words), "{found:?}");
    assert!(!has(&found, "fails", "备案"), "{found:?}");
    // Proof by DNS needs no filing.
    for domain in ["blocked.com", "half.com"] {
        let found = internet.doctor(&[CHECKING], domain, "");
        assert!(grave(&found).is_empty(), "{found:?}");
        assert!(!has(&found, "advice", "备案"), "{found:?}");
    }
}

#[test]
fn the_block_page_is_named_while_an_order_waits() {
    if !have(&["nginx"]) {
        return;
    }
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let bench = Bench::new(&["--http", &address]);
    let root = bench.path("www");
    fs::create_dir(&root).unwrap();
    let page = "return 302 https://dnspod.qcloud.com/static/webblock.html?d=$host;";
    let _nginx = nginx(&bench, port, page);
    bench.configure(&format!(
        "[[certificates]]\ndomain = \"shop.example.com\"\n\
         validation = {{ method = \"FILE\", webroot = \"{}\", probe = \"{address}\" }}\n",
        root.display()
    ));
    let _daemon = bench.start();
    bench.wait("status tells it", || {
        bench.status("shop.example.com")["last_error"]
            .to_string()
            .contains("备案")
    });
}
