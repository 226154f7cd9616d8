//! Which targets have something to do now, and when the next one has.

use chrono::{DateTime, Utc};

use super::Store;
use super::rows::time;
use crate::lifecycle::pause::{LONGEST_PAUSE, due_at};
use crate::store::StoreError;

/// What is to be delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveriesDue {
    /// The certificates that have a target which is due, the longest due first.
    pub domains: Vec<String>,
    /// When the first target becomes due.
    pub next: Option<DateTime<Utc>>,
}

/// The targets that may become due.
macro_rules! waiting {
    () => {
        "FROM delivery d JOIN certificate c ON c.domain = d.domain \
         WHERE c.wanted = 1 AND c.paused_at IS NULL AND (c.fingerprint IS NOT NULL OR d.kind = 'failure') AND "
    };
}

impl Store {
    /// What is to be delivered, now and next. Due is also what has a time further off than any pause: a clock that was put
    /// back since has set it.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn deliveries_due(&self, now: DateTime<Utc>) -> Result<DeliveriesDue, StoreError> {
        let due = sqlx::query_as(concat!(
            "SELECT d.domain AS domain, min(d.next_at) AS at ",
            waiting!(),
            "(d.next_at <= ?1 OR d.next_at > ?2) GROUP BY d.domain \
             UNION ALL SELECT NULL, (SELECT d.next_at ",
            waiting!(),
            "d.next_at IS NOT NULL ORDER BY d.next_at LIMIT 1) ORDER BY at, domain"
        ))
        .bind(now.timestamp_millis())
        .bind((now + LONGEST_PAUSE).timestamp_millis());
        let rows: Vec<(Option<String>, Option<i64>)> = self.all(due).await?;
        let mut found = DeliveriesDue::default();
        for (domain, at) in rows {
            match domain {
                Some(domain) => found.domains.push(domain),
                None => found.next = at.map(|at| due_at(time(at), now)),
            }
        }
        Ok(found)
    }
}
