//! What targets in the cloud need beyond their rows: the ids of earlier certificates, and who changes load balancers.

use chrono::{DateTime, TimeDelta, Utc};

use super::Store;
use super::deliveries::{Row, put};
use super::rows::from_row;
use crate::lifecycle::cloud::Work;
use crate::lifecycle::delivery::{Delivery, State};
use crate::store::StoreError;

/// The most earlier certificates that are given; resources of older ones have had years to be moved.
const MOST: i64 = 20;

/// A certificate that is or was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The service's id.
    pub certificate_id: String,
    /// The account in which it lives.
    pub account: String,
    /// SHA-256 of the leaf, where that was kept.
    pub fingerprint: Option<String>,
}

from_row! { Issued: certificate_id, account, fingerprint }

/// Work in the cloud that is written down before a call which may begin a task.
#[derive(Clone, Copy, Debug)]
pub struct CloudNote<'a> {
    /// The certificate.
    pub domain: &'a str,
    /// The target.
    pub target: &'a str,
    /// The work.
    pub work: &'a Work,
    /// The account that it goes on in.
    pub account: &'a str,
}

impl Store {
    /// The certificates of this name that are or were installed, the latest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn issued(&self, domain: &str) -> Result<Vec<Issued>, StoreError> {
        let issued = sqlx::query_as(
            "SELECT certificate_id, account, fingerprint FROM issued WHERE domain = ? \
             ORDER BY installed_at DESC LIMIT ?",
        )
        .bind(domain)
        .bind(MOST);
        self.all(issued).await
    }

    /// Writes down work before the call. False, with nothing written, where another target's task may be changing load
    /// balancers of the same account ([`Cloud::note`](crate::lifecycle::delivery::Cloud::note)).
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn note_cloud_work(
        &self,
        now: DateTime<Utc>,
        note: CloudNote<'_>,
        patience: TimeDelta,
    ) -> Result<bool, StoreError> {
        self.write(async |transaction| {
            let rows: Vec<Row> = sqlx::query_as(
                "SELECT d.* FROM delivery d JOIN certificate c ON c.domain = d.domain \
                 WHERE d.kind = 'cloud' AND (d.domain = ?1 AND d.target = ?2 \
                 OR c.wanted = 1 AND json_extract(d.state, '$.cloud.balancer.account') = ?3)",
            )
            .bind(note.domain)
            .bind(note.target)
            .bind(note.account)
            .fetch_all(&mut *transaction)
            .await?;
            let is_own =
                |row: &Row| row.domain == note.domain && row.delivery.target == note.target;
            let (own, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_own);
            let others: Vec<Delivery> = others.into_iter().map(|row| row.delivery).collect();
            let Some(Row { mut delivery, .. }) = own.into_iter().next() else {
                return Ok(false);
            };
            let State::Cloud(cloud) = &mut delivery.state else {
                return Ok(false);
            };
            if !cloud.note(note.work, note.account, &others, now, patience) {
                return Ok(false);
            }
            put(transaction, note.domain, &delivery).await?;
            Ok(true)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::cloud::{Attempt, Batch, Goal, Phase};
    use crate::lifecycle::delivery::TargetKind;
    use crate::store::Wanted;

    fn noon() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    async fn store_with(domains: &[&str]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), noon()).await.unwrap();
        let wanted: Vec<Wanted> = domains
            .iter()
            .map(|domain| Wanted {
                domain: (*domain).to_owned(),
                account: "default".to_owned(),
                inputs: "inputs".to_owned(),
                renew_before: TimeDelta::days(30),
                targets: vec![Delivery::new("t", TargetKind::Cloud, "cloud clb")],
            })
            .collect();
        store.sync(noon(), &wanted, "digest").await.unwrap();
        (folder, store)
    }

    /// With an account, for work that may change its load balancers.
    async fn note(store: &Store, now: DateTime<Utc>, domain: &str, balancer: Option<&str>) -> bool {
        let mut work = Work::new(Goal::Move, "new-id", now);
        if balancer.is_some() {
            let batch = Batch::Deploy {
                kind: "clb".to_owned(),
                instances: Vec::new(),
                region: None,
            };
            work.attempts.push(Attempt {
                phase: Phase::Sent,
                ..Attempt::new(batch, now)
            });
        }
        let note = CloudNote {
            domain,
            target: "t",
            work: &work,
            account: balancer.unwrap_or("default"),
        };
        let patience = TimeDelta::minutes(40);
        store.note_cloud_work(now, note, patience).await.unwrap()
    }

    #[tokio::test]
    async fn one_task_for_load_balancers_an_account_and_none_for_ever() {
        let (_folder, store) = store_with(&["a.example.com", "b.example.com"]).await;
        assert!(note(&store, noon(), "a.example.com", Some("default")).await);
        // Its own task is not in its way; another's is, but in this account only, and nothing is written then.
        assert!(note(&store, noon(), "a.example.com", Some("default")).await);
        assert!(!note(&store, noon(), "b.example.com", Some("default")).await);
        let other = store.deliveries("b.example.com").await.unwrap().unwrap();
        assert_eq!(other.rows[0].state, State::Cloud(Box::default()));
        assert!(note(&store, noon(), "b.example.com", Some("other")).await);
        assert!(note(&store, noon(), "b.example.com", None).await);
        let later = noon() + TimeDelta::minutes(41);
        assert!(note(&store, later, "b.example.com", Some("default")).await);
        // Nor for as long as a clock was put back.
        let before = noon() - TimeDelta::days(50);
        assert!(note(&store, before, "a.example.com", Some("default")).await);
    }

    #[tokio::test]
    async fn a_clock_that_was_put_back_delays_no_delivery() {
        let (_folder, store) = store_with(&["a.example.com"]).await;
        sqlx::query(
            "UPDATE certificate SET certificate_id = 'c', held_account = 'default', not_before = 0, not_after = 1, \
             fingerprint = 'f', installed_at = 1",
        )
        .execute(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
        let soon = noon() + TimeDelta::hours(1);
        sqlx::query("UPDATE delivery SET next_at = ?")
            .bind(soon.timestamp_millis())
            .execute(&mut *store.connection().await.unwrap())
            .await
            .unwrap();
        let due = store.deliveries_due(noon()).await.unwrap();
        assert_eq!((due.domains.len(), due.next), (0, Some(soon)));
        let before = noon() - TimeDelta::days(50);
        let due = store.deliveries_due(before).await.unwrap();
        assert_eq!(due.domains, ["a.example.com"]);
        assert_eq!(due.next, Some(before));
    }

    #[tokio::test]
    async fn one_that_the_config_dropped_is_in_nobody_s_way() {
        let (_folder, store) = store_with(&["a.example.com", "b.example.com"]).await;
        assert!(note(&store, noon(), "a.example.com", Some("default")).await);
        store.sync(noon(), &[], "other digest").await.unwrap();
        assert!(note(&store, noon(), "b.example.com", Some("default")).await);
    }

    #[tokio::test]
    async fn every_certificate_that_was_installed_keeps_its_id() {
        let (_folder, store) = store_with(&["a.example.com"]).await;
        for (id, at) in [("one", 0), ("two", 1), ("two", 1)] {
            sqlx::query(
                "UPDATE certificate SET certificate_id = ?1, held_account = 'default', not_before = 0, not_after = 1, \
                 fingerprint = 'f-' || ?1, installed_at = ?2 WHERE domain = 'a.example.com'",
            )
            .bind(id)
            .bind(at)
            .execute(&mut *store.connection().await.unwrap())
            .await
            .unwrap();
        }
        let issued = store.issued("a.example.com").await.unwrap();
        let short: Vec<_> = issued
            .iter()
            .map(|one| (one.certificate_id.as_str(), one.fingerprint.as_deref()))
            .collect();
        assert_eq!(short, [("two", Some("f-two")), ("one", Some("f-one"))]);
    }
}
