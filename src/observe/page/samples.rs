//! Overviews for tests: every way a certificate can be.

use chrono::{DateTime, TimeDelta, Utc};

use crate::lifecycle::delivery::{Reached, TargetKind};
use crate::lifecycle::proof::ChallengeKind;
use crate::lifecycle::{Challenge, Class, HoldScope, Standing, State, WaitsFor};
use crate::observe::overview::{
    AccountLine, CertificateLine, Detail, HoldLine, Life, Overview, Parking, Place, Places,
    TargetLine, Tone, Trouble, Waits, With,
};
use crate::observe::{Event, Fact};
use crate::store::{Entry, PastOrder};

/// The time of all samples.
pub(in crate::observe) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

fn standing(state: State) -> Standing {
    Standing {
        state,
        waits_for: None,
        delivery: Reached::Done,
    }
}

/// A certificate of ninety days that ends in so many, all well.
pub(in crate::observe) fn well(domain: &str, days: i64) -> CertificateLine {
    let end = now() + TimeDelta::days(days) + TimeDelta::hours(3);
    let renew_at = end - TimeDelta::days(30);
    CertificateLine {
        domain: domain.to_owned(),
        display: domain.to_owned(),
        account: "default".to_owned(),
        standing: standing(State::Installed),
        tone: Tone::Well,
        life: Some(Life {
            not_before: end - TimeDelta::days(90),
            renew_at,
            not_after: end,
        }),
        places: Places {
            installed: Place::Yes,
            bound: Place::NotWanted,
            served: Place::Yes,
        },
        next_step: "renew",
        next_at: Some(renew_at.max(now())),
        failures: 0,
        trouble: None,
        waits_for: None,
        code: None,
        parked: false,
        paused: None,
        drift: false,
        rolled_back: false,
        manual: Vec::new(),
    }
}

fn account(used: u32) -> AccountLine {
    AccountLine {
        name: "default".to_owned(),
        slots: Some((used, now() - TimeDelta::hours(5))),
        limit: 50,
        holds: Vec::new(),
    }
}

/// Three certificates without any trouble.
pub(in crate::observe) fn calm() -> Overview {
    Overview {
        now: now(),
        certificates: vec![
            well("wgc.red", 44),
            well("www.wgc.red", 71),
            well("shop.example.com", 88),
        ],
        accounts: vec![account(4)],
        next_due: Some(now() + TimeDelta::days(14)),
        fleet: None,
    }
}

/// Nothing at all.
pub(in crate::observe) fn empty() -> Overview {
    Overview {
        now: now(),
        certificates: Vec::new(),
        accounts: Vec::new(),
        next_due: None,
        fleet: None,
    }
}

/// So many, all well.
pub(in crate::observe) fn many(count: usize) -> Overview {
    let certificate = |n: usize| well(&format!("www{n}.example.com"), 31 + (n as i64 * 7) % 59);
    Overview {
        certificates: (0..count).map(certificate).collect(),
        ..calm()
    }
}

pub(in crate::observe) fn trouble(with: With, code: Option<&str>, said: &str) -> Option<Trouble> {
    Some(Trouble {
        with,
        code: code.map(str::to_owned),
        said: said.to_owned(),
    })
}

/// It waits for this account, and ends in so many days.
pub(in crate::observe) fn waiting(
    domain: &str,
    account: &str,
    scope: HoldScope,
    days: i64,
) -> CertificateLine {
    let waits_for = match scope {
        HoldScope::MainDomain(_) => WaitsFor::Quota,
        HoldScope::List => WaitsFor::Service,
        _ => WaitsFor::Account,
    };
    CertificateLine {
        account: account.to_owned(),
        standing: Standing {
            waits_for: Some(waits_for),
            ..standing(State::Waiting)
        },
        tone: if days < 7 { Tone::Bad } else { Tone::Wary },
        failures: 1,
        waits_for: Some(Waits {
            account: account.to_owned(),
            class: match scope {
                HoldScope::MainDomain(_) => Class::Quota,
                _ => Class::Operator,
            },
            scope,
        }),
        next_step: "wait for account",
        next_at: Some(now() + TimeDelta::minutes(12)),
        ..well(domain, days)
    }
}

/// A copy whose reload fails.
pub(in crate::observe) fn not_reloaded(domain: &str) -> CertificateLine {
    let said = "reload: systemctl ended with exit status 1: Job for nginx.service failed.";
    let with = With::Target {
        kind: TargetKind::Install,
        title: format!("pem /etc/nginx/ssl/{domain}.crt"),
        command: Some("systemctl reload nginx".to_owned()),
    };
    CertificateLine {
        tone: Tone::Wary,
        trouble: trouble(with, None, said),
        ..well(domain, 81)
    }
}

/// An account, or a part of it, that can't be used.
pub(in crate::observe) fn refused(name: &str, scope: HoldScope, code: &str) -> AccountLine {
    AccountLine {
        name: name.to_owned(),
        holds: vec![HoldLine {
            scope,
            tone: Tone::Bad,
            code: Some(code.to_owned()),
            said: format!("DescribeCertificates was refused: {code} (the service's words)"),
            until: now() + TimeDelta::minutes(12),
        }],
        ..account(31)
    }
}

fn parked() -> CertificateLine {
    CertificateLine {
        standing: standing(State::Parked),
        tone: Tone::Bad,
        parked: true,
        trouble: trouble(
            With::Parked(Parking::NotValidated { by_service: true }),
            None,
            "two orders in a row ended without validation",
        ),
        next_step: "wait for operator",
        next_at: None,
        ..well("api.example.com", 12)
    }
}

fn refused_for_good() -> CertificateLine {
    let code = "InvalidParameterValue";
    CertificateLine {
        trouble: trouble(
            With::Parked(Parking::Refused),
            Some(code),
            "ApplyCertificate was refused: InvalidParameterValue (the value <b>is</b> wrong)",
        ),
        ..CertificateLine {
            domain: "typo.example.com".to_owned(),
            display: "typo.example.com".to_owned(),
            ..parked()
        }
    }
}

fn expired() -> CertificateLine {
    CertificateLine {
        standing: standing(State::Expired),
        tone: Tone::Bad,
        trouble: trouble(
            With::Order,
            None,
            "no answer within 30 s <script>alert(1)</script>",
        ),
        ..well("old.example.com", -4)
    }
}

fn failing() -> CertificateLine {
    CertificateLine {
        standing: standing(State::Failing),
        tone: Tone::Wary,
        failures: 3,
        trouble: trouble(
            With::Order,
            Some("InternalError"),
            "DescribeCertificates was refused: InternalError",
        ),
        code: Some("InternalError".to_owned()),
        next_step: "retry",
        next_at: Some(now() + TimeDelta::minutes(7)),
        ..well("mail.example.com", 26)
    }
}

fn drifting() -> CertificateLine {
    let with = With::Target {
        kind: TargetKind::Verify,
        title: "verify shop.example.com:443".to_owned(),
        command: None,
    };
    CertificateLine {
        tone: Tone::Wary,
        drift: true,
        places: Places {
            installed: Place::Yes,
            bound: Place::Failing,
            served: Place::Other,
        },
        trouble: trouble(with, None, "another certificate is served"),
        ..well("cdn.example.com", 85)
    }
}

fn manual() -> CertificateLine {
    CertificateLine {
        standing: standing(State::Pending).awaiting_a_person(true),
        tone: Tone::Bad,
        life: None,
        places: Places {
            installed: Place::No,
            bound: Place::NotWanted,
            served: Place::NotYet,
        },
        next_step: "poll",
        next_at: Some(now() + TimeDelta::seconds(28)),
        manual: vec![record()],
        ..well("new.example.com", 0)
    }
}

fn pending() -> CertificateLine {
    CertificateLine {
        standing: standing(State::Pending),
        tone: Tone::Busy,
        next_step: "poll",
        next_at: Some(now() + TimeDelta::seconds(20)),
        ..well(
            "a-rather-long-name-for-a-service.internal.department.example.com",
            29,
        )
    }
}

fn ending() -> CertificateLine {
    let mut ending = CertificateLine {
        domain: "login.example.com".to_owned(),
        display: "login.example.com".to_owned(),
        tone: Tone::Bad,
        ..failing()
    };
    ending.life = well("", 0).life.map(|life| Life {
        not_after: now() + TimeDelta::hours(20),
        ..life
    });
    ending
}

fn of_state(domain: &str, state: State, tone: Tone, next_step: &'static str) -> CertificateLine {
    CertificateLine {
        standing: standing(state),
        tone,
        next_step,
        ..well(domain, 25)
    }
}

/// Every way a certificate can be, with names and messages that try to be markup; the worst is not first.
pub(in crate::observe) fn every_state() -> Vec<CertificateLine> {
    let paused = CertificateLine {
        paused: Some(now() - TimeDelta::days(3)),
        next_at: None,
        ..of_state(
            "pause.example.com",
            State::Paused,
            Tone::Wary,
            "none (paused)",
        )
    };
    let missing = CertificateLine {
        life: None,
        places: Places {
            installed: Place::No,
            bound: Place::NotWanted,
            served: Place::NotYet,
        },
        ..of_state("first.example.com", State::Missing, Tone::Busy, "order")
    };
    let dead = CertificateLine {
        trouble: trouble(With::Dead(10), None, ""),
        ..of_state("leaked.example.com", State::Revoked, Tone::Bad, "renew")
    };
    let broken = CertificateLine {
        trouble: trouble(
            With::Live,
            None,
            "live/files.example.com/privkey.pem is gone",
        ),
        drift: true,
        ..of_state("files.example.com", State::Installed, Tone::Bad, "renew")
    };
    let chinese = CertificateLine {
        display: "商店.例子.中国".to_owned(),
        ..well("xn--xxtu9w.xn--fsqu00a.xn--fiqs8s", 62)
    };
    let label = "l".repeat(63);
    let broken = CertificateLine {
        trouble: trouble(
            With::Live,
            None,
            &format!("live/{label}/privkey.pem{}", "x".repeat(300)),
        ),
        ..broken
    };
    let longest = waiting(
        &format!("{label}.{label}.{label}.example.com"),
        "shops",
        HoldScope::Account,
        9,
    );
    vec![
        longest,
        parked(),
        expired(),
        failing(),
        drifting(),
        manual(),
        pending(),
        ending(),
        refused_for_good(),
        paused,
        missing,
        dead,
        broken,
        chinese,
        of_state(
            "intended.example.com",
            State::Intended,
            Tone::Busy,
            "look up",
        ),
        of_state("issued.example.com", State::Issued, Tone::Busy, "fetch"),
        of_state("foreign.example.com", State::Waiting, Tone::Busy, "poll"),
        of_state("removed.example.com", State::Removed, Tone::Busy, "none"),
        not_reloaded("one.example.com"),
        not_reloaded("two.example.com"),
        waiting(
            "main.example.net",
            "shops",
            HoldScope::MainDomain("example.net".to_owned()),
            20,
        ),
    ]
}

/// So many certificates in three accounts, of which one is refused: of a few one waits for it, of many thirty-two do, and
/// all other states are there.
pub(in crate::observe) fn town(count: usize) -> Overview {
    let mut overview = calm();
    let mut certificates = Vec::new();
    if count >= 30 {
        certificates.extend(every_state());
    } else {
        certificates.extend([expired(), failing()]);
    }
    let waits = if count > 100 { 32 } else { 1 };
    certificates.extend((0..waits).map(|n| {
        let days = 22 - i64::from(n) % 20;
        waiting(
            &format!("w{n}.shops.example"),
            "shops",
            HoldScope::Account,
            days,
        )
    }));
    let left = count.saturating_sub(certificates.len());
    certificates.extend(many(left).certificates);
    overview.certificates = certificates;
    let mut shops = refused("shops", HoldScope::Account, "AuthFailure.SecretIdNotFound");
    let quota = refused(
        "shops",
        HoldScope::MainDomain("example.net".to_owned()),
        "FailedOperation.MainDomainCertificateCountLimit",
    );
    shops.holds.extend(quota.holds);
    overview.accounts = vec![
        account(47),
        shops,
        AccountLine {
            name: "a_customer_with_a_name_that_is_never_broken".to_owned(),
            slots: None,
            ..account(0)
        },
    ];
    overview
}

/// Everything that can be the matter, with names and messages that try to be markup.
pub(in crate::observe) fn troubled() -> Overview {
    let mut overview = calm();
    overview.certificates.extend([
        parked(),
        expired(),
        failing(),
        drifting(),
        manual(),
        pending(),
    ]);
    overview.accounts[0].slots = Some((47, now() - TimeDelta::hours(2)));
    overview.accounts.push(AccountLine {
        slots: None,
        ..refused(
            "shop",
            HoldScope::Orders,
            "FailedOperation.ExceedsFreeLimit",
        )
    });
    overview
}

fn record() -> Challenge {
    Challenge {
        kind: ChallengeKind::Txt,
        name: "_dnsauth.new.example.com".to_owned(),
        value: "202602020000004x9f2k1h8s7d6f5g".to_owned(),
    }
}

/// One certificate with something of everything.
pub(in crate::observe) fn detail() -> Detail {
    let entry = |minutes: i64, fact: Fact, domain: &str| Entry {
        at: now() - TimeDelta::minutes(minutes),
        what: Event::of(fact)
            .certificate(domain)
            .request_id("8f1b2c3d-0000-4a5b-9c8d-7e6f5a4b3c2d")
            .to_entry(),
    };
    let drift = Fact::DriftFound {
        reason: "another certificate is served & that is wrong".into(),
        is_replaced: false,
    };
    let mut certificate = troubled().certificates.remove(7);
    certificate.life = well("new.example.com", 21).life;
    Detail {
        fleet: None,
        now: now(),
        certificate,
        hold: None,
        certificate_id: Some("Ab3dEf9h".to_owned()),
        fingerprint: Some("3f".repeat(32)),
        method: "DNS".to_owned(),
        orders: vec![PastOrder {
            opened: now() - TimeDelta::hours(1),
            closed: None,
            ending: None,
            stage: "pending".to_owned(),
            marker: "ec-k3j9x2-a1b2c3d4".to_owned(),
            certificate_id: Some("Zz9yXx8w".to_owned()),
            method: "DNS".to_owned(),
            renewal: true,
            adopted: false,
        }],
        targets: vec![TargetLine {
            title: "verify new.example.com:443".to_owned(),
            kind: TargetKind::Verify,
            state: "failing",
            seen: Some(("a0".repeat(32), now() - TimeDelta::minutes(3))),
            right: false,
            error: Some("another certificate is served <b>there</b>".to_owned()),
            next_at: Some(now() + TimeDelta::minutes(1)),
        }],
        history: vec![
            entry(3, drift, "new.example.com"),
            entry(60, Fact::OrderIssued, "<new.example.com>"),
        ],
    }
}
