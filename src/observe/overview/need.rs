//! What somebody should look at: each cause once, with all that it concerns, the worst first.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    AccountLine, CertificateLine, HoldLine, Overview, Parking, Tone, Trouble, URGENT_DAYS, With,
};
use crate::observe::health::HealthStatus;

/// As many needs are spelt out.
pub(crate) const SPELT_OUT: usize = 20;

/// How soon visitors are hurt, and after that how bad it is: what comes first, first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// It has expired.
    Expired,
    /// It is due, and ends within the last days.
    Ending,
    /// As its tone is.
    Tone(Tone),
}

/// By which needs and certificates are ordered: how urgent it is, then the soonest to end; what has no end comes last.
pub(crate) type Rank = (Urgency, bool, Option<DateTime<Utc>>);

/// Something that somebody should look at.
#[derive(Clone, Debug)]
pub(crate) struct Need<'a> {
    /// How bad it is.
    pub(crate) tone: Tone,
    /// What is the matter.
    pub(crate) matter: Matter<'a>,
    /// The certificates that it concerns, the worst first.
    pub(crate) certificates: Vec<&'a CertificateLine>,
    rank: Rank,
}

/// What is the matter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Matter<'a> {
    /// The config file was not taken.
    Config,
    /// The database fails, as it said: English.
    Database(&'a str),
    /// An account, or a part of it, can't be used; its certificates wait.
    Hold(&'a AccountLine, &'a HoldLine),
    /// One certificate, with what it waits for where it does.
    One(Option<&'a HoldLine>),
    /// Several certificates of one cause.
    Alike,
}

/// Why certificates are in trouble, by which the same trouble of others is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Cause<'a> {
    /// Their operator paused them.
    Paused,
    /// This command fails.
    Command(&'a str),
    /// The service refuses something of this account with this code; for good, or it is tried again.
    Code {
        account: &'a str,
        code: &'a str,
        parked: bool,
    },
    /// Their orders ended without validation, in this account; by the service itself, or not.
    NotValidated { account: &'a str, by_service: bool },
    /// The service calls them revoked or refunded.
    Dead(i64),
    /// What was said is the same.
    Said(&'a str),
}

/// Those that wait for each hold, which is known by where it is.
type Waiting<'a> = HashMap<*const HoldLine, Vec<&'a CertificateLine>>;

/// Those of each cause.
type Alike<'a> = HashMap<Cause<'a>, Vec<&'a CertificateLine>>;

impl Overview {
    /// What somebody should look at; of it the first [`SPELT_OUT`] are the worst, in order.
    pub(crate) fn needs<'a>(&'a self, status: &'a HealthStatus) -> Vec<Need<'a>> {
        let whole = |matter| Need {
            tone: Tone::Bad,
            matter,
            certificates: Vec::new(),
            rank: (Urgency::Tone(Tone::Bad), false, None),
        };
        let mut needs = Vec::new();
        if !status.config_good {
            needs.push(whole(Matter::Config));
        }
        if let Some(reason) = &status.database {
            needs.push(whole(Matter::Database(reason)));
        }
        let (mut waiting, alike) = self.sorted_out(&mut needs);
        for account in &self.accounts {
            for hold in &account.holds {
                let waits = waiting.remove(&std::ptr::from_ref(hold));
                needs.push(self.of(
                    hold.tone,
                    Matter::Hold(account, hold),
                    waits.unwrap_or_default(),
                ));
            }
        }
        for those in alike.into_values() {
            let worst = those.iter().map(|one| one.tone).min();
            let matter = match *those {
                [_] => Matter::One(None),
                _ => Matter::Alike,
            };
            needs.push(self.of(worst.unwrap_or(Tone::Bad), matter, those));
        }
        let by_place = |a: &Need<'a>, b: &Need<'a>| {
            // The cause before those that suffer from it.
            let place = |need: &Need<'a>| {
                let first = need.certificates.first().map(|one| &one.domain);
                (need.rank, matches!(need.matter, Matter::One(_)), first)
            };
            place(a).cmp(&place(b))
        };
        if needs.len() > SPELT_OUT {
            needs.select_nth_unstable_by(SPELT_OUT, by_place);
        }
        let spelt_out = needs.len().min(SPELT_OUT);
        needs[..spelt_out].sort_by(by_place);
        needs
    }

    /// Those that wait for a hold, those that share a cause, and into `needs` those that stand for themselves.
    fn sorted_out<'a>(&'a self, needs: &mut Vec<Need<'a>>) -> (Waiting<'a>, Alike<'a>) {
        let (mut waiting, mut alike) = (Waiting::new(), Alike::new());
        for certificate in &self.certificates {
            let hold = self.hold_of(certificate);
            if let Some(hold) = hold {
                waiting
                    .entry(std::ptr::from_ref(hold))
                    .or_default()
                    .push(certificate);
            }
            let is_urgent = certificate.urgency(self.now) <= Urgency::Ending;
            let only_waits = hold.is_some() && !is_urgent && !certificate.has_own_trouble();
            if !certificate.needs_somebody() || only_waits {
                continue;
            }
            match certificate.cause() {
                Some(cause) if !is_urgent => alike.entry(cause).or_default().push(certificate),
                _ => needs.push(self.of(certificate.tone, Matter::One(hold), vec![certificate])),
            }
        }
        (waiting, alike)
    }

    /// A need of these certificates: as urgent as the worst of them.
    fn of<'a>(
        &self,
        tone: Tone,
        matter: Matter<'a>,
        mut certificates: Vec<&'a CertificateLine>,
    ) -> Need<'a> {
        certificates.sort_by_cached_key(|one| one.rank(self.now));
        let worst = certificates.first().map(|one| one.rank(self.now));
        let rank = match worst {
            Some((urgency @ (Urgency::Expired | Urgency::Ending), no_end, end)) => {
                (urgency, no_end, end)
            }
            Some((_, no_end, end)) => (Urgency::Tone(tone), no_end, end),
            // It may keep back every one that comes.
            None => (Urgency::Tone(tone), false, None),
        };
        Need {
            tone,
            matter,
            certificates,
            rank,
        }
    }

    /// What keeps this certificate back together with others.
    fn hold_of(&self, certificate: &CertificateLine) -> Option<&HoldLine> {
        let waits = certificate.waits_for.as_ref()?;
        let mut accounts = self.accounts.iter();
        let account = accounts.find(|account| account.name == waits.account)?;
        account.holds.iter().find(|hold| hold.scope == waits.scope)
    }
}

impl CertificateLine {
    /// How urgent it is.
    pub(crate) fn urgency(&self, now: DateTime<Utc>) -> Urgency {
        match self.life {
            Some(life) if life.not_after <= now => Urgency::Expired,
            Some(life)
                if self.tone != Tone::Well
                    && life.not_after - now < TimeDelta::days(URGENT_DAYS) =>
            {
                Urgency::Ending
            }
            _ => Urgency::Tone(self.tone),
        }
    }

    /// Where it stands among others.
    pub(crate) fn rank(&self, now: DateTime<Utc>) -> Rank {
        let end = self.life.map(|life| life.not_after);
        (self.urgency(now), end.is_none(), end)
    }

    /// Whether somebody should look at it, now or if it goes on.
    pub(crate) fn needs_somebody(&self) -> bool {
        matches!(self.tone, Tone::Bad | Tone::Wary)
    }

    /// Whether it would need somebody too if nothing kept it back together with others.
    fn has_own_trouble(&self) -> bool {
        self.trouble.is_some() || self.drift || self.paused.is_some() || !self.manual.is_empty()
    }

    /// By what the same trouble of others is known. A record to be added by hand is each one's own.
    fn cause(&self) -> Option<Cause<'_>> {
        if !self.manual.is_empty() {
            return None;
        }
        if self.paused.is_some() {
            return Some(Cause::Paused);
        }
        let Trouble { with, code, said } = self.trouble.as_ref()?;
        let account = self.account.as_str();
        match (with, code) {
            (With::Parked(Parking::NotValidated { by_service }), _) => Some(Cause::NotValidated {
                account,
                by_service: *by_service,
            }),
            (With::Parked(Parking::Unclear), _) => None,
            (With::Dead(status), _) => Some(Cause::Dead(*status)),
            (
                With::Target {
                    command: Some(command),
                    ..
                },
                _,
            ) => Some(Cause::Command(command)),
            (_, Some(code)) => Some(Cause::Code {
                account,
                code,
                parked: self.parked,
            }),
            (_, None) if said.is_empty() => None,
            (_, None) => Some(Cause::Said(said)),
        }
    }
}

#[cfg(test)]
mod tests;
