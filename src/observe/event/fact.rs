//! Every fact there is, with the event that tells it. The documentation's table is made from this one, and scripts rely on
//! the names: a name is never changed, and never used for something else. Facts are kept in the history, so a field is
//! never renamed, and a new one has a default.

use serde::{Deserialize, Serialize};

use super::{Kind, Level, Plain};
use crate::lifecycle::Due;

/// Makes the facts and the table of events from one list, so that neither can lack what the other has.
macro_rules! facts {
    ($($variant:ident $({ $($field:ident: $type:ty),* })? = $name:literal, $level:ident, $meaning:literal, $remedy:literal;)*) => {
        /// What happened: what its sentence needs beyond the fields of the event.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the fields are named in the sentences that are made of them")]
        pub enum Fact {
            $(
                #[doc = concat!("`", $name, "`: ", $meaning)]
                #[serde(rename = $name)]
                $variant $({ $($field: $type),* })?,
            )*
        }

        impl Fact {
            /// Its line in the table of events.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$variant { .. } => Kind {
                        name: $name,
                        level: Level::$level,
                        meaning: $meaning,
                        remedy: $remedy,
                    },)*
                }
            }
        }

        impl Fact {
            /// What stays the same while it repeats: all but its numbers.
            #[must_use]
            pub fn gist(&self) -> String {
                let text = serde_json::to_string(self).unwrap_or_default();
                text.chars().filter(|c| !c.is_ascii_digit()).collect()
            }
        }

        /// All events, in the order of the documentation.
        pub const EVENTS: &[Kind] = &[$(Kind {
            name: $name,
            level: Level::$level,
            meaning: $meaning,
            remedy: $remedy,
        }),*];
    };
}

facts! {
    OrderApplied { why: Due } = "order.applied", Info,
        "The service accepted an application and gave its id.",
        "Nothing.";
    OrderUnknown { marker: Plain, reason: Plain } = "order.unknown", Warn,
        "The answer to an application was lost; the order may exist and is being looked up by its marker.",
        "Nothing; it settles within minutes. If it repeats, check the network to the service.";
    OrderFound = "order.found", Info,
        "An application whose answer was lost was found again; it is followed as if the answer had come.",
        "Nothing.";
    OrderVanished { order: Plain } = "order.vanished", Warn,
        "An order is gone at the service, or an application whose answer was lost was never made; another follows.",
        "Nothing, unless someone deletes orders at the console.";
    OrderAdopted { is_own: bool } = "order.adopted", Info,
        "A certificate or order that was there already is used instead of applying for another.",
        "Nothing.";
    OrderPending { status: i64, is_known: bool } = "order.pending", Info,
        "An order waits for validation or for the CA.",
        "Nothing.";
    OrderStalled { how: Stalled } = "order.stalled", Warn,
        "An order has been waiting much longer than usual.",
        "Look at its validation: `evercert why DOMAIN`, `evercert doctor DOMAIN`, and the console.";
    OrderIssued = "order.issued", Info,
        "The CA signed; key and certificate can be fetched.",
        "Nothing.";
    OrderFailed { order: Plain, how: OrderEnd } = "order.failed", Warn,
        "An order ended without a certificate; another follows after a wait.",
        "Read the reason; a failed validation usually means the DNS zone is not in this account.";
    OrderUnusable { reason: Plain } = "order.unusable", Error,
        "A certificate was issued, and what can be fetched of it is of no use; it is never taken again, and another one is ordered.",
        "Read the reason. A certificate made from a CSR of your own has its key with you: leave it, or delete it in the console.";
    OrderCancelled { order: Plain } = "order.cancelled", Info,
        "An order was cancelled.",
        "Nothing, if that was wanted.";
    OrderDeleted = "order.deleted", Info,
        "An order of this installation that is of no use any more was deleted at the service, so that its slot is free.",
        "Nothing; `tidy` in the account's config asks for it.";
    OrderDuplicate { first: Plain, not_cancelled: Option<Plain> } = "order.duplicate", Error,
        "Two live orders of this installation for one name were seen; the older is kept.",
        "Report it as a bug, with this line and `evercert history DOMAIN`.";
    OrderForeign = "order.foreign", Info,
        "Someone else's pending order for this name is waited for, and adopted once issued.",
        "Nothing; or cancel that order at the console.";
    CertificateInstalled = "certificate.installed", Info,
        "Key and chain lie in the live folder.",
        "Nothing.";
    LiveWrong { reason: Plain } = "live.wrong", Error,
        "The live folder does not show what was installed: files or links are gone, damaged, or not Evercert's.",
        "Do what the message says; what can be put right is tried again within the hour.";
    LiveMended { repair: Option<Repair> } = "live.mended", Warn,
        "The live folder did not show what was installed, and was put right.",
        "Nothing; but find out who changes the folder.";
    CertificateRenewed { seen: Renewed } = "certificate.renewed", Info,
        "The new certificate is in use, as far as the config lets it be verified.",
        "Nothing.";
    CertificateDeployed { cloud: Option<Bound> } = "certificate.deployed", Info,
        "A target has the certificate: its files are written and its server was reloaded, its hook ran, or its cloud resources were switched.",
        "Nothing.";
    CertificateServed = "certificate.served", Info,
        "A client that connects gets the certificate.",
        "Nothing.";
    CertificateRolledBack { is_cloud: bool, reason: Plain } = "certificate.rolled_back", Error,
        "The new certificate did not work out at a target, so its files are what they were before; it is tried again.",
        "Read the reason: the server's own check, its reload, or what it served; `evercert deploy DOMAIN` tries at once.";
    DeliveryPretended { what: Pretended } = "delivery.pretended", Info,
        "What would be done for a target, if this were not a run with the stand-in.",
        "Nothing.";
    DriftFound { reason: Plain, is_replaced: bool } = "drift.found", Warn,
        "Installed, bound in the cloud and served are not the same certificate; an older one is replaced; a newer one, or one with another kind of key that Evercert never held, is left.",
        "Find out who else deploys here; `evercert deploy DOMAIN` puts ours back.";
    CloudHosted { reason: Plain } = "cloud.hosted", Warn,
        "The service itself looks after the cloud resources of this certificate (hosting); they are left to it.",
        "Switch hosting off for that certificate in the console, or take the cloud target out of the config.";
    HookRan { output: Plain } = "hook.ran", Info,
        "A hook ended well; the message has the end of what it wrote.",
        "Nothing.";
    HookFailed { reason: Plain } = "hook.failed", Warn,
        "A hook failed or took too long; it is tried again at `next_attempt`.",
        "Read the end of its output in the message, and run it by hand.";
    CertificateFailed { reason: Plain, goes_back: bool } = "certificate.failed", Warn,
        "A step for this certificate failed; it is tried again at `next_attempt`. What is installed stays.",
        "Look at `code` and `class`: `evercert explain CODE`.";
    CertificateParked { reason: Plain, remedy: Plain } = "certificate.parked", Error,
        "This certificate waits for its operator; nothing more is tried for it.",
        "Do what the message says, then change its config or run `evercert renew DOMAIN`.";
    CertificateRevoked { status: i64 } = "certificate.revoked", Error,
        "The service calls the installed certificate revoked, being revoked, or refunded; a new one is ordered at once.",
        "Find out who revoked it, and why: if its key was stolen, look for how.";
    CertificatePaused { since: Plain } = "certificate.paused", Warn,
        "Its operator paused this certificate: nothing is ordered or delivered for it. Said again with each heartbeat.",
        "Nothing, if that is meant; `evercert resume DOMAIN` ends it.";
    CertificateResumed { why: Resumed } = "certificate.resumed", Info,
        "A parked or paused certificate is looked after again.",
        "Nothing.";
    CertificateExpiring { is_shown: bool, waits: Waits } = "certificate.expiring", Warn,
        "A certificate comes near its end and is not renewed yet.",
        "`evercert why DOMAIN` says what it waits for.";
    CertificateExpired { is_shown: bool, waits: Waits } = "certificate.expired", Error,
        "A certificate has ended and no newer one is installed.",
        "`evercert why DOMAIN`; visitors are turned away now.";
    AccountPaused { what: Refused, reason: Plain } = "account.paused", Error,
        "The account's credentials or rights were refused; nothing is ordered there until that changes.",
        "Repair the credentials or the CAM policy, then reload; `evercert explain CODE` has details.";
    AccountUnreachable { reason: Plain } = "account.unreachable", Warn,
        "The account's list of certificates can't be had just now; its certificates wait for the next try together.",
        "Nothing, unless it lasts: then look at network, proxy and endpoint.";
    AccountResumed = "account.resumed", Info,
        "The account works again.",
        "Nothing.";
    QuotaExhausted { reason: Plain } = "quota.exhausted", Error,
        "No free certificate is left for the account or the main domain; every name that shares it waits.",
        "Delete what is not needed in the console; `tidy` in the account's config deletes what is ours and dead.";
    ApiThrottled { is_application: bool, reason: Plain } = "api.throttled", Warn,
        "The service said that requests come too fast.",
        "If others use this account too, lower `requests_per_second`.";
    ApiRefused { reason: Plain } = "api.refused", Warn,
        "The service refused a call for a reason that trying again will not heal.",
        "`evercert explain CODE`.";
    ClockSkewed { seconds: i64 } = "clock.skewed", Warn,
        "This machine's clock and the service's differ by more than five minutes.",
        "Set up time synchronisation; signatures are refused otherwise.";
    ValidationZoneElsewhere = "validation.zone_elsewhere", Warn,
        "The service says that its DNS does not answer for the name of an order with `DNS_AUTO`: it can't set the record there.",
        "Host the zone in this account's DNS and delegate it there, or prove control in another way (`validation`), which acts at the next order.";
    ValidationPresented { proof: Plain } = "validation.presented", Info,
        "The record or file that proves control was put up.",
        "Nothing.";
    ValidationWanted { proof: Plain } = "validation.wanted", Warn,
        "A record has to be set by hand; the order waits for it.",
        "Set the record that the message names; Evercert goes on by itself once it sees it.";
    ValidationVisible = "validation.visible", Info,
        "The proof can be seen from outside.",
        "Nothing.";
    ValidationUnseen { reason: Plain } = "validation.unseen", Warn,
        "The proof was put up and is not seen from here; the CA is asked all the same.",
        "Read which name server or address lacks it; if the order goes on, nothing.";
    ValidationAsked = "validation.asked", Info,
        "The service was asked to validate.",
        "Nothing.";
    ValidationWaiting { reason: Plain } = "validation.waiting", Warn,
        "The service was asked, and has not validated yet; the message says what it sees.",
        "Do what the message says; it is tried again until the order's deadline.";
    ValidationFailed { is_cleaning: bool, reason: Plain } = "validation.failed", Warn,
        "A step of the proof failed; it is tried again at `next_attempt`.",
        "Read the reason: it names the command, file, server or zone.";
    ValidationCleaned { is_manual: bool } = "validation.cleaned", Info,
        "What was put up as proof is taken down.",
        "Nothing.";
    ValidationLeft { proof: Plain, reason: Plain } = "validation.left", Error,
        "What was put up as proof could not be taken down for a week.",
        "Remove it by hand; the message names it.";
    TwinSeen { what: Twin } = "twin.seen", Warn,
        "Another installation of Evercert orders for the same name, or this one may be a copy of one that is at work elsewhere.",
        "Let one installation look after each name; where the message names it, decide with `evercert claim`.";
    ConfigReloaded { change: Box<ConfigChange> } = "config.reloaded", Info,
        "A changed config is in force.",
        "Nothing.";
    ConfigRejected { mistake: Plain, is_mistake: bool } = "config.rejected", Error,
        "A changed config has mistakes; the one before stays in force.",
        "Mend the mistake at `file` and `line`; `evercert check` lists all.";
    ConfigWarning { warning: Plain } = "config.warning", Warn,
        "Something in the config works, but probably not as meant.",
        "Read the message.";
    HttpListening { address: Plain } = "http.listening", Info,
        "Metrics and the status page are served at the address that it names.",
        "Nothing.";
    HttpFailed { address: Plain, reason: Plain } = "http.failed", Warn,
        "The address of `[http]` can't be had; renewing goes on without metrics and page, and it is tried again.",
        "Find who has the port (`ss -ltnp`), or set another `listen`.";
    TextfileFailed { path: Plain, reason: Plain } = "textfile.failed", Warn,
        "The file of metrics can't be written; it is tried again after the next pass.",
        "Look at the reason: the folder must exist, and the service's user may write there.";
    LogDropped { lines: u64 } = "log.dropped", Warn,
        "Lines of the log were dropped, since whoever reads it did not; the work went on.",
        "Look at what reads the log: a pipe, a container's log driver, the journal.";
    RequestTaken { what: Plain, refusal: Option<Plain> } = "request.taken", Info,
        "The daemon took up what a command asked for.",
        "Nothing.";
    TurnBroken { what: Plain, reason: Plain } = "turn.broken", Error,
        "A certificate's turn ended early, since the database failed; it goes on in the next pass.",
        "Look at the reason: a full or read-only disk, or a damaged database.";
    StoreFailed { reason: Plain } = "store.failed", Error,
        "The database failed; nothing is ordered without a record of it. It is tried again every 30 seconds.",
        "Look at the reason: a full or read-only disk, or a damaged database.";
    StoreRestored { orders_after: Plain } = "store.restored", Warn,
        "The database was restored from a backup; what was ordered since then is searched for in the account's list before anything is ordered.",
        "Nothing; it takes minutes.";
    PassStarted = "pass.started", Debug,
        "A look at every certificate that is due for something began.",
        "Nothing.";
    PassFinished { due: usize } = "pass.finished", Info,
        "A check that found certificates due has ended.",
        "Nothing.";
    PassIdle = "pass.idle", Debug,
        "A pass ended that found nothing due, or looked only at what is in flight.",
        "Nothing.";
    NotificationSent { channel: Plain, title: Plain, answer: Plain } = "notification.sent", Info,
        "A channel took a message.",
        "Nothing.";
    NotificationFailed { channel: Plain, what: Untold, reason: Plain } = "notification.failed", Warn,
        "A channel did not take a message; it is tried again at `next_attempt`.",
        "Read the reason, and try `evercert notify test`.";
    NotificationDropped { channel: Plain, notices: usize, reason: Plain } = "notification.dropped", Error,
        "A channel took no message for three days; what it was not told is given up.",
        "Mend the channel in the config and try `evercert notify test`; `evercert history` has what was not told.";
    NotificationPretended { channel: Plain, text: Option<Plain> } = "notification.pretended", Info,
        "What would be told, if this were not a run with the stand-in.",
        "Nothing.";
    DaemonStarting { version: Plain, config: Plain, state_dir: Plain } = "daemon.starting", Info,
        "The daemon starts; it names its version, config and state folder.",
        "Nothing.";
    DaemonReady { certificates: usize, state_dir: Plain } = "daemon.ready", Info,
        "Config and database are sound, and the scheduler runs.",
        "Nothing.";
    DaemonHeartbeat = "daemon.heartbeat", Info,
        "The daemon lives: the certificate with the fewest days left, and when something is due next.",
        "Alarm when this line is absent for two intervals.";
    DaemonHangs { seconds: u64 } = "daemon.hangs", Error,
        "A thread of the process waits for something that does not answer (a disk, as a rule), and what it worked on with it.",
        "Look at the file systems of webroots, targets and the state folder; under systemd the watchdog restarts the service.";
    DaemonStopping = "daemon.stopping", Info,
        "The daemon was told to stop, and waits for what is under way.",
        "Nothing.";
    DaemonStopped = "daemon.stopped", Info,
        "The daemon has stopped; everything is recorded.",
        "Nothing.";
}

/// Why an order has been waiting for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stalled {
    /// Its zone should be hosted in the account's own DNS.
    Zone,
    /// Its proof is Evercert's own matter.
    Proof,
    /// It was not validated in time, and is being cancelled.
    NotValidated,
}

/// How an order ended without a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEnd {
    /// The service rejected it.
    Rejected,
    /// Its certificate ended before it could be installed.
    Expired,
    /// The service no longer knows it.
    Gone,
}

/// How a live folder was put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// What was wrong.
    pub wrong: Plain,
    /// It was fetched again; else it came from the archive.
    pub is_fetched: bool,
}

/// How far a renewal was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Renewed {
    /// In the live folder; there is no target.
    Installed,
    /// At its targets; what is served is not looked at.
    Delivered,
    /// Served at this address.
    Served(Plain),
}

/// How many cloud resources have a certificate; `None` where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound(pub Option<u64>);

/// What would be done for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pretended {
    /// Files written, checked, and a server reloaded.
    Install,
    /// Cloud resources switched.
    Cloud,
    /// A hook run.
    Hook,
    /// A connection made, and what is served compared.
    Verify,
}

/// Why a certificate is looked after again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resumed {
    /// Its operator ended the pause.
    Asked,
    /// Its settings changed.
    Edited,
    /// There is a certificate to adopt.
    Adoptable,
}

/// What a certificate that comes near its end waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waits {
    /// Nothing that is known.
    Nothing,
    /// Its operator, who can do this.
    Operator(Plain),
    /// Another try after this failure.
    Retry(Plain),
}

/// What an account may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refused {
    /// Do anything: its credentials are refused.
    All,
    /// Apply for certificates.
    Apply,
    /// Fetch certificates.
    Fetch,
}

/// What looks like another installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Twin {
    /// It orders the same name; its markers begin so.
    Orders(Plain),
    /// This state folder may be a copy, or have one: why that is so.
    Copy(Plain),
}

/// What was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untold {
    /// All of a message.
    All,
    /// Some of its recipients.
    Some,
    /// The dead man's switch: a good pass.
    GoodPass,
}

/// What an edit changed. Of many names the first are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// Names that are new.
    pub added: Names,
    /// Names that are gone.
    pub removed: Names,
    /// Names whose entries changed, each with its keys.
    pub changed: Names,
    /// Keys that belong to no name.
    pub settings: Names,
    /// Orders that follow at once, unless there is something to adopt.
    pub orders: usize,
}

/// Names, of which the first are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The first.
    pub first: Vec<Plain>,
    /// How many more there are.
    pub more: usize,
}

impl Names {
    /// So many are listed.
    const LISTED: usize = 5;

    /// These names.
    pub fn of<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        let mut names = names.into_iter();
        let first = names.by_ref().take(Self::LISTED).map(Plain::from);
        Self {
            first: first.collect(),
            more: names.count(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}
