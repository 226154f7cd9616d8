//! What only those ask who look at everything: the targets of all certificates at once, the orders of one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::deliveries::{Deliveries, Head, Row, delivery_columns};
use super::rows::time;
use super::{Store, StoreError};

/// An order that is open or over, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastOrder {
    /// When it was made or adopted.
    pub opened: DateTime<Utc>,
    /// When it ended.
    pub closed: Option<DateTime<Utc>>,
    /// How it ended; the stable name.
    pub ending: Option<String>,
    /// How far it is, or was; the stable name.
    pub stage: String,
    /// By which it is found again.
    pub marker: String,
    /// Its id at the service, once known.
    pub certificate_id: Option<String>,
    /// How control is proved.
    pub method: String,
    /// It renewed a certificate.
    pub renewal: bool,
    /// It was found, and not made by us.
    pub adopted: bool,
}

#[derive(FromRow)]
struct HeadOf {
    domain: String,
    #[sqlx(flatten)]
    head: Head,
}

#[derive(FromRow)]
struct RowOf {
    domain: String,
    #[sqlx(flatten)]
    row: Row,
}

#[derive(FromRow)]
struct OrderRow {
    opened_at: i64,
    closed_at: Option<i64>,
    ending: Option<String>,
    stage: String,
    marker: String,
    certificate_id: Option<String>,
    method: String,
    renewal: bool,
    adopted: bool,
}

impl Store {
    /// The targets of every certificate that has any, by name: two queries, however many there are.
    ///
    /// # Errors
    /// The database can't be read, or holds a word that this version does not know.
    pub async fn all_deliveries(&self) -> Result<HashMap<String, Deliveries>, StoreError> {
        let mut connection = self.connection().await?;
        let heads: Vec<HeadOf> = sqlx::query_as(
            "SELECT c.domain, coalesce(r.fingerprint, c.fingerprint) AS fingerprint, \
             coalesce(r.not_after, c.not_after) AS not_after, c.certificate_id, \
             r.fingerprint IS NOT NULL AS rolled_back, 0 AS renewal, \
             coalesce(a.fingerprint = c.fingerprint, 0) AS announced \
             FROM certificate c LEFT JOIN gone_back r ON r.domain = c.domain AND r.over = c.fingerprint \
             LEFT JOIN announced a ON a.domain = c.domain",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        let rows: Vec<RowOf> = sqlx::query_as(concat!(
            "SELECT domain, ",
            delivery_columns!(),
            " FROM delivery ORDER BY domain, kind, title, target"
        ))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        let mut all: HashMap<String, Deliveries> = heads
            .into_iter()
            .map(|head| {
                (
                    head.domain.clone(),
                    head.head.with_rows(head.domain, Vec::new()),
                )
            })
            .collect();
        for row in rows {
            if let Some(known) = all.get_mut(&row.domain) {
                known.rows.push(self.delivery(row.row)?);
            }
        }
        Ok(all)
    }

    /// The last `limit` orders of this name, open or over, the newest first.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn orders(&self, domain: &str, limit: u32) -> Result<Vec<PastOrder>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<OrderRow> = sqlx::query_as(
            "SELECT opened_at, closed_at, ending, stage, marker, certificate_id, method, renewal, adopted \
             FROM order_ WHERE domain = ? ORDER BY opened_at DESC LIMIT ?",
        )
        .bind(domain)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        let order = |row: OrderRow| PastOrder {
            opened: time(row.opened_at),
            closed: row.closed_at.map(time),
            ending: row.ending,
            stage: row.stage,
            marker: row.marker,
            certificate_id: row.certificate_id,
            method: row.method,
            renewal: row.renewal,
            adopted: row.adopted,
        };
        Ok(rows.into_iter().map(order).collect())
    }
}
