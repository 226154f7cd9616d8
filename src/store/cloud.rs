//! What targets in the cloud need beyond their rows: the ids of earlier certificates, and who changes load balancers.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use super::{Store, StoreError};

/// The most earlier certificates that are given; resources of older ones have had years to be moved.
const MOST: i64 = 20;

/// A certificate that is or was installed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Issued {
    /// The service's id.
    pub certificate_id: String,
    /// The account in which it lives.
    pub account: String,
    /// SHA-256 of the leaf, where that was kept.
    pub fingerprint: Option<String>,
}

/// Work in the cloud that is written down before a call which may begin a task.
#[derive(Clone, Copy, Debug)]
pub struct CloudNote<'a> {
    /// The certificate.
    pub domain: &'a str,
    /// The target.
    pub target: &'a str,
    /// The work.
    pub task: &'a str,
    /// The account whose load balancers may be changed from here on.
    pub balancer: Option<&'a str>,
}

impl Store {
    /// The certificates of this name that are or were installed, the latest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn issued(&self, domain: &str) -> Result<Vec<Issued>, StoreError> {
        let mut connection = self.connection().await?;
        sqlx::query_as(
            "SELECT certificate_id, account, fingerprint FROM issued WHERE domain = ? \
             ORDER BY installed_at DESC LIMIT ?",
        )
        .bind(domain)
        .bind(MOST)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// Writes down work before the call. False, with nothing written, where another target's task may be changing load
    /// balancers of the same account. One that began longer than `patience` ago no longer counts, nor
    /// one that begins in the future, by a clock that was put back since.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn note_cloud_work(
        &self,
        now: DateTime<Utc>,
        note: CloudNote<'_>,
        patience: TimeDelta,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let done = sqlx::query(
            "UPDATE delivery SET task = ?3, balancer = ?4, balancer_since = CASE WHEN ?4 IS NOT NULL THEN ?5 END \
             WHERE domain = ?1 AND target = ?2 AND (?4 IS NULL OR NOT EXISTS ( \
               SELECT 1 FROM delivery d JOIN certificate c ON c.domain = d.domain \
               WHERE d.balancer = ?4 AND c.wanted = 1 AND d.balancer_since > ?6 AND d.balancer_since < ?7 \
               AND NOT (d.domain = ?1 AND d.target = ?2)))",
        )
        .bind(note.domain)
        .bind(note.target)
        .bind(note.task)
        .bind(note.balancer)
        .bind(now.timestamp_millis())
        .bind((now - patience).timestamp_millis())
        .bind((now + patience).timestamp_millis())
        .execute(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(done.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::delivery::Kind;
    use crate::store::{Wanted, WantedTarget};

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
                targets: vec![WantedTarget {
                    target: "t".to_owned(),
                    kind: Kind::Cloud,
                    title: "cloud clb".to_owned(),
                }],
            })
            .collect();
        store.sync(noon(), &wanted, "digest").await.unwrap();
        (folder, store)
    }

    async fn note(store: &Store, now: DateTime<Utc>, domain: &str, balancer: Option<&str>) -> bool {
        let note = CloudNote {
            domain,
            target: "t",
            task: "work",
            balancer,
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
        assert_eq!(other.rows[0].task, None);
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
        assert!(store.deliveries_due(noon()).await.unwrap().is_empty());
        assert_eq!(store.next_delivery(noon()).await.unwrap(), Some(soon));
        let before = noon() - TimeDelta::days(50);
        assert_eq!(
            store.deliveries_due(before).await.unwrap(),
            ["a.example.com"]
        );
        assert_eq!(store.next_delivery(before).await.unwrap(), Some(before));
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
