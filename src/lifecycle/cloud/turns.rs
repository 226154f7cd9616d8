//! Whose turn it is, and when.

use chrono::{DateTime, TimeDelta, Utc};

use super::look::Sight;
use super::part::{Attempt, Batch, LOAD_BALANCER, Part, Phase};
use super::protocol::Question;
use super::work::{CEILING, CloudMoment, Verdict, Work};

/// What the next call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The look at what is bound.
    Look,
    /// The attempt at this place.
    Attempt(usize),
}

impl Work {
    /// What the next call is about, and when it is due. While one attempt is at it, others do no more than follow.
    pub(super) fn turn(&self) -> (Turn, DateTime<Utc>) {
        let blocked = self.attempts.iter().any(Attempt::blocks);
        let blocked_by_another = |place: usize| {
            let mut others = self.attempts.iter().enumerate();
            others.any(|(other, attempt)| other != place && attempt.blocks())
        };
        let attempts = self.attempts.iter().enumerate();
        let free =
            attempts.filter(|(place, attempt)| attempt.follows() || !blocked_by_another(*place));
        let turns = free.map(|(place, attempt)| (Turn::Attempt(place), attempt.next_at));
        let looks = !blocked && self.look.state != Sight::Rests;
        let look = looks.then_some((Turn::Look, self.look.next_at));
        let first = turns.chain(look).min_by_key(|(_, at)| *at);
        first.unwrap_or((Turn::Look, self.look.next_at))
    }

    /// The next thing to ask.
    pub fn question(&self) -> Question {
        let Turn::Attempt(place) = self.turn().0 else {
            return match &self.look.state {
                Sight::Asked(look_ups) => Question::Found(look_ups.clone()),
                Sight::Due | Sight::Rests => Question::LookUp,
            };
        };
        let attempt = &self.attempts[place];
        let batch = attempt.batch.clone();
        match &attempt.phase {
            Phase::Find | Phase::Sent => Question::Tasks(batch),
            Phase::Send => Question::Task(batch),
            Phase::Follow(follow) => Question::Progress(batch, follow.clone()),
            Phase::Retry(follow) => Question::Retry(follow.clone()),
        }
    }

    /// What is written down before a call that may begin a task: that it may be under way from here on; and of failed
    /// parts that are tried again that they are, so that an answer that is lost adds no try.
    #[must_use]
    pub fn noted(&self, now: DateTime<Utc>) -> Self {
        let mut work = self.clone();
        if let Turn::Attempt(place) = self.turn().0 {
            let attempt = &mut work.attempts[place];
            match &attempt.phase {
                Phase::Send => attempt.phase = Phase::Sent,
                Phase::Retry(follow) => {
                    let mut follow = follow.clone();
                    follow.retries += 1;
                    attempt.phase = Phase::Follow(follow);
                    attempt.since = now;
                }
                Phase::Find | Phase::Sent | Phase::Follow(_) => {}
            }
            attempt.waiting = false;
        }
        work
    }

    /// On with the work when its next call is due.
    pub(super) fn on(self, moment: CloudMoment) -> Verdict {
        let pause = self.pause(moment.now);
        Verdict::On(self, pause)
    }

    /// Until the next call is due.
    pub fn pause(&self, now: DateTime<Utc>) -> TimeDelta {
        (self.turn().1 - now).clamp(TimeDelta::zero(), CEILING)
    }

    /// Begins the next part that may begin. Where none may, it is looked again when that is worth it.
    pub(super) fn begin(&mut self, moment: CloudMoment) {
        if self.attempts.iter().any(Attempt::blocks) {
            self.look.state = Sight::Rests;
            return;
        }
        if let Some(batch) = self.due(moment.now) {
            if let Batch::Move { from, .. } = &batch {
                // Also where the task's end is never seen, this is what they had before.
                self.from.get_or_insert_with(|| from.clone());
            }
            self.attempts.push(Attempt::new(batch, moment.now));
            self.look.state = Sight::Rests;
            return;
        }
        let open = |part: &&Part| !part.believed && !self.is_attempted(part);
        let parts = self.parts.iter().filter(open).map(|part| part.next_at);
        let next = parts.chain(self.look.retry_at).min();
        // With attempts that wait and nothing else to do, their end is waited for.
        let rests = next.is_none() && !self.attempts.is_empty();
        self.look.state = if rests { Sight::Rests } else { Sight::Due };
        self.look.next_at = next.unwrap_or(moment.now).max(moment.now);
    }

    /// One task's work of what may be tried now: what never failed first, and load balancers before the rest.
    fn due(&self, now: DateTime<Utc>) -> Option<Batch> {
        let balances = self
            .attempts
            .iter()
            .any(|attempt| attempt.batch.is_balancer());
        let free = |part: &&Part| {
            let is_settled = part.believed || part.stopped || part.carried_at.is_some();
            let is_blocked = balances && part.place.kind() == LOAD_BALANCER;
            part.next_at <= now && !(is_settled || is_blocked || self.is_attempted(part))
        };
        let rank = |part: &&Part| (part.failures, part.place.kind() != LOAD_BALANCER);
        let first = self.parts.iter().filter(free).min_by_key(rank)?;
        let joins = |part: &Part| !part.alone && part.failures == 0;
        let together = self.parts.iter().filter(free).filter(|part| {
            part.place == first.place
                || (joins(first) && joins(part) && part.place.goes_with(&first.place))
        });
        let places: Vec<_> = together.map(|part| &part.place).collect();
        Batch::of(&places)
    }

    fn is_attempted(&self, part: &Part) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.any(|attempt| attempt.batch.covers(&part.place))
    }
}
