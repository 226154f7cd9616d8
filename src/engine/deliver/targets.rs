//! What the config has as targets of a certificate, and the commands of each.

use super::together::Commands;
use crate::command;
use crate::config::{Certificate, Install, hook_key};
use crate::lifecycle::delivery::{Delivery, TargetKind};

/// Whether anything is to be done with it between being installed and being served.
pub(in crate::engine) fn delivers(certificate: &Certificate) -> bool {
    wanted_targets(certificate)
        .iter()
        .any(|target| target.kind() != TargetKind::Failure)
}

/// The targets of a certificate, as new ones.
pub(in crate::engine) fn wanted_targets(certificate: &Certificate) -> Vec<Delivery> {
    let targets = &certificate.targets;
    let hooks = |kind: TargetKind, commands: &[Vec<String>]| -> Vec<Delivery> {
        let hook = |command: &Vec<String>| {
            let title = format!("hook {}", command::title(command));
            Delivery::new(hook_key(kind.name(), command), kind, title)
        };
        commands.iter().map(hook).collect()
    };
    let installs = targets.install.iter();
    let installs =
        installs.map(|install| Delivery::new(install.key(), TargetKind::Install, install.title()));
    let clouds = targets.cloud.iter();
    let clouds = clouds.map(|cloud| Delivery::new(cloud.key(), TargetKind::Cloud, cloud.title()));
    let verify = targets.verify.iter().map(|verify| {
        let title = format!("verify {}", verify.address);
        Delivery::new(verify.key(), TargetKind::Verify, title)
    });
    installs
        .chain(clouds)
        .chain(hooks(TargetKind::Deploy, &targets.hooks.deploy))
        .chain(verify)
        .chain(hooks(TargetKind::Failure, &targets.hooks.failure))
        .collect()
}

/// The copies for a server of this key.
pub(super) fn install_of<'a>(certificate: &'a Certificate, key: &str) -> Option<&'a Install> {
    let mut installs = certificate.targets.install.iter();
    installs.find(|install| install.key() == key)
}

/// The commands of a target.
pub(super) fn commands(install: &Install) -> Commands<'_> {
    Commands {
        check: install.check.as_deref(),
        reload: install.reload.as_deref(),
    }
}

/// What the commands of a target are known by.
pub(super) fn names(install: &Install) -> Vec<String> {
    commands(install).all().map(command::name).collect()
}
