//! This machine: the config's files, the state folder, the database, the disk.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::statvfs::statvfs;

use super::files;
use super::finding::{Findings, Subject};
use crate::cli::check::rights;
use crate::cli::failure::Failure;
use crate::cli::view::View;
use crate::config::{self, Http};
use crate::store::Lock;

/// Below this nothing can be kept up for long, in bytes.
const TOO_LITTLE: u64 = 20 * 1024 * 1024;

/// Below this it is time to look.
const LITTLE: u64 = 200 * 1024 * 1024;

/// How long the status page is given to take a connection.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn examine(
    path: &Path,
    view: &View,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let here = Subject::Machine;
    for file in config::files_of(path) {
        if !files::may_read(&file) {
            findings.fails(
                &here,
                format!("{} can't be read by the service's user", file.display()),
                "chown it to that user, or let its group read it",
            );
        }
    }
    let state_dir = &view.config.state_dir;
    if let Ok(metadata) = fs::metadata(state_dir) {
        if metadata.mode() & 0o022 != 0 {
            findings.advises(
                &here,
                format!(
                    "{} can be written by others than its owner",
                    state_dir.display()
                ),
                format!("chmod go-w {}", state_dir.display()),
            );
        }
        space(state_dir, findings);
    }
    if let Some(note) = rights(&view.config) {
        findings.advises(
            &here,
            note,
            "install the drop-in, or use a path unit; docs/delivery.md",
        );
    }
    let runs = Lock::is_taken(state_dir)?;
    port(&view.config.http, runs, findings);
    let Some(store) = &view.store else {
        findings.advises(
            &here,
            "there is no database yet",
            "start the service; it makes one",
        );
        return Ok(());
    };
    let verdict = store.integrity().await?;
    if verdict != "ok" {
        findings.fails(
            &here,
            format!("the database is damaged: {verdict}"),
            "stop the service and restore a backup (docs/operations.md)",
        );
    }
    if !runs {
        findings.advises(
            &here,
            "no daemon runs on this state folder",
            "systemctl enable --now evercert; or run `evercert renew` daily by other means",
        );
    }
    Ok(())
}

/// Whether the status page answers where a daemon runs, or could where none does.
fn port(http: &Http, runs: bool, findings: &mut Findings) {
    let Some(address) = http.listen.filter(|address| address.port() != 0) else {
        return;
    };
    let here = Subject::Machine;
    if runs {
        if TcpStream::connect_timeout(&address, PATIENCE).is_err() {
            findings.advises(
                &here,
                format!("nothing answers at {address}, where [http] has the status page"),
                "look for http.failed in the log; another program may have the port",
            );
        }
    } else if let Err(error) = TcpListener::bind(address) {
        findings.advises(
            &here,
            format!("{address} of [http] can't be listened on: {error}"),
            "give another address; renewals go on without the status page",
        );
    }
}

fn space(state_dir: &Path, findings: &mut Findings) {
    let Ok(disk) = statvfs(state_dir) else {
        return;
    };
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    let what = format!(
        "{} has {} MiB left",
        state_dir.display(),
        free / 1024 / 1024
    );
    if free < TOO_LITTLE {
        findings.fails(
            &Subject::Machine,
            what,
            "free some space: the record can't be written without",
        );
    } else if free < LITTLE {
        findings.advises(
            &Subject::Machine,
            what,
            "free some space before it runs out",
        );
    }
}
