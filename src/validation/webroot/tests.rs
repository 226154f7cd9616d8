//! Real folders, honest and hostile.

use super::*;
use crate::lifecycle::proof::Kind;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

fn challenge(path: &str) -> Challenge {
    Challenge {
        kind: Kind::File,
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
fn half_a_file_of_an_earlier_attempt_is_replaced() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("abc.txt"), "the con").unwrap();
    write(root.path(), &challenge("/abc.txt")).unwrap();
    let text = fs::read_to_string(root.path().join("abc.txt")).unwrap();
    assert_eq!(text, "the content");
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
    write(root.path(), &challenge("/abc.txt")).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert!(!root.path().join("abc.txt").is_symlink());
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
