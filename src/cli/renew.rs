//! `renew`: one pass now, with progress until it is done.
//!
//! The request is a row; the daemon on the state folder does it, or the same engine here.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};

use super::ask::{Absence, Asked};
use super::awaited;
use super::deploy::asked_the_daemon;
use super::failure::{Failure, exit};
use super::output::{is_lively, local, tell};
use super::plan;
use super::step::turn;
use super::targets::how_far;
use super::view::{View, domains, open};
use crate::config::Config;
use crate::daemon::assemble::Assembled;
use crate::daemon::jobs::Jobs;
use crate::engine::{Settings, awaited_of_a_person};
use crate::lifecycle::delivery::Reached;
use crate::lifecycle::{
    self, Challenge, Hold, Policy, Proof, Record, Rest, Standing, State, Step, due, schedule,
};
use crate::sentence::{Language, Sentence, say, sentences};
use crate::store::{RequestState, Store, Verb};
use crate::tencent::codes::reason;

/// How often the record is read for progress.
const LOOK: Duration = Duration::from_millis(500);
/// How long proofs of control may still be at work at the end.
const PROOFS: Duration = Duration::from_secs(10);

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

pub(super) async fn run(
    path: &Path,
    language: Language,
    arguments: Arguments,
) -> Result<ExitCode, Failure> {
    let loaded = open(path)?;
    let domains = domains(&loaded.config, &arguments.domains)?;
    if arguments.dry_run {
        return dry_run(loaded.config, language, &domains).await;
    }
    if domains.is_empty() {
        tell_paused(&loaded.config.state_dir, language).await?;
    }
    refuse_paused(&loaded.config.state_dir, &domains).await?;
    // Progress is on standard output; the log only has what may need a person.
    let asked = Asked::find(&loaded, "warn").await?;
    let progress = Progress::new(loaded.config, language, domains.clone(), &asked);
    let renew = Verb::Renew {
        domains,
        force: arguments.force,
    };
    let request = asked.ask(&renew).await?;
    match &asked.here {
        Some(here) => do_it_here(here, &asked, progress, arguments.no_wait).await,
        None if arguments.no_wait => {
            tell(language.of(&asked_the_daemon()))?;
            Ok(ExitCode::SUCCESS)
        }
        None => wait(&asked, request, progress).await,
    }
}

async fn dry_run(
    config: Config,
    language: Language,
    domains: &[String],
) -> Result<ExitCode, Failure> {
    let view = View::of(config, language).await?;
    let mut lines = view.lines();
    if !domains.is_empty() {
        lines.retain(|line| domains.contains(&line.record.domain));
    }
    plan::show(&view, language, &lines, false)?;
    Ok(ExitCode::SUCCESS)
}

sentences! {
    is_paused(state, domain) "{state}: nothing is done for it until `evercert resume {domain}`" "{state}：执行 `evercert resume {domain}` 之前不做任何处理";
    tried(state, until, reason) "{state}, tried again {until}: {reason}" "{state}，{until} 重试：{reason}";
    because(state, reason) "{state}: {reason}" "{state}：{reason}";
    valid(state, end) "{state}, valid until {end}" "{state}，有效期至 {end}";
    counts(done, under_way, failed) "{done} done, {under_way} under way, {failed} failed" "{done} 张完成，{under_way} 张处理中，{failed} 张失败";
    counts_with_paused(done, under_way, failed, paused) "{done} done, {under_way} under way, {failed} failed, {paused} paused" "{done} 张完成，{under_way} 张处理中，{failed} 张失败，{paused} 张已暂停";
}

/// Where all are meant, says of those that are paused that nothing is done for them.
async fn tell_paused(state_dir: &Path, language: Language) -> Result<(), Failure> {
    let Ok(Some(store)) = Store::open_to_look(state_dir).await else {
        return Ok(());
    };
    for paused in store.paused().await? {
        let (domain, state) = (&paused.domain, language.of_phrase(say("paused", "已暂停")));
        let text = is_paused(state, domain);
        tell(&format!("{domain}  {}\n", language.of(&text)))?;
    }
    store.close().await;
    Ok(())
}

/// A pause is its operator's word; another one must not end it by the way.
async fn refuse_paused(state_dir: &Path, domains: &[String]) -> Result<(), Failure> {
    // A database that can't be read is said by what follows.
    let Ok(Some(store)) = Store::open_to_look(state_dir).await else {
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

/// Shows what the daemon does, until it is done.
async fn wait(asked: &Asked, request: i64, mut progress: Progress) -> Result<ExitCode, Failure> {
    let began = asked.clock.monotonic();
    let mut absence = Absence::default();
    loop {
        let state = asked.store.request_state(request).await?;
        if state == RequestState::Waiting {
            asked.give_up(&state, began)?;
        }
        // Its pass is over: whether a record was looked at since needs no clock, which may have been put back.
        let has_passed = matches!(state, RequestState::Done(_));
        let stand = progress
            .look(&asked.store, asked.clock.now(), has_passed)
            .await?;
        if stand.is_done() && has_passed {
            return progress.end();
        }
        asked.must_be_there(&mut absence)?;
        asked.clock.sleep(LOOK).await;
    }
}

/// Does what is asked with an engine of this process, showing progress.
async fn do_it_here(
    here: &Assembled,
    asked: &Asked,
    mut progress: Progress,
    no_wait: bool,
) -> Result<ExitCode, Failure> {
    let Asked { clock, store, .. } = asked;
    let jobs = Jobs::new(&here.engine, clock);
    let mut worker = jobs.worker();
    let (mut has_passed, mut is_last) = (false, false);
    loop {
        worker.work_for(clock.now(), clock.sleep(LOOK)).await?;
        has_passed |= jobs.orders.take_passed().is_some();
        let stand = progress.look(store, clock.now(), has_passed).await?;
        if !has_passed || !worker.is_idle(Jobs::ORDERS) {
            continue;
        }
        if !stand.due.is_empty() && !no_wait {
            // What was adopted may be due for its renewal already: nobody else comes to see that.
            here.engine.look_soon(&stand.due).await?;
        } else if stand.is_done() && !is_last && !no_wait {
            // One more pass takes down what was put up as proof, and may find something new to do.
            jobs.orders.look_once_more();
            is_last = true;
        } else if stand.is_done() || no_wait {
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
#[derive(Default)]
struct Stand {
    /// So many have an order, or are being delivered.
    under_way: usize,
    /// They are to be ordered now, and wait for a pass.
    due: Vec<String>,
}

impl Stand {
    /// Nothing of it is under way any more.
    fn is_done(&self) -> bool {
        self.under_way == 0 && self.due.is_empty()
    }
}

/// What is shown while one waits.
struct Progress {
    config: Config,
    language: Language,
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
    fn new(config: Config, language: Language, domains: Vec<String>, asked: &Asked) -> Self {
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
            language,
            alone: asked.here.is_some(),
            named: !domains.is_empty(),
            domains,
            asked_at: asked.clock.now(),
            shown: std::collections::HashMap::new(),
            bar,
            failed: Vec::new(),
        }
    }

    /// Reads the record and shows what changed.
    async fn look(
        &mut self,
        store: &Store,
        now: DateTime<Utc>,
        has_passed: bool,
    ) -> Result<Stand, Failure> {
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
        let (holds, proofs) = (store.holds().await?, store.proofs().await?);
        let (mut stand, mut fresh, mut paused) = (Stand::default(), 0, 0);
        for listing in &listings {
            let record = &listing.record;
            let looked = has_passed || listing.looked_at.is_some_and(|at| at >= self.asked_at);
            let delivery = how_far(store, &record.domain).await?;
            if record.order.is_some() || record.waits_for_other() || !looked {
                stand.under_way += 1;
            } else if record.parked.is_some() || record.retry.failures > 0 {
                self.failed.push(record.domain.clone());
            } else {
                match (self.next(record, &holds, now), delivery.0) {
                    (Next::Paused, _) => paused += 1,
                    (Next::Order, _) => stand.due.push(record.domain.clone()),
                    (Next::Turn(_), _) => stand.under_way += 1,
                    // Due, and kept back by something that concerns more than this name.
                    (Next::HeldBack, _) => self.failed.push(record.domain.clone()),
                    (Next::Nothing, Reached::Done) => fresh += 1,
                    (Next::Nothing, Reached::UnderWay) => stand.under_way += 1,
                    (Next::Nothing, Reached::Failing) => self.failed.push(record.domain.clone()),
                }
            }
            let awaited = self.awaited(record, &proofs);
            self.show(record, &delivery, &holds, !awaited.is_empty(), now)?;
            self.show_awaited(record, awaited)?;
        }
        if let Some(bar) = &self.bar {
            let (under_way, failed) = (stand.under_way + stand.due.len(), self.failed.len());
            let text = match paused {
                0 => counts(fresh, under_way, failed),
                paused => counts_with_paused(fresh, under_way, failed, paused),
            };
            bar.set_message(self.language.of(&text).to_owned());
        }
        Ok(stand)
    }

    /// What was asked for this certificate, where the config names it, and what its account's holds are.
    fn asked_for(&self, record: &Record, holds: &[Hold]) -> (Option<Policy>, Vec<Hold>) {
        let mut certificates = self.config.certificates.iter();
        let certificate = certificates.find(|certificate| certificate.domain == record.domain);
        let policy = certificate.map(|certificate| Settings::policy_of(&self.config, certificate));
        let account = record.acting_account();
        let of_account = holds.iter().filter(|hold| hold.account == account);
        (policy, of_account.cloned().collect())
    }

    /// What a name that has no order is to expect.
    fn next(&self, record: &Record, holds: &[Hold], now: DateTime<Utc>) -> Next {
        let (Some(policy), of_account) = self.asked_for(record, holds) else {
            return Next::Nothing;
        };
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
                why: Rest::Turn, ..
            } => Next::Turn(turn(policy.orders, now)),
            Step::Seek { .. } => Next::Order,
            Step::Rest {
                why: Rest::Hold(_) | Rest::Paused | Rest::Elsewhere,
                ..
            } if due(now, &policy, record).is_some() => Next::HeldBack,
            Step::Rest {
                why: Rest::Paused, ..
            } => Next::Paused,
            _ => Next::Nothing,
        }
    }

    fn show(
        &mut self,
        record: &Record,
        delivery: &(Reached, String),
        holds: &[Hold],
        is_awaited: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let (reached, failing) = delivery;
        let (policy, of_account) = self.asked_for(record, holds);
        let (standing, hold) = match &policy {
            // What the config no longer names waits for the end of its order alone.
            None => (State::Removed.into(), None),
            Some(policy) => (
                Standing::of(now, policy, record, &of_account, *reached)
                    .awaiting_a_person(is_awaited),
                match lifecycle::plan(now, policy, record, &of_account) {
                    Step::Rest {
                        why: Rest::Hold(hold),
                        ..
                    } => Some(hold),
                    _ => None,
                },
            ),
        };
        let language = self.language;
        let state = language.of_phrase(standing.phrase());
        let said =
            |failed: &lifecycle::Failure| reason(language, failed.code.as_deref(), &failed.message);
        let turn = match self.next(record, holds, now) {
            Next::Turn(turn) if record.order.is_none() => Some(turn),
            _ => None,
        };
        let text = match (turn, standing.state, &record.retry.last, hold) {
            (Some(turn), ..) => because(state, turn),
            (_, State::Paused, ..) => is_paused(state, &record.domain),
            (.., Some(hold)) => tried(state, local(hold.until), said(&hold.failure)),
            (_, _, Some(last), None) if record.retry.failures > 0 => because(state, said(last)),
            (_, State::Installed, _, None) => match (reached, record.ends()) {
                (Reached::Failing, _) => because(state, reason(language, None, failing)),
                (Reached::Done, Some(end)) => valid(state, local(end)),
                _ => Sentence::verbatim(state),
            },
            _ => Sentence::verbatim(state),
        };
        let text = language.of(&text).to_owned();
        if self.shown.get(&record.domain) == Some(&text) {
            return Ok(());
        }
        self.print_beside_bar(&format!("{}  {text}\n", record.domain))?;
        self.shown.insert(record.domain.clone(), text);
        Ok(())
    }

    /// What a person is to add for its order.
    fn awaited<'p>(&self, record: &Record, proofs: &'p [Proof]) -> &'p [Challenge] {
        let mut certificates = self.config.certificates.iter();
        let certificate = certificates.find(|certificate| certificate.domain == record.domain);
        let is_open = |proof: &&Proof| proof.domain == record.domain && !proof.over;
        match certificate.zip(proofs.iter().find(is_open)) {
            Some((certificate, proof)) => awaited_of_a_person(certificate, proof),
            None => &[],
        }
    }

    /// Shows that once.
    fn show_awaited(&mut self, record: &Record, awaited: &[Challenge]) -> Result<(), Failure> {
        let text = awaited::records(self.language, &record.domain, awaited);
        let shown = format!("{} awaits", record.domain);
        if text.is_empty() || self.shown.get(&shown) == Some(&text) {
            return Ok(());
        }
        self.print_beside_bar(&text)?;
        self.shown.insert(shown, text);
        Ok(())
    }

    fn print_beside_bar(&self, text: &str) -> Result<(), Failure> {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(text)),
            None => tell(text),
        }
    }

    fn end(self) -> Result<ExitCode, Failure> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.shown.is_empty() {
            let nothing = say("nothing is due\n", "没有需要处理的证书\n");
            tell(self.language.of_phrase(nothing))?;
        }
        Ok(exit(self.failed.is_empty()))
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
    /// It is ordered in this machine's turn, which comes then.
    Turn(Sentence),
    /// Nothing is due, and nothing would be done: it is paused.
    Paused,
}
