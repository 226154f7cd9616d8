//! Telling: what the history says becomes what channels are told, and is sent.
//!
//! Three steps, each harmless to lose: the history is read on and the outbox written in one transaction; what waits for a
//! channel is put into one message and sent; what came of that is recorded. A crash between sending and recording sends
//! once more: at least once, with the same number.

use chrono::{DateTime, Local, TimeDelta, Utc};

mod digest;

use digest::is_due;

use super::deliver::{delivers, wanted_targets};
use super::journal::Journal;
use super::{Engine, Settings};
use crate::config::{Notify, Topic, main_domain};
use crate::lifecycle::retry;
use crate::notification::alerts::{self, Alert, Family, Problem, Problems, Subject};
use crate::notification::{Message, Notice, Sender, State};
use crate::observe::event::{Counts, Event, Fact, Untold};
use crate::store::StoreError;
use crate::store::{Delivered, NewNotice, StoredProblem, Told, Waiting};

/// How much of the history is taken in at once.
const READ: u32 = 500;

/// What one message holds at most.
const AT_ONCE: u32 = 100;

/// Between two messages to one channel: fifteen a minute, where DingTalk, WeCom and Telegram take twenty.
const PAUSE: TimeDelta = TimeDelta::seconds(4);

/// What happens within this time is one message.
const GATHERED: TimeDelta = TimeDelta::seconds(5);

/// The longest pause between two attempts.
const LONGEST_RETRY: TimeDelta = TimeDelta::hours(1);

/// What could not be told for so long is given up.
const GIVEN_UP: TimeDelta = TimeDelta::days(3);

impl Engine {
    /// Takes in the channels of these settings. To be called at start and with each change of the config.
    ///
    /// # Errors
    /// The database can't be written.
    pub async fn sync_channels(&self, settings: &Settings) -> Result<(), StoreError> {
        let channels = &settings.config.notifications.channels;
        let names: Vec<&str> = channels.iter().map(|notify| notify.name.as_str()).collect();
        let now = self.environment.clock.now();
        self.store().sync_channels(now, &names).await
    }

    /// Reads the history on, and puts what is to be told into the outbox.
    ///
    /// # Errors
    /// The database can't be read or written; then nothing is lost.
    pub async fn take_in_history(&self, settings: &Settings) -> Result<(), StoreError> {
        loop {
            let entries = self.store().untold(READ).await?;
            let Some((last, _)) = entries.last() else {
                return Ok(());
            };
            let (last, is_all) = (*last, entries.len() < READ as usize);
            let before = self.all_problems().await?;
            let mut problems = before.clone();
            alerts::forget(&mut problems, self.environment.clock.now());
            let mut notices = Vec::new();
            for (id, entry) in &entries {
                let Some(event) = Event::from_entry(&entry.what) else {
                    continue;
                };
                let follows = matches!(event.fact, Fact::CertificateInstalled)
                    && is_delivered(settings, &event);
                let mut alerts = alerts::take(&mut problems, entry.at, &event, follows);
                if matches!(event.fact, Fact::ConfigReloaded { .. }) {
                    let is_named = |subject: &Subject| is_named(settings, subject);
                    alerts.extend(alerts::leave(&mut problems, is_named));
                }
                let channels = &settings.config.notifications.channels;
                for notify in channels {
                    notices.extend(notice_for(notify, &alerts, *id));
                }
            }
            let changed: Vec<StoredProblem> = problems
                .iter()
                .filter(|(key, problem)| before.get(*key) != Some(*problem))
                .map(|((subject, family), problem)| StoredProblem {
                    subject: stored(subject),
                    family: family.name().to_owned(),
                    signature: problem.signature.clone(),
                    since: problem.since,
                    seen: problem.seen,
                })
                .collect();
            let over: Vec<(String, String)> = before
                .keys()
                .filter(|key| !problems.contains_key(*key))
                .map(|(subject, family)| (stored(subject), family.name().to_owned()))
                .collect();
            let now = self.environment.clock.now();
            self.store()
                .tell(now, last, &notices, &changed, &over)
                .await?;
            if is_all {
                return Ok(());
            }
        }
    }

    /// Ends what was told of names, targets and accounts that the config does not have any more, without a word: for a
    /// start, before which the config was edited.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn end_left_problems(&self, settings: &Settings) -> Result<(), StoreError> {
        let problems = self.all_problems().await?;
        let left: Vec<(String, String)> = problems
            .keys()
            .filter(|(subject, _)| !is_named(settings, subject))
            .map(|(subject, family)| (stored(subject), family.name().to_owned()))
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        self.store().end_problems(&left).await
    }

    /// Those that are shown: what nothing ends fades.
    pub(super) async fn problems(&self) -> Result<Problems, StoreError> {
        let mut problems = self.all_problems().await?;
        alerts::forget(&mut problems, self.environment.clock.now());
        problems.retain(|_, problem| !problem.is_over());
        Ok(problems)
    }

    /// How much there is, for the sign of life.
    ///
    /// # Errors
    /// The database can't be read.
    pub async fn counts(&self, now: DateTime<Utc>) -> Result<Counts, StoreError> {
        let (due, orders) = self.store().work(now).await?;
        Ok(Counts {
            certificates: self.store().count().await?,
            problems: self.problems().await?.len() as u64,
            due,
            orders,
        })
    }

    async fn all_problems(&self) -> Result<Problems, StoreError> {
        let stored = self.store().problems().await?;
        Ok(stored
            .into_iter()
            .filter_map(|problem| {
                let family = Family::from_name(&problem.family)?;
                let value = Problem {
                    signature: problem.signature,
                    since: problem.since,
                    seen: problem.seen,
                };
                let subject = serde_json::from_str(&problem.subject).ok()?;
                Some(((subject, family), value))
            })
            .collect())
    }

    /// The channels that are to be told something now, each with its failures in a row, and when the next is. Puts a
    /// summary that is due into the outbox.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub async fn channels_due(
        &self,
        settings: &Settings,
    ) -> Result<(Vec<(Notify, u32)>, Option<DateTime<Utc>>), StoreError> {
        let now = self.environment.clock.now();
        let poll = TimeDelta::from_std(settings.config.schedule.poll).unwrap_or(GATHERED);
        let states = self.store().channels().await?;
        let (mut due, mut next) = (Vec::new(), None::<DateTime<Utc>>);
        for notify in &settings.config.notifications.channels {
            let Some(state) = states.get(&notify.name) else {
                continue;
            };
            let wants_digest = notify
                .digest
                .is_some_and(|pace| is_due(now, state.digest_at, pace, &Local));
            if wants_digest {
                self.store().want_digest(now, &notify.name).await?;
            }
            // A clock that was put back must not silence a channel.
            let waits = state.next_at > now && state.next_at <= now + LONGEST_RETRY;
            let rested = if waits { state.next_at } else { now };
            let gathered = match state.waits_since {
                Some(since) if since <= now => Some(since + GATHERED.min(poll)),
                Some(_) => Some(now),
                None => wants_digest.then_some(now),
            };
            match gathered.map(|at| at.max(rested)) {
                Some(at) if at <= now || (wants_digest && !waits) => {
                    due.push((notify.clone(), state.attempts));
                }
                Some(at) => next = next.into_iter().chain([at]).min(),
                None => {}
            }
        }
        Ok((due, next))
    }

    /// Sends a channel what waits for it, in one message, and records what came of it. `attempts` failed before.
    ///
    /// # Errors
    /// The database can't be read or written; then it is sent again.
    pub async fn tell_channel(
        &self,
        settings: &Settings,
        sender: &Sender,
        notify: &Notify,
        attempts: u32,
    ) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let name = &notify.name;
        let (waiting, all) = self.store().waiting(name, AT_ONCE).await?;
        let Some(first) = waiting.first() else {
            return Ok(());
        };
        // A summary is a message of its own.
        let taken: Vec<&Waiting> = match &first.what {
            None => vec![first],
            Some(_) => waiting
                .iter()
                .take_while(|row| row.what.is_some())
                .collect(),
        };
        let ids: Vec<i64> = taken.iter().map(|row| row.id).collect();
        let message = self.message(&taken, all).await?;
        if settings.config.pretend {
            return self.pretend_to_tell(notify, &ids, &message).await;
        }
        let mut journal = Journal::default();
        let (told, attempts, pause, said) = match sender.send(notify, &message).await {
            Ok(sent) => {
                if let Some(refused) = &sent.refused {
                    untold(name, Untold::Some, refused.clone()).emit();
                }
                let sent = Event::of(Fact::NotificationSent {
                    channel: name.into(),
                    title: message.title().into(),
                    answer: sent.answer.into(),
                });
                (ids, 0, PAUSE, sent)
            }
            Err(error) => {
                let attempts = attempts.saturating_add(1);
                let pause = self.retry_pause(settings, attempts, error.retry_after());
                let mut said = untold(name, Untold::All, error.to_string())
                    .attempt(attempts.into())
                    .next_attempt(self.environment.clock.now() + pause);
                let dropped = self.store().overdue(name, now - GIVEN_UP).await?;
                if !dropped.is_empty() {
                    said = said.beside();
                    journal.add(Event::of(Fact::NotificationDropped {
                        channel: name.into(),
                        notices: dropped.len(),
                        reason: error.to_string().into(),
                    }));
                }
                (dropped, attempts, pause, said)
            }
        };
        let now = self.environment.clock.now();
        let delivered = Delivered {
            channel: name,
            told: &told,
            attempts,
            next_at: now + pause,
            history: &journal.entries(),
        };
        // Recorded before it is said: what the log calls sent is not sent again after a crash.
        self.store().delivered(now, delivered).await?;
        said.emit();
        journal.emit();
        Ok(())
    }

    /// In a run with the stand-in: what would be told.
    async fn pretend_to_tell(
        &self,
        notify: &Notify,
        ids: &[i64],
        message: &Message,
    ) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let text = message.text(800).replace('\n', " | ");
        Event::of(Fact::NotificationPretended {
            channel: format!("{} ({})", notify.name, notify.channel.name()).into(),
            text: Some(text.into()),
        })
        .emit();
        let delivered = Delivered {
            channel: &notify.name,
            told: ids,
            attempts: 0,
            next_at: now + PAUSE,
            history: &[],
        };
        self.store().delivered(now, delivered).await
    }

    /// Twice as long each time, from the pace of polling up to an hour; longer only where the service asks for it.
    fn retry_pause(
        &self,
        settings: &Settings,
        attempts: u32,
        wanted: Option<std::time::Duration>,
    ) -> TimeDelta {
        let poll = TimeDelta::from_std(settings.config.schedule.poll).unwrap_or(GATHERED);
        let pause = retry::after_untold(poll, attempts, self.environment.rng.fraction());
        let wanted = wanted.and_then(|wanted| TimeDelta::from_std(wanted).ok());
        pause.max(wanted.unwrap_or_default()).max(PAUSE)
    }

    async fn message(&self, taken: &[&Waiting], all: u64) -> Result<Message, StoreError> {
        let now = self.environment.clock.now();
        let host = self.host();
        let ends = (taken.first(), taken.last());
        let (Some(first), Some(last)) = ends else {
            return Ok(Message::test(&host, now));
        };
        let id = format!("{}{}-{}", self.prefix, first.id, last.id);
        let notices: Vec<Notice> = taken
            .iter()
            .filter_map(|row| notice(row.what.as_ref()?))
            .collect();
        if notices.is_empty() {
            let lines = self.digest_lines(now).await?;
            return Ok(Message::digest(id, &host, now, lines));
        }
        let mut message = Message::of_events(id, &host, now, notices);
        message.more = all.saturating_sub(taken.len() as u64);
        Ok(message)
    }

    /// This machine's name; in a fleet, with that and its number.
    fn host(&self) -> String {
        let host = host_name();
        match &self.settings().config.fleet {
            Some(fleet) => match fleet.machine {
                Some(number) => format!("{host} ({} {number})", fleet.name),
                None => format!("{host} ({})", fleet.name),
            },
            None => host,
        }
    }
}

/// This machine's name, as messages have it.
#[must_use]
pub fn host_name() -> String {
    let name = nix::unistd::gethostname().ok();
    let name = name.and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// Whether the config has what a problem is about.
fn is_named(settings: &Settings, subject: &Subject) -> bool {
    match subject {
        Subject::Certificate(domain) => settings.certificate(domain).is_some(),
        Subject::Target(domain, title) => settings.certificate(domain).is_some_and(|entry| {
            let mut targets = wanted_targets(entry).into_iter();
            targets.any(|target| target.title == *title)
        }),
        Subject::Account(account) => settings.client(account).is_some(),
        Subject::MainDomain(main) => {
            let mut entries = settings.config.certificates.iter();
            entries.any(|entry| main_domain(&entry.domain) == *main)
        }
        Subject::Config(..) | Subject::Machine => true,
    }
}

/// Whether what is installed is delivered too, after which that it is renewed is told.
fn is_delivered(settings: &Settings, event: &Event) -> bool {
    let domain = event.about.certificate.as_deref();
    domain.is_some_and(|domain| settings.certificate(domain).is_some_and(delivers))
}

/// As the database keeps it.
fn stored(subject: &Subject) -> String {
    // Texts and numbers: nothing that JSON has no form for.
    serde_json::to_string(subject).unwrap_or_default()
}

/// The one notice that a channel gets of an entry, if it wants any: what happened rather than what it ended.
fn notice_for(notify: &Notify, alerts: &[Alert], history: i64) -> Option<NewNotice> {
    let found = alerts.iter().find_map(|alert| {
        let (topic, state) = match *alert {
            Alert::News(topic) => (topic, State::News),
            Alert::Problem(topic) => (topic, State::Problem),
            Alert::Solved(topic) => (topic, State::Solved),
        };
        notify.on.contains(&topic).then_some((topic, state))
    });
    found.map(|(topic, state)| NewNotice {
        channel: notify.name.clone(),
        topic: topic.name(),
        state: state.name(),
        history,
    })
}

fn notice(told: &Told) -> Option<Notice> {
    let states = [State::Problem, State::Solved, State::News];
    Some(Notice {
        id: told.history,
        at: told.entry.at,
        topic: Topic::from_name(&told.topic)?,
        state: states
            .into_iter()
            .find(|state| state.name() == told.state)?,
        event: Event::from_entry(&told.entry.what)?,
    })
}

/// What a channel was not told.
fn untold(channel: &str, what: Untold, reason: String) -> Event {
    Event::of(Fact::NotificationFailed {
        channel: channel.into(),
        what,
        reason: reason.into(),
    })
}

#[cfg(test)]
mod tests;
