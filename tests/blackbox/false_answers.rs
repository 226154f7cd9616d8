//! Answers that are malformed, huge, slow or false install nothing, stop nobody else, and crash nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evercert::sandbox::{Credential, Fault, FaultKind};
use nix::sys::signal::Signal;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::common::{Daemon, Home, Liar, Lie, StandIn, read_pair};

/// Key and self-signed certificate for this name, valid until this year.
fn made_up(domain: &str, until: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([domain.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A lie about the material of `bad.example.com`: the true answer, changed.
type Forgery = fn(&mut Value);

/// What a false service may say of issued material.
const FORGERIES: [(&str, Forgery); 9] = [
    ("the key of another", |answer| {
        answer["CertificatePrivateKey"] = made_up("bad.example.com", 2040).1.into();
    }),
    ("a certificate for another name", |answer| {
        let (certificate, key) = made_up("other.example.com", 2040);
        answer["CertificatePublicKey"] = certificate.into();
        answer["CertificatePrivateKey"] = key.into();
    }),
    ("an expired certificate", |answer| {
        let (certificate, key) = made_up("bad.example.com", 2021);
        answer["CertificatePublicKey"] = certificate.into();
        answer["CertificatePrivateKey"] = key.into();
    }),
    ("text that is no PEM", |answer| {
        answer["CertificatePublicKey"] = "no certificate".into();
        answer["CertificatePrivateKey"] = "no key".into();
    }),
    ("PEM that holds rubbish", |answer| {
        answer["CertificatePublicKey"] =
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into();
    }),
    ("a cut key", |answer| {
        let key = answer["CertificatePrivateKey"].as_str().unwrap();
        answer["CertificatePrivateKey"] = key[..key.len() / 2].into();
    }),
    ("key and certificate in each other's place", |answer| {
        let key = answer["CertificatePrivateKey"].take();
        answer["CertificatePrivateKey"] = answer["CertificatePublicKey"].take();
        answer["CertificatePublicKey"] = key;
    }),
    ("numbers for texts", |answer| {
        answer["CertificatePublicKey"] = 7.into();
        answer["CertificatePrivateKey"] = json!({"a": [1, 2]});
    }),
    ("the whole answer in a list", |answer| {
        *answer = json!([answer.clone()]);
    }),
];

/// A liar about the material of `bad.example.com`, until the flag falls.
fn forging(stand_in: &StandIn, lying: &Arc<AtomicBool>, forge: Forgery) -> Liar {
    let lying = Arc::clone(lying);
    Liar::before(stand_in, move |action, _, truth| {
        let about_bad = truth["Response"]["Domain"] == "bad.example.com";
        let lies = lying.load(Ordering::Relaxed);
        // The zip is no way around it: where the detail is bad, it is refused.
        if action == "DownloadCertificate" && lies {
            return Lie::Json(
                json!({"Response": {"Content": "bm8gemlw", "ContentType": "application/zip", "RequestId": "r"}}),
            );
        }
        if action != "DescribeCertificateDetail" || !about_bad || !lies {
            return Lie::Truth;
        }
        let mut answer = truth.clone();
        forge(&mut answer["Response"]);
        Lie::Json(answer)
    })
}

#[test]
fn false_material_is_never_installed_and_delays_nobody_else() {
    let cases: Vec<_> = FORGERIES
        .into_iter()
        .map(|(what, forge)| {
            std::thread::spawn(move || {
                let stand_in = StandIn::quick();
                let lying = Arc::new(AtomicBool::new(true));
                let liar = forging(&stand_in, &lying, forge);
                let home = Home::empty();
                let names = ["good.example.com", "bad.example.com", "well.example.org"];
                home.configure(&liar.endpoint(), &names);
                let daemon = Daemon::start(&home);
                let failed = daemon.wait_of("certificate.failed", "bad.example.com");
                assert!(failed["next_attempt"].is_string(), "{what}: {failed}");
                assert_eq!(failed["class"], "transient", "{what}: {failed}");
                daemon.wait_of("certificate.installed", "good.example.com");
                daemon.wait_of("certificate.installed", "well.example.org");
                assert!(!home.live("bad.example.com").exists(), "{what}");
                // Once the service tells the truth, the same order ends well.
                lying.store(false, Ordering::Relaxed);
                daemon.wait_of("certificate.installed", "bad.example.com");
                let pair = read_pair(&home.live("bad.example.com")).unwrap();
                assert_eq!(pair.names, ["bad.example.com"], "{what}");
                assert_eq!(stand_in.orders("bad.example.com").len(), 1, "{what}");
            })
        })
        .collect();
    for case in cases {
        case.join().unwrap();
    }
}

#[test]
fn an_endless_answer_is_cut_off_in_bounded_memory() {
    let stand_in = StandIn::quick();
    let lying = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&lying);
    let liar = Liar::before(&stand_in, move |action, asked, _| {
        let first = asked["CertificateId"].is_string() && action == "DescribeCertificateDetail";
        if first && flag.swap(false, Ordering::Relaxed) {
            return Lie::Endless;
        }
        Lie::Truth
    });
    let home = Home::empty();
    home.configure(&liar.endpoint(), &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.failed", "wgc.red");
    daemon.wait_of("certificate.installed", "wgc.red");
    let peak = daemon.peak_memory();
    assert!(peak < 128 << 20, "{} MiB", peak >> 20);
}

#[test]
fn an_answer_that_trickles_in_for_ever_is_given_up() {
    let stand_in = StandIn::quick();
    let first = AtomicBool::new(true);
    let liar = Liar::before(&stand_in, move |action, _, truth| {
        let about_bad = truth["Response"]["Domain"] == "bad.example.com";
        let detail = action == "DescribeCertificateDetail";
        if detail && about_bad && first.swap(false, Ordering::Relaxed) {
            return Lie::Trickle;
        }
        Lie::Truth
    });
    let home = Home::empty();
    home.configure(&liar.endpoint(), &["bad.example.com", "good.example.com"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.failed", "bad.example.com");
    daemon.wait_of("certificate.installed", "good.example.com");
    daemon.wait_of("certificate.installed", "bad.example.com");
}

#[test]
fn huge_rubbish_null_and_slow_answers_of_every_call_are_survived() {
    for action in ["DescribeCertificates", "DescribeCertificateDetail"] {
        let stand_in = StandIn::quick();
        for kind in [
            FaultKind::Huge,
            FaultKind::Rubbish,
            FaultKind::Null,
            FaultKind::Stall,
        ] {
            stand_in.once(action, kind);
        }
        let home = Home::of(&stand_in, &["wgc.red"]);
        let daemon = Daemon::start(&home);
        daemon.wait_of("certificate.installed", "wgc.red");
        assert!(!daemon.text().contains("panicked"), "{}", daemon.text());
        assert_eq!(stand_in.orders("wgc.red").len(), 1, "{action}");
        assert!(daemon.peak_memory() < 128 << 20);
    }
}

/// With this false answer to the application, there is one order in the end, and it is installed.
fn one_order_despite(hand: impl Fn(&Value, &Value) -> Lie + Send + Sync + 'static) {
    let stand_in = StandIn::quick();
    let first = AtomicBool::new(true);
    let liar = Liar::before(&stand_in, move |action, asked, truth| {
        if action == "ApplyCertificate" && first.swap(false, Ordering::Relaxed) {
            return hand(asked, truth);
        }
        Lie::Truth
    });
    let home = Home::empty();
    home.configure(&liar.endpoint(), &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(home.run(&["renew"]).code, 0);
    let orders = stand_in.orders("wgc.red");
    assert_eq!(orders.len(), 1, "{orders:#?}\n{}", daemon.text());
}

#[test]
fn an_application_that_was_made_and_answered_with_http_500_is_found_again() {
    one_order_despite(|_, _| Lie::Status(500));
}

#[test]
fn an_application_that_was_made_and_answered_with_an_error_is_found_again() {
    for code in [
        "InternalError",
        "FailedOperation.NetworkError",
        "Some.NewCode",
    ] {
        one_order_despite(move |_, _| {
            Lie::Json(
                json!({"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "r"}}),
            )
        });
    }
}

#[test]
fn an_application_answered_without_a_usable_id_is_found_again() {
    for id in [
        Value::Null,
        json!(""),
        json!(7),
        json!({"a": 1}),
        json!("../../etc/passwd"),
    ] {
        one_order_despite(move |_, truth| {
            let mut answer = truth.clone();
            answer["Response"]["CertificateId"] = id.clone();
            Lie::Json(answer)
        });
    }
}

#[test]
fn an_application_answered_with_an_id_that_does_not_exist_is_found_again() {
    one_order_despite(|_, truth| {
        let mut answer = truth.clone();
        answer["Response"]["CertificateId"] = "zzzz9999".into();
        Lie::Json(answer)
    });
}

#[test]
fn false_lists_order_nothing_twice() {
    let lists: [fn(&mut Value); 5] = [
        |answer| answer["Certificates"] = Value::Null,
        |answer| answer["Certificates"] = "none".into(),
        |answer| {
            answer["Certificates"] = json!([null, 7, {"CertificateId": 9}, {"Domain": "wgc.red"}])
        },
        |answer| answer["TotalCount"] = u64::MAX.into(),
        |answer| answer["TotalCount"] = json!(-1),
    ];
    let cases: Vec<_> = lists
        .into_iter()
        .map(|falsify| {
            std::thread::spawn(move || {
                let stand_in = StandIn::quick();
                let left = std::sync::atomic::AtomicI32::new(4);
                let liar = Liar::before(&stand_in, move |action, _, truth| {
                    if action == "DescribeCertificates" && left.fetch_sub(1, Ordering::Relaxed) > 0
                    {
                        let mut answer = truth.clone();
                        falsify(&mut answer["Response"]);
                        return Lie::Json(answer);
                    }
                    Lie::Truth
                });
                let home = Home::empty();
                home.configure(&liar.endpoint(), &["wgc.red"]);
                let daemon = Daemon::start(&home);
                daemon.wait_of("certificate.installed", "wgc.red");
                assert_eq!(stand_in.orders("wgc.red").len(), 1);
            })
        })
        .collect();
    for case in cases {
        case.join().unwrap();
    }
}

#[test]
fn a_domain_that_is_refused_waits_for_its_operator_and_delays_nobody() {
    let stand_in = StandIn::quick();
    let refuse = || {
        stand_in.on(|service| {
            service.add_fault(Fault {
                code: Some("InvalidParameter".to_owned()),
                ..Fault::once("ApplyCertificate", FaultKind::Error)
            });
        });
    };
    refuse();
    let home = Home::of(&stand_in, &["bad.example.com"]);
    let daemon = Daemon::start(&home);
    let failed = daemon.wait_of("certificate.failed", "bad.example.com");
    assert_eq!(failed["class"], "permanent");
    assert_eq!(failed["code"], "InvalidParameter");
    assert!(failed["request_id"].is_string(), "{failed}");
    let parked = daemon.wait_of("certificate.parked", "bad.example.com");
    assert_eq!(parked["code"], "InvalidParameter");
    daemon.wait_until("that it waits is the one loud line of it", |log| {
        let loud = log
            .iter()
            .filter(|line| line["level"] == "WARN" || line["level"] == "ERROR");
        let loud: Vec<_> = loud.map(|line| line["event"].as_str()).collect();
        assert_eq!(loud, [Some("certificate.parked")]);
        Some(())
    });
    home.configure(
        &stand_in.endpoint(),
        &["bad.example.com", "good.example.com"],
    );
    daemon.signal(Signal::SIGHUP);
    daemon.wait_of("certificate.installed", "good.example.com");
    assert_eq!(home.run(&["renew"]).code, 0);
    let applied = stand_in.asked("ApplyCertificate");
    assert_eq!(applied, 2, "what is parked is not tried again");
    refuse();
    let again = home.run(&["renew", "bad.example.com"]);
    assert_eq!(again.code, 1, "asked for, it is tried: {}", again.all());
    assert_eq!(stand_in.asked("ApplyCertificate"), 3);
    let check = home.run(&["status", "--check"]);
    assert_eq!(check.code, 1, "{}", check.all());
}

#[test]
fn a_main_domain_without_a_free_slot_holds_back_its_own_names_only() {
    let stand_in = StandIn::with(|options| options.domain_limit = 1);
    let home = Home::of(&stand_in, &["a.one.com", "b.one.com", "c.two.com"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "c.two.com");
    let exhausted = daemon.wait("quota.exhausted");
    assert!(exhausted["next_attempt"].is_string(), "{exhausted}");
    daemon.wait_until("one of the two names", |log| {
        log.iter()
            .find(|line| {
                line["event"] == "certificate.installed"
                    && line["certificate"]
                        .as_str()
                        .is_some_and(|name| name.ends_with("one.com"))
            })
            .map(|_| ())
    });
    // Hours are waited, also across a restart.
    let before = stand_in.asked("ApplyCertificate");
    drop(daemon);
    let daemon = Daemon::start(&home);
    daemon.wait("daemon.ready");
    let plan = home.run(&["plan"]);
    assert!(plan.stdout.contains("one.com"), "{}", plan.all());
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(stand_in.asked("ApplyCertificate"), before);
}

#[test]
fn an_account_with_refused_credentials_leaves_the_others_alone_and_resumes_at_reload() {
    let stand_in = StandIn::with(|options| {
        options
            .credentials
            .push(Credential::new("AKIDSECOND", "SECONDKEY"));
    });
    let home = Home::empty();
    let config = |key: &str| {
        format!(
            "{}\n[accounts.second]\nendpoint = \"{}\"\nsecret_id = \"AKIDSECOND\"\nsecret_key = \"{key}\"\n\n\
             [[certificates]]\ndomain = \"first.com\"\n\n[[certificates]]\ndomain = \"second.com\"\naccount = \"second\"\n",
            home.head(&stand_in.endpoint()),
            stand_in.endpoint()
        )
    };
    home.write_config(config("WRONGKEY"));
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "first.com");
    let paused = daemon.wait("account.paused");
    assert_eq!(paused["account"], "second");
    let code = paused["code"].as_str().unwrap();
    assert!(code.starts_with("AuthFailure."), "{paused}");
    assert!(!daemon.text().contains("WRONGKEY"));
    // Scheduled checks, one a second, leave a paused account alone.
    assert_eq!(daemon.events("account.paused").len(), 1);
    home.write_config(config("SECONDKEY"));
    daemon.signal(Signal::SIGHUP);
    daemon.wait_of("certificate.installed", "second.com");
    daemon.wait("account.resumed");
}
