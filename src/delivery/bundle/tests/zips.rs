//! The service's zips, and zips it would never send.

use std::io::Cursor;

use zip::write::SimpleFileOptions;

use super::*;

#[test]
fn every_layout_of_the_zip_is_read() {
    let issued = Ca::new().issue(DOMAIN);
    let expectation = expecting(DOMAIN);
    let bare = zip_of(&[
        ("nginx/bundle.crt", &issued.full()),
        ("nginx/a.key", &issued.key),
    ]);
    let flat = zip_of(&[("a.pem", &issued.full()), ("a.key", &issued.key)]);
    let nested = zip_of(&[
        ("shop\\Nginx\\1_a_bundle.crt", &issued.full()),
        ("shop\\Nginx\\2_a.key", &issued.key),
    ]);
    let apache_only = zip_of(&[
        ("Apache/1_root_bundle.crt", &issued.chain),
        ("Apache/2_a.crt", &issued.leaf),
        ("Apache/3_a.key", &issued.key),
    ]);
    let chain_next_door = zip_of(&[
        ("Nginx/1_a.crt", &issued.leaf),
        ("Nginx/2_a.key", &issued.key),
        ("Apache/1_root_bundle.crt", &issued.chain),
    ]);
    for zip in [
        issued.api_zip(DOMAIN),
        issued.console_zip(DOMAIN),
        bare,
        flat,
        nested,
        apache_only,
        chain_next_door,
    ] {
        let material = Material::from_zip(&zip, &expectation).unwrap();
        assert_eq!(material.chain.len(), 1);
    }
}

#[test]
fn the_chain_may_come_from_the_zip_and_the_leaf_from_the_detail_call() {
    let ca = Ca::new();
    let (issued, other) = (ca.issue(DOMAIN), ca.issue("other.example.com"));
    let material = Material::from_leaf_and_zip(
        issued.leaf.as_bytes(),
        issued.key.as_bytes(),
        &other.api_zip("other.example.com"),
        &expecting(DOMAIN),
    )
    .unwrap();
    assert_eq!(material.names(), [DOMAIN]);
    let refused = Material::from_leaf_and_zip(
        issued.leaf.as_bytes(),
        other.key.as_bytes(),
        &other.api_zip("other.example.com"),
        &expecting(DOMAIN),
    );
    assert!(matches!(refused, Err(BundleError::KeyMismatch { .. })));
}

#[test]
fn dangerous_entries_refuse_the_whole_zip() {
    let issued = Ca::new().issue(DOMAIN);
    for name in [
        "../evil.key",
        "Nginx/../../evil",
        "/etc/passwd",
        "C:/evil",
        "..\\evil",
    ] {
        let zip = zip_of(&[
            ("Nginx/a.crt", &issued.full()),
            ("Nginx/a.key", &issued.key),
            (name, "x"),
        ]);
        let refused = Material::from_zip(&zip, &expecting(DOMAIN));
        assert!(
            matches!(refused, Err(BundleError::UnsafeEntry { .. })),
            "{name}: {refused:?}"
        );
    }
    let mut writer = zip::ZipWriter::new_append(Cursor::new(issued.api_zip(DOMAIN))).unwrap();
    writer
        .add_symlink(
            "Nginx/link.key",
            "/etc/shadow",
            SimpleFileOptions::default(),
        )
        .unwrap();
    let zip = writer.finish().unwrap().into_inner();
    let refused = Material::from_zip(&zip, &expecting(DOMAIN));
    assert!(matches!(refused, Err(BundleError::UnsafeEntry { .. })));
}

#[test]
fn two_files_of_one_name_refuse_the_zip() {
    let issued = Ca::new().issue(DOMAIN);
    let mut zip = zip_of(&[
        ("Nginx/a.crt", &issued.full()),
        ("Nginx/a.key", &issued.key),
        ("Nginx/b.key", &issued.key),
    ]);
    let doubled: Vec<usize> = (0..zip.len() - 11)
        .filter(|&at| zip[at..at + 11] == *b"Nginx/b.key")
        .collect();
    for at in doubled {
        zip[at + 6] = b'a';
    }
    let refused = Material::from_zip(&zip, &expecting(DOMAIN));
    assert!(matches!(refused, Err(BundleError::UnsafeEntry { .. })));
}

#[test]
fn an_encrypted_entry_refuses_the_zip() {
    let issued = Ca::new().issue(DOMAIN);
    let mut zip = issued.console_zip(DOMAIN);
    // Sets the encryption bit of every header, local and central.
    for (signature, offset) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let starts: Vec<usize> = (0..zip.len() - 4)
            .filter(|&at| zip[at..at + 4] == *signature)
            .collect();
        for start in starts {
            zip[start + offset] |= 1;
        }
    }
    let refused = Material::from_zip(&zip, &expecting(DOMAIN));
    assert!(
        matches!(
            refused,
            Err(BundleError::UnsafeEntry {
                reason: "encrypted",
                ..
            })
        ),
        "{refused:?}"
    );
}

#[test]
fn bombs_and_crowds_are_stopped_at_their_limits() {
    let expectation = expecting(DOMAIN);
    let zeros = "\0".repeat(64 * 1024 * 1024);
    let bomb = zip_of(&[("Nginx/a.crt", &zeros), ("Nginx/a.key", "x")]);
    assert!(bomb.len() < 1024 * 1024);
    assert!(matches!(
        Material::from_zip(&bomb, &expectation),
        Err(BundleError::TooLarge { .. })
    ));
    let names: Vec<String> = (0..65).map(|n| format!("{n}.txt")).collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert!(matches!(
        Material::from_zip(&zip_of(&entries), &expectation),
        Err(BundleError::TooMany { .. })
    ));
    assert!(matches!(
        Material::from_zip(&vec![0; 1024 * 1024 + 1], &expectation),
        Err(BundleError::TooLarge { .. })
    ));
    let issued = Ca::new().issue(DOMAIN);
    assert!(matches!(
        with(&issued, &issued.leaf.repeat(9)),
        Err(BundleError::TooMany { .. })
    ));
    let long_key = " ".repeat(33 * 1024);
    assert!(matches!(
        Material::from_pem(b"", long_key.as_bytes(), &expectation),
        Err(BundleError::TooLarge { .. })
    ));
}

#[test]
fn a_zip_that_lies_about_its_sizes_is_stopped_while_reading() {
    let zeros = "\0".repeat(1024 * 1024);
    let mut zip = zip_of(&[("Nginx/a.crt", &zeros), ("Nginx/a.key", "x")]);
    let size = (1024_u32 * 1024).to_le_bytes();
    let at: Vec<usize> = (0..zip.len() - 4)
        .filter(|&at| zip[at..at + 4] == size)
        .collect();
    assert!(!at.is_empty());
    for start in at {
        zip[start..start + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    assert!(Material::from_zip(&zip, &expecting(DOMAIN)).is_err());
}
