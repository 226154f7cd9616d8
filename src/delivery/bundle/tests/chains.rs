//! The way from the leaf to the root.

use rcgen::{CertificateParams, CertifiedIssuer, IsCa};

use super::*;

#[test]
fn a_shuffled_chain_with_doubles_strangers_and_the_root_is_put_in_order() {
    let ca = Ca::new();
    let second = CertifiedIssuer::signed_by(ca_params("Second"), key(), &ca.intermediate).unwrap();
    let pair = key();
    let leaf = params(DOMAIN, 0, 90).signed_by(&pair, &second).unwrap();
    let issued = Issued {
        leaf: leaf.pem(),
        chain: String::new(),
        key: pair.serialize_pem(),
    };
    let stranger = Ca::new().intermediate.pem();
    let shuffled = [
        &ca.root.pem(),
        &stranger,
        &ca.intermediate.pem(),
        &issued.leaf,
        &second.pem(),
        &ca.intermediate.pem(),
    ]
    .map(String::as_str)
    .concat();
    let material = with(&issued, &shuffled).unwrap();
    let expected: Vec<_> = [&second, &ca.intermediate]
        .iter()
        .map(|issuer| issuer.der().to_vec())
        .collect();
    let chain: Vec<_> = material.chain.iter().map(|c| c.der.clone()).collect();
    assert_eq!(chain, expected);
}

#[test]
fn a_cross_signed_copy_is_preferred_to_the_root_of_the_same_name() {
    let older = CertifiedIssuer::self_signed(ca_params("Older"), key()).unwrap();
    let root_key = key();
    let cross = ca_params("Root").signed_by(&root_key, &older).unwrap();
    let root = CertifiedIssuer::self_signed(ca_params("Root"), root_key).unwrap();
    let intermediate = CertifiedIssuer::signed_by(ca_params("Sub"), key(), &root).unwrap();
    let pair = key();
    let leaf = params(DOMAIN, 0, 90)
        .signed_by(&pair, &intermediate)
        .unwrap();
    let issued = Issued {
        leaf: leaf.pem(),
        chain: [root.pem(), older.pem(), cross.pem(), intermediate.pem()].concat(),
        key: pair.serialize_pem(),
    };
    let material = take(&issued).unwrap();
    assert_eq!(
        material.chain_pem().replace('\n', ""),
        (intermediate.pem() + &cross.pem()).replace(['\r', '\n'], "")
    );
}

#[test]
fn a_root_that_signed_the_leaf_itself_is_all_the_chain_there_is() {
    let ca = Ca::new();
    let pair = key();
    let leaf = params(DOMAIN, 0, 90).signed_by(&pair, &ca.root).unwrap();
    let issued = Issued {
        leaf: leaf.pem(),
        chain: ca.root.pem(),
        key: pair.serialize_pem(),
    };
    assert_eq!(take(&issued).unwrap().chain.len(), 1);
}

#[test]
fn an_expired_intermediate_does_not_make_a_chain() {
    let ca = Ca::new();
    let mut expired = params("unused.example.com", -90, -1);
    expired.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let old = CertifiedIssuer::signed_by(expired, key(), &ca.intermediate).unwrap();
    let pair = key();
    let leaf = params(DOMAIN, 0, 90).signed_by(&pair, &old).unwrap();
    let issued = Issued {
        leaf: leaf.pem(),
        chain: old.pem() + &ca.intermediate.pem(),
        key: pair.serialize_pem(),
    };
    assert!(matches!(
        take(&issued),
        Err(BundleError::ChainIncomplete { .. })
    ));
}

#[test]
fn a_chain_without_a_valid_issuer_is_incomplete() {
    let ca = Ca::new();
    let issued = ca.issue(DOMAIN);
    // Same names, other keys: only the signature tells.
    let impostor = Ca::new().intermediate.pem();
    for certificates in [
        issued.leaf.clone(),
        format!("{}{}", issued.leaf, ca.root.pem()),
        format!("{}{impostor}", issued.leaf),
    ] {
        assert!(matches!(
            with(&issued, &certificates),
            Err(BundleError::ChainIncomplete { .. })
        ));
    }
    let not_a_ca = CertifiedIssuer::signed_by(
        CertificateParams::new(vec![]).unwrap(),
        key(),
        &ca.intermediate,
    )
    .unwrap();
    let pair = key();
    let leaf = params(DOMAIN, 0, 90).signed_by(&pair, &not_a_ca).unwrap();
    let certificates = format!("{}{}{}", leaf.pem(), not_a_ca.pem(), ca.intermediate.pem());
    let refused = Material::from_pem(
        certificates.as_bytes(),
        pair.serialize_pem().as_bytes(),
        &expecting(DOMAIN),
    );
    assert!(matches!(refused, Err(BundleError::ChainIncomplete { .. })));
}
