//! One certificate: the way to its validation, its targets and commands, and what the record knows of it.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join;
use nix::unistd::geteuid;

use super::accounts::{Zones, dnspod};
use super::finding::{Finding, Findings, cause};
use super::{files, sentences as say};
use crate::cli::output::local;
use crate::cli::rights::losses;
use crate::cli::view::View;
use crate::clock::{Clock, SystemClock};
use crate::config::{
    Certificate, Dns, FilePlace, FileProof, Format, Install, Provider, Validation, main_domain,
};
use crate::lifecycle::delivery::TargetKind;
use crate::lifecycle::due;
use crate::sentence::Sentence;
use crate::tencent::codes::told;
use crate::validation::diagnose::{self, Gravity};

/// How long www may take to answer.
const WAIT: Duration = Duration::from_secs(3);

/// What can be seen without asking anybody.
pub(super) fn examine(view: &View, certificate: &Certificate, zones: &Zones) -> Vec<Finding> {
    let mut findings = Findings::about_certificate(certificate);
    known(view, certificate, &mut findings);
    way(certificate, &mut findings);
    if let Some(account) = dnspod(certificate)
        && zones.has(account, &certificate.domain) == Some(false)
    {
        findings.fails(say::no_zone(account), say::name_the_zone_account());
    }
    for install in &certificate.targets.install {
        target(certificate, install, &mut findings);
        for argv in install.check.iter().chain(&install.reload) {
            command(argv, &mut findings);
        }
    }
    let hooks = &certificate.targets.hooks;
    for argv in hooks.deploy.iter().chain(&hooks.failure) {
        command(argv, &mut findings);
    }
    findings.list
}

/// What the record knows of it already.
fn known(view: &View, certificate: &Certificate, findings: &mut Findings) {
    let line = view.line(certificate);
    let record = &line.record;
    let last = record.retry.last.as_ref();
    if let Some(parked) = &record.parked {
        let code = last.and_then(|last| last.code.as_deref());
        findings.fails(
            say::parked(told(code, &parked.reason)),
            Sentence::from(&parked.remedy),
        );
    } else if let Some(last) = last.filter(|_| record.retry.failures > 0) {
        let remedy = match &last.code {
            Some(code) => say::explain_and_wait(code),
            None => say::wait(),
        };
        let reason = told(last.code.as_deref(), &last.message);
        findings.advises(say::attempt_failed(reason), remedy);
        if line.holds.iter().any(|hold| hold.failure.code == last.code) {
            findings.because(cause(record.acting_account(), last));
        }
    } else if let Some(hold) = line.hold() {
        // It waits with those that were refused.
        let failure = &hold.failure;
        let reason = told(failure.code.as_deref(), &failure.message);
        findings.advises(say::waits_with_others(reason), say::wait());
        findings.because(cause(&hold.account, failure));
    }
    let failing = view.targets(&certificate.domain).iter();
    let failing = failing.filter(|row| row.attempts > 0 && row.kind() != TargetKind::Failure);
    for row in failing {
        let reason = told(None, row.last_error.as_deref().unwrap_or_default());
        let what = match row.next_at {
            Some(at) => {
                say::target_fails(&row.title, row.attempts, reason, local(at.max(view.now)))
            }
            None => say::target_failed(&row.title, row.attempts, reason),
        };
        findings.fails(what, say::mend_and_deploy(&certificate.display));
    }
    if record.paused.is_some() {
        let remedy = Sentence::verbatim(format!("`evercert resume {}`", certificate.display));
        if due(view.now, &line.policy, record).is_some() {
            findings.fails(say::paused(), remedy);
        } else {
            findings.advises(say::paused(), remedy);
        }
    }
}

/// What its way of validation needs on this machine.
fn way(certificate: &Certificate, findings: &mut Findings) {
    match &certificate.validation {
        Validation::DnsAuto => {}
        Validation::File(FileProof { place, .. }) => match place {
            FilePlace::Webroot(root) => note(files::folder(root, false), findings),
            FilePlace::Listen(address) => {
                if let Err(error) = TcpListener::bind(address)
                    && error.kind() == std::io::ErrorKind::PermissionDenied
                {
                    findings.fails(say::port_forbidden(address), say::take_a_high_port());
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
                command(argv, findings);
                if let Some(argv) = cleanup {
                    command(argv, findings);
                }
                secret(env_file.as_deref(), findings);
            }
            Provider::AcmeSh {
                acme_sh,
                script,
                env_file,
                ..
            } => {
                let file = acme_sh.join("dnsapi").join(format!("{script}.sh"));
                if !files::may_read(&file) {
                    findings.fails(say::script_missing(file.display()), say::correct_acme_sh());
                }
                secret(env_file.as_deref(), findings);
            }
            Provider::Rfc2136 { key_file, .. } => secret(Some(key_file), findings),
        },
    }
}

fn secret(file: Option<&Path>, findings: &mut Findings) {
    if let Some(file) = file {
        note(files::secret_file(file), findings);
    }
}

fn target(certificate: &Certificate, install: &Install, findings: &mut Findings) {
    for file in install.format.files() {
        if let Some(folder) = file.parent() {
            note(files::folder(folder, install.create_folders), findings);
            if let Some((what, remedy)) = files::foreign_parent(folder) {
                findings.advises(what, remedy);
            }
        }
    }
    if let Format::Pkcs12 { password_file, .. } = &install.format {
        secret(Some(password_file), findings);
    }
    for loss in losses(certificate, install) {
        findings.advises(loss, say::say_rights());
    }
    let others = install.owner.is_some() || install.group.is_some();
    if others && !geteuid().is_root() {
        findings.advises(
            say::owner_needs_root(install.title()),
            say::run_with_drop_in(),
        );
    }
}

fn command(argv: &[String], findings: &mut Findings) {
    let Some(program) = argv.first() else {
        return;
    };
    match files::program(program) {
        Ok(None) => {}
        Ok(Some((what, remedy))) => findings.advises(what, remedy),
        Err((what, remedy)) => findings.fails(what, remedy),
    }
}

fn note(outcome: Result<(), files::Wrong>, findings: &mut Findings) {
    if let Err((what, remedy)) = outcome {
        findings.fails(what, remedy);
    }
}

/// What DNS and the domain's own servers say.
pub(super) async fn ask(view: &View, certificate: &Certificate) -> Vec<Finding> {
    let mut findings = Findings::about_certificate(certificate);
    let clock = SystemClock::new();
    let www = async {
        let www = forgotten_www(view, certificate)?;
        answers(&www, &clock).await.then_some(www)
    };
    let looked = diagnose::look(&certificate.domain, &certificate.validation, &clock);
    let (looked, www) = join(looked, www).await;
    match looked {
        Ok(found) => {
            for one in found {
                match one.gravity {
                    Gravity::Fails => findings.fails(one.what, one.remedy),
                    Gravity::Advice => findings.advises(one.what, one.remedy),
                    Gravity::Unproven => findings.leaves_open(one.what, one.remedy),
                }
            }
        }
        Err(error) => findings.advises(say::dns_not_asked(error), say::look_at_resolv_conf()),
    }
    if let Some(www) = www {
        findings.advises(say::www_answers(&www), say::add_www(&www));
    }
    findings.list
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
