//! Certificates: which are due, how each stands, and what is written about one.

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::history::{NewEntry, append};
use super::orders::{close_order, write_order};
use super::proofs::begin_proof;
use super::records::{Listing, select_records, shown_until, write_record};
use super::rows::{from_row, time};
use super::{Store, deliveries};
use crate::lifecycle::pause::LONGEST_PAUSE;
use crate::lifecycle::{self, Class, Closed, Ending, Note, Record, Schedule, Settled};
use crate::store::StoreError;

/// All that is written about one certificate at one moment, in one transaction.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    /// The record as it is now, with its open order.
    pub record: &'a Record,
    /// The order that ended.
    pub closed: Option<&'a Closed>,
    /// When to look again.
    pub schedule: Schedule,
    /// What to append to the history.
    pub history: &'a [NewEntry],
}

/// A certificate whose automation its operator holds back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Its name.
    pub domain: String,
    /// When its operator paused it.
    pub since: DateTime<Utc>,
    /// When what is installed ends.
    pub not_after: Option<DateTime<Utc>>,
}

from_row! { Paused: domain, since = "paused_at": time, not_after: maybe_time }

impl Store {
    /// The records that are due at `now`: what is in flight, what is urgent, and with `check` also what waits for a
    /// scheduled check, and what visitors may get an earlier certificate of, where it is still wanted, for its alarms. The soonest to expire first.
    /// Costs as much as there is due.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn due(&self, now: DateTime<Utc>, check: bool) -> Result<Vec<Listing>, StoreError> {
        let due = sqlx::query_as(concat!(
            select_records!(),
            "WHERE c.domain IN ( \
               SELECT domain FROM certificate WHERE in_flight = 1 AND next_at <= ?1 \
               UNION SELECT domain FROM certificate WHERE in_flight = 1 AND next_at > ?3 \
               UNION SELECT domain FROM certificate WHERE in_flight = 0 AND urgent_at <= ?1 AND next_at <= ?1 \
               UNION SELECT domain FROM certificate WHERE ?2 AND in_flight = 0 AND next_at <= ?1 \
               UNION SELECT domain FROM (SELECT domain FROM gone_back WHERE ?2 \
                 UNION SELECT domain FROM delivery WHERE ?2 AND attempts > 0) \
                 JOIN certificate USING (domain) WHERE wanted = 1) \
             ORDER BY c.not_after IS NULL, c.not_after, c.domain"
        ))
        .bind(now.timestamp_millis())
        .bind(check)
        // Set by a clock that was put back since: no pause is that long. (An alarm may be; looking early is harmless.)
        .bind((now + LONGEST_PAUSE).timestamp_millis());
        self.all(due).await
    }

    /// When something is due next: in flight or urgent, and with `check` also what waits for a scheduled check.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn next_due(&self, check: bool) -> Result<Option<DateTime<Utc>>, StoreError> {
        let next = sqlx::query_scalar(
            "SELECT min(at) FROM ( \
               SELECT min(next_at) AS at FROM certificate WHERE in_flight = 1 AND next_at IS NOT NULL \
               UNION ALL SELECT min(urgent_at) FROM certificate WHERE in_flight = 0 AND urgent_at IS NOT NULL \
               UNION ALL SELECT min(next_at) FROM certificate WHERE ?1 AND in_flight = 0 AND next_at IS NOT NULL)",
        )
        .bind(check);
        let next: Option<i64> = self.one(next).await?;
        Ok(next.map(time))
    }

    /// How much there is to do: certificates that are due for something, and open orders.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn work(&self, now: DateTime<Utc>) -> Result<(u64, u64), StoreError> {
        let due = sqlx::query_scalar("SELECT count(*) FROM certificate WHERE next_at <= ?1")
            .bind(now.timestamp_millis());
        let due: u32 = self.one(due).await?;
        let open = sqlx::query_scalar("SELECT count(*) FROM order_ WHERE closed_at IS NULL");
        let open: u32 = self.one(open).await?;
        Ok((due.into(), open.into()))
    }

    /// How many certificates are wanted.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM certificate WHERE wanted = 1");
        let count: u32 = self.one(count).await?;
        Ok(count.into())
    }

    /// The soonest end of validity of what visitors get of all that is wanted ([`Record::ends`]).
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn soonest_end(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let end = sqlx::query_scalar(concat!(
            "SELECT min(coalesce(min(c.not_after, ",
            shown_until!(),
            "), c.not_after)) FROM certificate c WHERE c.wanted = 1"
        ));
        let end: Option<i64> = self.one(end).await?;
        Ok(end.map(time))
    }

    /// One record.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn record(&self, domain: &str) -> Result<Option<Listing>, StoreError> {
        let record = sqlx::query_as(concat!(select_records!(), "WHERE c.domain = ?")).bind(domain);
        self.optional(record).await
    }

    /// The records that were looked at since then, by name. Costs as much as there are.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn looked_at_since(&self, since: DateTime<Utc>) -> Result<Vec<Listing>, StoreError> {
        let looked = sqlx::query_as(concat!(
            select_records!(),
            "WHERE c.looked_at >= ? ORDER BY c.domain"
        ))
        .bind(since.timestamp_millis());
        self.all(looked).await
    }

    /// Every record, by name.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn records(&self) -> Result<Vec<Listing>, StoreError> {
        let every = sqlx::query_as(concat!(select_records!(), "ORDER BY c.domain"));
        self.all(every).await
    }

    /// The parked records of this account.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn parked(&self, account: &str) -> Result<Vec<Listing>, StoreError> {
        let parked = sqlx::query_as(concat!(
            select_records!(),
            "WHERE c.account = ? AND c.parked_at IS NOT NULL AND c.wanted = 1 ORDER BY c.domain"
        ))
        .bind(account);
        self.all(parked).await
    }

    /// The certificates whose last failure their operator can end, where that was our own word and not the service's.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn waiting_for_operator(&self) -> Result<Vec<String>, StoreError> {
        let waiting = sqlx::query_scalar(
            "SELECT domain FROM certificate WHERE wanted = 1 AND parked_at IS NULL AND last_class = ? \
             AND last_code IS NULL ORDER BY domain",
        )
        .bind(Class::Operator.name());
        self.all(waiting).await
    }

    /// What is installed and wanted of those whose certificate lies in this account: name and id.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn installed_of(&self, account: &str) -> Result<Vec<(String, String)>, StoreError> {
        let installed = sqlx::query_as(
            "SELECT domain, certificate_id FROM certificate \
             WHERE held_account = ? AND certificate_id IS NOT NULL AND wanted = 1 ORDER BY domain",
        )
        .bind(account);
        self.all(installed).await
    }

    /// How many installed certificates of this account should have been renewed by now and have no order yet: what first
    /// orders must leave slots for.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn renewals_waiting(
        &self,
        account: &str,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM certificate c WHERE c.account = ?1 AND c.wanted = 1 AND c.paused_at IS NULL \
             AND c.not_after - c.renew_before <= ?2 \
             AND NOT EXISTS (SELECT 1 FROM order_ o WHERE o.domain = c.domain AND o.closed_at IS NULL)",
        )
        .bind(account)
        .bind(now.timestamp_millis());
        self.one(count).await
    }

    /// Whether a certificate of this account should be had or renewed by now, and has no order yet.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn is_any_due(&self, account: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let is_any = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM certificate c WHERE c.account = ?1 AND c.wanted = 1 \
             AND c.paused_at IS NULL AND c.parked_at IS NULL \
             AND (c.not_after IS NULL OR c.not_after - c.renew_before <= ?2 OR c.dead_status IS NOT NULL OR c.forced_at IS NOT NULL) \
             AND NOT EXISTS (SELECT 1 FROM order_ o WHERE o.domain = c.domain AND o.closed_at IS NULL))",
        )
        .bind(account)
        .bind(now.timestamp_millis());
        self.one(is_any).await
    }

    /// The paused certificates that the config names, by name, each with when its pause began and when it ends.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn paused(&self) -> Result<Vec<Paused>, StoreError> {
        let paused = sqlx::query_as(
            "SELECT domain, paused_at, not_after FROM certificate WHERE paused_at IS NOT NULL AND wanted = 1 \
             ORDER BY domain",
        );
        self.all(paused).await
    }

    /// Makes these be looked at in the next pass, whatever its kind.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn look_soon(
        &self,
        now: DateTime<Utc>,
        domains: &[String],
    ) -> Result<(), StoreError> {
        self.write(async |transaction| {
            for domain in domains {
                sqlx::query(
                    "UPDATE certificate SET next_at = ?2, in_flight = 1, urgent_at = NULL WHERE domain = ?1",
                )
                .bind(domain)
                .bind(now.timestamp_millis())
                .execute(&mut *transaction)
                .await?;
            }
            Ok(())
        })
        .await
    }

    /// Makes everything of this account that waits be looked at in the next pass. Whoever must still wait is told so
    /// then.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn wake(&self, account: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let wake = sqlx::query(
            "UPDATE certificate SET next_at = ?1 \
             WHERE account = ?2 AND in_flight = 1 AND next_at IS NOT NULL AND next_at > ?1",
        )
        .bind(now.timestamp_millis())
        .bind(account);
        self.execute(wake).await.map(drop)
    }

    /// Writes what changed about one certificate, in one transaction: all of it is there after a crash, or none.
    ///
    /// # Errors
    /// The database can't be written; or a second open order was about to be written for the name, which the index
    /// refuses.
    pub async fn save(&self, now: DateTime<Utc>, changes: Changes<'_>) -> Result<(), StoreError> {
        self.save_all(now, vec![changes]).await
    }

    /// As [`Store::save`], of several certificates in one transaction.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn save_all(
        &self,
        now: DateTime<Utc>,
        changes: Vec<Changes<'_>>,
    ) -> Result<(), StoreError> {
        self.write(async |transaction| {
            for changes in changes {
                save(transaction, now, changes).await?;
            }
            Ok(())
        })
        .await
    }

    /// Notes something of a certificate, and writes what came of it and what happened, in one transaction. It is looked at
    /// in the next pass. The record as it is then; `None` where there is no such certificate.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn note(
        &self,
        now: DateTime<Utc>,
        domain: &str,
        what: Note,
        history: &[NewEntry],
    ) -> Result<Option<Record>, StoreError> {
        self.write(async |transaction| {
            let settled = note(transaction, now, domain, what, history).await?;
            Ok(settled.map(|settled| settled.record))
        })
        .await
    }
}

async fn save(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    changes: Changes<'_>,
) -> Result<(), sqlx::Error> {
    let Changes {
        record,
        closed,
        schedule,
        history,
    } = changes;
    if let Some(closed) = closed {
        close_order(connection, now, &record.domain, closed).await?;
    }
    if let Some(order) = &record.order {
        write_order(connection, now, &record.domain, order).await?;
        begin_proof(connection, now, order).await?;
    }
    // Nothing else brings another certificate.
    let is_installed = closed.is_some_and(|closed| closed.ending == Ending::Installed);
    let installed = record.installed.as_ref().filter(|_| is_installed);
    let is_another = match installed {
        Some(installed) => {
            had(connection, &record.domain).await?.as_ref() != Some(&installed.fingerprint)
        }
        None => false,
    };
    write_record(connection, now, record, schedule).await?;
    if is_another {
        deliveries::installed(connection, now, &record.domain).await?;
    }
    append(connection, now, history).await
}

/// The fingerprint of what was installed before.
async fn had(
    connection: &mut SqliteConnection,
    domain: &str,
) -> Result<Option<String>, sqlx::Error> {
    let had =
        sqlx::query_scalar("SELECT fingerprint FROM certificate WHERE domain = ?").bind(domain);
    let had: Option<Option<String>> = had.fetch_optional(connection).await?;
    Ok(had.flatten())
}

/// As [`Store::note`], in a transaction with other things.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    domain: &str,
    what: Note,
    history: &[NewEntry],
) -> Result<Option<Settled>, sqlx::Error> {
    let known: Option<Listing> = sqlx::query_as(concat!(select_records!(), "WHERE c.domain = ?"))
        .bind(domain)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(known) = known else {
        return Ok(None);
    };
    let settled = lifecycle::note(now, known.record, what);
    let changes = Changes {
        record: &settled.record,
        closed: settled.closed.as_ref(),
        schedule: Schedule::after_note(now, &settled.record),
        history,
    };
    save(connection, now, changes).await?;
    Ok(Some(settled))
}
