//! `renew`: one pass now, with progress until it is done.
//!
//! With a daemon on the state folder, the request is a row that it sees; else the folder's lock is taken and the same
//! engine does the same work here.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use super::failure::{FAILED, Failure};
use super::identity::become_owner;
use super::output::{is_lively, local, print};
use super::plan;
use super::view::{View, certificate};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Loaded};
use crate::daemon::assemble;
use crate::daemon::jobs::Jobs;
use crate::engine::Settings;
use crate::lifecycle::delivery::Kind;
use crate::lifecycle::{self, Hold, Record, Rest, Step, due, schedule};
use crate::observe::{Format, log};
use crate::store::{Lock, RequestState, Store};

/// How often the record is read for progress.
const LOOK: Duration = Duration::from_millis(500);
/// How long proofs of control may still be at work at the end.
const PROOFS: Duration = Duration::from_secs(10);

/// A daemon that does not take a request for this long is not well.
const UNANSWERED: Duration = Duration::from_secs(120);

/// What `renew` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domains; all that are due if none is given
    domains: Vec<String>,
    /// Order anew even outside the window: each costs one of the account's free certificates
    #[arg(long, requires = "domains")]
    force: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Don't wait for orders to be issued
    #[arg(long)]
    no_wait: bool,
}

pub(super) async fn run(path: &Path, arguments: Arguments) -> Result<ExitCode, Failure> {
    let loaded = config::load(path)?;
    let mut domains = Vec::new();
    for written in &arguments.domains {
        domains.push(certificate(&loaded.config, written)?.domain.clone());
    }
    if arguments.dry_run {
        return dry_run(path, &domains).await;
    }
    become_owner(&loaded.config.state_dir)?;
    let state_dir = loaded.config.state_dir.clone();
    refuse_paused(&state_dir, &domains).await?;
    if Lock::is_taken(&state_dir)? {
        return ask_the_daemon(loaded.config, domains, &arguments).await;
    }
    do_it_here(loaded, domains, &arguments).await
}

async fn dry_run(path: &Path, domains: &[String]) -> Result<ExitCode, Failure> {
    let view = View::open(path, &[]).await?;
    let mut lines = view.lines();
    if !domains.is_empty() {
        lines.retain(|line| domains.contains(&line.record.domain));
    }
    plan::show(&view, &lines, false)?;
    Ok(ExitCode::SUCCESS)
}

/// A pause is its operator's word; another one must not end it by the way.
async fn refuse_paused(state_dir: &Path, domains: &[String]) -> Result<(), Failure> {
    // A database that can't be read is said by what follows.
    let Ok(Some(store)) = Store::open_read_only(state_dir).await else {
        return Ok(());
    };
    for domain in domains {
        let listing = store.record(domain).await?;
        if listing.is_some_and(|listing| listing.record.paused.is_some()) {
            return Err(Failure::other(format!(
                "{domain} is paused; `evercert resume {domain}` first"
            )));
        }
    }
    store.close().await;
    Ok(())
}

async fn ask_the_daemon(
    config: Config,
    domains: Vec<String>,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let clock = SystemClock::new();
    let asked_at = clock.now();
    let store = Store::open(&config.state_dir, asked_at).await?;
    let request = store.ask(asked_at, &domains, arguments.force).await?;
    if arguments.no_wait {
        print("asked the daemon; `evercert status` shows how far it is\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut progress = Progress::new(config, domains, asked_at);
    let began = clock.monotonic();
    loop {
        let state = store.request_state(request).await?;
        let waiting = state == Some(RequestState::Waiting);
        if waiting && clock.monotonic() - began > UNANSWERED {
            return Err(Failure::other(
                "the daemon has not taken the request for two minutes; look at its log",
            ));
        }
        let stand = progress.look(&store, clock.now()).await?;
        if stand.is_done() && state == Some(RequestState::Done) {
            return progress.end();
        }
        clock.sleep(LOOK).await;
    }
}

async fn do_it_here(
    loaded: Loaded,
    domains: Vec<String>,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    // Progress is on standard output; the log only has what may need a person.
    log::init(Format::Auto, "warn").map_err(|error| Failure::other(error.to_string()))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let asked_at = clock.now();
    let config = loaded.config.clone();
    let assembled = assemble::assemble(loaded, Arc::clone(&clock)).await?;
    let store = assembled.engine.store().clone();
    let mut progress = Progress::new(config, domains.clone(), asked_at);
    progress.alone = true;
    store.ask(asked_at, &domains, arguments.force).await?;
    let jobs = Jobs::new(&assembled.engine, &clock);
    let mut worker = jobs.worker();
    let (mut has_passed, mut is_last) = (false, false);
    loop {
        worker.work_for(clock.now(), clock.sleep(LOOK)).await?;
        let stand = progress.look(&store, clock.now()).await?;
        has_passed |= jobs.orders.take_passed().is_some();
        if !has_passed || !worker.is_idle(Jobs::ORDERS) {
            continue;
        }
        if stand.is_due > 0 && !arguments.no_wait {
            // What was adopted may be due for its renewal already: nobody else comes to see that.
            jobs.orders.check();
        } else if stand.is_done() && !is_last && !arguments.no_wait {
            // One more pass takes down what was put up as proof, and may find something new to do.
            jobs.orders.look_once_more();
            is_last = true;
        } else if stand.is_done() || arguments.no_wait {
            worker.stop();
            worker
                .finish(|job| job != Jobs::DELIVERIES, clock.sleep(PROOFS))
                .await?;
            worker.end().await;
            store.close().await;
            return progress.end();
        } else {
            continue;
        }
        has_passed = false;
        worker.wake();
    }
}

/// How all that was asked for, or found due, stands.
#[derive(Clone, Copy, Default)]
struct Stand {
    /// So many have an order, or are being delivered.
    under_way: u32,
    /// So many are to be ordered now, and wait for a pass.
    is_due: u32,
}

impl Stand {
    /// Nothing of it is under way any more.
    fn is_done(self) -> bool {
        self.under_way == 0 && self.is_due == 0
    }
}

/// What is shown while one waits.
struct Progress {
    config: Config,
    /// No daemon does what waits for a scheduled check.
    alone: bool,
    /// The names asked for; those with an order since, where none was named.
    domains: Vec<String>,
    named: bool,
    asked_at: DateTime<Utc>,
    shown: std::collections::HashMap<String, String>,
    bar: Option<ProgressBar>,
    failed: Vec<String>,
}

impl Progress {
    fn new(config: Config, domains: Vec<String>, asked_at: DateTime<Utc>) -> Self {
        let bar = is_lively().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            config,
            alone: false,
            named: !domains.is_empty(),
            domains,
            asked_at,
            shown: std::collections::HashMap::new(),
            bar,
            failed: Vec::new(),
        }
    }

    /// Reads the record and shows what changed.
    async fn look(&mut self, store: &Store, now: DateTime<Utc>) -> Result<Stand, Failure> {
        let mut listings = Vec::new();
        if self.named {
            for domain in &self.domains {
                listings.extend(store.record(domain).await?);
            }
        } else {
            // What an earlier day left failing or parked is `status`'s to tell.
            listings = store.looked_at_since(self.asked_at).await?;
        }
        self.failed.clear();
        let holds = store.holds().await?;
        let (mut stand, mut fresh) = (Stand::default(), 0);
        for listing in &listings {
            let record = &listing.record;
            let looked = listing.looked_at.is_some_and(|at| at >= self.asked_at);
            let delivery = delivery(store, &record.domain).await?;
            if record.order.is_some() || record.waits_for_other() || !looked {
                stand.under_way += 1;
            } else if record.parked.is_some() || record.retry.failures > 0 {
                self.failed.push(record.domain.clone());
            } else {
                match (self.next(record, &holds, now), &delivery) {
                    (Next::Order, _) => stand.is_due += 1,
                    // Due, and kept back by something that concerns more than this name.
                    (Next::HeldBack, _) => self.failed.push(record.domain.clone()),
                    (Next::Nothing, Delivered::Done) => fresh += 1,
                    (Next::Nothing, Delivered::UnderWay) => stand.under_way += 1,
                    (Next::Nothing, Delivered::Failed(_)) => {
                        self.failed.push(record.domain.clone())
                    }
                }
            }
            self.show(record, &delivery, now)?;
        }
        if let Some(bar) = &self.bar {
            bar.set_message(format!(
                "{fresh} done, {} under way, {} failed",
                stand.under_way + stand.is_due,
                self.failed.len()
            ));
        }
        Ok(stand)
    }

    /// What a name that has no order is to expect.
    fn next(&self, record: &Record, holds: &[Hold], now: DateTime<Utc>) -> Next {
        let Some(certificate) = self
            .config
            .certificates
            .iter()
            .find(|certificate| certificate.domain == record.domain)
        else {
            return Next::Nothing;
        };
        let policy = Settings::policy_of(&self.config, certificate);
        let of_account: Vec<Hold> = holds
            .iter()
            .filter(|hold| hold.account == record.account)
            .cloned()
            .collect();
        match lifecycle::plan(now, &policy, record, &of_account) {
            Step::Order { .. } => {
                let schedule = schedule(now, &policy, record, &of_account);
                let is_now = schedule.in_flight || schedule.urgent_at.is_some_and(|at| at <= now);
                if self.alone || is_now {
                    Next::Order
                } else {
                    Next::Nothing
                }
            }
            Step::Rest {
                why: Rest::Hold(_) | Rest::Paused,
                ..
            } if due(now, &policy, record).is_some() => Next::HeldBack,
            _ => Next::Nothing,
        }
    }

    fn show(
        &mut self,
        record: &Record,
        delivery: &Delivered,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let state = record.state(now);
        let text = match (&record.held, &record.retry.last) {
            (_, Some(last)) if record.retry.failures > 0 => format!("{state}: {}", last.message),
            (Some(held), _) if state == "installed" => match delivery {
                Delivered::Done => format!("installed, valid until {}", local(held.not_after)),
                Delivered::UnderWay => "installed; being delivered".to_owned(),
                Delivered::Failed(reason) => format!("installed, and not delivered: {reason}"),
            },
            _ => state.to_owned(),
        };
        if self.shown.get(&record.domain) == Some(&text) {
            return Ok(());
        }
        let line = format!("{}  {text}\n", record.domain);
        match &self.bar {
            Some(bar) => bar.suspend(|| print(&line))?,
            None => print(&line)?,
        }
        self.shown.insert(record.domain.clone(), text);
        Ok(())
    }

    fn end(self) -> Result<ExitCode, Failure> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.shown.is_empty() {
            print("nothing is due\n")?;
        }
        Ok(if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(FAILED)
        })
    }
}

/// What is to come of a name without an order.
enum Next {
    /// Nothing now.
    Nothing,
    /// A pass orders it.
    Order,
    /// It is due, and waits.
    HeldBack,
}

/// How far a certificate's targets are.
enum Delivered {
    Done,
    UnderWay,
    Failed(String),
}

async fn delivery(store: &Store, domain: &str) -> Result<Delivered, Failure> {
    let Some(known) = store.deliveries(domain).await? else {
        return Ok(Delivered::Done);
    };
    let Some(wanted) = &known.wanted else {
        return Ok(Delivered::Done);
    };
    let rows = known.rows.iter().filter(|row| row.kind != Kind::Failure);
    let failing = rows.clone().find(|row| row.attempts > 0);
    Ok(match failing {
        Some(row) => Delivered::Failed(row.last_error.clone().unwrap_or_default()),
        None if rows.clone().all(|row| row.is_done(wanted)) => Delivered::Done,
        None => Delivered::UnderWay,
    })
}
