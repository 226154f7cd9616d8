//! The worker: one loop for everything that is found in the database and done beside everything else.
//!
//! A kind of work is a [`Job`]. The worker looks for what is due of each job, runs it in tasks of its own, and looks again
//! once something may have changed. It decides nothing: a missed or doubled look is harmless, because what is due is a row
//! with a time. Looks are tasks too: the store has one connection, and whoever waits for it must keep nobody else from
//! going on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::task::{Id, JoinError, JoinSet};

use crate::observe::{Event, Fact};
use crate::store::StoreError;

/// After so many ticks without a look there is one: a clock that was put back makes every due time a far one.
const TICKS: u32 = 60;

/// One kind of work.
pub trait Job: Send + Sync {
    /// What one task of it is called in events, and the job itself in the worker: "a pass".
    fn name(&self) -> &'static str;

    /// How many of its tasks run at once.
    fn at_once(&self) -> usize;

    /// What is due now, without what is `busy`; the worker takes as many as may run. All that it returns is made before the
    /// first of it begins.
    ///
    /// # Errors
    /// The database can't be read or written.
    fn due(self: Arc<Self>, busy: BTreeSet<String>) -> BoxFuture<'static, Result<Due, StoreError>>;
}

/// What a look found.
#[derive(Default)]
pub struct Due {
    /// To be done now, in this order.
    pub tasks: Vec<Task>,
    /// When there may be more, where nothing changes before.
    pub next: Option<DateTime<Utc>>,
}

/// One piece of work. Dropping it at any point is harmless: it is due again.
pub struct Task {
    /// No two tasks of a job with the same key run at once.
    pub key: String,
    /// Does it. An error says that the database failed.
    pub work: BoxFuture<'static, Result<(), StoreError>>,
}

/// A job, and how far its work is.
struct Line {
    job: Arc<dyn Job>,
    busy: BTreeSet<String>,
    is_looking: bool,
    /// Something may be due that the last look did not see.
    is_stale: bool,
    /// When something is due, as far as the last look saw.
    next: Option<DateTime<Utc>>,
    /// Ticks since the last look.
    ticks: u32,
}

/// What a task of the runtime is at.
enum Running {
    Look,
    Task(String),
}

/// What a task of the runtime came to.
enum Outcome {
    Looked(Result<Due, StoreError>),
    Worked(Result<(), StoreError>),
}

/// The jobs and their tasks. Dropping it ends them.
pub struct Worker {
    lines: Vec<Line>,
    tasks: JoinSet<Outcome>,
    running: HashMap<Id, (usize, Running)>,
    /// Nothing new begins.
    is_stopping: bool,
}

impl Worker {
    /// A worker for these jobs. It begins with a look for each.
    #[must_use]
    pub fn new(jobs: Vec<Arc<dyn Job>>) -> Self {
        let line = |job| Line {
            job,
            busy: BTreeSet::new(),
            is_looking: false,
            is_stale: true,
            next: None,
            ticks: 0,
        };
        Self {
            lines: jobs.into_iter().map(line).collect(),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            is_stopping: false,
        }
    }

    /// Something may have become due.
    pub fn wake(&mut self) {
        for line in &mut self.lines {
            line.is_stale = true;
        }
    }

    /// Whether no task of the job of this name is under way, nor a look.
    #[must_use]
    pub fn is_idle(&self, job: &str) -> bool {
        let mut lines = self.lines.iter().filter(|line| line.job.name() == job);
        lines.all(Line::is_idle)
    }

    /// Looks for what is due of each job where something may be. Costs nothing else.
    pub fn tick(&mut self, now: DateTime<Utc>) {
        if self.is_stopping {
            return;
        }
        // While something is under way, anything may become due at any time.
        let is_busy = self.lines.iter().any(|line| !line.busy.is_empty());
        for (place, line) in self.lines.iter_mut().enumerate() {
            line.ticks += 1;
            let is_full = line.busy.len() >= line.job.at_once();
            if line.is_looking || is_full || !(is_busy || line.may_be_due(now)) {
                continue;
            }
            line.begins_look();
            line.is_looking = true;
            let due = Arc::clone(&line.job).due(line.busy.clone());
            let look = async move { Outcome::Looked(due.await) };
            let id = self.tasks.spawn(look).id();
            self.running.insert(id, (place, Running::Look));
        }
    }

    /// Goes on with what is under way until something of it ends; waits for ever where nothing is.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn progress(&mut self) -> Result<(), StoreError> {
        match self.tasks.join_next_with_id().await {
            None => std::future::pending().await,
            Some(Ok((id, outcome))) => self.ended(id, Ok(outcome)),
            Some(Err(error)) => self.ended(error.id(), Err(error)),
        }
    }

    fn ended(&mut self, id: Id, outcome: Result<Outcome, JoinError>) -> Result<(), StoreError> {
        let Some((place, running)) = self.running.remove(&id) else {
            // Ended by `end`, which forgets what was running.
            return Ok(());
        };
        // One that broke off is looked for again in a while, and not at once.
        if outcome.is_ok() && matches!(running, Running::Task(_)) {
            self.wake();
        }
        let line = &mut self.lines[place];
        match running {
            Running::Look => line.is_looking = false,
            Running::Task(key) => {
                line.busy.remove(&key);
            }
        }
        match outcome {
            Ok(Outcome::Worked(outcome)) => outcome,
            Ok(Outcome::Looked(Ok(due))) => {
                line.next = due.next;
                self.start(place, due.tasks);
                Ok(())
            }
            Ok(Outcome::Looked(Err(error))) => {
                line.is_stale = true;
                Err(error)
            }
            Err(error) => {
                Event::of(Fact::TurnBroken {
                    what: line.job.name().into(),
                    reason: error.to_string().into(),
                })
                .emit();
                Ok(())
            }
        }
    }

    fn start(&mut self, place: usize, due: Vec<Task>) {
        let line = &mut self.lines[place];
        if self.is_stopping {
            return;
        }
        for task in due {
            if line.busy.len() >= line.job.at_once() || !line.busy.insert(task.key.clone()) {
                continue;
            }
            let work = task.work;
            let id = self
                .tasks
                .spawn(async move { Outcome::Worked(work.await) })
                .id();
            self.running.insert(id, (place, Running::Task(task.key)));
        }
    }

    /// Looks for what is due, and goes on with what is under way until the pause is over.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn work_for(
        &mut self,
        now: DateTime<Utc>,
        pause: impl Future<Output = ()>,
    ) -> Result<(), StoreError> {
        self.tick(now);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                ended = self.progress() => ended?,
                () = &mut pause => return Ok(()),
            }
        }
    }

    /// Begins nothing new from now on.
    pub fn stop(&mut self) {
        self.is_stopping = true;
    }

    /// Waits until nothing is under way of the jobs that `of` names, but no longer than `time`. Returns the first failure of
    /// the database.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn finish(
        &mut self,
        of: impl Fn(&str) -> bool,
        time: impl Future<Output = ()>,
    ) -> Result<(), StoreError> {
        tokio::pin!(time);
        let mut first = Ok(());
        while self
            .lines
            .iter()
            .any(|line| of(line.job.name()) && !line.is_idle())
        {
            tokio::select! {
                ended = self.progress() => first = first.and(ended),
                () = &mut time => break,
            }
        }
        first
    }

    /// Ends what is still under way, and waits until its commands are ended and nobody uses the database any more.
    pub async fn end(&mut self) {
        self.tasks.shutdown().await;
        self.running.clear();
        for line in &mut self.lines {
            line.busy.clear();
            line.is_looking = false;
        }
    }

    /// When something is due, as far as the last looks saw; `now` where one is wanted.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = |line: &Line| if line.is_stale { Some(now) } else { line.next };
        self.lines.iter().filter_map(next).min()
    }

    /// Does what is due in the caller's own task, one thing after another in the order of the jobs: for runs that must
    /// replay.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn run_inline(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        for place in 0..self.lines.len() {
            let line = &mut self.lines[place];
            if !line.may_be_due(now) {
                continue;
            }
            line.begins_look();
            let due = Arc::clone(&line.job).due(BTreeSet::new()).await?;
            line.next = due.next;
            for task in due.tasks {
                task.work.await?;
                self.wake();
            }
        }
        Ok(())
    }
}

impl Line {
    fn is_idle(&self) -> bool {
        self.busy.is_empty() && !self.is_looking
    }

    fn may_be_due(&self, now: DateTime<Utc>) -> bool {
        self.is_stale || self.next.is_some_and(|next| next <= now) || self.ticks >= TICKS
    }

    fn begins_look(&mut self) {
        self.is_stale = false;
        self.ticks = 0;
    }
}
