//! Rubbish and mutations: sound material or a refusal, never a panic.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// Whatever got through must hold what every check promises.
fn sound(material: &Material) -> bool {
    let again = Material::from_pem(
        material.fullchain_pem().as_bytes(),
        material.key_pem().as_bytes(),
        &expecting(DOMAIN),
    );
    material.names().iter().any(|name| name == DOMAIN) && again.is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_bytes_never_panic_and_never_become_material(
        certificates in proptest::collection::vec(any::<u8>(), 0..2000),
        key in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let expectation = expecting(DOMAIN);
        prop_assert!(Material::from_pem(&certificates, &key, &expectation).is_err());
        prop_assert!(Material::from_zip(&certificates, &expectation).is_err());
        let der = pem::encode("CERTIFICATE", &certificates);
        let key = pem::encode("PRIVATE KEY", &key);
        prop_assert!(Material::from_pem(der.as_bytes(), key.as_bytes(), &expectation).is_err());
    }

    #[test]
    fn mutated_material_is_sound_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        what in 0..4,
    ) {
        let issued = &*MUTATED;
        let expectation = expecting(DOMAIN);
        let mut parts = [
            issued.full().into_bytes(),
            issued.key.clone().into_bytes(),
            issued.api_zip(DOMAIN),
            // Bytes of the DER, behind a PEM that is whole.
            certificate_der(issued),
        ];
        let part = &mut parts[usize::try_from(what).unwrap()];
        for (index, byte) in changes {
            let at = index.index(part.len());
            part[at] = byte;
        }
        let der = pem::encode("CERTIFICATE", &parts[3]);
        let from_der = [der.as_bytes(), issued.chain.as_bytes()].concat();
        let results = [
            Material::from_pem(&parts[0], &parts[1], &expectation),
            Material::from_zip(&parts[2], &expectation),
            Material::from_pem(&from_der, &parts[1], &expectation),
        ];
        for material in results.into_iter().flatten() {
            prop_assert!(sound(&material));
        }
    }
}

static MUTATED: LazyLock<Issued> = LazyLock::new(|| Ca::new().issue(DOMAIN));

fn certificate_der(issued: &Issued) -> Vec<u8> {
    pem::certificates(issued.leaf.as_bytes()).unwrap().remove(0)
}
