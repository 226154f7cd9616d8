//! `deploy` and `rollback`: bring a certificate to its targets again, or go back to the one before.
//!
//! The request is a row; the daemon on the state folder does it, or the same engine here.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::ask::Asked;
use super::failure::{Failure, exit};
use super::output::tell;
use super::view::{certificate, open};
use crate::daemon::jobs::Jobs;
use crate::daemon::worker::Worker;
use crate::lifecycle::delivery::{Delivery, TargetKind};
use crate::sentence::{Language, Phrase, say, sentences};
use crate::store::{Store, Verb};
use crate::tencent::codes::told;

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
    language: Language,
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
            tell(language.of(&asked_the_daemon()))?;
            return Ok(ExitCode::SUCCESS);
        }
        None => None,
    };
    if let Err(reason) = asked.answer(request).await? {
        return Err(Failure::other(refused(&domain, reason)));
    }
    let mut progress = Progress {
        language,
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

sentences! {
    asked_the_daemon() "asked the daemon; `evercert status` shows how far it is\n" "已交给守护进程；`evercert status` 显示进度\n";
    refused(domain, reason) "{domain}: {reason}" "{domain}：{reason}";
    not_in_record(domain) "{domain} is not in the record" "记录中没有 {domain}";
    no_certificate(domain) "{domain}: there is no certificate yet" "{domain}：还没有证书";
    stands(state, reason) "{state}: {reason}" "{state}：{reason}";
    rolled_back(domain) "{domain}: rolled back to the previous certificate; the next renewal, or `evercert deploy`, ends that\n" "{domain}：已回退到上一张证书；下次续期或执行 `evercert deploy` 会恢复\n";
    no_target(domain) "{domain}: it has no target in the config; the live folder has it\n" "{domain}：配置中没有部署目标；证书在 live 目录中\n";
    delivered(domain) "{domain}: delivered\n" "{domain}：部署完成\n";
}

/// How a target stands, in words.
fn state_of(status: &'static str) -> Phrase {
    let chinese = match status {
        "waiting" => "等待",
        "done" => "完成",
        "failing" => "失败",
        _ => "进行中",
    };
    say(status, chinese)
}

/// What is shown while one waits.
struct Progress {
    language: Language,
    domain: String,
    back: bool,
    shown: Vec<(String, String)>,
}

impl Progress {
    /// Shows what changed. The exit code once every target is done, or failed.
    async fn look(&mut self, store: &Store) -> Result<Option<ExitCode>, Failure> {
        let Some(known) = store.deliveries(&self.domain).await? else {
            return Err(Failure::other(not_in_record(&self.domain)));
        };
        let Some(wanted) = &known.wanted else {
            return Err(Failure::other(no_certificate(&self.domain)));
        };
        let rows: Vec<&Delivery> = known
            .rows
            .iter()
            .filter(|row| row.kind() != TargetKind::Failure)
            .collect();
        for row in &rows {
            let state = state_of(row.status(Some(wanted)));
            let text = match &row.last_error {
                Some(error) if row.attempts > 0 => stands(state, told(None, error)),
                _ => state.sentence(),
            };
            let text = self.language.of(&text).to_owned();
            let line = (row.title.clone(), text);
            if !self.shown.contains(&line) {
                tell(&format!("{}  {}  {}\n", self.domain, line.0, line.1))?;
                self.shown.retain(|(title, _)| *title != line.0);
                self.shown.push(line);
            }
        }
        // What was served before is no answer: the check looks once more after the last target.
        let looks = |row: &&Delivery| row.kind() == TargetKind::Verify && row.next_at.is_some();
        if known.all_done() && !rows.iter().copied().any(|row| looks(&row)) {
            let words = match (self.back, rows.is_empty()) {
                (true, _) => rolled_back(&self.domain),
                (false, true) => no_target(&self.domain),
                (false, false) => delivered(&self.domain),
            };
            tell(self.language.of(&words))?;
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
