//! `deploy` and `rollback`: bring a certificate to its targets again, or go back to the one before.
//!
//! With a daemon on the state folder, the request is a row that it sees; else the folder's lock is taken and the same
//! engine does the same work here.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::failure::{FAILED, Failure};
use super::identity::become_owner;
use super::output::print;
use super::view::certificate;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::daemon::assemble;
use crate::daemon::jobs::Jobs;
use crate::daemon::worker::Worker;
use crate::lifecycle::delivery::{Delivery, Kind, all_done};
use crate::observe::{Format, log};
use crate::store::{Lock, Store};

/// How often the record is read for progress.
const LOOK: Duration = Duration::from_millis(300);

/// A daemon that does not take a request for this long is not well.
const UNANSWERED: Duration = Duration::from_secs(120);

/// What `deploy` and `rollback` take.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which domain
    domain: String,
    /// Don't wait until it is done
    #[arg(long)]
    no_wait: bool,
}

/// `back`: go back to the previous certificate; else deliver the present one again.
pub(super) async fn run(
    path: &Path,
    arguments: &Arguments,
    back: bool,
) -> Result<ExitCode, Failure> {
    let loaded = config::load(path)?;
    let domain = certificate(&loaded.config, &arguments.domain)?
        .domain
        .clone();
    let state_dir = loaded.config.state_dir.clone();
    become_owner(&state_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut wait = Wait {
        domain,
        back,
        clock: Arc::clone(&clock),
        shown: Vec::new(),
    };
    if Lock::is_taken(&state_dir)? {
        let store = Store::open(&state_dir, clock.now()).await?;
        let request = store.ask_delivery(clock.now(), &wait.domain, back).await?;
        if arguments.no_wait {
            print("asked the daemon; `evercert status` shows how far it is\n")?;
            return Ok(ExitCode::SUCCESS);
        }
        wait.answered(&store, request).await?;
        loop {
            if let Some(code) = wait.look(&store).await? {
                return Ok(code);
            }
            clock.sleep(LOOK).await;
        }
    }
    log::init(Format::Auto, "warn").map_err(|error| Failure::other(error.to_string()))?;
    let assembled = assemble::assemble(loaded, Arc::clone(&clock)).await?;
    let store = assembled.engine.store().clone();
    let request = store.ask_delivery(clock.now(), &wait.domain, back).await?;
    let jobs = Jobs::new(&assembled.engine, &clock);
    let mut worker = Worker::new(vec![jobs.deliveries]);
    worker.tick(clock.now());
    worker.progress().await.outcome?;
    wait.answered(&store, request).await?;
    loop {
        if let Some(code) = wait.look(&store).await? {
            store.close().await;
            return Ok(code);
        }
        worker.work_for(clock.now(), clock.sleep(LOOK)).await?;
    }
}

/// What is shown while one waits.
struct Wait {
    domain: String,
    back: bool,
    clock: Arc<dyn Clock>,
    shown: Vec<(String, String)>,
}

impl Wait {
    /// Waits until the request is taken up.
    async fn answered(&self, store: &Store, request: i64) -> Result<(), Failure> {
        let began = self.clock.monotonic();
        loop {
            match store.delivery_answer(request).await? {
                Some(Ok(())) => return Ok(()),
                Some(Err(reason)) => {
                    return Err(Failure::other(format!("{}: {reason}", self.domain)));
                }
                None => {}
            }
            if self.clock.monotonic() - began > UNANSWERED {
                return Err(Failure::other(
                    "the daemon has not taken the request for two minutes; look at its log",
                ));
            }
            self.clock.sleep(LOOK).await;
        }
    }

    /// Shows what changed. The exit code once every target is done, or failed.
    async fn look(&mut self, store: &Store) -> Result<Option<ExitCode>, Failure> {
        let Some(known) = store.deliveries(&self.domain).await? else {
            return Err(Failure::other(format!(
                "{} is not in the record",
                self.domain
            )));
        };
        let Some(wanted) = &known.wanted else {
            return Err(Failure::other(format!(
                "{}: there is no certificate yet",
                self.domain
            )));
        };
        let rows: Vec<&Delivery> = known
            .rows
            .iter()
            .filter(|row| row.kind != Kind::Failure)
            .collect();
        for row in &rows {
            let state = row.state(Some(wanted));
            let text = match &row.last_error {
                Some(error) if row.attempts > 0 => format!("{state}: {error}"),
                _ => state.to_owned(),
            };
            let line = (row.title.clone(), text);
            if !self.shown.contains(&line) {
                print(&format!("{}  {}  {}\n", self.domain, line.0, line.1))?;
                self.shown.retain(|(title, _)| *title != line.0);
                self.shown.push(line);
            }
        }
        if all_done(&known.rows, wanted) {
            let words = match (self.back, rows.is_empty()) {
                (true, _) => {
                    "went back to the previous certificate; the next renewal, or `evercert deploy`, ends that"
                }
                (false, true) => "it has no target in the config; the live folder has it",
                (false, false) => "delivered",
            };
            print(&format!("{}: {words}\n", self.domain))?;
            return Ok(Some(ExitCode::SUCCESS));
        }
        // A check that waits for a target which failed will not come to its turn.
        let settled = rows.iter().all(|row| {
            row.attempts > 0
                || row.is_done(wanted)
                || (row.kind == Kind::Verify && row.next_at.is_none())
        });
        let failed = rows.iter().any(|row| row.attempts > 0);
        Ok((settled && failed).then_some(ExitCode::from(FAILED)))
    }
}
