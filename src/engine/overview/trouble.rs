//! The one trouble of a certificate that is shown where there is room for one: what visitors suffer from goes first.

use crate::config::{Certificate, Validation, hook_key};
use crate::engine::view::{Line, View};
use crate::lifecycle::Record;
use crate::lifecycle::delivery::{Delivery, ServerCommand, State, TargetKind};
use crate::observe::overview::{Parking, Trouble, With};
use crate::redact;

/// What is the matter with this certificate alone. What keeps it back together with others is not its own.
pub(super) fn trouble(
    view: &View,
    line: &Line<'_>,
    certificate: Option<&Certificate>,
) -> Option<Trouble> {
    let record = &line.record;
    if let Some(said) = view.live_trouble(&record.domain) {
        return Some(without_code(With::Live, said));
    }
    if let Some(parked) = &record.parked {
        return Some(Trouble {
            with: With::Parked(parking(record, certificate)),
            code: record
                .retry
                .last
                .as_ref()
                .and_then(|last| last.code.clone()),
            said: parked.reason.clone(),
        });
    }
    let last = record.retry.last.as_ref();
    if let Some(last) = last.filter(|_| line.hold().is_none()) {
        return Some(Trouble {
            with: With::Order,
            code: last.code.clone(),
            said: last.message.clone(),
        });
    }
    if let Some(said) = view.proof_trouble(&record.domain) {
        return Some(without_code(With::Proof, said));
    }
    if let Some(status) = record.dead {
        return Some(without_code(With::Dead(status), ""));
    }
    let mut targets = view.targets(&record.domain).iter();
    let row = targets.find(|row| row.attempts > 0 && row.kind() != TargetKind::Failure)?;
    let said = row.last_error.as_deref().unwrap_or_default();
    let with = With::Target {
        kind: row.kind(),
        title: row.title.clone(),
        command: certificate.and_then(|certificate| command(certificate, row)),
    };
    Some(without_code(with, said))
}

fn without_code(with: With, said: &str) -> Trouble {
    Trouble {
        with,
        code: None,
        said: said.to_owned(),
    }
}

fn parking(record: &Record, certificate: Option<&Certificate>) -> Parking {
    let is_refused = record
        .retry
        .last
        .as_ref()
        .is_some_and(|last| last.code.is_some());
    if record.retry.unvalidated >= 2 {
        Parking::NotValidated {
            by_service: certificate
                .is_some_and(|certificate| matches!(certificate.validation, Validation::DnsAuto)),
        }
    } else if is_refused {
        Parking::Refused
    } else {
        Parking::Unclear
    }
}

/// The command that failed, where one did, without what may be a secret. The same command of other certificates is the same
/// trouble.
fn command(certificate: &Certificate, row: &Delivery) -> Option<String> {
    let targets = &certificate.targets;
    match &row.state {
        State::Install(state) => {
            let mut installs = targets.install.iter();
            let install = installs.find(|install| install.key() == row.target)?;
            let argv = match state.refused? {
                ServerCommand::Check => install.check.as_ref(),
                ServerCommand::Reload => install.reload.as_ref(),
            };
            argv.map(|argv| redact::command(argv))
        }
        _ => {
            let mut hooks = targets.hooks.deploy.iter();
            let argv = hooks.find(|argv| hook_key(row.kind().name(), argv) == row.target)?;
            // Arguments of hooks are where people put tokens.
            argv.first().cloned()
        }
    }
}
