//! What readers, rollbacks and the people beside it may rely on.

mod crashes;
mod shown;

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tempfile::TempDir;

use super::files::FILES;
use super::*;
use crate::delivery::bundle::samples::{Ca, expecting};

const DOMAIN: &str = "shop.example.com";

struct Place {
    dir: TempDir,
    live: Live,
    ca: Ca,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let live = Live::open(dir.path()).unwrap();
        Self {
            dir,
            live,
            ca: Ca::new(),
        }
    }

    /// Material that ends so many days from now.
    fn material(&self, days: i64) -> Material {
        let issued = self.ca.issue_until(DOMAIN, days);
        Material::from_pem(
            issued.full().as_bytes(),
            issued.key.as_bytes(),
            &expecting(DOMAIN),
        )
        .unwrap()
    }

    fn link(&self) -> PathBuf {
        self.dir.path().join("live").join(DOMAIN)
    }

    fn archive(&self) -> PathBuf {
        self.dir.path().join("archive").join(DOMAIN)
    }

    /// Makes the previous version live, as an operator's rollback does.
    fn go_back(&self) -> u32 {
        let previous = self.live.previous(DOMAIN).unwrap().unwrap();
        let fingerprint = &previous.fingerprint_sha256;
        assert!(self.live.make_live(DOMAIN, fingerprint).unwrap());
        previous.version
    }

    fn version(&self) -> Option<u32> {
        self.live
            .current(DOMAIN)
            .unwrap()
            .map(|found| found.version)
    }

    fn names_in(path: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn an_installation_gives_certbots_files_that_only_the_owner_reads() {
    let place = Place::new();
    assert_eq!(place.live.current(DOMAIN).unwrap(), None);
    let material = place.material(90);
    let installed = place.live.install(DOMAIN, &material).unwrap();
    assert_eq!(
        installed,
        InstalledVersion {
            version: 1,
            path: place.archive().join("0001"),
            replaced: None,
            changed: true
        }
    );
    assert_eq!(
        fs::read_link(place.link()).unwrap(),
        Path::new("../archive/shop.example.com/0001")
    );
    assert_eq!(Place::names_in(&place.link()), FILES);
    let read = |name: &str| fs::read_to_string(place.link().join(name)).unwrap();
    assert_eq!(read("fullchain.pem"), material.fullchain_pem());
    assert_eq!(read("privkey.pem"), material.key_pem());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.link().join("privkey.pem")), 0o600);
    assert_eq!(mode(&place.archive()), 0o700);
    assert_eq!(mode(&installed_at(&place)), 0o700);
    let current = place.live.current(DOMAIN).unwrap().unwrap();
    assert_eq!(current.fingerprint_sha256, material.fingerprint_sha256());
    assert_eq!(current.not_after, material.not_after());
}

#[test]
fn the_same_material_again_changes_nothing() {
    let place = Place::new();
    let material = place.material(90);
    place.live.install(DOMAIN, &material).unwrap();
    let again = place.live.install(DOMAIN, &material).unwrap();
    assert_eq!(
        (again.version, again.changed, again.replaced),
        (1, false, None)
    );
    assert_eq!(Place::names_in(&place.archive()), ["0001"]);
}

#[test]
fn a_renewal_keeps_the_version_before_and_rollback_returns_to_it() {
    let place = Place::new();
    place.live.install(DOMAIN, &place.material(30)).unwrap();
    let second = place.live.install(DOMAIN, &place.material(90)).unwrap();
    assert_eq!((second.version, second.replaced), (2, Some(1)));
    assert_eq!(place.live.previous(DOMAIN).unwrap().unwrap().version, 1);
    assert_eq!(place.go_back(), 1);
    assert_eq!(place.version(), Some(1));
    assert_eq!(place.live.previous(DOMAIN).unwrap(), None);
    let third = place.live.install(DOMAIN, &place.material(95)).unwrap();
    assert_eq!(third.version, 3, "numbers are never given twice");
}

#[test]
fn what_people_put_there_is_left_alone_and_said() {
    let place = Place::new();
    let material = place.material(90);
    fs::create_dir(place.link()).unwrap();
    fs::write(place.link().join("fullchain.pem"), "mine").unwrap();
    for result in [
        place.live.install(DOMAIN, &material).err(),
        place.live.current(DOMAIN).err(),
    ] {
        assert!(matches!(result, Some(LiveError::NotALink { .. })));
    }
    assert_eq!(
        fs::read_to_string(place.link().join("fullchain.pem")).unwrap(),
        "mine"
    );
    fs::remove_dir_all(place.link()).unwrap();
    fs::write(place.link(), "a file").unwrap();
    assert!(matches!(
        place.live.install(DOMAIN, &material),
        Err(LiveError::NotALink { .. })
    ));
    fs::remove_file(place.link()).unwrap();
    for target in [
        "/etc/ssl",
        "../archive/other.example.com/0001",
        "../archive/shop.example.com/latest",
        "../archive/shop.example.com/0001/..",
    ] {
        symlink(target, place.link()).unwrap();
        let error = place.live.install(DOMAIN, &material).unwrap_err();
        assert!(matches!(error, LiveError::ForeignLink { .. }), "{target}");
        assert!(error.to_string().contains(target));
        assert_eq!(fs::read_link(place.link()).unwrap(), Path::new(target));
        fs::remove_file(place.link()).unwrap();
    }
}

#[test]
fn tidying_keeps_the_live_version_the_one_before_and_what_people_added() {
    let place = Place::new();
    let mut paths = Vec::new();
    for days in [30, 40, 50, 60] {
        let installed = place.live.install(DOMAIN, &place.material(days)).unwrap();
        paths.push(installed.path);
    }
    fs::write(paths[0].join("notes.txt"), "mine").unwrap();
    let tidied = place.live.tidy(DOMAIN).unwrap();
    assert_eq!(tidied.removed, [2]);
    assert_eq!(tidied.kept, [paths[0].clone()]);
    assert_eq!(Place::names_in(&place.archive()), ["0001", "0003", "0004"]);
    assert_eq!(place.go_back(), 3);
    place.live.tidy(DOMAIN).unwrap();
    assert!(paths[3].is_dir(), "newer than the live one: it stays");
    assert_eq!(
        place.live.tidy("never.example.com").unwrap(),
        Tidied::default()
    );
}

#[test]
fn an_old_version_that_can_not_be_read_keeps_no_new_one_out() {
    let place = Place::new();
    place.live.install(DOMAIN, &place.material(30)).unwrap();
    place.live.install(DOMAIN, &place.material(60)).unwrap();
    // The kernel gives up on it, as a disk may.
    let unreadable = place.archive().join("0001/cert.pem");
    fs::remove_file(&unreadable).unwrap();
    symlink("cert.pem", &unreadable).unwrap();
    let newest = place.material(90);
    let installed = place.live.install(DOMAIN, &newest).unwrap();
    assert_eq!(installed.version, 3);
    let fingerprint = newest.fingerprint_sha256();
    assert!(place.live.material(DOMAIN, fingerprint).unwrap().is_some());
    // Only whoever looks for what may be in there is told.
    assert!(place.live.material(DOMAIN, "another").is_err());
}

#[test]
fn names_that_could_leave_the_folder_are_refused() {
    let place = Place::new();
    let material = place.material(90);
    let long = "a".repeat(201);
    for name in [
        "", ".", "..", "../x", "a/b", "/a", ".hidden", "-x", "A.com", "a..b", "a\0b", "*.a.com",
        "é.com", &long,
    ] {
        let refused = place.live.install(name, &material);
        assert!(matches!(refused, Err(LiveError::Domain { .. })), "{name:?}");
        assert!(place.live.current(name).is_err());
        assert!(place.live.tidy(name).is_err());
    }
}

#[test]
fn folders_that_are_something_else_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("archive"), "").unwrap();
    assert!(matches!(
        Live::open(dir.path()),
        Err(LiveError::NotAFolder { .. })
    ));
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("elsewhere")).unwrap();
    symlink("elsewhere", dir.path().join("live")).unwrap();
    assert!(matches!(
        Live::open(dir.path()),
        Err(LiveError::NotAFolder { .. })
    ));
}

#[test]
fn a_full_or_read_only_disk_is_said_in_words() {
    let said = |errno| {
        let cause = std::io::Error::from_raw_os_error(errno);
        LiveError::io("write", Path::new("/state/x"))(cause).to_string()
    };
    assert!(said(nix::errno::Errno::ENOSPC as i32).contains("disk is full"));
    assert!(said(nix::errno::Errno::EROFS as i32).contains("read-only"));
    assert!(said(nix::errno::Errno::EACCES as i32).contains("permission denied"));
}

fn installed_at(place: &Place) -> PathBuf {
    fs::canonicalize(place.link()).unwrap()
}

#[test]
fn a_version_that_is_no_folder_and_a_number_of_another_form_are_nobody_s_versions() {
    let place = Place::new();
    // What a person made: a number, but none of ours.
    fs::create_dir_all(place.archive().join("00007")).unwrap();
    let installed = place.live.install(DOMAIN, &place.material(30)).unwrap();
    assert_eq!(installed.version, 1);
    fs::remove_dir_all(&installed.path).unwrap();
    fs::write(&installed.path, "a file").unwrap();
    assert!(matches!(
        place.live.current(DOMAIN),
        Err(LiveError::NotAFolder { .. })
    ));
}

#[test]
fn whatever_has_a_number_is_whole() {
    let place = Place::new();
    let materials: Vec<Material> = (30..50).map(|days| place.material(days)).collect();
    place.live.install(DOMAIN, &materials[0]).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut looks = 0;
            while !done.load(Ordering::Acquire) {
                let folders = Place::names_in(&place.archive());
                for folder in folders.iter().filter(|name| !name.starts_with('.')) {
                    assert_eq!(Place::names_in(&place.archive().join(folder)), FILES);
                    looks += 1;
                }
            }
            looks
        });
        for material in &materials {
            if !looks.is_finished() {
                place.live.install(DOMAIN, material).unwrap();
            }
        }
        done.store(true, Ordering::Release);
        assert!(looks.join().unwrap() > 0);
    });
}

#[test]
fn a_reader_who_opens_the_folder_always_has_a_matching_pair() {
    let place = Place::new();
    let materials = [place.material(30), place.material(60), place.material(90)];
    place.live.install(DOMAIN, &materials[0]).unwrap();
    let done = AtomicBool::new(false);
    let count = AtomicUsize::new(0);
    let link = place.link();
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = std::collections::BTreeMap::new();
            while !done.load(Ordering::Acquire) {
                let folder = File::open(&link).unwrap();
                let installed = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
                let certificate = fs::read(installed.join("fullchain.pem")).unwrap();
                let key = fs::read(installed.join("privkey.pem")).unwrap();
                let pair = materials.iter().position(|material| {
                    material.fullchain_pem().as_bytes() == certificate
                        && material.key_pem().as_bytes() == key
                });
                *seen.entry(pair).or_insert(0) += 1;
                count.fetch_add(1, Ordering::AcqRel);
            }
            seen
        });
        // At least 200 switches, and for as long as it takes until the reader has had its share.
        let mut turn = 0;
        while !reader.is_finished() && (turn < 200 || count.load(Ordering::Acquire) < 200) {
            turn += 1;
            place
                .live
                .install(DOMAIN, &materials[turn % materials.len()])
                .unwrap();
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap()
    });
    assert!(
        !reads.contains_key(&None),
        "a mixed pair was read: {reads:?}"
    );
    assert!(reads.len() > 1, "the reader saw no switch: {reads:?}");
}
