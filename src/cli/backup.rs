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
use super::view::read;
use crate::clock::{Clock, SystemClock};
use crate::files::{self, FileError, Folder};
use crate::sentence::{Language, Sentence, sentences};
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
    move |error| Failure::of_file(path, error)
}

sentences! {
    no_database_in(folder) "there is no database in {folder} yet" "{folder} 中还没有数据库";
    no_database() "there is no database yet" "还没有数据库";
    is_there(file) "{file} is there already; name a new file, a backup never replaces one" "{file} 已存在；请指定新文件，备份不会覆盖已有文件";
    written(file, size) "{file}: {size} bytes\n" "{file}：{size} 字节\n";
    daemon_works(folder, pid) "a daemon works on {folder} (process {pid}); stop it first: systemctl stop evercert" "守护进程正在使用 {folder}（进程 {pid}）；请先停止：systemctl stop evercert";
    sound(file, installation, count, last) "{file}: sound; installation ec-{installation}-, {count} certificates, last event {last}\n" "{file}：完好；安装 ec-{installation}-，{count} 张证书，最后事件 {last}\n";
    never() "never" "无";
    kept(path) "; what was there is kept as {path}" "；原有的数据库保留为 {path}";
    restored(kept) "restored{kept}\nStart the service now. It looks through the account for what was ordered since the backup before it orders anything; that takes minutes.\n" "已恢复{kept}\n请启动服务。它会先查找备份之后申请的证书，再决定是否申请；需要几分钟。\n";
    has_log(file, log) "{file} has a log beside it ({log}): it is a database at work, not a backup. Make one with `evercert backup`" "{file} 旁有日志文件（{log}）：它是使用中的数据库，不是备份。请用 `evercert backup` 创建备份";
}

pub(super) async fn backup(
    path: &Path,
    language: Language,
    arguments: &BackupArguments,
) -> Result<ExitCode, Failure> {
    let config = read(path)??.config;
    let file = &arguments.file;
    if !geteuid().is_root() {
        become_owner(&config.state_dir)?;
    }
    if !config.state_dir.join(DATABASE).exists() {
        return Err(Failure::other(no_database_in(config.state_dir.display())));
    }
    let (folder, name) = Folder::of(file).map_err(failed(file))?;
    let mut to = folder
        .create(name, 0o600, (None, None))
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::other(is_there(file.display())),
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
    print(language.of(&written(file.display(), size)))?;
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
    let copied = async {
        let store = Store::open_read_only(state_dir)
            .await?
            .ok_or_else(|| Failure::other(no_database()))?;
        store.back_up(&passing).await?;
        store.close().await;
        let mut from = files::open(&passing).map_err(failed(&passing))?;
        io::copy(&mut from, to).map_err(failed(name))?;
        to.sync_all().map_err(failed(name))
    };
    let outcome = copied.await;
    std::fs::remove_file(&passing).map_err(failed(&passing))?;
    outcome
}

pub(super) async fn restore(
    path: &Path,
    language: Language,
    arguments: &RestoreArguments,
) -> Result<ExitCode, Failure> {
    let config = read(path)??.config;
    let state_dir = &config.state_dir;
    let file = &arguments.file;
    let mut backup = files::open(file).map_err(failed(file))?;
    refuse_unfinished(file)?;
    if state_dir.exists() {
        become_owner(state_dir)?;
    }
    prepare_folder(state_dir)?;
    let _lock = Lock::take(state_dir).map_err(|error| match error {
        StoreError::Locked { pid, .. } => Failure::later(daemon_works(state_dir.display(), pid)),
        other => other.into(),
    })?;
    let candidate = Candidate::examine(state_dir, &mut backup).await?;
    let last = candidate
        .last_event
        .map_or_else(never, |at| Sentence::verbatim(local(at)));
    print(language.of(&sound(
        file.display(),
        &candidate.installation,
        candidate.certificates,
        last,
    )))?;
    if arguments.dry_run {
        candidate.discard();
        return Ok(ExitCode::SUCCESS);
    }
    let now = SystemClock::new().now();
    let replaced = candidate
        .put_in_place(state_dir, now, arguments.other_installation)
        .await?;
    let before = replaced.kept;
    let before = before.map_or_else(|| Sentence::verbatim(""), |path| kept(path.display()));
    print(language.of(&restored(before)))?;
    Ok(ExitCode::SUCCESS)
}

/// A copy of a database at work, made by `cp`, lacks what is in its log.
fn refuse_unfinished(file: &Path) -> Result<(), Failure> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let is_at_work = std::fs::metadata(&log).is_ok_and(|metadata| metadata.size() > 0);
    if is_at_work {
        let log = PathBuf::from(log);
        return Err(Failure::other(has_log(file.display(), log.display())));
    }
    Ok(())
}
