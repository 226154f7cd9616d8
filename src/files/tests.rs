//! Files that others touch: pipes, links, swaps, half-made files.

use super::*;
use crate::clock::SystemClock;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::time::Duration;
use tempfile::TempDir;

/// A user that is neither root nor us.
const SOMEBODY: u32 = 4711;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn only_regular_files_are_read_and_no_open_waits() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "text").unwrap();
    symlink("file", path("link")).unwrap();
    mkfifo(&path("pipe"), Mode::from_bits_truncate(0o600)).unwrap();
    symlink("/dev/zero", path("zero")).unwrap();
    assert_eq!(*read(&path("file"), 4).unwrap(), b"text");
    assert_eq!(*read(&path("link"), 4).unwrap(), b"text");
    assert!(matches!(
        read(&path("file"), 3),
        Err(FileError::TooLarge { limit: 3 })
    ));
    for name in ["pipe", "zero"] {
        assert!(matches!(read(&path(name), 4), Err(FileError::NotRegular)));
    }
    assert!(read(&path("none"), 4).unwrap_err().is_absent());

    let opened = Folder::open(folder.path()).unwrap();
    let inside = |name: &str| opened.read(OsStr::new(name), 4);
    assert_eq!(**inside("file").unwrap().unwrap(), *b"text");
    assert!(matches!(inside("link"), Err(FileError::Link)));
    assert!(matches!(inside("pipe"), Err(FileError::NotRegular)));
    assert!(inside("none").unwrap().is_none());
}

#[test]
fn a_file_is_written_whole_with_its_mode_and_over_a_link_never_through_it() {
    let folder = TempDir::new().unwrap();
    let precious = folder.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    fs::set_permissions(&precious, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&precious, folder.path().join("file")).unwrap();
    let opened = Folder::open(folder.path()).unwrap();
    opened
        .write(OsStr::new("file"), New::of(b"new", 0o644))
        .unwrap();
    let written = fs::symlink_metadata(folder.path().join("file")).unwrap();
    assert!(written.is_file());
    assert_eq!(written.mode() & 0o7777, 0o644);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(fs::metadata(&precious).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(names(folder.path()), ["file", "precious"]);
}

#[test]
fn a_file_that_is_given_up_leaves_nothing_and_what_a_crash_left_is_removed() {
    let folder = TempDir::new().unwrap();
    let name = OsStr::new("file");
    let open = || Folder::open(folder.path()).unwrap();
    drop(Pending::write(open(), name, New::of(b"x", 0o600)).unwrap());
    assert!(names(folder.path()).is_empty());

    std::mem::forget(Pending::write(open(), name, New::of(b"half", 0o600)).unwrap());
    let beside = Pending::write(open(), OsStr::new("other"), New::of(b"x", 0o600)).unwrap();
    assert_eq!(names(folder.path()).len(), 2);
    open().write(name, New::of(b"x", 0o600)).unwrap();
    assert_eq!(
        names(folder.path()).len(),
        2,
        "what another file waits in stays"
    );
    beside.replace().unwrap();
    assert_eq!(names(folder.path()), ["file", "other"]);
}

#[test]
fn what_is_only_to_be_placed_replaces_nothing() {
    let folder = TempDir::new().unwrap();
    let name = OsStr::new("file");
    let place = || {
        let opened = Folder::open(folder.path()).unwrap();
        Pending::write(opened, name, New::of(b"ours", 0o600)).and_then(Pending::place)
    };
    place().unwrap();
    fs::write(folder.path().join("file"), "theirs").unwrap();
    assert_eq!(
        place().unwrap_err().kind(),
        std::io::ErrorKind::AlreadyExists
    );
    assert_eq!(names(folder.path()), ["file"]);
    let text = fs::read_to_string(folder.path().join("file")).unwrap();
    assert_eq!(text, "theirs");
}

#[test]
fn a_path_leads_through_our_own_links_and_through_nobody_else_s() {
    let folder = TempDir::new().unwrap();
    let real = folder.path().join("real/inner");
    fs::create_dir_all(&real).unwrap();
    fs::write(real.join("file"), "text").unwrap();
    let link = folder.path().join("link");
    symlink("real/../real/./inner", &link).unwrap();
    let (opened, name) = Folder::of(&link.join("file"))
        .map(|(folder, name)| (folder, name.to_owned()))
        .unwrap();
    assert!(opened.read(&name, 10).unwrap().is_some());

    symlink("turning", folder.path().join("turning")).unwrap();
    assert!(Folder::open(&folder.path().join("turning")).is_err());
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    lchown(&link, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    let refused = Folder::of(&link.join("file")).unwrap_err();
    assert!(
        matches!(
            &refused,
            FileError::ForeignLink {
                owner: SOMEBODY,
                ..
            }
        ),
        "{refused}"
    );
    assert!(Folder::open_or_make(&link.join("more"), 0o755).is_err());
    assert!(!real.join("more").exists());
}

#[test]
fn missing_folders_are_made_with_their_mode() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a/b");
    Folder::open_or_make(&path, 0o750).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o750);
    Folder::open_or_make(&path, 0o700).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o750);
}

#[tokio::test]
async fn work_that_hangs_is_left_and_keeps_no_other_place_waiting() {
    let clock = SystemClock::new();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let brief = Duration::from_millis(50);
    let hangs = off_the_runtime(Path::new("/hangs"), 1, &clock, brief, move || wait.recv()).await;
    assert!(matches!(hangs, Err(Stuck::Hangs(_))));
    let behind = off_the_runtime(Path::new("/hangs"), 1, &clock, brief, || ()).await;
    assert!(
        matches!(behind, Err(Stuck::Hangs(_))),
        "its turn never came"
    );
    let long = Duration::from_secs(60);
    let beside = off_the_runtime(Path::new("/works"), 1, &clock, long, || 7).await;
    assert_eq!(beside.unwrap(), 7);
    drop(release);
    off_the_runtime(Path::new("/hangs"), 1, &clock, long, || ())
        .await
        .unwrap();
}
