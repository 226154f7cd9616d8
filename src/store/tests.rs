//! The store on real files in a temporary folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::*;
use crate::lifecycle::delivery::{Delivery, TargetKind, Trigger};
use crate::lifecycle::{
    Algorithm, Class, Closed, Ending, Failure, Foreign, Hold, HoldScope, Installed, Method, Order,
    Record, Schedule, Stage, Stall,
};

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn wanted(domain: &str) -> Wanted {
    Wanted {
        domain: domain.to_owned(),
        account: "default".to_owned(),
        inputs: "inputs".to_owned(),
        renew_before: TimeDelta::days(30),
        targets: Vec::new(),
    }
}

fn order(id: &str, stage: Stage) -> Order {
    Order {
        id: id.to_owned(),
        marker: format!("ec-abcdef-{id}"),
        account: "default".to_owned(),
        algorithm: Algorithm::Ecc,
        method: Method::DnsAuto,
        link: Some("old1".to_owned()),
        renewal: true,
        adopted: false,
        stage,
    }
}

fn intended() -> Stage {
    Stage::Intended {
        signed_at: noon(),
        looks: 2,
    }
}

fn in_flight(at: DateTime<Utc>) -> Schedule {
    Schedule {
        at: Some(at),
        in_flight: true,
        urgent_at: None,
    }
}

async fn store_with(domains: &[&str]) -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), noon()).await.unwrap();
    let wanted: Vec<Wanted> = domains.iter().map(|domain| wanted(domain)).collect();
    store.sync(noon(), &wanted, "first").await.unwrap();
    (folder, store)
}

async fn save(store: &Store, record: &Record, schedule: Schedule) {
    let changes = Changes {
        record,
        closed: None,
        schedule,
        history: &[],
    };
    store.save(noon(), changes).await.unwrap();
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_written() {
    let (folder, mut store) = store_with(&["a.example.com"]).await;
    let mut record = store.record("a.example.com").await.unwrap().unwrap().record;
    record.installed = Some(Installed {
        certificate_id: "old1".to_owned(),
        account: "default".to_owned(),
        not_before: noon() - TimeDelta::days(60),
        not_after: noon() + TimeDelta::days(30),
        fingerprint: "00ff".to_owned(),
        installed_at: noon() - TimeDelta::days(59),
    });
    record.retry.failures = 3;
    record.retry.lost_orders = 1;
    record.retry.not_before = Some(noon() + TimeDelta::seconds(5));
    record.retry.without_link = true;
    record.retry.last = Some(Failure {
        class: Class::Quota,
        code: Some("FailedOperation.ExceedsFreeLimit".to_owned()),
        message: "full".to_owned(),
        request_id: Some("r1".to_owned()),
    });
    record.forced = Some(noon());
    record.foreign = Some(Foreign {
        certificate_id: "xyz".to_owned(),
        since: noon(),
        outwaited: true,
    });
    record.dead = Some(10);
    for stage in [
        intended(),
        Stage::Pending {
            certificate_id: "new1".to_owned(),
            since: noon(),
            deadline: Some(noon() + TimeDelta::days(3)),
            status: 4,
            stalled: Stall::NotValidated,
        },
        Stage::Issued {
            certificate_id: "new1".to_owned(),
        },
    ] {
        record.order = Some(order("order001", stage));
        save(&store, &record, in_flight(noon())).await;
        store.close().await;
        store = Store::open(folder.path(), noon()).await.unwrap();
        let read = store.record("a.example.com").await.unwrap().unwrap();
        assert_eq!(read.record, record);
        assert_eq!(read.next_at, Some(noon()));
    }
}

#[tokio::test]
async fn a_second_open_order_for_a_name_is_refused_by_the_index() {
    let (_folder, store) = store_with(&["a.example.com"]).await;
    let mut record = Record::new("a.example.com", "default");
    record.order = Some(order("order001", intended()));
    save(&store, &record, in_flight(noon())).await;
    record.order = Some(order("order002", intended()));
    let refused = store
        .save(
            noon(),
            Changes {
                record: &record,
                closed: None,
                schedule: in_flight(noon()),
                history: &[],
            },
        )
        .await;
    assert!(refused.is_err());
    let first = Closed {
        order: order("order001", intended()),
        ending: Ending::Vanished,
    };
    store
        .save(
            noon(),
            Changes {
                record: &record,
                closed: Some(&first),
                schedule: in_flight(noon()),
                history: &[],
            },
        )
        .await
        .unwrap();
    let read = store.record("a.example.com").await.unwrap().unwrap();
    assert_eq!(read.record.order.unwrap().id, "order002");
}

#[tokio::test]
async fn only_what_is_due_is_returned() {
    let (_folder, store) = store_with(&[
        "check.example.com",
        "flight.example.com",
        "later.example.com",
        "urgent.example.com",
    ])
    .await;
    let at = |domain: &str, at: DateTime<Utc>, in_flight: bool, urgent_at| {
        let record = Record::new(domain, "default");
        let schedule = Schedule {
            at: Some(at),
            in_flight,
            urgent_at,
        };
        let store = store.clone();
        async move { save(&store, &record, schedule).await }
    };
    at(
        "check.example.com",
        noon(),
        false,
        Some(noon() + TimeDelta::days(20)),
    )
    .await;
    at("flight.example.com", noon(), true, None).await;
    at(
        "later.example.com",
        noon() + TimeDelta::hours(1),
        true,
        None,
    )
    .await;
    at(
        "urgent.example.com",
        noon() - TimeDelta::days(23),
        false,
        Some(noon()),
    )
    .await;

    let names = |listings: Vec<Listing>| -> Vec<String> {
        listings
            .into_iter()
            .map(|listing| listing.record.domain)
            .collect()
    };
    let flying = names(store.due(noon(), false).await.unwrap());
    assert_eq!(flying, ["flight.example.com", "urgent.example.com"]);
    let all = names(store.due(noon(), true).await.unwrap());
    assert_eq!(
        all,
        [
            "check.example.com",
            "flight.example.com",
            "urgent.example.com"
        ]
    );
    assert_eq!(store.next_due(false).await.unwrap(), Some(noon()));
}

#[tokio::test]
async fn an_edit_adds_removes_changes_and_resumes() {
    let (_folder, store) = store_with(&["a.example.com", "b.example.com", "c.example.com"]).await;
    let mut parked = Record::new("c.example.com", "default");
    parked.parked = Some(crate::lifecycle::Parked {
        reason: "refused".to_owned(),
        remedy: "edit".to_owned(),
        inputs: "inputs".to_owned(),
        since: noon(),
    });
    save(
        &store,
        &parked,
        Schedule {
            at: None,
            in_flight: true,
            urgent_at: None,
        },
    )
    .await;
    let mut edited = wanted("c.example.com");
    edited.inputs = "other".to_owned();
    let synced = store
        .sync(
            noon(),
            &[wanted("a.example.com"), edited, wanted("d.example.com")],
            "second",
        )
        .await
        .unwrap();
    assert_eq!(synced.added, ["d.example.com"]);
    assert_eq!(synced.removed, ["b.example.com"]);
    assert_eq!(synced.changed, ["c.example.com"]);
    assert_eq!(synced.resumed, ["c.example.com"]);
    let read = store.record("c.example.com").await.unwrap().unwrap();
    assert_eq!(read.record.parked, None);
    assert_eq!(read.next_at, Some(noon()));
    assert!(
        !store
            .record("b.example.com")
            .await
            .unwrap()
            .unwrap()
            .record
            .wanted
    );
    assert_eq!(store.count().await.unwrap(), 3);
}

#[tokio::test]
async fn a_damaged_database_is_named_and_left_as_it_is() {
    for rubbish in [&b"this is not a database at all"[..], &b"short"[..]] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, rubbish).unwrap();
        let error = Store::open(folder.path(), noon()).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), rubbish);
    }
    // The head is right, a page inside is not.
    let (folder, store) = store_with(&["a.example.com"]).await;
    store.close().await;
    let path = folder.path().join(FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = 4096 + 100;
    for byte in &mut bytes[middle..middle + 6000] {
        *byte = 0x5a;
    }
    std::fs::write(&path, &bytes).unwrap();
    let error = Store::open(folder.path(), noon()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    // SQLite has a line for each page.
    assert!(!error.to_string().contains('\n'), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_newer_database_is_refused_for_reading_and_writing() {
    let (folder, store) = store_with(&[]).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         VALUES (9999, 'future', 0, 1, x'00', 0)",
    )
    .execute(&mut *store.connection().await.unwrap())
    .await
    .unwrap();
    store.close().await;
    let error = Store::open(folder.path(), noon()).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { version: 9999, .. }),
        "{error}"
    );
    let error = Store::open_read_only(folder.path()).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { version: 9999, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn the_database_is_for_its_owner_only() {
    let (folder, _store) = store_with(&["a.example.com"]).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn history_can_not_be_rewritten() {
    let (_folder, store) = store_with(&[]).await;
    let entry = NewEntry {
        event: "order.applied".to_owned(),
        fact: "{}".to_owned(),
        fields: "{}".to_owned(),
        ..NewEntry::default()
    };
    store
        .append_history(noon(), std::slice::from_ref(&entry))
        .await
        .unwrap();
    for statement in ["UPDATE history SET fact = 'x'", "DELETE FROM history"] {
        assert!(
            sqlx::query(statement)
                .execute(&mut *store.connection().await.unwrap())
                .await
                .is_err()
        );
    }
    assert_eq!(store.history(None, 10).await.unwrap()[0].what, entry);
}

#[tokio::test]
async fn a_second_process_is_told_who_holds_the_folder() {
    let folder = TempDir::new().unwrap();
    assert!(!Lock::is_taken(folder.path()).unwrap());
    let lock = Lock::take(folder.path()).unwrap();
    assert!(Lock::is_taken(folder.path()).unwrap());
    let error = Lock::take(folder.path()).unwrap_err();
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    assert!(error.try_later());
    drop(lock);
    assert!(!Lock::is_taken(folder.path()).unwrap());
    Lock::take(folder.path()).unwrap();
}

#[tokio::test]
async fn what_another_process_asks_for_is_looked_for_once_that_one_wrote() {
    let (folder, daemon) = store_with(&[]).await;
    let verb = Store::open(folder.path(), noon()).await.unwrap();
    let count = async || daemon.open_requests().await.unwrap().len();
    // Nobody sees when others write: it is looked for each time.
    assert_eq!(count().await, 0);
    let asked = verb.ask(noon(), &Verb::Pause("a.com".to_owned())).await;
    assert_eq!(count().await, 1);
    let done = Ok(String::new());
    daemon
        .answer_request(asked.unwrap(), noon(), &done)
        .await
        .unwrap();

    assert!(daemon.others_wrote().await.unwrap());
    assert_eq!(count().await, 0);
    assert!(!daemon.others_wrote().await.unwrap());
    verb.ask(noon(), &Verb::Resume("a.com".to_owned()))
        .await
        .unwrap();
    assert_eq!(count().await, 0, "it costs nothing until then");
    assert!(daemon.others_wrote().await.unwrap());
    assert_eq!(count().await, 1);
    assert_eq!(count().await, 1, "it is there until it is answered");
    let open = daemon.open_requests().await.unwrap();
    daemon
        .answer_request(open[0].id, noon(), &done)
        .await
        .unwrap();
    assert_eq!(count().await, 0);
    daemon
        .ask(noon(), &Verb::Pause("a.com".to_owned()))
        .await
        .unwrap();
    assert_eq!(count().await, 1, "its own are known");
}

#[tokio::test]
async fn holds_and_requests_survive_a_restart() {
    let (folder, store) = store_with(&[]).await;
    let hold = Hold {
        account: "default".to_owned(),
        scope: HoldScope::MainDomain("example.com".to_owned()),
        until: noon() + TimeDelta::hours(4),
        times: 2,
        failure: Failure {
            class: Class::Quota,
            code: None,
            message: "full".to_owned(),
            request_id: None,
        },
    };
    store.set_hold(&hold).await.unwrap();
    let renew = Verb::Renew {
        domains: vec!["a.example.com".to_owned()],
        force: true,
    };
    let id = store.ask(noon(), &renew).await.unwrap();
    let probe = Verb::Probe("default".to_owned());
    let refused = store.ask(noon(), &probe).await.unwrap();
    store.close().await;

    let store = Store::open(folder.path(), noon()).await.unwrap();
    assert_eq!(store.holds().await.unwrap(), std::slice::from_ref(&hold));
    let state = async |id| store.request_state(id).await.unwrap();
    assert_eq!(state(id).await, RequestState::Waiting);
    let open = store.open_requests().await.unwrap();
    assert_eq!(
        open[0],
        Request {
            id,
            verb: renew,
            created_at: noon()
        }
    );
    assert_eq!(open[1].verb, probe);
    store.take_request(id, noon()).await.unwrap();
    assert_eq!(state(id).await, RequestState::Taken);
    assert_eq!(store.open_requests().await.unwrap().len(), 2);
    let answer = Ok("words".to_owned());
    store.answer_request(id, noon(), &answer).await.unwrap();
    assert_eq!(state(id).await, RequestState::Done(answer));
    let refusal = Err("no".to_owned());
    store
        .answer_request(refused, noon(), &refusal)
        .await
        .unwrap();
    assert_eq!(state(refused).await, RequestState::Done(refusal));
    assert_eq!(store.open_requests().await.unwrap(), []);
    assert!(store.lift_hold("default", &hold.scope).await.unwrap());
    assert!(store.holds().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reader_finds_no_database_before_the_first_start() {
    let folder = TempDir::new().unwrap();
    assert!(
        Store::open_read_only(folder.path())
            .await
            .unwrap()
            .is_none()
    );
    assert!(!folder.path().join(FILE).exists());
}

#[tokio::test]
async fn a_proof_comes_with_its_order_and_outlives_it() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path(), noon()).await.unwrap();
    store
        .sync(noon(), &[wanted("a.example")], "1")
        .await
        .unwrap();
    let mut record = store.record("a.example").await.unwrap().unwrap().record;
    let pending = |method| Order {
        method,
        ..order(
            "aaaaaaaa",
            Stage::Pending {
                certificate_id: "cert1".to_owned(),
                since: noon(),
                deadline: None,
                status: 0,
                stalled: Stall::Unsaid,
            },
        )
    };
    let save = async |record: &Record, closed: Option<&Closed>| {
        let changes = Changes {
            record,
            closed,
            schedule: in_flight(noon()),
            history: &[],
        };
        store.save(noon(), changes).await.unwrap();
    };
    record.order = Some(pending(Method::DnsAuto));
    save(&record, None).await;
    assert_eq!(store.proofs().await.unwrap(), [], "the service does it all");

    let closed = Closed {
        order: pending(Method::DnsAuto),
        ending: Ending::Cancelled,
    };
    record.order = Some(Order {
        id: "bbbbbbbb".to_owned(),
        ..pending(Method::Dns)
    });
    save(&record, Some(&closed)).await;
    let mut proof = store.proofs_due(noon()).await.unwrap().remove(0);
    assert_eq!((proof.method, proof.over), (Method::Dns, false));
    assert_eq!(proof.certificate_id, "cert1");

    // While the account is paused, a pass would find nothing to do for it.
    let pause = Hold {
        account: "default".to_owned(),
        scope: HoldScope::Account,
        until: noon() + TimeDelta::hours(2),
        times: 1,
        failure: Failure {
            class: Class::Operator,
            code: None,
            message: "refused".to_owned(),
            request_id: None,
        },
    };
    assert!(store.next_proof(noon()).await.unwrap() <= Some(noon()));
    store.set_hold(&pause).await.unwrap();
    assert_eq!(store.next_proof(noon()).await.unwrap(), Some(pause.until));
    assert_eq!(store.proofs_due(noon()).await.unwrap(), []);
    let later = pause.until + TimeDelta::seconds(1);
    assert!(store.next_proof(later).await.unwrap() < Some(later));
    assert_eq!(store.proofs_due(later).await.unwrap(), [proof.clone()]);
    // One that lasts longer than any pause is over.
    let long_before = noon() - TimeDelta::days(400);
    assert_eq!(
        store.next_proof(long_before).await.unwrap(),
        Some(long_before)
    );
    assert_eq!(store.proofs_due(long_before).await.unwrap().len(), 1);
    store.set_hold(&pause).await.unwrap();

    // Put up, and waiting for tomorrow.
    proof.stage = crate::lifecycle::ProofStage::Up;
    proof.means = Some("means".to_owned());
    proof.handles = vec![Some("handle".to_owned()), None];
    proof.next_at = noon() + TimeDelta::days(1);
    store.save_proof(noon(), &proof, &[]).await.unwrap();
    assert_eq!(store.proofs().await.unwrap(), [proof.clone()]);
    assert_eq!(store.proofs_due(noon()).await.unwrap(), []);

    // The order ends: what is up is due for taking down at once, also after the step under way writes its own time.
    let closed = Closed {
        order: record.order.take().unwrap(),
        ending: Ending::Rejected,
    };
    save(&record, Some(&closed)).await;
    // Taking down needs no account, so that a pause is nothing to it.
    assert!(store.proofs_due(noon()).await.unwrap()[0].over);
    store.save_proof(noon(), &proof, &[]).await.unwrap();
    assert_eq!(store.next_proof(noon()).await.unwrap(), Some(noon()));
    store.forget_proof(noon(), "bbbbbbbb", &[]).await.unwrap();
    assert_eq!(store.next_proof(noon()).await.unwrap(), None);
}

#[tokio::test]
async fn a_write_waits_for_that_of_another_process() {
    let (folder, store) = store_with(&["wgc.red"]).await;
    let other = Store::open(folder.path(), noon()).await.unwrap();
    let mut connection = other.connection().await.unwrap();
    let mut writing = connection.begin_writing().await.unwrap();
    sqlx::query("UPDATE certificate SET failures = 1")
        .execute(&mut *writing)
        .await
        .unwrap();
    let waiting = tokio::spawn(async move {
        let more = [wanted("wgc.red"), wanted("example.com")];
        store.sync(noon(), &more, "second").await
    });
    // Long enough for it to be where it waits; also a quick look may not be refused.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    writing.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().added, ["example.com"]);
}

#[tokio::test]
async fn what_another_process_writes_is_noticed_once() {
    let (folder, store) = store_with(&["wgc.red"]).await;
    assert!(
        store.others_wrote().await.unwrap(),
        "nothing is known at first"
    );
    store.set_fact("own", "1").await.unwrap();
    assert!(
        !store.others_wrote().await.unwrap(),
        "our own does not count"
    );
    let other = Store::open(folder.path(), noon()).await.unwrap();
    other.set_fact("other", "1").await.unwrap();
    assert!(store.others_wrote().await.unwrap());
    assert!(!store.others_wrote().await.unwrap());
}

#[tokio::test]
async fn a_connection_that_was_lost_is_made_anew() {
    let (_folder, store) = store_with(&["wgc.red"]).await;
    assert!(store.others_wrote().await.unwrap());
    assert!(!store.others_wrote().await.unwrap());
    let error = store.failed(sqlx::Error::WorkerCrashed);
    assert!(matches!(error, StoreError::Sql { .. }), "{error}");
    // The new one has seen nothing yet.
    assert!(store.others_wrote().await.unwrap());
    assert_eq!(store.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_transaction_that_is_given_up_changes_nothing_and_is_in_nobody_s_way() {
    let (_folder, store) = store_with(&["wgc.red"]).await;
    {
        let mut connection = store.connection().await.unwrap();
        let mut given_up = connection.begin_writing().await.unwrap();
        sqlx::query("DELETE FROM certificate")
            .execute(&mut *given_up)
            .await
            .unwrap();
    }
    store.set_fact("later", "yes").await.unwrap();
    let mut connection = store.connection().await.unwrap();
    let next = connection.begin_writing().await.unwrap();
    next.commit().await.unwrap();
    drop(connection);
    assert_eq!(store.count().await.unwrap(), 1);
    assert_eq!(store.fact("later").await.unwrap().as_deref(), Some("yes"));
}

#[tokio::test]
async fn what_is_asked_of_a_closed_database_is_an_error() {
    let (_folder, store) = store_with(&["wgc.red"]).await;
    let other = store.clone();
    store.close().await;
    store.close().await;
    assert!(matches!(
        other.count().await.unwrap_err(),
        StoreError::Sql {
            source: sqlx::Error::PoolClosed,
            ..
        }
    ));
}

#[tokio::test]
async fn a_target_of_every_kind_can_be_written() {
    let kinds = [
        TargetKind::Install,
        TargetKind::Cloud,
        TargetKind::Deploy,
        TargetKind::Verify,
        TargetKind::Failure,
    ];
    let (_folder, store) = store_with(&["a.example.com"]).await;
    let targets = kinds.map(|kind| {
        // A kind that is not in the list above does not compile here.
        let name = match kind {
            TargetKind::Install
            | TargetKind::Cloud
            | TargetKind::Deploy
            | TargetKind::Verify
            | TargetKind::Failure => kind.name(),
        };
        Delivery::new(name, kind, name)
    });
    let wanted = Wanted {
        targets: targets.to_vec(),
        ..wanted("a.example.com")
    };
    store.sync(noon(), &[wanted], "second").await.unwrap();
    let known = store.deliveries("a.example.com").await.unwrap().unwrap();
    let mut written = known.rows.iter().map(|row| row.kind()).collect::<Vec<_>>();
    written.sort_by_key(|kind| kind.name());
    let mut all = kinds.to_vec();
    all.sort_by_key(|kind| kind.name());
    assert_eq!(written, all);
}

#[tokio::test]
async fn what_the_config_no_longer_names_is_not_looked_at_where_it_has_no_order() {
    let (_folder, store) = store_with(&["a.example.com", "b.example.com"]).await;
    store
        .sync(noon(), &[wanted("b.example.com")], "second")
        .await
        .unwrap();
    let due = store.due(noon(), true).await.unwrap();
    let due: Vec<_> = due.iter().map(|one| one.record.domain.as_str()).collect();
    assert_eq!(due, ["b.example.com"]);
}

#[tokio::test]
async fn what_a_later_version_wrote_is_nobody_else_s_trouble() {
    let (_folder, store) = store_with(&["a.example.com", "b.example.com"]).await;
    let target = |domain: &str| Wanted {
        targets: vec![Delivery::new("verify", TargetKind::Verify, "verify")],
        ..wanted(domain)
    };
    let both = [target("a.example.com"), target("b.example.com")];
    store.sync(noon(), &both, "second").await.unwrap();
    for statement in [
        "UPDATE delivery SET state = '{\"dreamt\":{}}', next_at = NULL WHERE domain = 'a.example.com'",
        "UPDATE delivery SET attempts = 1 WHERE domain = 'b.example.com'",
        "INSERT INTO request (verb, created_at) VALUES ('{\"dream\":\"a.example.com\"}', 0)",
    ] {
        let mut connection = store.connection().await.unwrap();
        sqlx::query(statement)
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    let check = Trigger::Check {
        since: noon(),
        cloud_since: noon(),
    };
    for trigger in [check, Trigger::Retry] {
        let all = store.trigger_deliveries(noon(), trigger, |_, _| true).await;
        assert!(all.is_ok(), "{trigger:?}: {all:?}");
    }
    let pause = Verb::Pause("b.example.com".to_owned());
    store.ask(noon(), &pause).await.unwrap();
    let open = store.open_requests().await.unwrap();
    let verbs: Vec<_> = open.iter().map(|request| &request.verb).collect();
    assert_eq!(verbs, [&pause]);
}

#[test]
fn every_file_of_migrations_is_a_step() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let files = files.iter().map(|file| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(file).unwrap())
    });
    let steps = super::handle::MIGRATIONS.iter().map(|step| {
        let name = format!("{:04}_{}", step.version, step.description.replace(' ', "_"));
        (name, step.sql.as_str().to_owned())
    });
    assert!(steps.eq(files));
}
