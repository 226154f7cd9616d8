//! What came of a simulation.

/// What came of a simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The seed that replays it.
    pub seed: u64,
    /// How many days.
    pub days: u32,
    /// How many certificates.
    pub certificates: usize,
    /// Orders that the service made for us.
    pub orders: u64,
    /// Passes that were made.
    pub passes: u64,
    /// Calls that we made.
    pub calls: u64,
    /// The most requests in any second, as the service counted them.
    pub peak: u64,
    /// How often the process was killed.
    pub crashes: u64,
    /// Of a fleet: applications that came when their machine's turn was over, and that the service refused.
    pub too_late: u64,
    /// Certificates renewed.
    pub renewals: u64,
    /// Alarms raised as an end came near.
    pub alarms: u64,
    /// Certificates that waited for their operator at some time.
    pub parked: u64,
    /// Two orders of ours seen at once and said so.
    pub duplicates: u64,
    /// The fewest hours that any certificate ever had left.
    pub fewest_hours: Option<i64>,
    /// The most slots used at a daily count.
    pub slots: u32,
}
