//! Where page and metrics read: the record through a connection of its own, and the daemon's signs of life.
//!
//! The engine's own connection is never touched, so that no reader can hold up a pass, nor a pass a reader: SQLite's
//! write-ahead log lets one read while the other writes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::engine::{self, Engine, View};
use crate::observe::board::{Board, Leaf, Rate, Source};
use crate::observe::calls::Calls;
use crate::observe::vitals::Vitals;
use crate::store::{Store, StoreError};
use crate::tencent::Limiter;

/// A board is good for this long: many readers cost no more than one.
const FRESH: Duration = Duration::from_secs(1);

/// How much of the past a certificate's page shows.
const HISTORY: u32 = 200;
const ORDERS: u32 = 50;

/// All that can be shown.
pub(super) struct Facts {
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    vitals: Arc<Vitals>,
    calls: Arc<Calls>,
    limiter: Arc<Limiter>,
    /// The connection for reading. Whoever reads holds it, so that a board is made once for all who wait for it.
    reader: tokio::sync::Mutex<Option<Store>>,
    last: Mutex<Option<(Duration, Arc<Board>)>>,
}

impl Facts {
    pub(super) fn new(
        engine: Arc<Engine>,
        clock: Arc<dyn Clock>,
        vitals: Arc<Vitals>,
        calls: Arc<Calls>,
        limiter: Arc<Limiter>,
    ) -> Self {
        Self {
            engine,
            clock,
            vitals,
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

    fn fresh(&self) -> Option<Arc<Board>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, board) = last.as_ref()?;
        let age = self.clock.monotonic().saturating_sub(*at);
        (age < FRESH).then(|| Arc::clone(board))
    }

    async fn read_board(&self) -> Result<Arc<Board>, StoreError> {
        if let Some(board) = self.fresh() {
            return Ok(board);
        }
        let mut reader = self.reader.lock().await;
        if let Some(board) = self.fresh() {
            return Ok(board);
        }
        let view = self.view(&mut reader, &[]).await?;
        let board = Arc::new(engine::board(&view));
        let now = self.clock.monotonic();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&board)));
        Ok(board)
    }

    async fn read_leaf(&self, domain: &str) -> Result<Option<Leaf>, StoreError> {
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
        Ok(Some(engine::leaf(&view, certificate, orders, history)))
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
    fn board(&self) -> BoxFuture<'_, Result<Arc<Board>, StoreError>> {
        Box::pin(self.read_board())
    }

    fn leaf<'s>(&'s self, domain: &'s str) -> BoxFuture<'s, Result<Option<Leaf>, StoreError>> {
        Box::pin(self.read_leaf(domain))
    }

    fn vitals(&self) -> &Vitals {
        &self.vitals
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
