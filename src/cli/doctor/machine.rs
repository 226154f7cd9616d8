//! This machine: the config's files, the state folder, the database, the disk.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::statvfs::statvfs;

use super::finding::{Finding, Findings, Subject};
use super::{files, sentences as say};
use crate::cli::failure::Failure;
use crate::cli::older_systemd;
use crate::cli::rights::needs_drop_in;
use crate::cli::view::View;
use crate::config::{self, Certificate, Http};
use crate::sentence::Sentence;
use crate::store::Lock;

/// Below this nothing can be kept up for long, in bytes.
const TOO_LITTLE: u64 = 20 * 1024 * 1024;

/// Below this it is time to look.
const LITTLE: u64 = 200 * 1024 * 1024;

/// The cause of all findings of a machine that resolves nothing.
const RESOLVER: &str = "resolver";

/// How an error of a call says that its host's name was not resolved.
const UNRESOLVED: &str = "(dns: ";

/// How long the status page is given to take a connection.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn examine(path: &Path, view: &View) -> Result<Vec<Finding>, Failure> {
    let mut findings = Findings::about(Subject::Machine);
    for file in config::files_of(path) {
        if !files::may_read(&file) {
            findings.fails(say::not_readable(file.display()), say::let_it_read());
        }
    }
    let state_dir = &view.config.state_dir;
    if let Ok(metadata) = fs::metadata(state_dir) {
        if metadata.mode() & 0o022 != 0 {
            let shown = state_dir.display();
            let remedy = Sentence::verbatim(format!("chmod go-w {shown}"));
            findings.advises(say::writable_by_others(shown), remedy);
        }
        space(state_dir, &mut findings);
    }
    if let Some(note) = needs_drop_in(&view.config) {
        findings.advises(note, say::install_drop_in());
    }
    for (what, remedy) in older_systemd::look().await {
        findings.fails(what, remedy);
    }
    let runs = Lock::is_taken(state_dir)?;
    port(&view.config.http, runs, &mut findings);
    let Some(store) = &view.store else {
        findings.advises(say::no_database(), say::start_the_service());
        return Ok(findings.list);
    };
    let verdict = store.integrity().await?;
    if verdict != "ok" {
        findings.fails(say::database_is_damaged(verdict), say::restore_a_backup());
    }
    if !runs {
        findings.advises(say::no_daemon(), say::enable_the_service());
    }
    Ok(findings.list)
}

/// What every account and certificate suffers from then. `findings` are those that were made before.
pub(super) fn resolves_nothing(error: &str, chosen: &[&Certificate], findings: &mut Vec<Finding>) {
    let by_accounts = findings
        .iter_mut()
        .filter(|finding| matches!(finding.subject, Subject::Account(_)))
        .filter(|finding| finding.what.english.contains(UNRESOLVED));
    let mut reaches_accounts = true;
    for finding in by_accounts {
        reaches_accounts = false;
        finding.cause = Some(RESOLVER.to_owned());
    }
    let mut machine = Findings::about(Subject::Machine);
    let what = say::machine_resolves_nothing(error);
    if reaches_accounts {
        machine.advises(what, say::look_at_resolv_conf());
    } else {
        machine.fails(what, say::let_it_resolve());
    }
    machine.because(RESOLVER.to_owned());
    findings.extend(machine.list);
    for certificate in chosen {
        let mut own = Findings::about_certificate(certificate);
        own.advises(say::dns_not_asked(error), say::look_at_resolv_conf());
        own.because(RESOLVER.to_owned());
        findings.extend(own.list);
    }
}

/// Whether the status page answers where a daemon runs, or could where none does.
fn port(http: &Http, runs: bool, findings: &mut Findings) {
    let Some(address) = http.listen.filter(|address| address.port() != 0) else {
        return;
    };
    if runs {
        if TcpStream::connect_timeout(&address, PATIENCE).is_err() {
            findings.advises(say::page_is_silent(address), say::look_for_http_failed());
        }
    } else if let Err(error) = TcpListener::bind(address) {
        findings.advises(
            say::page_has_no_port(address, error),
            say::give_another_address(),
        );
    }
}

fn space(state_dir: &Path, findings: &mut Findings) {
    let Ok(disk) = statvfs(state_dir) else {
        return;
    };
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let what = say::space_left(state_dir.display(), free / 1024 / 1024);
    if free < TOO_LITTLE {
        findings.fails(what, say::free_space_now());
    } else if free < LITTLE {
        findings.advises(what, say::free_space_soon());
    }
}
