//! What needs somebody, and in which order.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::VirtualClock;
use crate::lifecycle::HoldScope;
use crate::observe::health::Health;
use crate::observe::page::samples::{self, not_reloaded, now, refused, town, waiting, well};

fn health() -> Health {
    let clock = Arc::new(VirtualClock::new(now()));
    Health::new(clock, Duration::from_secs(1))
}

fn of(certificates: Vec<CertificateLine>, accounts: Vec<AccountLine>) -> Overview {
    Overview {
        certificates,
        accounts,
        ..samples::calm()
    }
}

/// What each need is about, in order: its names, or the kind of its matter.
fn shown(overview: &Overview) -> Vec<String> {
    let status = health().status();
    let needs = overview.needs(&status);
    let one = |need: &Need<'_>| {
        let names: Vec<&str> = need.certificates.iter().map(|one| &*one.domain).collect();
        match need.matter {
            Matter::One(_) => names.join(" "),
            Matter::Hold(account, _) => format!("{}: {}", account.name, names.len()),
            Matter::Alike => format!("alike: {}", names.join(" ")),
            Matter::Config => "config".to_owned(),
            Matter::Database(_) => "database".to_owned(),
        }
    };
    needs.iter().map(one).collect()
}

#[test]
fn many_that_wait_for_one_account_are_one_need_of_that_account() {
    let waits = (0..32).map(|n| waiting(&format!("w{n}.example"), "shops", HoldScope::Account, 20));
    let accounts = vec![refused(
        "shops",
        HoldScope::Account,
        "AuthFailure.SecretIdNotFound",
    )];
    let overview = of(waits.collect(), accounts);
    assert_eq!(shown(&overview), ["shops: 32"]);
}

#[test]
fn those_that_end_soon_or_have_trouble_of_their_own_are_listed_too() {
    let mut paused = waiting("paused.example", "shops", HoldScope::Account, 21);
    paused.paused = Some(now());
    let waits = vec![
        waiting("calm.example", "shops", HoldScope::Account, 20),
        waiting("soon.example", "shops", HoldScope::Account, 3),
        waiting("over.example", "shops", HoldScope::Account, -1),
        paused,
    ];
    let accounts = vec![refused(
        "shops",
        HoldScope::Account,
        "AuthFailure.SecretIdNotFound",
    )];
    assert_eq!(
        shown(&of(waits, accounts)),
        ["shops: 4", "over.example", "soon.example", "paused.example"],
        "the cause stands before those that suffer from it"
    );
}

#[test]
fn holds_of_one_account_have_each_their_own() {
    let waits = vec![
        waiting(
            "a.example.net",
            "shops",
            HoldScope::MainDomain("example.net".to_owned()),
            20,
        ),
        waiting(
            "b.example.org",
            "shops",
            HoldScope::MainDomain("example.org".to_owned()),
            19,
        ),
        waiting("c.example", "other", HoldScope::List, 18),
    ];
    let mut accounts = vec![refused(
        "shops",
        HoldScope::MainDomain("example.net".to_owned()),
        "X",
    )];
    let second = refused(
        "shops",
        HoldScope::MainDomain("example.org".to_owned()),
        "X",
    );
    accounts[0].holds.extend(second.holds);
    accounts.push(refused("other", HoldScope::List, "X"));
    assert_eq!(
        shown(&of(waits, accounts)),
        ["other: 1", "shops: 1", "shops: 1"]
    );
}

#[test]
fn one_command_that_fails_for_several_is_one_need() {
    let lone = |domain: &str| {
        let mut one = not_reloaded(domain);
        if let Some(With::Target { command, .. }) = one.trouble.as_mut().map(|it| &mut it.with) {
            *command = Some("/usr/bin/other".to_owned());
        }
        one
    };
    let certificates = vec![
        not_reloaded("b.example"),
        not_reloaded("a.example"),
        lone("c.example"),
        well("d.example", 80),
    ];
    assert_eq!(
        shown(&of(certificates, Vec::new())),
        ["alike: b.example a.example", "c.example"]
    );
}

#[test]
fn the_expired_come_first_then_the_soonest_to_end_then_the_rest() {
    let overview = town(200);
    let status = health().status();
    let needs = overview.needs(&status);
    let ranks: Vec<Rank> = needs.iter().map(|need| need.rank).collect();
    assert!(ranks[..ranks.len().min(SPELT_OUT)].is_sorted());
    let first = &needs[0].certificates[0];
    assert_eq!(first.domain, "old.example.com");
    let second: Vec<&str> = needs
        .iter()
        .take_while(|need| need.rank.0 <= Urgency::Ending)
        .map(|need| &*need.certificates[0].domain)
        .collect();
    assert!(second.contains(&"login.example.com"), "{second:?}");
    let rest = needs.iter().take(SPELT_OUT).skip(second.len());
    assert!(rest.is_sorted_by_key(|need| need.tone));
    let refused: Vec<usize> = needs
        .iter()
        .filter(
            |need| matches!(need.matter, Matter::Hold(_, hold) if hold.scope == HoldScope::Account),
        )
        .map(|need| need.certificates.len())
        .collect();
    assert_eq!(
        refused,
        [33],
        "thirty-two of them, and one with a long name"
    );
}

#[test]
fn what_is_wrong_with_all_of_it_is_said_before_what_is_wrong_with_one() {
    let health = health();
    health.config_read(false);
    health.database_failed("the disk is full".to_owned());
    let status = health.status();
    let overview = samples::troubled();
    let needs = overview.needs(&status);
    let place =
        |is_it: fn(&Matter<'_>) -> bool| needs.iter().position(|need| is_it(&need.matter)).unwrap();
    let config = place(|matter| matches!(matter, Matter::Config));
    assert_eq!(
        place(|matter| matches!(matter, Matter::Database(_))),
        config + 1
    );
    assert_eq!(needs[0].certificates[0].domain, "old.example.com");
    assert!(config < place(|matter| matches!(matter, Matter::Hold(..))));
}
