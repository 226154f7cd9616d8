//! Where page and metrics read: the record through a connection of its own, and the daemon's health.
//!
//! The engine's own connection is never touched, so that no reader can hold up a pass, nor a pass a reader: SQLite's
//! write-ahead log lets one read while the other writes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::engine::{self, Engine, View};
use crate::observe::calls::Calls;
use crate::observe::health::Health;
use crate::observe::overview::{Detail, Overview, Rate, Source};
use crate::store::{Store, StoreError};
use crate::tencent::Limiter;

/// An overview is good for this long: many readers cost no more than one.
const FRESH: Duration = Duration::from_secs(1);

/// How much of the past a certificate's page shows.
const HISTORY: u32 = 200;
const ORDERS: u32 = 50;

/// All that can be shown.
pub(super) struct Facts {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    health: Arc<Health>,
    calls: Arc<Calls>,
    limiter: Arc<Limiter>,
    /// The connection for reading. Whoever reads holds it, so that an overview is made once for all who wait for it.
    reader: tokio::sync::Mutex<Option<Store>>,
    last: Mutex<Option<(Duration, Arc<Overview>)>>,
}

impl Facts {
    pub(super) fn new(
        engine: Arc<Engine>,
        clock: Arc<dyn Clock>,
        health: Arc<Health>,
        calls: Arc<Calls>,
        limiter: Arc<Limiter>,
    ) -> Self {
        Self {
            engine,
            clock,
            health,
            calls,
            limiter,
            reader: tokio::sync::Mutex::default(),
            last: Mutex::default(),
        }
    }

    /// What was read last is out of date.
    pub(super) fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Closes the connection, so that the engine's own is the last and folds the write-ahead log into the file.
    pub(super) async fn close(&self) {
        if let Some(store) = self.reader.lock().await.take() {
            store.close().await;
        }
    }

    fn fresh(&self) -> Option<Arc<Overview>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, overview) = last.as_ref()?;
        let age = self.clock.monotonic().saturating_sub(*at);
        (age < FRESH).then(|| Arc::clone(overview))
    }

    async fn read_overview(&self) -> Result<Arc<Overview>, StoreError> {
        if let Some(overview) = self.fresh() {
            return Ok(overview);
        }
        let mut reader = self.reader.lock().await;
        if let Some(overview) = self.fresh() {
            return Ok(overview);
        }
        let view = self.view(&mut reader, &[]).await?;
        let overview = Arc::new(engine::overview(&view));
        let now = self.clock.monotonic();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((now, Arc::clone(&overview)));
        Ok(overview)
    }

    async fn read_detail(&self, domain: &str) -> Result<Option<Detail>, StoreError> {
        let settings = self.engine.settings();
        let Some(certificate) = settings.certificate(domain) else {
            return Ok(None);
        };
        let mut reader = self.reader.lock().await;
        let view = self.view(&mut reader, &[domain.to_owned()]).await?;
        let (orders, history) = match &view.store {
            Some(store) => (
                store.orders(domain, ORDERS).await?,
                store.history(Some(domain), HISTORY).await?,
            ),
            None => (Vec::new(), Vec::new()),
        };
        Ok(Some(engine::detail(&view, certificate, orders, history)))
    }

    /// The connection is opened when it is first needed, and anew after a failure.
    async fn view(
        &self,
        reader: &mut Option<Store>,
        domains: &[String],
    ) -> Result<View, StoreError> {
        let config = Arc::clone(&self.engine.settings().config);
        let store = match reader.take() {
            Some(store) => Some(store),
            None => Store::open_read_only(&config.state_dir).await?,
        };
        let view = View::read(config, store, self.clock.now(), domains).await?;
        reader.clone_from(&view.store);
        Ok(view)
    }
}

impl Source for Facts {
    fn overview(&self) -> BoxFuture<'_, Result<Arc<Overview>, StoreError>> {
        Box::pin(self.read_overview())
    }

    fn detail<'s>(&'s self, domain: &'s str) -> BoxFuture<'s, Result<Option<Detail>, StoreError>> {
        Box::pin(self.read_detail(domain))
    }

    fn health(&self) -> &Health {
        &self.health
    }

    fn rate(&self) -> Rate {
        Rate {
            counts: self.calls.counts(),
            permits: self.limiter.rate(),
            peak: self.limiter.peak_last_minute(),
            last_minute: self.limiter.calls_last_minute(),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}
