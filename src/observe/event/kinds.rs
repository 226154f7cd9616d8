//! Every event there is. The documentation's table is made from this one, and scripts rely on the names: a name is never
//! changed, and never used for something else.

use super::{Kind, Level};

/// Makes the constants and the table from one list, so that neither can lack what the other has.
macro_rules! kinds {
    ($($constant:ident = $name:literal, $level:ident, $meaning:literal, $remedy:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $meaning)]
            pub const $constant: Kind = Kind {
                name: $name,
                level: Level::$level,
                meaning: $meaning,
                remedy: $remedy,
            };
        )*

        /// All events, in the order of the documentation.
        pub const EVENTS: &[Kind] = &[$($constant),*];
    };
}

kinds! {
    ORDER_APPLIED = "order.applied", Info,
        "The service accepted an application and gave its id.",
        "Nothing.";
    ORDER_UNKNOWN = "order.unknown", Warn,
        "The answer to an application was lost; the order may exist and is being looked up by its marker.",
        "Nothing; it settles within minutes. If it repeats, check the network to the service.";
    ORDER_FOUND = "order.found", Info,
        "An application whose answer was lost was found again; it is followed as if the answer had come.",
        "Nothing.";
    ORDER_VANISHED = "order.vanished", Warn,
        "An order is gone at the service, or an application whose answer was lost was never made; another follows.",
        "Nothing, unless someone deletes orders at the console.";
    ORDER_ADOPTED = "order.adopted", Info,
        "A certificate or order that was there already is used instead of applying for another.",
        "Nothing.";
    ORDER_PENDING = "order.pending", Info,
        "An order waits for validation or for the CA.",
        "Nothing.";
    ORDER_STALLED = "order.stalled", Warn,
        "An order has been waiting much longer than usual.",
        "Look at its validation: `evercert why DOMAIN`, and the console.";
    ORDER_ISSUED = "order.issued", Info,
        "The CA signed; key and certificate can be fetched.",
        "Nothing.";
    ORDER_FAILED = "order.failed", Warn,
        "An order ended without a certificate; another follows after a wait.",
        "Read the reason; a failed validation usually means the DNS zone is not in this account.";
    ORDER_UNUSABLE = "order.unusable", Error,
        "A certificate was issued, and what can be fetched of it is of no use; it is never taken again, and another one is ordered.",
        "Read the reason. A certificate made from a CSR of your own has its key with you: leave it, or delete it in the console.";
    ORDER_CANCELLED = "order.cancelled", Info,
        "An order was cancelled.",
        "Nothing, if that was wanted.";
    ORDER_DELETED = "order.deleted", Info,
        "An order of this installation that is of no use any more was deleted at the service, so that its slot is free.",
        "Nothing; `tidy` in the account's config asks for it.";
    ORDER_DUPLICATE = "order.duplicate", Error,
        "Two live orders of this installation for one name were seen; the older is kept.",
        "Report it as a bug, with this line and `evercert history DOMAIN`.";
    ORDER_FOREIGN = "order.foreign", Info,
        "Someone else's pending order for this name is waited for, and adopted once issued.",
        "Nothing; or cancel that order at the console.";
    CERTIFICATE_INSTALLED = "certificate.installed", Info,
        "Key and chain lie in the live folder.",
        "Nothing.";
    LIVE_WRONG = "live.wrong", Error,
        "The live folder does not show what was installed: files or links are gone, damaged, or not Evercert's.",
        "Do what the message says; what can be put right is tried again within the hour.";
    LIVE_MENDED = "live.mended", Warn,
        "The live folder did not show what was installed, and was put right.",
        "Nothing; but find out who changes the folder.";
    CERTIFICATE_RENEWED = "certificate.renewed", Info,
        "The new certificate is in use, as far as the config lets it be verified.",
        "Nothing.";
    CERTIFICATE_DEPLOYED = "certificate.deployed", Info,
        "A target has the certificate: its files are written and its server was reloaded, its hook ran, or its cloud resources were switched.",
        "Nothing.";
    CERTIFICATE_SERVED = "certificate.served", Info,
        "A client that connects gets the certificate.",
        "Nothing.";
    CERTIFICATE_ROLLED_BACK = "certificate.rolled_back", Error,
        "The new certificate did not work out at a target, so its files are what they were before; it is tried again.",
        "Read the reason: the server's own check, its reload, or what it served; `evercert deploy DOMAIN` tries at once.";
    DELIVERY_PRETENDED = "delivery.pretended", Info,
        "What would be done for a target, if this were not a run with the stand-in.",
        "Nothing.";
    DRIFT_FOUND = "drift.found", Warn,
        "Installed, bound in the cloud and served are not the same certificate; an older one is replaced; a newer one, or one with another kind of key that Evercert never held, is left.",
        "Find out who else deploys here; `evercert deploy DOMAIN` puts ours back.";
    CLOUD_HOSTED = "cloud.hosted", Warn,
        "The service itself looks after the cloud resources of this certificate (hosting); they are left to it.",
        "Switch hosting off for that certificate in the console, or take the cloud target out of the config.";
    HOOK_RAN = "hook.ran", Info,
        "A hook ended well; the message has the end of what it wrote.",
        "Nothing.";
    HOOK_FAILED = "hook.failed", Warn,
        "A hook failed or took too long; it is tried again at `next_attempt`.",
        "Read the end of its output in the message, and run it by hand.";
    CERTIFICATE_FAILED = "certificate.failed", Warn,
        "A step for this certificate failed; it is tried again at `next_attempt`. What is installed stays.",
        "Look at `code` and `class`: `evercert explain CODE`.";
    CERTIFICATE_PARKED = "certificate.parked", Error,
        "This certificate waits for its operator; nothing more is tried for it.",
        "Do what the message says, then change its config or run `evercert renew DOMAIN`.";
    CERTIFICATE_REVOKED = "certificate.revoked", Error,
        "The service calls the installed certificate revoked, being revoked, or refunded; a new one is ordered at once.",
        "Find out who revoked it, and why: if its key was stolen, look for how.";
    CERTIFICATE_PAUSED = "certificate.paused", Warn,
        "Its operator paused this certificate: nothing is ordered or delivered for it. Said again with each heartbeat.",
        "Nothing, if that is meant; `evercert resume DOMAIN` ends it.";
    CERTIFICATE_RESUMED = "certificate.resumed", Info,
        "A parked or paused certificate is looked after again.",
        "Nothing.";
    CERTIFICATE_EXPIRING = "certificate.expiring", Warn,
        "A certificate comes near its end and is not renewed yet.",
        "`evercert why DOMAIN` says what it waits for.";
    CERTIFICATE_EXPIRED = "certificate.expired", Error,
        "A certificate has ended and no newer one is installed.",
        "`evercert why DOMAIN`; visitors are turned away now.";
    ACCOUNT_PAUSED = "account.paused", Error,
        "The account's credentials or rights were refused; nothing is ordered there until that changes.",
        "Repair the credentials or the CAM policy, then reload; `evercert explain CODE` has details.";
    ACCOUNT_UNREACHABLE = "account.unreachable", Warn,
        "The account's list of certificates can't be had just now; its certificates wait for the next try together.",
        "Nothing, unless it lasts: then look at network, proxy and endpoint.";
    ACCOUNT_RESUMED = "account.resumed", Info,
        "The account works again.",
        "Nothing.";
    QUOTA_EXHAUSTED = "quota.exhausted", Error,
        "No free certificate is left for the account or the main domain; every name that shares it waits.",
        "Delete what is not needed in the console; `tidy` in the account's config deletes what is ours and dead.";
    API_THROTTLED = "api.throttled", Warn,
        "The service said that requests come too fast.",
        "If others use this account too, lower `requests_per_second`.";
    API_REFUSED = "api.refused", Warn,
        "The service refused a call for a reason that trying again will not heal.",
        "`evercert explain CODE`.";
    CLOCK_SKEWED = "clock.skewed", Warn,
        "This machine's clock and the service's differ by more than five minutes.",
        "Set up time synchronisation; signatures are refused otherwise.";
    VALIDATION_PRESENTED = "validation.presented", Info,
        "The record or file that proves control was put up.",
        "Nothing.";
    VALIDATION_WANTED = "validation.wanted", Warn,
        "A record has to be set by hand; the order waits for it.",
        "Set the record that the message names; Evercert goes on by itself once it sees it.";
    VALIDATION_VISIBLE = "validation.visible", Info,
        "The proof can be seen from outside.",
        "Nothing.";
    VALIDATION_UNSEEN = "validation.unseen", Warn,
        "The proof was put up and is not seen from here; the CA is asked all the same.",
        "Read which name server or address lacks it; if the order goes on, nothing.";
    VALIDATION_ASKED = "validation.asked", Info,
        "The service was asked to validate.",
        "Nothing.";
    VALIDATION_WAITING = "validation.waiting", Warn,
        "The service was asked, and has not validated yet; the message says what it sees.",
        "Do what the message says; it is tried again until the order's deadline.";
    VALIDATION_FAILED = "validation.failed", Warn,
        "A step of the proof failed; it is tried again at `next_attempt`.",
        "Read the reason: it names the command, file, server or zone.";
    VALIDATION_CLEANED = "validation.cleaned", Info,
        "What was put up as proof is taken down.",
        "Nothing.";
    VALIDATION_LEFT = "validation.left", Error,
        "What was put up as proof could not be taken down for a week.",
        "Remove it by hand; the message names it.";
    TWIN_SEEN = "twin.seen", Warn,
        "Another installation of Evercert orders for the same name, or this one may be a copy of one that is at work elsewhere.",
        "Let one installation look after each name; where the message names it, decide with `evercert claim`.";
    CONFIG_RELOADED = "config.reloaded", Info,
        "A changed config is in force.",
        "Nothing.";
    CONFIG_REJECTED = "config.rejected", Error,
        "A changed config has mistakes; the one before stays in force.",
        "Mend the mistake at `file` and `line`; `evercert check` lists all.";
    CONFIG_WARNING = "config.warning", Warn,
        "Something in the config works, but probably not as meant.",
        "Read the message.";
    HTTP_LISTENING = "http.listening", Info,
        "Metrics and the status page are served at the address that it names.",
        "Nothing.";
    HTTP_FAILED = "http.failed", Warn,
        "The address of `[http]` can't be had; renewing goes on without metrics and page, and it is tried again.",
        "Find who has the port (`ss -ltnp`), or set another `listen`.";
    TEXTFILE_FAILED = "textfile.failed", Warn,
        "The file of metrics can't be written; it is tried again after the next pass.",
        "Look at the reason: the folder must exist, and the service's user may write there.";
    LOG_DROPPED = "log.dropped", Warn,
        "Lines of the log were dropped, since whoever reads it did not; the work went on.",
        "Look at what reads the log: a pipe, a container's log driver, the journal.";
    REQUEST_TAKEN = "request.taken", Info,
        "The daemon took up what a command asked for.",
        "Nothing.";
    TURN_BROKEN = "turn.broken", Error,
        "A certificate's turn ended early, since the database failed; it goes on in the next pass.",
        "Look at the reason: a full or read-only disk, or a damaged database.";
    STORE_FAILED = "store.failed", Error,
        "The database failed; nothing is ordered without a record of it. It is tried again every 30 seconds.",
        "Look at the reason: a full or read-only disk, or a damaged database.";
    STORE_RESTORED = "store.restored", Warn,
        "The database was restored from a backup; what was ordered since then is searched for in the account's list before anything is ordered.",
        "Nothing; it takes minutes.";
    PASS_STARTED = "pass.started", Debug,
        "A look at every certificate that is due for something began.",
        "Nothing.";
    PASS_FINISHED = "pass.finished", Info,
        "A check that found certificates due has ended.",
        "Nothing.";
    PASS_IDLE = "pass.idle", Debug,
        "A pass ended that found nothing due, or looked only at what is in flight.",
        "Nothing.";
    NOTIFICATION_SENT = "notification.sent", Info,
        "A channel took a message.",
        "Nothing.";
    NOTIFICATION_FAILED = "notification.failed", Warn,
        "A channel did not take a message; it is tried again at `next_attempt`.",
        "Read the reason, and try `evercert notify test`.";
    NOTIFICATION_DROPPED = "notification.dropped", Error,
        "A channel took no message for three days; what it was not told is given up.",
        "Mend the channel in the config and try `evercert notify test`; `evercert history` has what was not told.";
    NOTIFICATION_PRETENDED = "notification.pretended", Info,
        "What would be told, if this were not a run with the stand-in.",
        "Nothing.";
    DAEMON_STARTING = "daemon.starting", Info,
        "The daemon starts; it names its version, config and state folder.",
        "Nothing.";
    DAEMON_READY = "daemon.ready", Info,
        "Config and database are sound, and the scheduler runs.",
        "Nothing.";
    DAEMON_HEARTBEAT = "daemon.heartbeat", Info,
        "The daemon lives: the certificate with the fewest days left, and when something is due next.",
        "Alarm when this line is absent for two intervals.";
    DAEMON_HANGS = "daemon.hangs", Error,
        "A thread of the process waits for something that does not answer (a disk, as a rule), and what it worked on with it.",
        "Look at the file systems of webroots, targets and the state folder; under systemd the watchdog restarts the service.";
    DAEMON_STOPPING = "daemon.stopping", Info,
        "The daemon was told to stop, and waits for what is under way.",
        "Nothing.";
    DAEMON_STOPPED = "daemon.stopped", Info,
        "The daemon has stopped; everything is recorded.",
        "Nothing.";
}
