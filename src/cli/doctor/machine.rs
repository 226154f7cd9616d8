//! This machine: the config's files, the state folder, the database, the disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::files;
use super::finding::{Findings, Subject};
use crate::cli::check::rights;
use crate::cli::failure::Failure;
use crate::cli::view::View;
use crate::config;
use crate::store::Lock;

/// Below this nothing can be kept up for long, in bytes.
const TOO_LITTLE: u64 = 20 * 1024 * 1024;

/// Below this it is time to look.
const LITTLE: u64 = 200 * 1024 * 1024;

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
    if !Lock::is_taken(state_dir)? {
        findings.advises(
            &here,
            "no daemon runs on this state folder",
            "systemctl enable --now evercert; or run `evercert renew` daily by other means",
        );
    }
    Ok(())
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
