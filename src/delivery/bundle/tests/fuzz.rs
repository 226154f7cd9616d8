//! PEM texts and zips from somebody in the service's place, or damaged on the way.

use super::*;
use crate::fuzz::{Target, assert_shown};

const WORDS: &[&str] = &[
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----END PRIVATE KEY-----\n",
    "-----BEGIN EC PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
    "-----BEGIN EC PARAMETERS-----\n",
    "-----BEGIN X509 CRL-----\n",
    "-----",
    "MIIB",
    "MIIF/////w",
    "====",
    "Proc-Type: 4,ENCRYPTED\n",
];

/// What came of it, in words; material must be what every check promises.
fn outcome(material: Result<Material, BundleError>, key: &str) -> String {
    let material = match material {
        Ok(material) => material,
        Err(error) => {
            let said = error.to_string();
            assert_shown(&said, 600);
            let mut lines = key.lines().filter(|line| line.len() > 40);
            assert!(!lines.any(|line| said.contains(line)), "{said}");
            return said;
        }
    };
    assert!(material.names().iter().any(|name| name == DOMAIN));
    assert!(material.not_after() > now() && material.not_before() < material.not_after());
    assert!(material.certificates_der().count() <= pem::MAX_CERTIFICATES);
    let again = Material::from_pem(
        material.fullchain_pem().as_bytes(),
        material.key_pem().as_bytes(),
        &expecting(DOMAIN),
    );
    assert!(again.unwrap().same_certificates(&material));
    assert_eq!(
        material.flaw(
            material.fullchain_pem().as_bytes(),
            material.key_pem().as_bytes()
        ),
        None
    );
    assert!(!format!("{material:?}").contains("PRIVATE"));
    format!("+{}", material.certificates_der().count())
}

/// Certificates that a CA in the service's place may make: other names, dates, kinds of key, a long chain.
fn given() -> Vec<Issued> {
    let ca = Ca::new();
    let rsa = ca.issue_with(params(DOMAIN, 0, 90), &RSA.0);
    vec![
        ca.issue(DOMAIN),
        ca.issue("other.example.com"),
        ca.issue_until(DOMAIN, -1),
        rsa,
    ]
}

#[test]
fn no_pem_text_makes_it_panic_show_a_key_or_install_what_is_unsound() {
    let all = given();
    let issued = &all[0];
    let items = all.iter().flat_map(|one| {
        [
            one.full(),
            one.key.clone(),
            format!("{}{}", one.full(), one.key),
        ]
    });
    let items: Vec<Vec<u8>> = items.map(String::into_bytes).collect();
    Target::of("pem").and(items).words(WORDS).run(|text| {
        let expectation = expecting(DOMAIN);
        let key = &issued.key;
        // As the certificate beside the right key, as the key beside the right certificate, and as both.
        let results = [
            Material::from_pem(text, key.as_bytes(), &expectation),
            Material::from_pem(issued.full().as_bytes(), text, &expectation),
            Material::from_pem(text, text, &expectation),
            Material::stored(text, text, key.as_bytes()).map(|material| {
                assert_eq!(material.key_pem().matches("-----BEGIN").count(), 1);
                Material::from_pem(issued.full().as_bytes(), key.as_bytes(), &expectation).unwrap()
            }),
        ];
        if let Some(leaf) = read_leaf(text) {
            assert_shown(&leaf.shown, 300);
            assert!(!leaf.rivals("nobody.example.net"));
        }
        drop(read_der(text));
        let sound = Material::from_pem(issued.full().as_bytes(), key.as_bytes(), &expectation);
        if let Some(flaw) = sound.unwrap().flaw(text, text) {
            assert_shown(flaw, 100);
        }
        results.map(|result| outcome(result, key)).join("; ")
    });
}

#[test]
fn no_zip_makes_it_panic_unpack_without_end_or_install_what_is_unsound() {
    let issued = Ca::new().issue(DOMAIN);
    let bomb = "0".repeat(3_000_000);
    let items = [
        issued.api_zip(DOMAIN),
        issued.console_zip(DOMAIN),
        zip_of(&[("Nginx/a.crt", &bomb), ("Nginx/a.key", &bomb)]),
        zip_of(&[("../a.key", &issued.key), ("/a.crt", &issued.full())]),
        zip_of(&[
            ("a.key", &issued.key),
            ("b.crt", &issued.leaf),
            ("c/d.pem", &issued.chain),
        ]),
    ];
    let words: &[&str] = &[
        "PK\x01\x02",
        "PK\x03\x04",
        "PK\x05\x06",
        "PK\x06\x06",
        ".key",
        ".crt",
        "Nginx/",
    ];
    Target::of("zip").and(items).words(words).run(|zip| {
        let expectation = expecting(DOMAIN);
        let from_leaf = Material::from_leaf_and_zip(
            issued.leaf.as_bytes(),
            issued.key.as_bytes(),
            zip,
            &expectation,
        );
        let results = [Material::from_zip(zip, &expectation), from_leaf];
        results
            .map(|result| outcome(result, &issued.key))
            .join("; ")
    });
}
