//! From a domain in a file to a renewed certificate on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use chrono::{TimeDelta, Timelike};
use evercert::lifecycle::{Algorithm, Installed, Policy, Record, schedule};
use evercert::sandbox::OrderChange;
use evercert::store::{Changes, Store, Wanted, prepare_folder};

use crate::common::{Daemon, Home, Inbox, SOON, StandIn, now, read_pair, wait_for};

#[test]
fn a_domain_in_a_file_becomes_key_and_chain_on_disk() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let installed = daemon.wait_of("certificate.installed", "wgc.red");
    let order = &stand_in.orders("wgc.red")[0];
    assert_eq!(installed["certificate_id"], order["certificate_id"]);
    assert!(installed["not_after"].is_string(), "{installed}");
    assert!(installed["timestamp"].is_string() && installed["message"].is_string());
    for event in ["order.applied", "order.issued"] {
        assert_eq!(daemon.events_of(event, "wgc.red").len(), 1, "{event}");
    }

    let live = home.live("wgc.red");
    let pair = read_pair(&live).unwrap();
    assert_eq!(pair.names, ["wgc.red", "www.wgc.red"]);
    assert_eq!(pair.chain, 2);
    let read = |name: &str| fs::read_to_string(live.join(name)).unwrap();
    assert_eq!(
        read("fullchain.pem"),
        read("cert.pem") + &read("chain.pem"),
        "fullchain is leaf and chain"
    );
    let key = fs::metadata(live.join("privkey.pem")).unwrap();
    assert_eq!(
        key.permissions().mode() & 0o007,
        0,
        "a key is not for everyone"
    );
}

#[test]
fn a_certificate_near_its_end_is_renewed_with_its_old_id_and_then_left_alone() {
    let stand_in = StandIn::aged(62);
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let first = daemon.wait_of("certificate.installed", "wgc.red");
    let renewed = daemon.wait_of("certificate.renewed", "wgc.red");
    let orders = stand_in.orders("wgc.red");
    assert_eq!(orders.len(), 2);
    assert_eq!(orders[0]["renews"], first["certificate_id"]);
    assert_eq!(renewed["certificate_id"], orders[0]["certificate_id"]);
    let pair = read_pair(&home.live("wgc.red")).unwrap();
    assert!(pair.not_after - now() > TimeDelta::days(80));

    // Two more passes, asked for and waited for, find nothing to do.
    for _ in 0..2 {
        assert_eq!(home.run(&["renew"]).code, 0);
    }
    assert_eq!(stand_in.asked("ApplyCertificate"), 2);
    let archived = fs::read_dir(home.state_dir().join("archive/wgc.red")).unwrap();
    assert_eq!(archived.count(), 2, "the version before is kept");
}

#[test]
fn a_certificate_outside_its_window_causes_no_application() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    for _ in 0..2 {
        assert_eq!(home.run(&["renew", "wgc.red"]).code, 0);
    }
    assert_eq!(daemon.stop().code(), Some(0));
    let again = Daemon::start(&home);
    again.wait("daemon.ready");
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(stand_in.asked("ApplyCertificate"), 1);
    assert_eq!(again.events("certificate.renewed").len(), 0);
}

/// A state folder whose record says that this certificate is installed and ends `left` from now.
pub(crate) fn installed(home: &Home, domain: &str, certificate_id: &str, left: TimeDelta) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let now = now();
        prepare_folder(&home.state_dir()).unwrap();
        let store = Store::open(&home.state_dir(), now).await.unwrap();
        let not_after = (now + left).with_nanosecond(0).unwrap();
        let wanted = Wanted {
            domain: domain.to_owned(),
            account: "default".to_owned(),
            inputs: "unknown".to_owned(),
            renew_before: TimeDelta::days(30),
            targets: Vec::new(),
        };
        store.sync(now, &[wanted], "made by a test").await.unwrap();
        let mut record = Record::new(domain, "default");
        record.installed = Some(Installed {
            certificate_id: certificate_id.to_owned(),
            account: "default".to_owned(),
            not_before: not_after - TimeDelta::days(90),
            not_after,
            fingerprint: "00".repeat(32),
            installed_at: not_after - TimeDelta::days(90),
        });
        let policy = Policy {
            renew_before: TimeDelta::days(30),
            poll: TimeDelta::seconds(1),
            algorithm: Algorithm::Rsa,
            inputs: "unknown".to_owned(),
            orders: evercert::lifecycle::Orders::Here,
        };
        let changes = Changes {
            record: &record,
            closed: None,
            schedule: schedule(now, &policy, &record, &[]),
            history: &[],
        };
        store.save(now, changes).await.unwrap();
        store.close().await;
    });
}

#[test]
fn an_expired_certificate_is_ordered_anew_without_its_old_id() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    installed(&home, "wgc.red", "oldid123", TimeDelta::hours(-1));
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.asked("ApplyCertificate"), 1);
    assert!(stand_in.orders("wgc.red")[0]["renews"].is_null());
}

#[test]
fn a_certificate_whose_old_id_the_service_no_longer_knows_is_renewed_all_the_same() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    installed(&home, "wgc.red", "oldid123", TimeDelta::days(20));
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.renewed", "wgc.red");
    let orders = stand_in.orders("wgc.red");
    assert_eq!(orders.len(), 1);
    assert!(orders[0]["renews"].is_null());
}

#[test]
fn a_certificate_made_by_hand_is_adopted_and_not_bought_twice() {
    let stand_in = StandIn::quick();
    let id = stand_in.apply_by_hand("wgc.red");
    wait_for("the certificate made by hand", SOON, || {
        (stand_in.orders("wgc.red")[0]["status"] == 1).then_some(())
    });
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let adopted = daemon.wait_of("order.adopted", "wgc.red");
    assert_eq!(adopted["certificate_id"], *id);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
    assert_eq!(daemon.events("certificate.renewed").len(), 0);
    assert_eq!(daemon.events("order.applied").len(), 0);
}

#[test]
fn a_renewal_made_by_hand_is_adopted_and_never_called_renewed() {
    let stand_in = StandIn::quick();
    let id = stand_in.apply_by_hand("wgc.red");
    wait_for("the certificate made by hand", SOON, || {
        (stand_in.orders("wgc.red")[0]["status"] == 1).then_some(())
    });
    let home = Home::of(&stand_in, &["wgc.red"]);
    installed(&home, "wgc.red", "oldid123", TimeDelta::days(20));
    let daemon = Daemon::start(&home);
    let adopted = daemon.wait_of("order.adopted", "wgc.red");
    assert_eq!(adopted["certificate_id"], *id);
    let installed = daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(installed["certificate_id"], *id);
    assert_eq!(home.run(&["renew"]).code, 0);
    assert_eq!(daemon.events("certificate.renewed").len(), 0);
    assert_eq!(stand_in.asked("ApplyCertificate"), 1, "the one by hand");
}

#[test]
fn a_pending_order_of_somebody_else_is_waited_for_and_adopted() {
    let stand_in = StandIn::with(|options| {
        options.issue_after = std::time::Duration::from_secs(3600);
    });
    let id = stand_in.apply_by_hand("wgc.red");
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    daemon.wait_of("order.foreign", "wgc.red");
    let issued = OrderChange {
        status: Some(1),
        ..OrderChange::default()
    };
    stand_in.on(|service| service.change_order(now(), &id, &issued).unwrap());
    daemon.wait_of("order.adopted", "wgc.red");
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.orders("wgc.red").len(), 1);
}

#[test]
fn an_order_is_found_in_the_list_also_below_many_newer_ones() {
    let stand_in = StandIn::with(|options| {
        options.issue_after = std::time::Duration::from_secs(3600);
        options.requests_per_second = 1_000;
        options.domain_limit = 100;
    });
    let home = Home::of(&stand_in, &["wgc.red"]);
    let daemon = Daemon::start(&home);
    let applied = daemon.wait_of("order.applied", "wgc.red");
    let id = applied["certificate_id"].as_str().unwrap();
    // More than the first page of a look at what is pending has room for.
    for n in 0..30 {
        stand_in.apply_by_hand(&format!("n{n}.example.com"));
    }
    let issued = OrderChange {
        status: Some(1),
        ..OrderChange::default()
    };
    stand_in.on(|service| service.change_order(now(), id, &issued).unwrap());
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.asked("DescribeCertificate"), 0, "asked by its id");
}

#[test]
fn an_ecc_key_and_an_own_remark_reach_the_service() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    home.write_config(
        home.config_text(&stand_in.endpoint(), &["wgc.red"])
            + "key = \"ECC\"\nalias = \"the shop\"\n",
    );
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    let order = &stand_in.orders("wgc.red")[0];
    assert_eq!(order["algorithm"], "ECC");
    let alias = order["alias"].as_str().unwrap();
    let (marker, rest) = alias.split_once(' ').unwrap();
    assert_eq!(rest, "the shop");
    assert_eq!(marker.len(), "ec-123456-12345678".len());
    let key = fs::read_to_string(home.live("wgc.red").join("privkey.pem")).unwrap();
    assert!(!key.contains("RSA"));
    assert!(read_pair(&home.live("wgc.red")).is_some());
}

#[test]
fn an_order_whose_zone_is_elsewhere_is_told_at_once_and_once_until_it_is_issued() {
    let stand_in = StandIn::with(|options| {
        options.issue_after = std::time::Duration::from_secs(3600);
    });
    let inbox = Inbox::open(0);
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red", "other.com"]);
    let notify = format!(
        "[[notify]]\ntype = \"webhook\"\nurl = \"{}\"\n",
        inbox.url()
    );
    home.write_config(format!("{text}\n{notify}"));
    let mut daemon = Daemon::start(&home);
    let applied = daemon.wait_of("order.applied", "wgc.red");
    let id = applied["certificate_id"].as_str().unwrap();
    let set = |change: OrderChange| {
        stand_in.on(|service| service.change_order(now(), id, &change).unwrap());
    };
    set(OrderChange {
        is_dnspod_resolve: Some(false),
        ..OrderChange::default()
    });
    let said = daemon.wait_of("validation.zone_elsewhere", "wgc.red");
    assert_eq!(said["certificate_id"], id);
    assert_eq!(
        inbox.wait("validation.zone_elsewhere")["topic"],
        "validation"
    );
    // Neither the next looks nor a new process say it again.
    let looks = || stand_in.asked("DescribeCertificates");
    let seen = looks();
    wait_for("more looks", SOON, || (looks() > seen + 3).then_some(()));
    assert_eq!(daemon.events("validation.zone_elsewhere").len(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
    let daemon = Daemon::start(&home);
    let seen = looks();
    wait_for("more looks", SOON, || (looks() > seen + 3).then_some(()));
    assert_eq!(daemon.events("validation.zone_elsewhere").len(), 0);
    set(OrderChange {
        status: Some(1),
        ..OrderChange::default()
    });
    daemon.wait_of("certificate.installed", "wgc.red");
    let solved = wait_for("its end is told", SOON, || {
        let mut all = inbox.events().into_iter();
        all.find(|told| told["topic"] == "validation" && told["state"] == "solved")
    });
    assert_eq!(solved["certificate"], "wgc.red");
}
