//! `backup` and `restore`: a copy of the record, and its return.
//!
//! Run as root, the file is opened before the verb becomes the state folder's owner: so it may lie where only root may
//! write or read, and the database is only ever touched by its owner.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::unistd::geteuid;

use super::failure::Failure;
use super::identity::become_owner;
use super::output::{local, print};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::files::{self, FileError, Folder};
use crate::store::{Candidate, FILE as DATABASE, Lock, Store, StoreError, prepare_folder};

/// What `backup` takes.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArguments {
    /// The file to write; it must not be there yet
    file: PathBuf,
}

/// What `restore` takes.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArguments {
    /// The file that `backup` wrote
    file: PathBuf,
    /// Also where it is of another installation: that machine must be gone for good
    #[arg(long)]
    other_installation: bool,
    /// Only look whether it could be restored
    #[arg(long)]
    dry_run: bool,
}

fn failed<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> Failure {
    move |error| Failure::other(format!("{}: {error}", path.display()))
}

pub(super) async fn backup(path: &Path, arguments: &BackupArguments) -> Result<ExitCode, Failure> {
    let config = config::load(path)?.config;
    let file = &arguments.file;
    if !geteuid().is_root() {
        become_owner(&config.state_dir)?;
    }
    if !config.state_dir.join(DATABASE).exists() {
        return Err(Failure::other(format!(
            "there is no database in {} yet",
            config.state_dir.display()
        )));
    }
    let (folder, name) = Folder::of(file).map_err(failed(file))?;
    let mut to = folder
        .create(name, 0o600, (None, None))
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::other(format!(
                "{} is there already; name a new file, a backup never replaces one",
                file.display()
            )),
            _ => failed(file)(error),
        })?;
    become_owner(&config.state_dir)?;
    if let Err(failure) = copy(&config.state_dir, &mut to, file).await {
        // Cut to nothing, it can't be taken for a backup, also where the owner may not remove it.
        let emptied = to.set_len(0).map_err(FileError::from);
        if emptied.and_then(|()| folder.remove(name)).is_err() {
            tracing::debug!("the file of the failed backup is left, empty");
        }
        return Err(failure);
    }
    let size = to.metadata().map_err(failed(file))?.len();
    print(&format!("{}: {size} bytes\n", file.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// SQLite writes the copy into the state folder, whose owner we are; from there it goes where it was asked for.
async fn copy(state_dir: &Path, to: &mut File, name: &Path) -> Result<(), Failure> {
    let passing_name = format!("evercert.db.backup-{}", std::process::id());
    let passing = state_dir.join(&passing_name);
    // Empty and its owner's alone before SQLite writes into it.
    Folder::open(state_dir)
        .and_then(|folder| folder.create(passing_name.as_ref(), 0o600, (None, None)))
        .map_err(failed(&passing))?;
    let written = async {
        let store = Store::open_read_only(state_dir)
            .await?
            .ok_or_else(|| Failure::other("there is no database yet"))?;
        store.back_up(&passing).await?;
        store.close().await;
        let mut from = files::open(&passing).map_err(failed(&passing))?;
        io::copy(&mut from, to).map_err(failed(name))?;
        to.sync_all().map_err(failed(name))
    };
    let outcome = written.await;
    std::fs::remove_file(&passing).map_err(failed(&passing))?;
    outcome
}

pub(super) async fn restore(
    path: &Path,
    arguments: &RestoreArguments,
) -> Result<ExitCode, Failure> {
    let config = config::load(path)?.config;
    let state_dir = &config.state_dir;
    let file = &arguments.file;
    let mut backup = files::open(file).map_err(failed(file))?;
    refuse_unfinished(file)?;
    if state_dir.exists() {
        become_owner(state_dir)?;
    }
    prepare_folder(state_dir)?;
    let _lock = Lock::take(state_dir).map_err(|error| match error {
        StoreError::Locked { pid, .. } => Failure::later(format!(
            "a daemon works on {} (process {pid}); stop it first: systemctl stop evercert",
            state_dir.display()
        )),
        other => other.into(),
    })?;
    let candidate = Candidate::examine(state_dir, &mut backup).await?;
    let last = candidate
        .last_event
        .map_or_else(|| "never".to_owned(), local);
    print(&format!(
        "{}: sound; installation ec-{}-, {} certificates, last event {last}\n",
        file.display(),
        candidate.installation,
        candidate.certificates,
    ))?;
    if arguments.dry_run {
        candidate.discard();
        return Ok(ExitCode::SUCCESS);
    }
    let now = SystemClock::new().now();
    let replaced = candidate
        .put_in_place(state_dir, now, arguments.other_installation)
        .await?;
    let kept = replaced.kept.map_or_else(String::new, |kept| {
        format!("; what was there is kept as {}", kept.display())
    });
    print(&format!(
        "restored{kept}\nStart the service now. It looks through the account for what was ordered since the backup before \
         it orders anything; that takes minutes.\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// A copy of a database at work, made by `cp`, lacks what is in its log.
fn refuse_unfinished(file: &Path) -> Result<(), Failure> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let has_log = std::fs::metadata(&log).is_ok_and(|metadata| metadata.size() > 0);
    if has_log {
        return Err(Failure::other(format!(
            "{} has a log beside it ({}): it is a database at work, not a backup. Make one with `evercert backup`",
            file.display(),
            PathBuf::from(log).display()
        )));
    }
    Ok(())
}
