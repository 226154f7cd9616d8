//! The sentences in English.

mod fleet;

use super::edit::reloaded;
use super::pieces::{Times, either};
use crate::observe::event::fact::{
    OrderEnd, Pretended, Refused, Renewed, Resumed, Stalled, Twin, Untold, Waits,
};
use crate::observe::event::{Event, Fact};
use crate::sentence::Language;
use crate::tencent::ssl::Status;
pub use fleet::CLAIM_NUMBER;

/// What the operator of a copy can do.
pub const CLAIM: &str = "nothing is ordered until you decide: if the other one is gone for good, run `evercert claim` here; \
                         if both are to go on, stop this one, move evercert.db out of its state folder, and start it as a new installation";

/// What happened, without the certificate that it is about.
pub(super) fn text(event: &Event, times: Times) -> String {
    let about = &event.about;
    let domain = about.certificate.as_deref().unwrap_or_default();
    let account = about.account.as_deref().unwrap_or_default();
    let id = about.certificate_id.as_deref().unwrap_or_default();
    let target = about.target.as_deref().unwrap_or_default();
    match &event.fact {
        Fact::OrderApplied { why } => format!("applied for a certificate, because {}", why.words()),
        Fact::OrderUnknown { marker, reason } => {
            format!("{reason}; it is searched for as {marker} before anything is ordered again")
        }
        Fact::OrderFound => format!("the application without an answer was made: it is {id}"),
        Fact::OrderVanished { order } => {
            format!("order {order} never showed up at the service; it counts as not made")
        }
        Fact::OrderAdopted { is_own } => {
            let what = either(*is_own, "our order", "certificate");
            format!("{what} {id} is at the service already; it is taken instead of a new order")
        }
        Fact::OrderPending { status, is_known } => {
            let known = either(*is_known, "", ", a status that this version does not know");
            format!("order {id} is pending (status {status}{known})")
        }
        Fact::OrderStalled { how } => match how {
            Stalled::Zone => format!(
                "order {id} has been pending for a day; is its zone hosted in this account's DNS? `evercert doctor` says what else \
                 keeps a CA from issuing"
            ),
            Stalled::Proof => format!(
                "order {id} has been pending for a day; `evercert status` says what its validation waits for"
            ),
            Stalled::NotValidated => format!("order {id} was not validated in time; cancelling it"),
        },
        Fact::OrderIssued => format!("the CA issued {id}"),
        Fact::OrderFailed { order, how } => {
            let how = match how {
                OrderEnd::Rejected => "was rejected",
                OrderEnd::Expired => "was issued, and ended before it could be installed",
                OrderEnd::Gone => "is no longer at the service",
            };
            format!("order {order} {how}")
        }
        Fact::OrderUnusable { reason } => {
            format!("{reason}; it is left, and another certificate is ordered")
        }
        Fact::OrderCancelled { order } => {
            format!("order {order} is cancelled or of no use any more")
        }
        Fact::OrderDeleted => format!("deleted the order {id}, which is of no use any more"),
        Fact::OrderDuplicate {
            first,
            not_cancelled,
        } => {
            let ending = match not_cancelled {
                None => "it is cancelled".to_owned(),
                Some(error) => format!("cancelling it failed: {error}"),
            };
            format!("{id} is a second order of ours beside {first}; {ending}")
        }
        Fact::OrderForeign => format!(
            "somebody else's order {id} is under way; it is waited for and taken once issued"
        ),
        Fact::CertificateInstalled => {
            format!("certificate {id} is installed, valid until {}", event.day(times))
        }
        Fact::LiveWrong { reason } => reason.to_string(),
        Fact::LiveMended { repair: None } => "the live folder is as it should be again".to_owned(),
        Fact::LiveMended {
            repair: Some(repair),
        } => {
            let how = either(repair.is_fetched, "fetched again", "from the archive");
            format!("{}; it is put right, {how}", repair.wrong)
        }
        Fact::CertificateRenewed { seen } => {
            let how = match seen {
                Renewed::Installed => "renewed".to_owned(),
                Renewed::Delivered => "renewed and delivered".to_owned(),
                Renewed::Served(address) => format!("renewed and served at {address}"),
            };
            format!("{how}, valid until {}", event.day(times))
        }
        Fact::CertificateDeployed { cloud } => {
            let what = match cloud.map(|bound| bound.0) {
                Some(Some(0)) => {
                    "nothing is bound to an earlier certificate, so nothing was moved".to_owned()
                }
                Some(Some(1)) => "bound to one cloud resource".to_owned(),
                Some(Some(count)) => format!("bound to {count} cloud resources"),
                Some(None) | None => "delivered".to_owned(),
            };
            format!("{what} ({target})")
        }
        Fact::CertificateServed => format!("served ({target})"),
        Fact::CertificateRolledBack { is_cloud, reason } => {
            let what = either(
                *is_cloud,
                "its resources have the certificate before",
                "the files are what they were before",
            );
            format!("{target}: {what}: {reason}")
        }
        Fact::DeliveryPretended { what } => {
            let what = match what {
                Pretended::Install => "would write, check and reload",
                Pretended::Cloud => "would switch",
                Pretended::Hook => "would run",
                Pretended::Verify => "would connect and compare",
            };
            format!("{what}: {target}")
        }
        Fact::DriftFound {
            reason,
            is_replaced,
        } => {
            let what = either(*is_replaced, "; ours is delivered again", "");
            format!("{}{reason}{what}", event.at())
        }
        Fact::CloudHosted { reason } | Fact::HookFailed { reason } => {
            format!("{}{reason}", event.at())
        }
        Fact::HookRan { output } if output.as_ref().is_empty() => format!("{target} ended well"),
        Fact::HookRan { output } => format!("{target} ended well and wrote: {output}"),
        Fact::CertificateFailed { reason, goes_back } => {
            let what = either(*goes_back, "; going back to the certificate before", "");
            format!("{}{reason}{what}", event.at())
        }
        Fact::CertificateParked { reason, remedy } => {
            format!("{domain} waits for you: {reason}; {remedy}")
        }
        Fact::CertificateRevoked { status } => {
            let what = Status::of(*status);
            format!(
                "the installed certificate {id} is {what} at the service (status {status}); a new one is ordered at once"
            )
        }
        Fact::CertificatePaused { since } => {
            let since = times(since.as_ref());
            let end = match about.days_left {
                Some(days) if days < 0 => "; its certificate has ended".to_owned(),
                Some(days) => format!("; its certificate ends in {days} days"),
                None => "; it has no certificate".to_owned(),
            };
            format!(
                "{domain} is paused since {since}: nothing is ordered or delivered for it{end}; `evercert resume {domain}` ends this"
            )
        }
        Fact::CertificateResumed { why } => {
            let why = match why {
                Resumed::Asked => "the pause is over; it is looked after again",
                Resumed::Edited => "its settings changed; it is tried again",
                Resumed::Adoptable => "there is a certificate to adopt; it goes on",
            };
            why.to_string()
        }
        Fact::CertificateExpiring { is_shown, waits } => {
            let left = match about.days_left.unwrap_or_default() {
                0 => "less than a day left".to_owned(),
                1 => "less than two days left".to_owned(),
                days => format!("{days} days left"),
            };
            let what = match is_shown {
                true => format!(
                    "{left} of the certificate that visitors get, which is not the installed one; \
                     `evercert why {domain}` says more"
                ),
                false => format!("{left} and not renewed yet"),
            };
            format!("{what}{}", waited_for(waits))
        }
        Fact::CertificateExpired { is_shown, waits } => {
            let what = match is_shown {
                true => {
                    "the certificate that visitors get has expired, and the installed one is not served"
                }
                false => "the certificate has expired and is not renewed",
            };
            format!("{what}{}", waited_for(waits))
        }
        Fact::AccountPaused { what, reason } => {
            let what = match what {
                Refused::All => "is paused",
                Refused::Apply => "may not apply",
                Refused::Fetch => "may not fetch certificates",
            };
            format!("account \"{account}\" {what}: {reason}; mend that and reload")
        }
        Fact::AccountUnreachable { reason } => format!(
            "account \"{account}\": its list can't be had: {reason}; its certificates wait for it together"
        ),
        Fact::AccountResumed => format!("account \"{account}\" works again"),
        Fact::QuotaExhausted { reason } => match &about.main_domain {
            Some(main) => {
                format!("{main}: {reason}; its other names wait too")
            }
            None => format!(
                "account \"{account}\": {reason}; its other certificates wait too"
            ),
        },
        Fact::ApiThrottled {
            is_application: true,
            reason,
        } => format!(
            "account \"{account}\": an application met a limit that is not named: {reason}; one more try tells whether it is \
             the quota"
        ),
        Fact::ApiThrottled { reason, .. } | Fact::ApiRefused { reason } => reason.to_string(),
        Fact::ClockSkewed { seconds } => {
            let side = either(*seconds > 0, "behind", "ahead of");
            format!(
                "this machine's clock is {} seconds {side} the service's; correct it (chrony or systemd-timesyncd)",
                seconds.abs()
            )
        }
        Fact::ValidationZoneElsewhere => {
            "the service says that its DNS does not answer for this name, so `DNS_AUTO` can't prove control of it; host the \
             zone in this account's DNS, or choose another `validation`"
                .to_owned()
        }
        Fact::ValidationPresented { proof } => format!("put up {proof}"),
        Fact::ValidationWanted { proof } => {
            format!("please set {proof}; Evercert goes on by itself once it sees it")
        }
        Fact::ValidationVisible => "the proof can be seen from outside".to_owned(),
        Fact::ValidationUnseen { reason } => {
            format!("the proof is not seen from here, and the CA is asked all the same: {reason}")
        }
        Fact::ValidationAsked => "asked the service to validate".to_owned(),
        Fact::ValidationWaiting { reason } => format!("not validated yet: {reason}"),
        Fact::ValidationFailed {
            is_cleaning,
            reason,
        } => {
            let doing = either(*is_cleaning, "taking down the proof", "validation");
            format!("{doing} fails: {reason}")
        }
        Fact::ValidationCleaned { is_manual } => {
            let what = either(
                *is_manual,
                "the record for validation is no longer needed",
                "what was put up is taken down",
            );
            what.to_string()
        }
        Fact::ValidationLeft { proof, reason } => {
            format!("{proof} is left and can't be taken down: {reason}; please remove it by hand")
        }
        Fact::TwinSeen {
            what: Twin::Orders(prefix),
        } => format!(
            "another Evercert ({prefix}…) orders the same name; one domain belongs to one daemon"
        ),
        Fact::TwinSeen {
            what: Twin::Copy(reason),
        } => format!("{reason}; {CLAIM}"),
        Fact::FleetWaiting { .. }
        | Fact::FleetSameMachine { .. }
        | Fact::FleetDiffers { .. }
        | Fact::FleetTookOver { .. }
        | Fact::FleetBehind { .. } => fleet::text(&event.fact, id),
        Fact::ConfigReloaded { change } => reloaded(change, Language::English),
        Fact::ConfigRejected {
            mistake,
            is_mistake,
            ..
        } => {
            let what = either(*is_mistake, "; the config in force stays as it is", "");
            format!("{mistake}{what}")
        }
        Fact::ConfigWarning { warning } => warning.to_string(),
        Fact::HttpListening { address } => {
            format!("status page at http://{address}/, metrics at http://{address}/metrics")
        }
        Fact::HttpFailed { address, reason } => format!(
            "{address} can't be had: {reason}; there is no status page until it is free, renewing goes on"
        ),
        Fact::TextfileFailed { path, reason } => format!("{path} can't be written: {reason}"),
        Fact::LogDropped { lines } => {
            format!("{lines} lines of the log were dropped, since nobody read it; the work went on")
        }
        Fact::RequestTaken {
            what,
            refusal: None,
        } => format!("asked to {what}"),
        Fact::RequestTaken {
            what,
            refusal: Some(refusal),
        } => format!("asked to {what}, which can't be done: {refusal}"),
        Fact::TurnBroken { what, reason } => format!("{what} broke off: {reason}"),
        Fact::StoreFailed { reason } => format!("{reason}; trying again in 30 seconds"),
        Fact::StoreRestored { orders_after } => {
            let orders_after = times(orders_after.as_ref());
            format!(
            "the database was restored from a backup; what was ordered since then is searched for at the service, and nothing \
             is ordered before {orders_after}")
        }
        Fact::PassStarted => "a pass begins".to_owned(),
        Fact::PassFinished { due } => {
            format!("the check is over; certificates that were due: {due}")
        }
        Fact::PassIdle => "the pass is over".to_owned(),
        Fact::NotificationSent {
            channel,
            title,
            answer,
        } => format!("told {channel}: {title}; {answer}"),
        Fact::NotificationFailed {
            channel,
            what,
            reason,
        } => match what {
            Untold::All => format!("{channel} was not told: {reason}"),
            Untold::Some => format!("{channel} was not told as a whole: {reason}"),
            Untold::GoodPass => format!("{channel} was not told of a good pass: {reason}"),
        },
        Fact::NotificationDropped {
            channel,
            notices,
            reason,
        } => format!("{channel}: {notices} notices are given up after three days: {reason}"),
        Fact::NotificationPretended {
            channel,
            text: Some(text),
        } => format!("would tell {channel}: {text}"),
        Fact::NotificationPretended {
            channel,
            text: None,
        } => format!("would tell {channel} of a good pass"),
        Fact::DaemonStarting {
            version,
            config,
            state_dir,
        } => format!("Evercert {version} starts; config {config}, state in {state_dir}"),
        Fact::DaemonReady {
            certificates,
            state_dir,
        } => {
            let words = either(*certificates == 1, "certificate", "certificates");
            format!("ready: {certificates} {words}, state in {state_dir}")
        }
        Fact::DaemonHeartbeat { counts } => {
            let life = format!(
                "alive; certificates {}, problems {}, due {}, open orders {}",
                counts.certificates, counts.problems, counts.due, counts.orders
            );
            let life = match about.days_left {
                Some(days) if days < 0 => format!("{life}; a certificate has ended"),
                Some(days) => format!("{life}; the soonest certificate ends in {days} days"),
                None => format!("{life}; no certificate is installed yet"),
            };
            match &about.next_attempt {
                Some(due) => format!("{life}; next due {}", times(due)),
                None => life,
            }
        }
        Fact::DaemonHangs { seconds } => format!(
            "a thread of the process has hung for {seconds} seconds, and what it worked on with it; systemd's watchdog ends the \
             process, or restart it yourself"
        ),
        Fact::DaemonStopping => {
            "stopping: what is under way and can't be dropped is waited for".to_owned()
        }
        Fact::DaemonStopped => "stopped".to_owned(),
    }
}

fn waited_for(waits: &Waits) -> String {
    match waits {
        Waits::Nothing => String::new(),
        Waits::Operator(remedy) => format!("; it waits for you: {remedy}"),
        Waits::Retry(error) => format!("; last error: {error}"),
    }
}
