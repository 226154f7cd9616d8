//! Whether a look at the requests could find one.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something may be asked for that nobody has seen. Most looks find nothing, and there are several in each pass.
#[derive(Debug, Default)]
pub(super) struct MayWait {
    /// Nothing is: as of the last look, and nobody asked since.
    pub(super) nothing: AtomicBool,
    /// Somebody sees when other processes write.
    pub(super) is_watched: AtomicBool,
}

impl MayWait {
    pub(super) fn others_are_watched(&self, wrote: bool) {
        self.is_watched.store(true, Ordering::Relaxed);
        if wrote {
            self.nothing.store(false, Ordering::Relaxed);
        }
    }
}
