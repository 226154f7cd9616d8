//! Histories, and what is told of them.

use super::*;
use crate::lifecycle::Due;
use crate::observe::event::{Published, Renewed, Stalled, Twin, Waits};

struct Told {
    problems: Problems,
    at: DateTime<Utc>,
}

impl Told {
    fn new() -> Self {
        Self {
            problems: Problems::new(),
            at: DateTime::from_timestamp(1_770_000_000, 0).unwrap(),
        }
    }

    /// Takes in what happened to a.example in account "main".
    fn take(&mut self, event: Event) -> Vec<Alert> {
        self.of("a.example", event)
    }

    fn of(&mut self, domain: &str, event: Event) -> Vec<Alert> {
        self.at += TimeDelta::minutes(1);
        take(
            &mut self.problems,
            self.at,
            &event.certificate(domain).account("main"),
            false,
        )
    }
}

fn failed(reason: &str, class: &str, code: &str, attempt: u64) -> Event {
    Event::of(Fact::CertificateFailed {
        reason: reason.into(),
        goes_back: false,
    })
    .class(class)
    .code(Some(code).filter(|code| !code.is_empty()))
    .attempt(attempt)
}

fn hook(title: &str) -> Event {
    Event::of(Fact::HookFailed {
        reason: "exit code 1".into(),
    })
    .target(title)
    .class("transient")
    .attempt(3)
}

fn applied() -> Event {
    Event::of(Fact::OrderApplied { why: Due::First })
}

fn installed() -> Event {
    Event::of(Fact::CertificateInstalled)
}

fn renewed() -> Event {
    let seen = Renewed::Installed;
    Event::of(Fact::CertificateRenewed { seen })
}

#[test]
fn a_problem_is_told_once_until_it_changes_and_its_end_is_told_too() {
    let mut told = Told::new();
    let problem = vec![Alert::Problem(Topic::Failed)];
    let permanent = |n| failed(&format!("no {n}"), "permanent", "InvalidParameter", n);
    assert_eq!(told.take(permanent(1)), problem);
    assert_eq!(told.take(permanent(2)), []);
    assert_eq!(told.take(failed("no", "permanent", "Other", 3)), problem);
    assert_eq!(told.take(applied()), []);
    assert_eq!(told.take(installed()), [Alert::Solved(Topic::Failed)]);
    assert_eq!(told.take(renewed()), [Alert::News(Topic::Renewed)]);
    assert!(told.problems.is_empty());
}

#[test]
fn without_a_code_another_reason_is_a_change_and_another_number_in_it_is_none() {
    let mut told = Told::new();
    let problem = vec![Alert::Problem(Topic::Failed)];
    let of = |reason| failed(reason, "permanent", "", 1);
    assert_eq!(told.take(of("line 3 is wrong")), problem);
    assert_eq!(told.take(of("line 14 is wrong")), []);
    assert_eq!(told.take(of("the disk is full")), problem);
}

#[test]
fn what_heals_by_itself_is_told_from_the_third_time() {
    let mut told = Told::new();
    for (attempt, count) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        let alerts = told.take(failed("timeout", "transient", "", attempt));
        assert_eq!(alerts.len(), count, "{attempt}");
    }
    let mut told = Told::new();
    told.take(failed("timeout", "transient", "", 1));
    // Nobody was told of a problem, so nobody is told of its end.
    assert_eq!(told.take(installed()), []);
}

#[test]
fn an_installation_ends_no_trouble_with_delivery_but_a_renewal_does() {
    let mut told = Told::new();
    told.take(failed("nginx says no", "transient", "", 5).target("pem /x"));
    let went_back = Fact::CertificateRolledBack {
        is_cloud: false,
        reason: "nginx says no".into(),
    };
    told.take(Event::of(went_back).target("pem /x"));
    assert_eq!(told.take(installed()), []);
    assert_eq!(
        told.take(renewed()),
        [Alert::News(Topic::Renewed), Alert::Solved(Topic::Failed)]
    );
}

#[test]
fn a_target_that_is_delivered_ends_its_own_troubles_and_no_others() {
    let mut told = Told::new();
    let problem = vec![Alert::Problem(Topic::Failed)];
    // A title may hold what sentences part their words by.
    for title in ["hook push.sh: --to x (1)", "page.sh"] {
        assert_eq!(told.take(hook(title)), problem);
    }
    let delivered = || {
        let fact = Fact::CertificateDeployed { cloud: None };
        Event::of(fact).target("hook push.sh: --to x (1)")
    };
    let solved = vec![Alert::Solved(Topic::Failed)];
    assert_eq!(told.take(delivered()), solved);
    assert_eq!(told.take(delivered()), []);
    assert_eq!(told.problems.len(), 1);
    assert_eq!(told.take(Event::of(Fact::CertificateServed)), solved);
}

#[test]
fn an_account_that_cannot_be_reached_is_told_when_it_lasts() {
    let mut told = Told::new();
    for (attempt, count) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        let reason = "timeout".into();
        let event = Event::of(Fact::AccountUnreachable { reason });
        let alerts = told.take(event.class("transient").attempt(attempt));
        assert_eq!(alerts.len(), count, "{attempt}");
    }
    assert_eq!(
        told.take(Event::of(Fact::OrderIssued)),
        [Alert::Solved(Topic::Account)]
    );
}

#[test]
fn each_level_of_the_end_that_comes_near_is_told() {
    let mut told = Told::new();
    let now = told.at;
    let (is_shown, waits) = (false, Waits::Nothing);
    for days in [14, 7, 3, 1] {
        let waits = waits.clone();
        let event = Event::of(Fact::CertificateExpiring { is_shown, waits });
        let event = event.days_left_until(Some(now + TimeDelta::days(days)), now);
        assert_eq!(
            told.take(event),
            [Alert::Problem(Topic::Expiring)],
            "{days}"
        );
    }
    let ended = Event::of(Fact::CertificateExpired { is_shown, waits });
    let ended = told.take(ended.days_left_until(Some(now), now));
    assert_eq!(ended, [Alert::Problem(Topic::Expiring)]);
    assert_eq!(told.take(installed()), [Alert::Solved(Topic::Expiring)]);
}

#[test]
fn quota_is_told_of_the_account_or_main_domain_and_not_of_each_certificate() {
    let mut told = Told::new();
    let code = "FailedOperation.CertificateMainDomainMaxLimit";
    let full = || {
        let reason = "full".into();
        Event::of(Fact::QuotaExhausted { reason })
            .class("quota")
            .code(code)
            .attempt(1)
    };
    let problem = vec![Alert::Problem(Topic::Quota)];
    let of_main = full().main_domain("example.com");
    assert_eq!(told.of("x.example.com", of_main), problem);
    let of_name = failed("full", "quota", code, 1);
    assert_eq!(told.of("x.example.com", of_name), []);
    assert_eq!(told.of("y.other.net", full()), problem);
    assert_eq!(told.of("y.other.net", full()), []);
    // An application of the account shows that the account has room, not that example.com has.
    let solved = [Alert::Solved(Topic::Quota)];
    assert_eq!(told.of("y.other.net", applied()), solved);
    assert_eq!(told.problems.len(), 1);
    assert_eq!(told.of("notexample.com", applied()), []);
    assert_eq!(told.of("z.example.com", applied()), solved);
}

#[test]
fn a_record_to_set_by_hand_is_told_and_that_it_was_seen() {
    let mut told = Told::new();
    let wanted = |value: u8| {
        let proof = Published::Words(format!("TXT _x.a.example = {value}").into());
        Event::of(Fact::ValidationWanted { proof })
    };
    let problem = vec![Alert::Problem(Topic::Validation)];
    assert_eq!(told.take(wanted(1)), problem);
    assert_eq!(told.take(wanted(1)), []);
    // Another value is another thing to do, though only a digit differs.
    assert_eq!(told.take(wanted(2)), problem);
    assert_eq!(
        told.take(Event::of(Fact::ValidationVisible)),
        [Alert::Solved(Topic::Validation)]
    );
}

#[test]
fn what_nothing_ends_is_told_again_after_days_of_silence() {
    let mut told = Told::new();
    let problem = vec![Alert::Problem(Topic::Account)];
    let off = |seconds| Event::of(Fact::ClockSkewed { seconds });
    assert_eq!(told.take(off(400)), problem);
    told.at += TimeDelta::days(2);
    assert_eq!(told.take(off(500)), []);
    told.at += TimeDelta::days(4);
    assert_eq!(told.take(off(400)), problem);
}

#[test]
fn a_state_folder_that_may_be_a_copy_is_told_of_the_machine() {
    let mut told = Told::new();
    let event = Event::of(Fact::TwinSeen {
        what: Twin::Copy("it was at work elsewhere".into()),
    });
    let alerts = take(&mut told.problems, told.at, &event, false);
    assert_eq!(alerts, [Alert::Problem(Topic::Conflict)]);
    let subjects: Vec<_> = told.problems.keys().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, [&Subject::Machine]);
}

#[test]
fn what_another_event_tells_as_a_whole_is_told_by_that_alone() {
    let mut told = Told::new();
    let refused = || failed("refused", "operator", "", 1);
    assert_eq!(told.take(refused().beside()), []);
    assert!(told.problems.is_empty());
    assert_eq!(told.take(refused()), [Alert::Problem(Topic::Failed)]);
}

#[test]
fn a_renewal_that_ends_a_problem_is_told_once_when_it_is_delivered() {
    let mut told = Told::new();
    told.take(failed("no luck", "transient", "", 3));
    let event = installed().certificate("a.example");
    assert_eq!(take(&mut told.problems, told.at, &event, true), []);
    assert!(told.problems.values().all(Problem::is_over));
    let seen = Renewed::Delivered;
    assert_eq!(
        told.take(Event::of(Fact::CertificateRenewed { seen })),
        [Alert::News(Topic::Renewed), Alert::Solved(Topic::Failed)]
    );
    assert!(told.problems.is_empty());
}

#[test]
fn every_family_has_a_word_of_its_own() {
    for family in Family::ALL {
        assert_eq!(Family::from_name(family.name()), Some(family));
    }
}

#[test]
fn an_order_that_hangs_is_told_until_there_is_a_certificate() {
    let mut told = Told::new();
    let hangs = || {
        Event::of(Fact::OrderStalled {
            how: Stalled::NotValidated,
        })
    };
    assert_eq!(told.take(hangs()), [Alert::Problem(Topic::Failed)]);
    assert_eq!(told.take(hangs()), []);
    assert_eq!(told.take(installed()), [Alert::Solved(Topic::Failed)]);
    assert_eq!(told.take(hangs()), [Alert::Problem(Topic::Failed)]);
    assert_eq!(told.take(applied()), [Alert::Solved(Topic::Failed)]);
}

#[test]
fn a_list_that_comes_again_ends_what_was_told_of_its_account() {
    let mut told = Told::new();
    let reason = "timeout".into();
    let event = Event::of(Fact::AccountUnreachable { reason });
    told.take(event.class("transient").attempt(3));
    assert_eq!(
        told.take(Event::of(Fact::AccountResumed)),
        [Alert::Solved(Topic::Account)]
    );
}

#[test]
fn a_zone_that_is_elsewhere_is_a_problem_until_its_order_is_issued_or_replaced() {
    let elsewhere = || Event::of(Fact::ValidationZoneElsewhere);
    let adopted = Event::of(Fact::OrderAdopted { is_own: true });
    for end in [
        Event::of(Fact::OrderIssued),
        applied(),
        adopted,
        installed(),
    ] {
        let mut told = Told::new();
        assert_eq!(told.take(elsewhere()), [Alert::Problem(Topic::Validation)]);
        assert_eq!(told.take(elsewhere()), []);
        assert_eq!(told.take(Event::of(Fact::ValidationVisible)), []);
        assert_eq!(told.take(end), [Alert::Solved(Topic::Validation)]);
    }
}
