//! `why DOMAIN`: which rule decides about this certificate now, with the numbers behind it.

use std::path::Path;
use std::process::ExitCode;

use chrono::TimeDelta;

use super::failure::Failure;
use super::output::{local, print};
use super::view::{Line, View};
use crate::lifecycle::{HoldScope, Rest, Stage, Step, due};

/// What `why` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domain
    domain: String,
}

pub(super) async fn run(config: &Path, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let view = View::open(config).await?;
    let certificate = view.certificate(&arguments.domain)?;
    let line = view.line(certificate);
    let mut text = format!("{}: {}\n\n", line.display, answer(&view, &line));
    for fact in facts(&view, &line) {
        text.push_str(&format!("  {fact}\n"));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The answer in a sentence.
fn answer(view: &View, line: &Line<'_>) -> String {
    match &line.step {
        Step::Order { why, link } => {
            let how = match link {
                Some(old) => format!("as a renewal of {old}"),
                None => "as a new certificate".to_owned(),
            };
            let when = if line.schedule.in_flight {
                "in the next pass"
            } else {
                "at the next scheduled check"
            };
            format!("will be ordered {when} {how}, because {}", why.words())
        }
        Step::LookUp => "an application was sent and its answer lost; it is searched for before anything is ordered".to_owned(),
        Step::Poll => "an order is pending; it is looked at in the next pass".to_owned(),
        Step::Fetch => "the certificate is issued; it is fetched in the next pass".to_owned(),
        Step::Rest { why, until } => {
            let until = until.map_or_else(|| "you act".to_owned(), local);
            match why {
                Rest::Fresh => format!("won't be renewed now; its window opens {until}"),
                Rest::Pending => format!("an order is pending; it is looked at {until}"),
                Rest::Backoff => format!("failed, and is tried again {until}"),
                Rest::Paused => {
                    "paused by `evercert pause`; nothing is done for it until `evercert resume`"
                        .to_owned()
                }
                Rest::Parked => "waits for you, and does nothing by itself".to_owned(),
                Rest::Hold(hold) => format!("is held back until {until}: {}", hold.failure.message),
                Rest::Removed => format!("is not in the config (seen {})", local(view.now)),
            }
        }
    }
}

fn facts(view: &View, line: &Line<'_>) -> Vec<String> {
    let (record, policy, now) = (&line.record, &line.policy, view.now);
    let mut facts = vec![format!("now: {}", local(now))];
    match &record.installed {
        Some(installed) => {
            let left = installed.not_after - now;
            facts.push(format!(
                "installed: {} of account \"{}\", valid until {} ({} days left)",
                installed.certificate_id,
                installed.account,
                local(installed.not_after),
                left.num_days()
            ));
            facts.push(format!(
                "window: {} days before the end (renew_before, 30 days and half the lifetime: the smallest), from {}",
                (installed.not_after - policy.renew_at(installed)).num_days(),
                local(policy.renew_at(installed))
            ));
            if let Some(shown) = record.shown_until {
                facts.push(format!(
                    "what visitors get is an earlier certificate, valid until {} ({} days left): it was gone back to, or a \
                     target still has it; `evercert deploy {}` brings the installed one",
                    local(shown),
                    (shown - now).num_days(),
                    record.domain
                ));
            }
            if let Some(status) = record.dead {
                facts.push(format!(
                    "the service calls the installed certificate revoked or refunded (status {status})"
                ));
            }
            facts.push(format!(
                "without waiting for a scheduled check: from {}",
                local(policy.urgent_at(installed))
            ));
        }
        None => facts.push("installed: nothing".to_owned()),
    }
    if let Some(trouble) = view.live_trouble(&record.domain) {
        facts.push(format!("live folder: {trouble}"));
    }
    let words = due(now, policy, record).map_or("no", |due| due.words());
    facts.push(format!("due: {words}"));
    if let Some(order) = &record.order {
        facts.push(order_fact(order, now));
    }
    if let Some(foreign) = record.foreign.as_ref().filter(|_| record.waits_for_other()) {
        facts.push(format!(
            "somebody else's order is waited for: {} (since {})",
            foreign.certificate_id,
            local(foreign.since)
        ));
    }
    let retry = &record.retry;
    facts.push(format!(
        "failures in a row: {}; orders lost in a row: {}",
        retry.failures, retry.lost_orders
    ));
    if let Some(last) = &retry.last {
        facts.push(format!("last error ({}): {}", last.class, last.message));
    }
    if let Some(at) = retry.not_before {
        facts.push(format!("not before: {}", local(at)));
    }
    if retry.without_link {
        facts.push("the service refused the renewal link: the next order goes without".to_owned());
    }
    if let Some(forced) = record.forced {
        facts.push(format!("asked for by you: {}", local(forced)));
    }
    if let Some(parked) = &record.parked {
        facts.push(format!(
            "parked since {}: {}",
            local(parked.since),
            parked.reason
        ));
        facts.push(format!("remedy: {}", parked.remedy));
    }
    for hold in &line.holds {
        let what = match &hold.scope {
            HoldScope::Account => "every call of the account".to_owned(),
            HoldScope::Orders => "orders of the account".to_owned(),
            HoldScope::MainDomain(main) => format!("orders below {main}"),
            HoldScope::List => "what needs the account's list".to_owned(),
            HoldScope::Fetch => "fetching issued certificates".to_owned(),
        };
        let state = if hold.in_force(now) {
            "held back"
        } else {
            "was held back"
        };
        facts.push(format!("{what}: {state} until {}", local(hold.until)));
    }
    let pace = |delta: TimeDelta| format!("{} s", delta.num_seconds());
    facts.push(format!(
        "schedule: checks at \"{}\" local time; pending orders every {} at first",
        view.config.schedule.check,
        pace(policy.poll)
    ));
    facts
}

fn order_fact(order: &crate::lifecycle::Order, now: chrono::DateTime<chrono::Utc>) -> String {
    match &order.stage {
        Stage::Intended { signed_at, looks } => format!(
            "order {}: signed {}, searched for {looks} times",
            order.marker,
            local(*signed_at)
        ),
        Stage::Pending {
            certificate_id,
            since,
            status,
            ..
        } => format!(
            "order {certificate_id}: pending for {} minutes, status {status}",
            (now - *since).num_minutes()
        ),
        Stage::Issued { certificate_id } => {
            format!("order {certificate_id}: issued, not fetched yet")
        }
    }
}
