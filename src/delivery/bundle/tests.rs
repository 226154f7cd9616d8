//! What material must be, and that nothing else becomes material.

mod chains;
mod fuzz;
mod hostile;
mod zips;

use chrono::TimeDelta;
use rcgen::{ExtendedKeyUsagePurpose, IsCa};

use super::samples::*;
use super::*;
use crate::lifecycle::Algorithm;

const DOMAIN: &str = "shop.example.com";

fn take(issued: &Issued) -> Result<Material, BundleError> {
    Material::from_pem(
        issued.full().as_bytes(),
        issued.key.as_bytes(),
        &expecting(DOMAIN),
    )
}

fn with(issued: &Issued, certificates: &str) -> Result<Material, BundleError> {
    Material::from_pem(
        certificates.as_bytes(),
        issued.key.as_bytes(),
        &expecting(DOMAIN),
    )
}

#[test]
fn a_sound_pair_becomes_material_with_its_dates_and_names() {
    let issued = Ca::new().issue(DOMAIN);
    let material = take(&issued).unwrap();
    assert_eq!(material.names(), [DOMAIN]);
    assert_eq!(material.not_after(), now() + TimeDelta::days(90));
    assert_eq!(material.not_before(), now());
    assert_eq!(material.fingerprint_sha256().len(), 64);
    assert!(material.leaf.issuer.contains("Intermediate"));
    let again = Material::from_pem(
        material.fullchain_pem().as_bytes(),
        material.key_pem().as_bytes(),
        &expecting(DOMAIN),
    );
    assert_eq!(
        again.unwrap().fingerprint_sha256(),
        material.fingerprint_sha256()
    );
}

#[test]
fn rsa_keys_are_read_as_pkcs1_and_windows_line_ends_are_normalised() {
    let (pair, pkcs1) = &*RSA;
    let issued = Ca::new().issue_with(params(DOMAIN, 0, 90), pair);
    let certificates = issued.full().replace('\n', "\r\n");
    let expectation = Expectation {
        algorithm: Some(Algorithm::Rsa),
        ..expecting(DOMAIN)
    };
    assert!(pkcs1.contains("BEGIN RSA PRIVATE KEY") && pkcs1.contains('\r'));
    let material =
        Material::from_pem(certificates.as_bytes(), pkcs1.as_bytes(), &expectation).unwrap();
    assert!(!material.fullchain_pem().contains('\r'));
    assert!(!material.key_pem().contains('\r'));
    assert_eq!(material.key_pem(), pkcs1.replace('\r', ""));
    let pkcs8 =
        Material::from_pem(certificates.as_bytes(), issued.key.as_bytes(), &expectation).unwrap();
    assert!(pkcs8.same_certificates(&material));
}

#[test]
fn ec_keys_are_read_as_sec1_behind_their_parameters() {
    let pair = key();
    let issued = Ca::new().issue_with(params(DOMAIN, 0, 90), &pair);
    let sec1 = format!(
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}",
        *pem::encode("EC PRIVATE KEY", &sec1_of(pair.serialized_der()))
    );
    let material = Material::from_pem(
        issued.full().as_bytes(),
        sec1.as_bytes(),
        &expecting(DOMAIN),
    )
    .unwrap();
    assert!(
        material
            .key_pem()
            .starts_with("-----BEGIN EC PRIVATE KEY-----\n")
    );
}

/// PKCS#8 wraps SEC1 in its last OCTET STRING: the first inner SEQUENCE that begins with version 1.
fn sec1_of(pkcs8: &[u8]) -> Vec<u8> {
    let start = pkcs8
        .windows(5)
        .position(|window| window[0] == 0x30 && window[2..] == [0x02, 0x01, 0x01])
        .unwrap();
    let length = usize::from(pkcs8[start + 1]) + 2;
    pkcs8[start..start + length].to_vec()
}

#[test]
fn a_key_of_another_pair_is_refused() {
    let ca = Ca::new();
    let mut issued = ca.issue(DOMAIN);
    issued.key = ca.issue(DOMAIN).key;
    assert!(matches!(
        take(&issued),
        Err(BundleError::KeyMismatch { .. })
    ));
}

#[test]
fn rsa_is_refused_where_ecc_was_asked_for() {
    let issued = Ca::new().issue_with(params(DOMAIN, 0, 90), &RSA.0);
    assert!(matches!(
        take(&issued),
        Err(BundleError::WrongAlgorithm {
            expected: Algorithm::Ecc,
            found: Algorithm::Rsa
        })
    ));
}

#[test]
fn the_name_must_be_a_dns_name_of_the_certificate_in_any_case() {
    let ca = Ca::new();
    assert!(take(&ca.issue("SHOP.example.COM")).is_ok());
    for other in [
        "example.com",
        "www.shop.example.com",
        "*.example.com",
        "evilshop.example.com",
    ] {
        let error = take(&ca.issue(other)).unwrap_err();
        assert!(matches!(error, BundleError::WrongName { .. }), "{other}");
        assert!(error.to_string().contains(other) && error.to_string().contains(DOMAIN));
    }
    let mut only_common_name = params("other.example.com", 0, 90);
    only_common_name
        .distinguished_name
        .push(rcgen::DnType::CommonName, DOMAIN);
    let issued = ca.issue_with(only_common_name, &key());
    assert!(matches!(take(&issued), Err(BundleError::WrongName { .. })));
}

#[test]
fn dates_that_make_no_sense_are_refused() {
    let ca = Ca::new();
    let dated = |from, until| take(&ca.issue_with(params(DOMAIN, from, until), &key()));
    assert!(matches!(dated(-90, -1), Err(BundleError::Expired { .. })));
    assert!(matches!(dated(-90, 0), Err(BundleError::Expired { .. })));
    assert!(matches!(dated(2, 90), Err(BundleError::NotYetValid { .. })));
    assert!(dated(1, 90).is_ok());
    assert!(matches!(dated(0, 401), Err(BundleError::Dates { .. })));
    assert!(dated(0, 400).is_ok());
    assert!(matches!(dated(50, 40), Err(BundleError::Dates { .. })));
}

#[test]
fn material_that_ends_no_later_than_what_is_held_is_refused_unless_it_is_the_same() {
    let ca = Ca::new();
    let previous = take(&ca.issue_until(DOMAIN, 60)).unwrap();
    let expectation = Expectation {
        previous: Some(Previous {
            not_after: previous.not_after(),
            fingerprint_sha256: previous.fingerprint_sha256(),
        }),
        ..expecting(DOMAIN)
    };
    let offer = |days| {
        let issued = ca.issue_until(DOMAIN, days);
        Material::from_pem(
            issued.full().as_bytes(),
            issued.key.as_bytes(),
            &expectation,
        )
    };
    assert!(matches!(offer(59), Err(BundleError::NotNewer { .. })));
    // Two certificates of one day end at the same second: a new one that was asked for is taken.
    assert!(offer(60).is_ok());
    assert!(offer(61).is_ok());
    let same = Material::from_pem(
        previous.fullchain_pem().as_bytes(),
        previous.key_pem().as_bytes(),
        &expectation,
    );
    assert!(same.is_ok());
}

#[test]
fn a_ca_or_a_client_certificate_is_refused() {
    let ca = Ca::new();
    let mut params_of_ca = params(DOMAIN, 0, 90);
    params_of_ca.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    assert!(matches!(
        take(&ca.issue_with(params_of_ca, &key())),
        Err(BundleError::IsCa { .. })
    ));
    let mut client = params(DOMAIN, 0, 90);
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert!(matches!(
        take(&ca.issue_with(client, &key())),
        Err(BundleError::NotForServers { .. })
    ));
}

#[test]
fn encrypted_missing_and_doubled_keys_are_told_apart() {
    let issued = Ca::new().issue(DOMAIN);
    let read = |key: &str| {
        Material::from_pem(issued.full().as_bytes(), key.as_bytes(), &expecting(DOMAIN))
            .unwrap_err()
    };
    let encrypted = issued.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert!(matches!(read(&encrypted), BundleError::EncryptedKey));
    assert!(matches!(read(""), BundleError::NoPrivateKey));
    assert!(matches!(
        read(&issued.key.repeat(2)),
        BundleError::TooMany { .. }
    ));
    assert!(matches!(
        take(&Issued {
            leaf: String::new(),
            chain: String::new(),
            ..issued.clone()
        }),
        Err(BundleError::NoCertificate)
    ));
}

#[test]
fn neither_debug_nor_errors_show_the_key() {
    let issued = Ca::new().issue(DOMAIN);
    let material = take(&issued).unwrap();
    let secret = issued.key.lines().nth(1).unwrap();
    assert!(!format!("{material:?}").contains(&secret[..16]));
    // A key whose line ends were lost: the PEM parser's own error would quote it whole.
    let mangled = issued.key.replace('\n', "");
    let error = Material::from_pem(
        issued.full().as_bytes(),
        mangled.as_bytes(),
        &expecting(DOMAIN),
    )
    .unwrap_err();
    let quoted = format!("{:?}", &secret.as_bytes()[..8]);
    let quoted = quoted.trim_matches(['[', ']']);
    for shown in [format!("{error:?}"), error.to_string()] {
        assert!(!shown.contains(&secret[..8]) && !shown.contains(quoted));
    }
    assert!(matches!(error, BundleError::Pem { .. }));
}
