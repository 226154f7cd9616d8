//! Real folders, honest and hostile.

use super::*;
use crate::lifecycle::proof::ChallengeKind;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

fn challenge(path: &str) -> Challenge {
    Challenge {
        kind: ChallengeKind::File,
        name: path.to_owned(),
        value: "the content".to_owned(),
    }
}

const PATH: &str = "/.well-known/pki-validation/abc.txt";

#[test]
fn the_file_is_where_it_was_asked_for_and_everyone_can_read_it() {
    let root = TempDir::new().unwrap();
    let handle = write(root.path(), &challenge(PATH)).unwrap();
    let file = root.path().join(".well-known/pki-validation/abc.txt");
    assert_eq!(fs::read_to_string(&file).unwrap(), "the content");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o644
    );
    let folder = root.path().join(".well-known");
    assert_eq!(
        fs::metadata(folder).unwrap().permissions().mode() & 0o777,
        0o755
    );

    // Again, as after a crash.
    write(root.path(), &challenge(PATH)).unwrap();
    remove(root.path(), &challenge(PATH), handle.as_deref()).unwrap();
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        0,
        "folders of ours go too"
    );
    remove(root.path(), &challenge(PATH), handle.as_deref()).unwrap();
}

#[test]
fn what_others_put_there_stays() {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join(".well-known")).unwrap();
    let handle = write(root.path(), &challenge(PATH)).unwrap();
    let folder = root.path().join(".well-known/pki-validation");
    fs::write(folder.join("other.txt"), "theirs").unwrap();
    remove(root.path(), &challenge(PATH), handle.as_deref()).unwrap();
    assert!(!folder.join("abc.txt").exists() && folder.join("other.txt").exists());

    fs::write(folder.join("abc.txt"), "not ours").unwrap();
    remove(root.path(), &challenge(PATH), handle.as_deref()).unwrap();
    assert!(
        folder.join("abc.txt").exists(),
        "another content is somebody else's"
    );
}

#[test]
fn what_is_not_ours_is_never_replaced() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("abc.txt");
    fs::write(&path, "theirs").unwrap();
    let said = write(root.path(), &challenge("/abc.txt")).unwrap_err();
    assert!(said.to_string().contains("move it away"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        1,
        "nothing is left beside"
    );
}

#[test]
fn a_pipe_or_a_device_in_the_proof_s_place_holds_nobody_up() {
    use nix::sys::stat::Mode;
    let root = TempDir::new().unwrap();
    let path = root.path().join("abc.txt");
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o666)).unwrap();
    assert!(write(root.path(), &challenge("/abc.txt")).is_err());
    remove(root.path(), &challenge("/abc.txt"), None).unwrap();
    assert!(path.exists(), "what is not ours stays");
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    assert!(write(root.path(), &challenge("/abc.txt")).is_err());
    remove(root.path(), &challenge("/abc.txt"), None).unwrap();
    assert!(path.is_symlink());
}

/// The owner of the folder swaps what lies there as fast as it can, while proofs come and go.
#[test]
fn swapping_the_proof_for_a_pipe_in_between_holds_nobody_up() {
    use nix::sys::stat::Mode;
    use std::sync::atomic::{AtomicBool, Ordering};
    let root = TempDir::new().unwrap();
    let (path, pipe) = (root.path().join("abc.txt"), root.path().join("pipe"));
    let over = AtomicBool::new(false);
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                nix::unistd::mkfifo(&pipe, Mode::from_bits_truncate(0o666)).ok();
                fs::rename(&pipe, &path).ok();
                fs::remove_file(&path).ok();
                fs::write(&path, "the content").ok();
            }
        });
        scope.spawn(|| {
            for _ in 0..3_000 {
                write(root.path(), &challenge("/abc.txt")).ok();
                remove(root.path(), &challenge("/abc.txt"), None).ok();
            }
            done.send(()).unwrap();
        });
        let in_time = ended.recv_timeout(std::time::Duration::from_secs(60));
        over.store(true, Ordering::Relaxed);
        if in_time.is_err() {
            // Whoever waits for the pipe's other end would keep the test from ending.
            fs::OpenOptions::new().write(true).open(&path).ok();
        }
        in_time.expect("somebody waits for a pipe");
    });
}

#[test]
fn links_that_lead_elsewhere_are_not_followed() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    symlink(outside.path(), root.path().join(".well-known")).unwrap();
    let refused = write(root.path(), &challenge(PATH))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("is a link"), "{refused}");

    let target = outside.path().join("passwd");
    fs::write(&target, "precious").unwrap();
    symlink(&target, root.path().join("abc.txt")).unwrap();
    assert!(write(root.path(), &challenge("/abc.txt")).is_err());
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn a_root_that_is_a_link_is_fine_and_one_that_is_missing_is_named() {
    let (root, beside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let link = beside.path().join("current");
    symlink(root.path(), &link).unwrap();
    write(&link, &challenge(PATH)).unwrap();
    assert!(
        root.path()
            .join(".well-known/pki-validation/abc.txt")
            .exists()
    );
    let error = write(&beside.path().join("nowhere"), &challenge(PATH)).unwrap_err();
    assert!(
        error.to_string().contains("`webroot` names the folder"),
        "{error}"
    );
}

#[test]
fn paths_with_dots_are_refused() {
    let root = TempDir::new().unwrap();
    for path in ["/../x", "/a/../../x", "/..", "/"] {
        assert!(write(root.path(), &challenge(path)).is_err(), "{path}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}
