//! What proofs need beyond a step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::validation::Listeners;

/// What outlives a step in this process.
#[derive(Default)]
pub(in crate::engine) struct Proofs {
    pub(super) listeners: Arc<Listeners>,
    pub(super) started: AtomicBool,
    /// There may be proofs. With `DNS_AUTO` alone there never are, and nobody need ask for them.
    pub(super) any: AtomicBool,
}

impl Proofs {
    /// Notes that an order wants a proof, or may.
    pub(in crate::engine) fn expect(&self) {
        self.any.store(true, Ordering::Relaxed);
    }
}
