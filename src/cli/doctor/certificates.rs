//! One certificate: the way to its validation, its targets and commands, and what the record knows of it.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use nix::unistd::geteuid;

use super::accounts::{Zones, dnspod};
use super::files;
use super::finding::{Findings, Subject};
use crate::cli::view::View;
use crate::clock::{Clock, SystemClock};
use crate::config::{
    Certificate, Dns, FilePlace, FileProof, Format, Install, Provider, Validation,
};
use crate::engine::main_domain;
use crate::lifecycle::due;
use crate::validation::diagnose;

/// How long www may take to answer.
const WAIT: Duration = Duration::from_secs(3);

/// What can be seen without asking anybody.
pub(super) fn examine(
    view: &View,
    certificate: &Certificate,
    zones: &Zones,
    findings: &mut Findings,
) {
    let subject = Subject::Certificate(certificate.display.clone());
    known(view, certificate, &subject, findings);
    way(certificate, &subject, findings);
    if let Some(account) = dnspod(certificate)
        && zones.has(account, &certificate.domain) == Some(false)
    {
        findings.fails(
            &subject,
            format!("account \"{account}\" has no DNSPod zone for it"),
            "name the account that has the zone, or another way of validation",
        );
    }
    for install in &certificate.targets.install {
        target(certificate, install, &subject, findings);
        for argv in install.check.iter().chain(&install.reload) {
            command(argv, &subject, findings);
        }
    }
    let hooks = &certificate.targets.hooks;
    for argv in hooks.deploy.iter().chain(&hooks.failure) {
        command(argv, &subject, findings);
    }
}

/// What the record knows of it already.
fn known(view: &View, certificate: &Certificate, subject: &Subject, findings: &mut Findings) {
    let line = view.line(certificate);
    let record = &line.record;
    if let Some(parked) = &record.parked {
        findings.fails(
            subject,
            format!("it waits for you: {}", parked.reason),
            &parked.remedy,
        );
    } else if let Some(last) = record
        .retry
        .last
        .as_ref()
        .filter(|_| record.retry.failures > 0)
    {
        let remedy = match &last.code {
            Some(code) => format!("`evercert explain {code}`; it is tried again by itself"),
            None => "it is tried again by itself; `evercert why` says when".to_owned(),
        };
        findings.advises(
            subject,
            format!("its last attempt failed: {}", last.message),
            remedy,
        );
    }
    if record.paused.is_some() {
        let what = "it is paused, so nothing is done for it";
        let remedy = format!("`evercert resume {}`", certificate.display);
        if due(view.now, &line.policy, record).is_some() {
            findings.fails(subject, what, remedy);
        } else {
            findings.advises(subject, what, remedy);
        }
    }
}

/// What its way of validation needs on this machine.
fn way(certificate: &Certificate, subject: &Subject, findings: &mut Findings) {
    match &certificate.validation {
        Validation::DnsAuto => {}
        Validation::File(FileProof { place, .. }) => match place {
            FilePlace::Webroot(root) => note(files::folder(root, false), subject, findings),
            FilePlace::Listen(address) => {
                if let Err(error) = TcpListener::bind(address)
                    && error.kind() == std::io::ErrorKind::PermissionDenied
                {
                    findings.fails(
                        subject,
                        format!("the service's user may not listen on {address}"),
                        "take a port above 1023, and let the web server pass the path on to it",
                    );
                }
            }
        },
        Validation::Dns(Dns { provider, .. }) => match provider {
            Provider::Dnspod { .. } | Provider::Manual => {}
            Provider::Exec {
                command: argv,
                cleanup,
                env_file,
                ..
            } => {
                command(argv, subject, findings);
                if let Some(argv) = cleanup {
                    command(argv, subject, findings);
                }
                secret(env_file.as_deref(), subject, findings);
            }
            Provider::AcmeSh {
                acme_sh,
                script,
                env_file,
                ..
            } => {
                let file = acme_sh.join("dnsapi").join(format!("{script}.sh"));
                if !files::may_read(&file) {
                    findings.fails(
                        subject,
                        format!("{} is missing, or can't be read", file.display()),
                        "correct acme_sh and script, or install acme.sh",
                    );
                }
                secret(env_file.as_deref(), subject, findings);
            }
            Provider::Rfc2136 { key_file, .. } => secret(Some(key_file), subject, findings),
        },
    }
}

fn secret(file: Option<&Path>, subject: &Subject, findings: &mut Findings) {
    if let Some(file) = file {
        note(files::secret_file(file), subject, findings);
    }
}

fn target(
    certificate: &Certificate,
    install: &Install,
    subject: &Subject,
    findings: &mut Findings,
) {
    for file in install.format.files() {
        if let Some(folder) = file.parent() {
            note(
                files::folder(folder, install.create_folders),
                subject,
                findings,
            );
            if let Some((what, remedy)) = files::foreign_parent(folder) {
                findings.advises(subject, what, remedy);
            }
        }
    }
    if let Format::Pkcs12 { password_file, .. } = &install.format {
        secret(Some(password_file), subject, findings);
    }
    for loss in losses(certificate, install) {
        findings.advises(
            subject,
            loss,
            "say in the entry what it is to have: owner, group, mode",
        );
    }
    let others = install.owner.is_some() || install.group.is_some();
    if others && !geteuid().is_root() {
        findings.advises(
            subject,
            format!(
                "{} is to belong to someone else, which only root may do",
                install.title()
            ),
            "let the service run with the drop-in targets.conf, or leave out owner and group",
        );
    }
}

/// What the files of a target lose when they are replaced.
pub(in crate::cli) fn losses(certificate: &Certificate, install: &Install) -> Vec<String> {
    // Nothing is saved or put back here.
    let nowhere = Path::new("/nonexistent");
    crate::engine::target(install, &certificate.domain, nowhere, "").losses()
}

fn command(argv: &[String], subject: &Subject, findings: &mut Findings) {
    let Some(program) = argv.first() else {
        return;
    };
    match files::program(program) {
        Ok(None) => {}
        Ok(Some((what, remedy))) => findings.advises(subject, what, remedy),
        Err((what, remedy)) => findings.fails(subject, what, remedy),
    }
}

fn note(outcome: Result<(), files::Wrong>, subject: &Subject, findings: &mut Findings) {
    if let Err((what, remedy)) = outcome {
        findings.fails(subject, what, remedy);
    }
}

/// What DNS and the domain's own servers say.
pub(super) async fn ask(view: &View, certificate: &Certificate) -> Findings {
    let mut findings = Findings::default();
    let subject = Subject::Certificate(certificate.display.clone());
    let clock = SystemClock::new();
    match diagnose::look(&certificate.domain, &certificate.validation, &clock).await {
        Ok(found) => {
            for one in found {
                findings.fails(&subject, one.what, one.remedy);
            }
        }
        Err(why) => findings.advises(
            &subject,
            format!("DNS could not be asked about it: {why}"),
            "look at /etc/resolv.conf; orders are made all the same",
        ),
    }
    if let Some(www) = forgotten_www(view, certificate)
        && answers(&www, &clock).await
    {
        findings.advises(
            &subject,
            format!("{www} answers on port 443, and is not in the config"),
            format!(
                "a free certificate covers one exact name: add [[certificates]] with domain = \"{www}\", if it serves visitors"
            ),
        );
    }
    findings
}

/// The www name of a registered domain, where the config has no certificate for it.
fn forgotten_www(view: &View, certificate: &Certificate) -> Option<String> {
    let domain = &certificate.domain;
    let www = format!("www.{domain}");
    let listed = view
        .config
        .certificates
        .iter()
        .any(|other| other.domain == www);
    (main_domain(domain) == *domain && !listed).then_some(www)
}

async fn answers(host: &str, clock: &dyn Clock) -> bool {
    tokio::select! {
        connected = tokio::net::TcpStream::connect((host, 443)) => connected.is_ok(),
        () = clock.sleep(WAIT) => false,
    }
}
