//! Histories, and what is told of them.

use super::*;
use crate::observe::event::Kind;

struct Teller {
    problems: Problems,
    at: DateTime<Utc>,
}

impl Teller {
    fn new() -> Self {
        Self {
            problems: Problems::new(),
            at: DateTime::from_timestamp(1_770_000_000, 0).unwrap(),
        }
    }

    /// Takes in an event about a.example in account "main".
    fn take(&mut self, kind: Kind, message: &str, fields: &[(&str, Value)]) -> Vec<Telling> {
        self.of("a.example", kind, message, fields)
    }

    fn of(
        &mut self,
        domain: &str,
        kind: Kind,
        message: &str,
        fields: &[(&str, Value)],
    ) -> Vec<Telling> {
        self.at += TimeDelta::minutes(1);
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let fact = Fact {
            at: self.at,
            event: kind.name,
            certificate: Some(domain),
            account: Some("main"),
            message,
            fields: &fields,
        };
        take(&mut self.problems, &fact)
    }
}

fn failed(class: &str, code: &str, attempt: u64) -> Vec<(&'static str, Value)> {
    vec![
        ("class", class.into()),
        ("code", code.into()),
        ("attempt", attempt.into()),
    ]
}

#[test]
fn a_problem_is_told_once_until_it_changes_and_its_end_is_told_too() {
    let mut teller = Teller::new();
    let problem = vec![Telling::Problem(Topic::Failed)];
    let permanent = |attempt| failed("permanent", "InvalidParameter", attempt);
    assert_eq!(
        teller.take(event::CERTIFICATE_FAILED, "a: no 1", &permanent(1)),
        problem
    );
    assert_eq!(
        teller.take(event::CERTIFICATE_FAILED, "a: no 2", &permanent(2)),
        []
    );
    let other = failed("permanent", "Other", 3);
    assert_eq!(
        teller.take(event::CERTIFICATE_FAILED, "a: no 3", &other),
        problem
    );
    assert_eq!(teller.take(event::ORDER_APPLIED, "", &[]), []);
    assert_eq!(
        teller.take(event::CERTIFICATE_INSTALLED, "", &[]),
        [Telling::Solved(Topic::Failed)]
    );
    assert_eq!(
        teller.take(event::CERTIFICATE_RENEWED, "", &[]),
        [Telling::News(Topic::Renewed)]
    );
    assert!(teller.problems.is_empty());
}

#[test]
fn what_heals_by_itself_is_told_from_the_third_time() {
    let mut teller = Teller::new();
    for (attempt, told) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        let tellings = teller.take(
            event::CERTIFICATE_FAILED,
            "a: timeout",
            &failed("transient", "", attempt),
        );
        assert_eq!(tellings.len(), told, "{attempt}");
    }
    let mut teller = Teller::new();
    teller.take(
        event::CERTIFICATE_FAILED,
        "a: timeout",
        &failed("transient", "", 1),
    );
    // Nobody was told of a problem, so nobody is told of its end.
    assert_eq!(teller.take(event::CERTIFICATE_INSTALLED, "", &[]), []);
}

#[test]
fn an_installation_ends_no_trouble_with_delivery_but_a_renewal_does() {
    let mut teller = Teller::new();
    let mut fields = failed("transient", "", 5);
    fields.push(("not_after", "2026-05-01T00:00:00Z".into()));
    teller.take(
        event::CERTIFICATE_FAILED,
        "a.example: pem /x: nginx says no",
        &fields,
    );
    teller.take(event::CERTIFICATE_ROLLED_BACK, "a: went back", &fields);
    assert_eq!(teller.take(event::CERTIFICATE_INSTALLED, "", &[]), []);
    assert_eq!(
        teller.take(event::CERTIFICATE_RENEWED, "", &[]),
        [
            Telling::News(Topic::Renewed),
            Telling::Solved(Topic::Failed)
        ]
    );
}

#[test]
fn a_target_that_is_delivered_ends_its_own_troubles_and_no_others() {
    let mut teller = Teller::new();
    let hook = failed("transient", "", 3);
    let told = vec![Telling::Problem(Topic::Failed)];
    for title in ["push.sh", "page.sh"] {
        let words = format!("a.example: {title}: exit code 1");
        assert_eq!(teller.take(event::HOOK_FAILED, &words, &hook), told);
    }
    let delivered = "a.example: delivered (push.sh)";
    let solved = vec![Telling::Solved(Topic::Failed)];
    assert_eq!(
        teller.take(event::CERTIFICATE_DEPLOYED, delivered, &[]),
        solved
    );
    assert_eq!(teller.take(event::CERTIFICATE_DEPLOYED, delivered, &[]), []);
    assert_eq!(teller.problems.len(), 1);
    assert_eq!(teller.take(event::CERTIFICATE_SERVED, "", &[]), solved);
}

#[test]
fn an_account_that_cannot_be_reached_is_told_when_it_lasts() {
    let mut teller = Teller::new();
    for (attempt, told) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        let fields = failed("transient", "", attempt);
        let tellings = teller.take(event::ACCOUNT_UNREACHABLE, "timeout", &fields);
        assert_eq!(tellings.len(), told, "{attempt}");
    }
    assert_eq!(
        teller.take(event::ORDER_ISSUED, "", &[]),
        [Telling::Solved(Topic::Account)]
    );
}

#[test]
fn each_level_of_the_end_that_comes_near_is_told() {
    let mut teller = Teller::new();
    for days in [14, 7, 3, 1] {
        let tellings = teller.take(
            event::CERTIFICATE_EXPIRING,
            "",
            &[("days_left", days.into())],
        );
        assert_eq!(tellings, [Telling::Problem(Topic::Expiring)], "{days}");
    }
    let ended = teller.take(event::CERTIFICATE_EXPIRED, "", &[("days_left", 0.into())]);
    assert_eq!(ended, [Telling::Problem(Topic::Expiring)]);
    assert_eq!(
        teller.take(event::CERTIFICATE_INSTALLED, "", &[]),
        [Telling::Solved(Topic::Expiring)]
    );
}

#[test]
fn quota_is_told_of_the_account_or_main_domain_and_not_of_each_certificate() {
    let mut teller = Teller::new();
    let code = failed("quota", "FailedOperation.CertificateMainDomainMaxLimit", 1);
    let told = vec![Telling::Problem(Topic::Quota)];
    let main = "example.com has no free certificate left: full; its other names wait too";
    let account = "account \"main\" has no free certificate left: full; delete what is not needed";
    assert_eq!(
        teller.of("x.example.com", event::QUOTA_EXHAUSTED, main, &code),
        told
    );
    assert_eq!(
        teller.of("x.example.com", event::CERTIFICATE_FAILED, "x: full", &code),
        []
    );
    assert_eq!(
        teller.of("y.other.net", event::QUOTA_EXHAUSTED, account, &code),
        told
    );
    assert_eq!(
        teller.of("y.other.net", event::QUOTA_EXHAUSTED, account, &code),
        []
    );
    // An application of the account shows that the account has room, not that example.com has.
    assert_eq!(
        teller.of("y.other.net", event::ORDER_APPLIED, "", &[]),
        [Telling::Solved(Topic::Quota)]
    );
    assert_eq!(teller.problems.len(), 1);
    assert_eq!(
        teller.of("z.example.com", event::ORDER_APPLIED, "", &[]),
        [Telling::Solved(Topic::Quota)]
    );
}

#[test]
fn a_record_to_set_by_hand_is_told_and_that_it_was_seen() {
    let mut teller = Teller::new();
    let words = "a.example: please set TXT _x.a.example to 1";
    let told = vec![Telling::Problem(Topic::Validation)];
    assert_eq!(teller.take(event::VALIDATION_WANTED, words, &[]), told);
    assert_eq!(teller.take(event::VALIDATION_WANTED, words, &[]), []);
    // Another value is another thing to do, though only a digit differs.
    assert_eq!(
        teller.take(event::VALIDATION_WANTED, &words.replace('1', "2"), &[]),
        told
    );
    assert_eq!(
        teller.take(event::VALIDATION_VISIBLE, "", &[]),
        [Telling::Solved(Topic::Validation)]
    );
}

#[test]
fn what_nothing_ends_is_told_again_after_days_of_silence() {
    let mut teller = Teller::new();
    let told = vec![Telling::Problem(Topic::Account)];
    assert_eq!(
        teller.take(event::CLOCK_SKEWED, "off by 400 seconds", &[]),
        told
    );
    teller.at += TimeDelta::days(2);
    assert_eq!(
        teller.take(event::CLOCK_SKEWED, "off by 500 seconds", &[]),
        []
    );
    teller.at += TimeDelta::days(4);
    assert_eq!(
        teller.take(event::CLOCK_SKEWED, "off by 400 seconds", &[]),
        told
    );
}

#[test]
fn every_family_has_a_word_of_its_own() {
    for family in Family::ALL {
        assert_eq!(Family::from_name(family.name()), Some(family));
    }
}
