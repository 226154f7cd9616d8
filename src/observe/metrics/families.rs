//! Every metric there is. `docs/metrics.md` has a line for each, and tests hold docs, rules and dashboard to this table.

use crate::words::words;

words! {
    /// What a metric is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum MetricKind {
        /// Only grows, until the process ends.
        Counter = "counter",
        /// As it is now.
        Gauge = "gauge",
        /// Counts in buckets.
        Histogram = "histogram",
    }
}

/// One metric, with all its labels.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// Its labels, in their order.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

/// Makes the constants and the table from one list, so that neither can lack what the other has.
macro_rules! families {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            pub(super) const $constant: Family = Family {
                name: $name,
                kind: MetricKind::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// All metrics, in the order in which they are written.
        pub const FAMILIES: &[Family] = &[$($constant),*];
    };
}

families! {
    BUILD_INFO = Gauge "evercert_build_info" ["version"]
        "Always 1; the label tells the version.";
    FLEET_INFO = Gauge "evercert_fleet_info" ["fleet", "machine", "orders"]
        "Always 1, on a machine of a fleet; the labels tell its fleet, its number (empty where it never orders) and whether it orders.";
    START_TIME = Gauge "evercert_start_time_seconds" []
        "When the daemon started.";
    ALIVE = Gauge "evercert_alive" []
        "1 while the daemon's loop turns, as /healthz says it.";
    READY = Gauge "evercert_ready" []
        "1 while nothing stands in the way of renewing, as /readyz says it.";
    PASSES = Counter "evercert_passes_total" ["kind"]
        "Passes that ended: over everything (check), or over what goes on by its own pace (in-flight).";
    LAST_PASS = Gauge "evercert_last_pass_timestamp_seconds" []
        "When the last pass of any kind ended.";
    LAST_PASS_DURATION = Gauge "evercert_last_pass_duration_seconds" []
        "How long it took.";
    LAST_CHECK = Gauge "evercert_last_check_timestamp_seconds" []
        "When the last pass over everything ended.";
    NEXT_CHECK = Gauge "evercert_next_check_timestamp_seconds" []
        "When the schedule has the next one.";
    RELOAD_OK = Gauge "evercert_config_last_reload_successful" []
        "1 if the config was taken when it was last read, 0 if it was rejected.";
    RELOAD_TIME = Gauge "evercert_config_last_reload_success_timestamp_seconds" []
        "When a config was last taken.";
    DATABASE_UP = Gauge "evercert_database_up" []
        "1 while the database can be read and written.";
    LOG_DROPPED = Counter "evercert_log_lines_dropped_total" []
        "Lines of the log that were dropped, since nobody read it.";
    DATABASE_ERRORS = Counter "evercert_database_errors_total" []
        "Failures of the database.";
    ORDERS = Counter "evercert_orders_total" ["outcome"]
        "What became of orders: one for each event order.OUTCOME.";
    RENEWALS = Counter "evercert_renewals_total" []
        "New certificates that came into use, as certificate.renewed says it.";
    FAILURES = Counter "evercert_failures_total" []
        "Failed attempts, as certificate.failed says them.";
    EVENTS = Counter "evercert_events_total" ["event", "level"]
        "Log events by name.";
    API_REQUESTS = Counter "evercert_api_requests_total" ["action", "code"]
        "Calls to the API by outcome: ok, the service's code, or what happened on the way.";
    API_DURATION = Histogram "evercert_api_request_duration_seconds" ["action"]
        "How long calls took, without the wait for a permit.";
    API_THROTTLED = Counter "evercert_api_throttled_total" []
        "Calls that the service refused since there were too many.";
    API_PEAK = Gauge "evercert_api_requests_per_second_peak" []
        "The most calls that any one second of the last minute saw begin.";
    API_LIMIT = Gauge "evercert_api_requests_per_second_limit" []
        "The most that are let through.";
    SLOTS_USED = Gauge "evercert_account_slots_used" ["account"]
        "Free certificates of the account in use, when it was last listed in full.";
    SLOTS_LIMIT = Gauge "evercert_account_slots_limit" ["account"]
        "Free certificates that it may have (free_limit, or fewer where the service gave no more).";
    SLOTS_SEEN = Gauge "evercert_account_slots_seen_timestamp_seconds" ["account"]
        "When it was last listed in full.";
    HOLDS = Gauge "evercert_account_holds" ["account", "scope"]
        "Holds in force: on every call (account), on new orders (orders), on those below one main domain (main-domain), on what needs the account's list (list).";
    CERTIFICATES = Gauge "evercert_certificates" ["state"]
        "Certificates by state, as `evercert status` shows it.";
    NEXT_DUE = Gauge "evercert_next_due_timestamp_seconds" []
        "When any certificate is looked at next.";
    NOT_AFTER = Gauge "evercert_certificate_not_after_timestamp_seconds" ["certificate", "account"]
        "When the installed certificate ends.";
    RENEW_AT = Gauge "evercert_certificate_renewal_timestamp_seconds" ["certificate", "account"]
        "When its window opens.";
    CERTIFICATE_FAILURES = Gauge "evercert_certificate_failures" ["certificate", "account"]
        "Failures in a row; 0 after a success.";
    PARKED = Gauge "evercert_certificate_parked" ["certificate", "account"]
        "1 while it waits for its operator.";
    DRIFT = Gauge "evercert_certificate_drift" ["certificate", "account"]
        "1 while a target or the live folder was seen with another certificate than it should have, or none.";
    SERVED = Gauge "evercert_certificate_served" ["certificate", "account"]
        "1 while the right certificate is served; only where `verify` is set.";
}
