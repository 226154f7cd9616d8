//! Overviews for tests: every way a certificate can be.

use chrono::{DateTime, TimeDelta, Utc};

use crate::lifecycle::Challenge;
use crate::lifecycle::proof::ChallengeKind;
use crate::observe::overview::{
    AccountLine, CertificateLine, Detail, HoldLine, Life, Overview, Place, Places, TargetLine, Tone,
};
use crate::observe::{Event, Fact};
use crate::store::{Entry, PastOrder};

/// The time of all samples.
pub(in crate::observe) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

/// A certificate of ninety days that ends in so many, all well.
pub(in crate::observe) fn well(domain: &str, days: i64) -> CertificateLine {
    let end = now() + TimeDelta::days(days) + TimeDelta::hours(3);
    let renew_at = end - TimeDelta::days(30);
    CertificateLine {
        domain: domain.to_owned(),
        display: domain.to_owned(),
        account: "default".to_owned(),
        state: "installed",
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
        error: None,
        code: None,
        remedy: None,
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
    }
}

/// Nothing at all.
pub(in crate::observe) fn empty() -> Overview {
    Overview {
        now: now(),
        certificates: Vec::new(),
        accounts: Vec::new(),
        next_due: None,
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

/// Everything that can be the matter, with names and messages that try to be markup.
pub(in crate::observe) fn troubled() -> Overview {
    let mut overview = calm();
    let parked = CertificateLine {
        state: "parked",
        tone: Tone::Bad,
        parked: true,
        error: Some("DNS_AUTO ended unvalidated twice".to_owned()),
        remedy: Some(
            "put the zone of api.example.com into this account, or choose another `validation`"
                .to_owned(),
        ),
        next_step: "wait for operator",
        next_at: None,
        ..well("api.example.com", 12)
    };
    let expired = CertificateLine {
        state: "expired",
        tone: Tone::Bad,
        error: Some("no answer within 30 s <script>alert(1)</script>".to_owned()),
        ..well("old.example.com", -4)
    };
    let failing = CertificateLine {
        state: "failing",
        tone: Tone::Wary,
        failures: 3,
        error: Some("the service is overloaded (InternalError)".to_owned()),
        code: Some("InternalError".to_owned()),
        remedy: Some("Nothing; it is tried again.".to_owned()),
        next_step: "retry",
        next_at: Some(now() + TimeDelta::minutes(7)),
        ..well("mail.example.com", 26)
    };
    let drifting = CertificateLine {
        tone: Tone::Wary,
        drift: true,
        places: Places {
            installed: Place::Yes,
            bound: Place::Failing,
            served: Place::Other,
        },
        error: Some("verify: shop.example.com:443 serves another certificate".to_owned()),
        ..well("cdn.example.com", 85)
    };
    let manual = CertificateLine {
        state: "pending",
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
    };
    let pending = CertificateLine {
        state: "pending",
        tone: Tone::Busy,
        next_step: "poll",
        next_at: Some(now() + TimeDelta::seconds(20)),
        ..well(
            "a-rather-long-name-for-a-service.internal.department.example.com",
            29,
        )
    };
    overview
        .certificates
        .extend([parked, expired, failing, drifting, manual, pending]);
    overview.accounts[0].slots = Some((47, now() - TimeDelta::hours(2)));
    overview.accounts.push(AccountLine {
        name: "shop".to_owned(),
        slots: None,
        holds: vec![HoldLine {
            scope: "orders",
            tone: Tone::Bad,
            what: "new orders are".to_owned(),
            reason: "the account has no free certificate left".to_owned(),
            remedy: Some("Delete expired ones at the console, or use another account.".to_owned()),
        }],
        ..account(0)
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
        now: now(),
        certificate,
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
            kind: "verify",
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
