//! What the live folder shows, held against what it should.

use super::*;

#[test]
fn every_change_is_seen_at_a_glance() {
    let place = Place::new();
    let glances = place.live.glances().unwrap();
    assert_eq!(glances.of(DOMAIN, "any"), None, "there is no link");
    let (old, new) = (place.material(60), place.material(90));
    let folder = place.live.install(DOMAIN, &old).unwrap().path;
    let mut seen = vec![glances.of(DOMAIN, "any")];
    let mut is_another = |what: &str| {
        let glance = glances.of(DOMAIN, "any");
        assert_eq!(glance, glances.of(DOMAIN, "any"), "it stays");
        assert!(glance.is_some() && !seen.contains(&glance), "{what}");
        seen.push(glance);
    };
    for name in FILES {
        let file = folder.join(name);
        let mut text = fs::read(&file).unwrap();
        text.push(b'\n');
        fs::write(&file, &text).unwrap();
        is_another("it grew");
        // Another file of the same length.
        let copy = folder.join("copy");
        fs::copy(&file, &copy).unwrap();
        fs::rename(&copy, &file).unwrap();
        is_another("it was replaced");
        // Written in place at the same length, once the file system's clock has moved on.
        let time = || {
            let file = fs::metadata(&file).unwrap();
            (file.ctime(), file.ctime_nsec())
        };
        let before = time();
        while time() == before {
            text.reverse();
            fs::write(&file, &text).unwrap();
        }
        is_another("it was overwritten");
    }
    place.live.install(DOMAIN, &new).unwrap();
    is_another("the link was moved");
    assert_ne!(glances.of(DOMAIN, "any"), glances.of(DOMAIN, "other"));
    fs::remove_file(place.link().join("chain.pem")).unwrap();
    assert_eq!(glances.of(DOMAIN, "any"), None, "a file is gone");
}

#[test]
fn what_is_shown_is_told_apart() {
    let place = Place::new();
    let (old, new) = (place.material(60), place.material(90));
    let shown = |material: &Material| {
        let (fingerprint, end) = (material.fingerprint_sha256(), material.not_after());
        place.live.shown(DOMAIN, fingerprint, end)
    };
    assert!(matches!(shown(&old), Shown::Lost(_)), "no link");
    place.live.install(DOMAIN, &old).unwrap();
    assert!(matches!(shown(&old), Shown::Right));
    assert!(matches!(shown(&new), Shown::Older(_)));
    let folder = place.live.install(DOMAIN, &new).unwrap().path;
    assert!(matches!(shown(&old), Shown::Newer(_)));
    let same_day = place.material(90);
    assert!(
        matches!(shown(&same_day), Shown::Newer(_)),
        "never installed"
    );
    place.live.install(DOMAIN, &same_day).unwrap();
    assert!(
        matches!(shown(&new), Shown::Newer(_)),
        "the second of a day"
    );
    place.go_back();
    assert!(
        matches!(shown(&same_day), Shown::Older(_)),
        "the first of a day"
    );
    fs::write(folder.join("cert.pem"), old.leaf_pem()).unwrap();
    assert!(matches!(shown(&new), Shown::Lost(_)), "a mixed pair");
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(shown(&new), Shown::Lost(_)), "a dangling link");
    // A dangling link is no hindrance to another version.
    let fingerprint = old.fingerprint_sha256();
    assert!(place.live.make_live(DOMAIN, fingerprint).unwrap());
    assert!(matches!(shown(&old), Shown::Right));
    fs::remove_file(place.link()).unwrap();
    fs::create_dir(place.link()).unwrap();
    assert!(matches!(shown(&old), Shown::Blocked(_)), "a person's");
}
