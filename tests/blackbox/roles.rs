//! An account that acts as a role: its keys are temporary, and renewed before they end.

use evercert::sandbox::RoleChange;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::common::{Daemon, Home, SOON, StandIn, wait_for};

const ARN: &str = "qcs::cam::uin/100000000001:roleName/evercert";

fn set_role(stand_in: &StandIn, change: RoleChange) {
    let change = RoleChange {
        arn: ARN.into(),
        ..change
    };
    stand_in.on(|service| service.change_role(change).unwrap());
}

/// A config whose account assumes the role, with these lines more.
fn configure(home: &Home, stand_in: &StandIn, more: &str) {
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    let with_role = format!("[accounts.default]\nrole_arn = \"{ARN}\"\n{more}");
    home.write_config(text.replace("[accounts.default]\n", &with_role));
}

/// The codes of all requests so far, each with its action.
fn codes(stand_in: &StandIn) -> Vec<(String, String)> {
    let listed = stand_in.on(|service| service.requests(0));
    let all = listed["requests"].as_array().unwrap().clone();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|entry| (text(entry, "action"), text(entry, "code")))
        .collect()
}

#[test]
fn a_certificate_is_ordered_with_a_role_s_keys_and_these_are_renewed_before_they_end() {
    let stand_in = StandIn::quick();
    set_role(
        &stand_in,
        RoleChange {
            external_id: Some("both-know".into()),
            seconds: Some(9),
            ..RoleChange::default()
        },
    );
    let home = Home::empty();
    configure(&home, &stand_in, "external_id = \"both-know\"\n");
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.asked("AssumeRole"), 1, "one set serves all calls");
    // Calls go on for longer than three sets of keys live.
    wait_for("three sets more", SOON, || {
        let found = home.run(&["doctor", "--json"]);
        let signs = "it signs as qcs::sts:100000000001:assumed-role/evercert";
        assert!(found.stdout.contains(signs), "{}", found.all());
        (stand_in.asked("AssumeRole") >= 4).then_some(())
    });
    let refused = ["AuthFailure", "UnauthorizedOperation"];
    let codes = codes(&stand_in);
    assert!(
        !codes
            .iter()
            .any(|(_, code)| refused.iter().any(|one| code.starts_with(one))),
        "{codes:?}"
    );
    assert_eq!(daemon.events("account.paused").len(), 0);
    assert!(stand_in.peak() <= 10);
}

#[test]
fn a_role_that_can_t_be_assumed_pauses_its_account_until_the_config_is_mended() {
    let stand_in = StandIn::quick();
    set_role(
        &stand_in,
        RoleChange {
            external_id: Some("both-know".into()),
            ..RoleChange::default()
        },
    );
    let home = Home::empty();
    configure(&home, &stand_in, "external_id = \"a-guess\"\n");
    let daemon = Daemon::start(&home);
    let paused = daemon.wait("account.paused");
    let words = paused["message"].as_str().unwrap();
    assert!(
        words.contains(ARN) && words.contains("must allow sts:AssumeRole"),
        "{paused}"
    );
    assert_eq!(stand_in.asked("ApplyCertificate"), 0);
    let found = home.run(&["doctor"]);
    assert_eq!(found.code, 1);
    assert!(
        found.stdout.contains("could not be assumed"),
        "{}",
        found.all()
    );
    configure(&home, &stand_in, "external_id = \"both-know\"\n");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_of("certificate.installed", "wgc.red");
    daemon.wait("account.resumed");
}

#[test]
fn keys_that_the_service_no_longer_knows_are_got_anew_and_cost_no_order() {
    let stand_in = StandIn::quick();
    set_role(&stand_in, RoleChange::default());
    let home = Home::empty();
    configure(&home, &stand_in, "");
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    set_role(
        &stand_in,
        RoleChange {
            end_sessions: true,
            ..RoleChange::default()
        },
    );
    let forced = home.run(&["renew", "--force", "--no-wait", "wgc.red"]);
    assert_eq!(forced.code, 0, "{}", forced.all());
    wait_for("the second certificate", SOON, || {
        (daemon.events("certificate.installed").len() == 2).then_some(())
    });
    assert_eq!(stand_in.asked("AssumeRole"), 2);
    assert_eq!(daemon.events("account.paused").len(), 0);
    assert_eq!(stand_in.orders("wgc.red").len(), 2);
}

#[test]
fn another_role_in_the_config_is_assumed_at_the_reload_and_a_lost_answer_holds_nothing_up() {
    use evercert::sandbox::FaultKind;
    let stand_in = StandIn::quick();
    set_role(&stand_in, RoleChange::default());
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["wgc.red"]);
    home.write_config(&text);
    let daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "wgc.red");
    assert_eq!(stand_in.asked("AssumeRole"), 0);
    stand_in.once("AssumeRole", FaultKind::DropAfter);
    let with_role = format!("[accounts.default]\nrole_arn = \"{ARN}\"\n");
    home.write_config(
        text.replace("[accounts.default]\n", &with_role)
            + "\n[[certificates]]\ndomain = \"a.wgc.red\"\n",
    );
    daemon.signal(Signal::SIGHUP);
    daemon.wait_of("certificate.installed", "a.wgc.red");
    assert_eq!(stand_in.asked("AssumeRole"), 2);
    assert_eq!(daemon.events("account.paused").len(), 0);
    assert!(!daemon.text().contains("AKIDtmp"), "{}", daemon.text());
}

#[test]
fn a_verb_without_a_daemon_acts_as_the_role_too() {
    let stand_in = StandIn::quick();
    set_role(&stand_in, RoleChange::default());
    let home = Home::empty();
    configure(&home, &stand_in, "");
    let renewed = home.run(&["renew"]);
    assert_eq!(renewed.code, 0, "{}", renewed.all());
    assert_eq!(stand_in.asked("AssumeRole"), 1);
}
