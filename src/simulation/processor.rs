//! Which processor a run is on.

/// Keeps this thread, and those that it starts from now on, on one of the processors that it may use: the one with this
/// number, counted round. A run hands over to the database's thread and back at every step, which takes twice as long
/// between two processors.
#[cfg(target_os = "linux")]
pub fn keep_to_one_processor(which: usize) {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    let me = nix::unistd::Pid::from_raw(0);
    let pinned = sched_getaffinity(me).and_then(|may| {
        let may: Vec<usize> = (0..CpuSet::count())
            .filter(|cpu| may.is_set(*cpu) == Ok(true))
            .collect();
        let mut one = CpuSet::new();
        one.set(may.get(which % may.len().max(1)).copied().unwrap_or(0))?;
        sched_setaffinity(me, &one)
    });
    if let Err(error) = pinned {
        tracing::debug!(%error, "the simulation goes on on any processor");
    }
}

/// Does nothing: this system knows no such thing.
#[cfg(not(target_os = "linux"))]
pub fn keep_to_one_processor(_which: usize) {}
