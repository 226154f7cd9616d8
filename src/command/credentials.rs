//! Keeps systemd's credentials from the commands that are run.
//!
//! A command runs as the daemon's user and in its mount namespace, so the files below `$CREDENTIALS_DIRECTORY` would be
//! readable for it. Landlock (Linux 5.19 or newer for what is used here) takes the right to read them from the thread
//! that starts the command; the command and its children inherit that, and can't undo it. The thread ends then, and the
//! daemon's own threads keep their rights.
//!
//! A right is given for all that lies beside the hidden folder, on each level up to the root: what is made later directly
//! in `/`, `/run` or `/run/credentials` can't be read by a command that was started before.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Once;

use landlock::{
    AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError,
};
use nix::fcntl::OFlag;
use nix::sys::prctl;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Starts a command that can't read systemd's credentials, where there are any.
///
/// Only where the service has `NoNewPrivileges` (the shipped unit does): Landlock needs it, and to set it here would
/// break commands that go by `sudo`.
pub(super) async fn spawn(mut command: Command) -> io::Result<Child> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    match folder {
        Some(folder) if prctl::get_no_new_privs() == Ok(true) => {
            spawn_without(folder, command).await
        }
        Some(_) => {
            say_readable("the service has no NoNewPrivileges=yes");
            command.spawn()
        }
        None => command.spawn(),
    }
}

/// Says once that commands can read the credentials, and why.
fn say_readable(why: &str) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!("commands can read systemd's credentials on this machine: {why}");
    });
}

/// Starts a command that can't read what is in this folder. Where the kernel can't do that, it is started all the same.
async fn spawn_without(folder: PathBuf, mut command: Command) -> io::Result<Child> {
    let runtime = Handle::current();
    let (started, child) = oneshot::channel();
    std::thread::Builder::new()
        .name("command".to_owned())
        .spawn(move || {
            let _context = runtime.enter();
            if let Err(error) = give_up(&folder) {
                say_readable(&error.to_string());
            }
            if started.send(command.spawn()).is_err() {
                tracing::debug!("a command was not waited for, and ended");
            }
        })?;
    child
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the thread that starts it ended")))
}

/// Takes the right to read files in this folder from the calling thread.
fn give_up(folder: &Path) -> Result<(), RulesetError> {
    let in_folders = AccessFs::ReadFile | AccessFs::Refer;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        // Moving files between folders is forbidden unless it is handled, and then given everywhere.
        .handle_access(in_folders)?
        .create()?;
    for (entry, is_folder) in beside(folder) {
        let rights: BitFlags<AccessFs> = if is_folder {
            in_folders
        } else {
            AccessFs::ReadFile.into()
        };
        rules = rules.add_rule(PathBeneath::new(entry, rights))?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// All that lies beside this folder, on each level up to the root, and whether it is a folder. Links are passed over:
/// what they lead to has a place of its own.
fn beside(folder: &Path) -> Vec<(File, bool)> {
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let mut all = Vec::new();
    for hidden in real.ancestors() {
        let Some(entries) = hidden.parent().and_then(|parent| fs::read_dir(parent).ok()) else {
            continue;
        };
        for entry in entries.flatten().filter(|entry| entry.path() != hidden) {
            let opened = OpenOptions::new()
                .read(true)
                .custom_flags((OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits())
                .open(entry.path());
            let Ok(file) = opened else { continue };
            match file.metadata() {
                Ok(metadata) if !metadata.is_symlink() => all.push((file, metadata.is_dir())),
                _ => {}
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn output(folder: &Path, script: &str) -> (bool, String) {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null());
        let child = spawn_without(folder.to_path_buf(), command).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text)
    }

    /// Whether the kernel has what is used here; asked on a thread of its own.
    fn has_landlock() -> bool {
        let asked = std::thread::spawn(|| give_up(Path::new("/nowhere")).is_ok());
        asked.join().unwrap()
    }

    #[tokio::test]
    async fn a_command_reads_all_but_the_credentials_and_so_do_its_children() {
        if !has_landlock() {
            eprintln!("skipped: this kernel has no Landlock");
            return;
        }
        let place = tempfile::tempdir().unwrap();
        let hidden = place.path().join("credentials/evercert.service");
        fs::create_dir_all(&hidden).unwrap();
        fs::create_dir(place.path().join("made")).unwrap();
        fs::write(hidden.join("key"), "SECRET").unwrap();
        fs::write(place.path().join("plain"), "open").unwrap();
        std::os::unix::fs::symlink(&hidden, place.path().join("made/link")).unwrap();
        let at = place.path().display();
        for attempt in [
            format!("cat {at}/credentials/evercert.service/key"),
            format!("sh -c 'cat {at}/credentials/../credentials/evercert.service/key'"),
            format!("cat {at}/made/link/key"),
            format!("cat /proc/self/root{at}/credentials/evercert.service/key"),
            format!("mv {at}/credentials/evercert.service/key {at}/made/key && cat {at}/made/key"),
            format!("ln {at}/credentials/evercert.service/key {at}/made/key && cat {at}/made/key"),
        ] {
            let (good, text) = output(&hidden, &attempt).await;
            assert!(!good && !text.contains("SECRET"), "{attempt}: {text}");
        }
        let rest = format!(
            "cat {at}/plain && mv {at}/plain {at}/made/moved && echo new > {at}/made/new && cat {at}/made/new {at}/made/moved"
        );
        assert_eq!(
            output(&hidden, &rest).await,
            (true, "opennew\nopen".to_owned())
        );
        let own = fs::read_to_string(hidden.join("key"));
        assert_eq!(own.unwrap(), "SECRET", "the daemon itself still reads them");
    }
}
