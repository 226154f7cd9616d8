//! What servers read, looked at in every check: is it what was installed?
//!
//! What was lost is put right, from the archive or by fetching it again; neither is an order. What a person put there is
//! never touched; it is said.

mod memory;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use self::memory::Repairs;
use self::memory::{FIRST_PAUSE, Looked};
use super::holds::Holds;
use super::journal::Journal;
use super::order::pass::Kind;
use super::order::turn::Turn;
use super::{Engine, Settings};
use crate::delivery::{Glances, Live, Shown};
use crate::lifecycle::HoldScope;
use crate::observe::event::{Event, Fact, Plain, Repair};
use crate::store::StoreError;
use crate::store::{LiveRead, ToShow};

/// So many are fetched again in one pass at most, so that it stays a pass; the rest follows in the next, at once if all
/// went well.
const AT_ONCE: usize = 50;

/// So many names are looked at in one go. The disk may be slow, and the watchdog wants to see that it goes on.
const LOOKED_AT_ONCE: usize = 100;

/// What was right is read again after this long, whatever it looks like: disks forget.
const READ_AGAIN: TimeDelta = TimeDelta::days(7);

/// What a look goes by.
struct Look<'a> {
    settings: &'a Settings,
    is_check: bool,
}

/// It is right again, and was fetched for that (else it came from the archive); or why it is not yet.
type Repaired = Result<bool, String>;

impl Engine {
    /// Looks at what servers read, in every check, and sooner where the last look left something. Puts right what can be.
    ///
    /// # Errors
    /// The database can't be read or written.
    pub(super) async fn repair(&self, settings: &Settings, kind: Kind) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let is_check = kind == Kind::Check;
        if !is_check && self.repairs.again_at().is_none_or(|at| at > now) {
            return Ok(());
        }
        let Some((mut wrong, mended)) = self.look_at_live().await? else {
            self.repairs.memory().again_at = Some(now + FIRST_PAUSE);
            return Ok(());
        };
        let look = Look { settings, is_check };
        // Somebody put it right, or a renewal did.
        for domain in mended {
            let fact = Fact::LiveMended { repair: None };
            self.write_live(&domain, None, fact).await?;
        }
        // What failed before does not keep the others from their turn.
        wrong.sort_by_key(|one| one.to_show.trouble.is_some());
        let (mut failed, mut skipped) = (0, 0);
        let mut fetched = 0;
        for one in wrong {
            if self.is_yielding() || fetched >= AT_ONCE {
                skipped += 1;
                continue;
            }
            // What was asked for meanwhile, a rollback say, is neither undone nor called damage.
            let _nobody_else = self.live_folders.lock().await;
            let Some(one) = self.look_again(&one.to_show.domain).await? else {
                continue;
            };
            failed += usize::from(!self.put_right(&look, one, &mut fetched).await?);
            self.advance();
        }
        self.repairs.memory().look_again(now, failed, skipped);
        Ok(())
    }

    /// One name as it is now. `None` where it is nobody's business any more, or can't be looked at.
    async fn look_again(&self, domain: &str) -> Result<Option<Looked>, StoreError> {
        let Some(to_show) = self.store().to_show(domain).await? else {
            return Ok(None);
        };
        let live = Arc::clone(&self.environment.live);
        let look = move || look(&live, live.glances().ok().as_ref(), to_show, false);
        Ok(self.environment.concurrency.block(look).await.ok())
    }

    /// Every name that is not as it should be, and those that are again, of which it was said that they are not. `None`
    /// where the look broke off, or had to end early.
    async fn look_at_live(&self) -> Result<Option<(Vec<Looked>, Vec<String>)>, StoreError> {
        let now = self.environment.clock.now();
        let (mut wrong, mut mended) = (Vec::new(), Vec::new());
        let mut all = self.store().all_to_show().await?.into_iter();
        loop {
            let some: Vec<ToShow> = all.by_ref().take(LOOKED_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(Some((wrong, mended)));
            }
            if self.is_yielding() {
                return Ok(None);
            }
            let live = Arc::clone(&self.environment.live);
            let look = move || -> Vec<Looked> {
                let glances = live.glances().ok();
                let looked = some.into_iter().map(|one| {
                    let is_fresh = |at: DateTime<Utc>| (now - at).abs() < READ_AGAIN;
                    let is_fresh = one.read_at.is_some_and(is_fresh);
                    look(&live, glances.as_ref(), one, is_fresh)
                });
                looked.collect()
            };
            let looked = match self.environment.concurrency.block(look).await {
                Ok(looked) => looked,
                Err(error) => {
                    let broken = Fact::TurnBroken {
                        what: "the look at the live folder".into(),
                        reason: error.into(),
                    };
                    self.say(vec![Event::of(broken)]).await?;
                    return Ok(None);
                }
            };
            let mut read = Vec::new();
            for looked in looked {
                let Shown::Right = looked.shown else {
                    wrong.push(looked);
                    continue;
                };
                let ToShow {
                    domain, trouble, ..
                } = looked.to_show;
                if trouble.is_some() {
                    mended.push(domain.clone());
                }
                read.extend(looked.glance.map(|glance| LiveRead { domain, glance }));
            }
            if !read.is_empty() {
                self.store().note_live_read(now, &read).await?;
            }
            self.advance();
        }
    }

    /// True if it is right now, or is left as it is for good.
    async fn put_right(
        &self,
        look: &Look<'_>,
        wrong: Looked,
        fetched: &mut usize,
    ) -> Result<bool, StoreError> {
        let Looked { to_show, shown, .. } = wrong;
        let domain = to_show.domain.as_str();
        let what = match shown {
            Shown::Right => return Ok(true),
            Shown::Newer(current) => {
                let words = format!(
                    "the live folder shows a certificate (serial {}) that is newer than the installed one; it is left",
                    current.serial
                );
                let is_replaced = false;
                let drift = |reason| Fact::DriftFound {
                    reason,
                    is_replaced,
                };
                self.trouble(look, &to_show, words, drift).await?;
                return Ok(true);
            }
            Shown::Blocked(error) => {
                let wrong = |reason| Fact::LiveWrong { reason };
                self.trouble(look, &to_show, error.to_string(), wrong)
                    .await?;
                return Ok(false);
            }
            Shown::Older(current) => format!(
                "the live folder showed an older certificate (serial {}); \
                 to go back to one, use `evercert rollback`",
                current.serial
            ),
            Shown::Lost(what) => what,
        };
        match self.restore(look.settings, &to_show, fetched).await? {
            Ok(is_fetched) => {
                let wrong = what.into();
                let repair = Some(Repair { wrong, is_fetched });
                self.write_live(domain, None, Fact::LiveMended { repair })
                    .await?;
                Ok(true)
            }
            Err(why) => {
                let words = format!("{what}. It can't be put right yet: {why}");
                let wrong = |reason| Fact::LiveWrong { reason };
                self.trouble(look, &to_show, words, wrong).await?;
                Ok(false)
            }
        }
    }

    /// Keeps what is wrong, and says it: in every check, and between them where it is something new.
    async fn trouble(
        &self,
        look: &Look<'_>,
        wrong: &ToShow,
        reason: String,
        fact: impl FnOnce(Plain) -> Fact,
    ) -> Result<(), StoreError> {
        let is_new = wrong.trouble.as_ref() != Some(&reason);
        if !is_new && !look.is_check {
            return Ok(());
        }
        let fact = fact(reason.as_str().into());
        self.write_live(&wrong.domain, Some(&reason), fact).await
    }

    /// What this name should show was put in place just now: what was said to be wrong with it is over.
    pub(super) async fn live_is_right(&self, domain: &str) -> Result<(), StoreError> {
        let to_show = self.store().to_show(domain).await?;
        if to_show.is_some_and(|one| one.trouble.is_some()) {
            let fact = Fact::LiveMended { repair: None };
            self.write_live(domain, None, fact).await?;
        }
        Ok(())
    }

    /// Writes what is wrong, or that nothing is any more, and what is said of it.
    async fn write_live(
        &self,
        domain: &str,
        reason: Option<&str>,
        fact: Fact,
    ) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let mut journal = Journal::default();
        journal.add(Event::of(fact).certificate(domain));
        self.store()
            .set_live_trouble(now, domain, reason, &journal.entries())
            .await?;
        journal.emit();
        Ok(())
    }

    /// From the archive if a whole version is there, else from the service.
    async fn restore(
        &self,
        settings: &Settings,
        to_show: &ToShow,
        fetched: &mut usize,
    ) -> Result<Repaired, StoreError> {
        let domain = &to_show.domain;
        let live = Arc::clone(&self.environment.live);
        let (name, fingerprint) = (domain.clone(), to_show.fingerprint.clone());
        let made = move || live.make_live(&name, &fingerprint);
        match self.environment.concurrency.block(made).await {
            Ok(Ok(true)) => return Ok(Ok(false)),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => return Ok(Err(error.to_string())),
            Err(error) => return Ok(Err(error)),
        }
        let Some(listing) = self.store().record(domain).await? else {
            return Ok(Err("there is no record of it any more".to_owned()));
        };
        let Some(installed) = listing.record.installed.clone() else {
            return Ok(Err("nothing is installed any more".to_owned()));
        };
        let Some(client) = settings.client(&installed.account) else {
            return Ok(Err(format!(
                "it was fetched from account \"{}\", which the config no longer has",
                installed.account
            )));
        };
        let holds = Holds::of(&installed.account, &self.store().holds().await?);
        let now = self.environment.clock.now();
        let pause = holds.get(&HoldScope::Account);
        if pause.is_some_and(|hold| hold.in_force(now)) {
            return Ok(Err(format!("account \"{}\" is paused", installed.account)));
        }
        let turn = Turn::new(self, settings, listing.record, None, &holds);
        if installed.not_after <= turn.true_now() {
            return Ok(Err("it has expired, and is to be renewed".to_owned()));
        }
        if to_show.rolled_back {
            // What the operator went back to is nowhere any more; the installed one is the next best.
            self.store().set_rollback(now, domain, None).await?;
        }
        *fetched += 1;
        let fetched = turn.fetch_again(client, &installed).await?;
        Ok(fetched.map(|()| true))
    }
}

/// Reads the files only where they look otherwise than when they were right, or that was not lately. Blocks.
fn look(live: &Live, glances: Option<&Glances<'_>>, to_show: ToShow, is_fresh: bool) -> Looked {
    // Taken before the files are read: a change in between shows in the next look.
    let glance = glances.and_then(|all| all.of(&to_show.domain, &to_show.fingerprint));
    if is_fresh && glance.is_some() && glance == to_show.glance {
        return Looked {
            to_show,
            glance: None,
            shown: Shown::Right,
        };
    }
    Looked {
        shown: live.shown(&to_show.domain, &to_show.fingerprint, to_show.not_after),
        to_show,
        glance,
    }
}

#[cfg(test)]
#[cfg(feature = "sandbox")]
mod tests;
