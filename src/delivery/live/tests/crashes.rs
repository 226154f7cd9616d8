//! Every half-way state that a crash or a bad disk can leave, made by hand: the old version is live, and a repeat works.

use super::*;
use crate::delivery::live::files;

#[test]
fn a_crash_while_writing_leaves_the_old_version_live_and_a_repeat_succeeds() {
    let place = Place::new();
    place.live.install(DOMAIN, &place.material(30)).unwrap();
    let material = place.material(90);
    // Killed after each file: some are there, the last one is cut short.
    for written in 0..=FILES.len() {
        let temporary = place.archive().join(format!(".tmp-{written:016x}"));
        fs::create_dir(&temporary).unwrap();
        for name in &FILES[..written] {
            fs::write(temporary.join(name), "-----BEGIN CERT").unwrap();
        }
        assert_eq!(place.version(), Some(1));
    }
    let installed = place.live.install(DOMAIN, &material).unwrap();
    assert_eq!(installed.version, 2);
    let tidied = place.live.tidy(DOMAIN).unwrap();
    assert_eq!(tidied.leftovers, FILES.len() + 1);
    assert_eq!(Place::names_in(&place.archive()), ["0001", "0002"]);
}

#[test]
fn a_crash_before_the_switch_leaves_the_old_version_live_and_a_repeat_uses_what_is_there() {
    let place = Place::new();
    let old = place.material(30);
    let material = place.material(90);
    place.live.install(DOMAIN, &material).unwrap();
    let folder = place.archive();
    // As if the number had been given, and the link still showed the version before.
    fs::rename(folder.join("0001"), folder.join("0002")).unwrap();
    files::write_version(&folder, &folder.join("0001"), &old).unwrap();
    assert_eq!(place.version(), Some(1));
    let installed = place.live.install(DOMAIN, &material).unwrap();
    assert_eq!(
        (installed.version, installed.replaced, installed.changed),
        (2, Some(1), true)
    );
    assert_eq!(Place::names_in(&folder), ["0001", "0002"]);
}

#[test]
fn a_crash_before_the_first_switch_leaves_nothing_live_and_a_repeat_uses_what_is_there() {
    let place = Place::new();
    let material = place.material(90);
    place.live.install(DOMAIN, &material).unwrap();
    fs::remove_file(place.link()).unwrap();
    assert_eq!(place.version(), None);
    let installed = place.live.install(DOMAIN, &material).unwrap();
    assert_eq!((installed.version, installed.changed), (1, true));
}

#[test]
fn a_crash_between_link_and_rename_leaves_the_old_version_live() {
    let place = Place::new();
    place.live.install(DOMAIN, &place.material(30)).unwrap();
    let leftover = place
        .dir
        .path()
        .join("live")
        .join(format!(".{DOMAIN}.{:016x}", 7));
    symlink("../archive/shop.example.com/0002", &leftover).unwrap();
    assert_eq!(place.version(), Some(1));
    place.live.install(DOMAIN, &place.material(90)).unwrap();
    // Someone's file under such a name, and another domain's leftover, are not ours to remove.
    let file = leftover.with_file_name(format!(".{DOMAIN}.{:016x}", 8));
    fs::write(&file, "mine").unwrap();
    let other = leftover.with_file_name(format!(".other.example.com.{:016x}", 7));
    symlink("nowhere", &other).unwrap();
    assert_eq!(place.live.tidy(DOMAIN).unwrap().leftovers, 1);
    assert!(!leftover.is_symlink() && file.is_file() && other.is_symlink());
}

#[test]
fn a_version_that_lost_its_end_in_a_power_cut_is_named_and_replaced() {
    let place = Place::new();
    let material = place.material(90);
    let first = place.live.install(DOMAIN, &material).unwrap();
    for name in FILES {
        let path = first.path.join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(
            matches!(place.live.current(DOMAIN), Err(LiveError::Damaged { .. })),
            "{name}"
        );
        fs::remove_file(&path).unwrap();
        let error = place.live.current(DOMAIN).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        fs::write(&path, whole).unwrap();
    }
    fs::write(first.path.join("privkey.pem"), "").unwrap();
    let repaired = place.live.install(DOMAIN, &material).unwrap();
    assert_eq!(repaired.version, 2);
    assert_eq!(place.version(), Some(2));
}

#[test]
fn a_mixed_pair_on_the_disk_is_never_taken_for_current() {
    let place = Place::new();
    let first = place.live.install(DOMAIN, &place.material(30)).unwrap();
    let second = place.live.install(DOMAIN, &place.material(90)).unwrap();
    fs::copy(
        first.path.join("privkey.pem"),
        second.path.join("privkey.pem"),
    )
    .unwrap();
    assert!(matches!(
        place.live.current(DOMAIN),
        Err(LiveError::Damaged {
            source: Some(_),
            ..
        })
    ));
}

#[test]
fn a_dangling_link_is_named_and_repaired_by_the_next_installation() {
    let place = Place::new();
    let material = place.material(90);
    let first = place.live.install(DOMAIN, &material).unwrap();
    fs::remove_dir_all(first.path).unwrap();
    assert!(matches!(
        place.live.current(DOMAIN),
        Err(LiveError::Dangling { .. })
    ));
    assert!(place.live.install(DOMAIN, &material).unwrap().changed);
    assert_eq!(place.version(), Some(1));
}

#[test]
fn a_failed_write_leaves_nothing_behind_and_the_old_version_live() {
    let place = Place::new();
    place.live.install(DOMAIN, &place.material(30)).unwrap();
    // A file where the next number belongs: the last rename fails.
    fs::write(place.archive().join("0002"), "in the way").unwrap();
    let material = place.material(90);
    let failed = files::write_version(&place.archive(), &place.archive().join("0002"), &material);
    assert!(matches!(failed, Err(LiveError::Io { .. })));
    assert_eq!(Place::names_in(&place.archive()), ["0001", "0002"]);
    assert_eq!(place.version(), Some(1));
    assert_eq!(place.live.install(DOMAIN, &material).unwrap().version, 3);
}

#[test]
fn what_looks_half_made_and_holds_what_people_put_there_stays() {
    let place = Place::new();
    place.live.install(DOMAIN, &place.material(90)).unwrap();
    let temporary = place.archive().join(".tmp-0123456789abcdef");
    fs::create_dir(&temporary).unwrap();
    fs::write(temporary.join("notes.txt"), "mine").unwrap();
    assert_eq!(place.live.tidy(DOMAIN).unwrap().leftovers, 0);
    assert!(temporary.join("notes.txt").exists());
}
