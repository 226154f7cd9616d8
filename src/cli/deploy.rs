//! `deploy` and `rollback`: bring a certificate to its targets again, or go back to the one before.
//!
//! The request is a row; the daemon on the state folder does it, or the same engine here.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::ask::Asked;
use super::failure::{Failure, exit};
use super::output::print;
use super::view::{certificate, open};
use crate::daemon::jobs::Jobs;
use crate::daemon::worker::Worker;
use crate::lifecycle::delivery::{Delivery, TargetKind};
use crate::store::{Store, Verb};

/// How often the record is read for progress.
const LOOK: Duration = Duration::from_millis(300);

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
    let loaded = open(path)?;
    let domain = certificate(&loaded.config, &arguments.domain)?
        .domain
        .clone();
    let verb = if back { Verb::Rollback } else { Verb::Deploy };
    let asked = Asked::find(&loaded, "warn").await?;
    let request = asked.ask(&verb(domain.clone())).await?;
    let mut worker = match &asked.here {
        Some(here) => {
            let jobs = Jobs::new(&here.engine, &asked.clock);
            let mut worker = Worker::new(vec![jobs.deliveries]);
            worker.tick(asked.clock.now());
            worker.progress().await?;
            Some(worker)
        }
        None if arguments.no_wait => {
            print("asked the daemon; `evercert status` shows how far it is\n")?;
            return Ok(ExitCode::SUCCESS);
        }
        None => None,
    };
    if let Err(reason) = asked.answer(request).await? {
        return Err(Failure::other(format!("{domain}: {reason}")));
    }
    let mut progress = Progress {
        domain,
        back,
        shown: Vec::new(),
    };
    loop {
        if let Some(code) = progress.look(&asked.store).await? {
            asked.store.close().await;
            return Ok(code);
        }
        let pause = asked.clock.sleep(LOOK);
        match &mut worker {
            Some(worker) => worker.work_for(asked.clock.now(), pause).await?,
            None => pause.await,
        }
    }
}

/// What is shown while one waits.
struct Progress {
    domain: String,
    back: bool,
    shown: Vec<(String, String)>,
}

impl Progress {
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
            .filter(|row| row.kind() != TargetKind::Failure)
            .collect();
        for row in &rows {
            let state = row.status(Some(wanted));
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
        // What was served before is no answer: the check looks once more after the last target.
        let looks = |row: &&Delivery| row.kind() == TargetKind::Verify && row.next_at.is_some();
        if known.all_done() && !rows.iter().copied().any(|row| looks(&row)) {
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
                || (row.kind() == TargetKind::Verify && row.next_at.is_none())
        });
        let failed = rows.iter().any(|row| row.attempts > 0);
        Ok((settled && failed).then_some(exit(false)))
    }
}
