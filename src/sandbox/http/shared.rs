//! What every handler has, and the machine's clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::sandbox::service::Service;

/// What every handler has.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) service: Arc<Mutex<Service>>,
    /// Cancelled when the server ends.
    pub(super) stop: CancellationToken,
}

impl Shared {
    /// The service. A panic elsewhere while it was held leaves it usable: every change is a small fact.
    pub(super) fn lock(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The machine's time. The rest of the crate has a clock of its own to ask; the sandbox imports nothing of it.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the sandbox reads the real clock"
)]
pub(crate) fn machine_now() -> DateTime<Utc> {
    Utc::now()
}
