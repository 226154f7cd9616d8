//! What an issued certificate consists of: real X.509 that holds together.

use std::collections::HashSet;
use std::io::Read;

use base64::Engine;
use rcgen::PublicKeyData;
use rsa::pkcs1::DecodeRsaPrivateKey;
use x509_parser::pem::Pem;

use super::super::ZipLayout;
use super::*;

fn pems(text: &str) -> Vec<Pem> {
    Pem::iter_from_buffer(text.as_bytes())
        .map(Result::unwrap)
        .collect()
}

fn detail(bench: &mut Bench, id: &str) -> (String, String) {
    let seen = bench
        .call("DescribeCertificateDetail", json!({"CertificateId": id}))
        .unwrap();
    let text = |name: &str| seen[name].as_str().unwrap().to_string();
    (text("CertificatePublicKey"), text("CertificatePrivateKey"))
}

fn issued(bench: &mut Bench, domain: &str, more: Value) -> String {
    let id = bench.apply_with(domain, more).unwrap();
    bench.pass(TimeDelta::seconds(5));
    id
}

#[test]
fn nothing_is_handed_out_before_the_issue() {
    let mut bench = Bench::new();
    let id = bench.apply("shop.example.com");
    let seen = bench
        .call("DescribeCertificateDetail", json!({"CertificateId": id}))
        .unwrap();
    assert_eq!(seen["CertificatePublicKey"], "");
    assert_eq!(seen["CertificatePrivateKey"], "");
    let code = bench
        .call("DownloadCertificate", json!({"CertificateId": id}))
        .unwrap_err();
    assert_eq!(code, "FailedOperation.CertificateStatusNotAllowDownload");
}

#[test]
fn an_rsa_certificate_matches_its_key_its_dates_its_names_and_its_root() {
    let mut bench = Bench::new();
    let id = issued(&mut bench, "example.com", json!({}));
    let (public, private) = detail(&mut bench, &id);
    assert!(private.starts_with("-----BEGIN RSA PRIVATE KEY-----\r\n"));
    let chain = pems(&public);
    assert_eq!(chain.len(), 2);
    let (leaf, intermediate) = (
        chain[0].parse_x509().unwrap(),
        chain[1].parse_x509().unwrap(),
    );
    let root_pem = pems(bench.service.root_pem());
    let root = root_pem[0].parse_x509().unwrap();
    leaf.verify_signature(Some(intermediate.public_key()))
        .unwrap();
    intermediate
        .verify_signature(Some(root.public_key()))
        .unwrap();

    let names = leaf.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 2);
    let seen = bench.describe(&id);
    assert_eq!(seen["CertEndTime"], "2026-05-30 07:59:59");
    let end = DateTime::from_timestamp(leaf.validity().not_after.timestamp(), 0).unwrap();
    assert_eq!(end.to_rfc3339(), "2026-05-29T23:59:59+00:00");

    let key = rsa::PrivateKey::from_pkcs1_pem(&private).unwrap();
    use rsa::pkcs1::EncodeRsaPublicKey;
    let public = rsa::PublicKey::from(&key).to_pkcs1_der().unwrap();
    assert_eq!(
        leaf.public_key().subject_public_key.data.as_ref(),
        public.as_bytes()
    );
}

#[test]
fn an_ecc_certificate_matches_its_key() {
    let mut bench = Bench::new();
    let ecc = json!({"CsrEncryptAlgo": "ECC", "CsrKeyParameter": "prime256v1"});
    let first = issued(&mut bench, "a.example.com", ecc.clone());
    let second = issued(&mut bench, "b.example.com", ecc);
    let (_, sec1) = detail(&mut bench, &first);
    assert!(sec1.starts_with("-----BEGIN EC PRIVATE KEY-----"));
    let (public, pkcs8) = detail(&mut bench, &second);
    let key = rcgen::KeyPair::from_pem(&pkcs8).unwrap();
    let chain = pems(&public);
    let leaf = chain[0].parse_x509().unwrap();
    assert_eq!(
        leaf.public_key().subject_public_key.data.as_ref(),
        key.der_bytes()
    );
}

#[test]
fn material_stays_the_same_however_often_it_is_asked_for() {
    let mut bench = Bench::new();
    let id = issued(&mut bench, "shop.example.com", json!({}));
    assert_eq!(detail(&mut bench, &id), detail(&mut bench, &id));
}

#[test]
fn every_certificate_has_a_key_of_its_own() {
    let mut bench = Bench::new();
    let mut keys = HashSet::new();
    for i in 0..8 {
        let id = issued(&mut bench, &format!("n{i}.example.com"), json!({}));
        assert!(keys.insert(detail(&mut bench, &id).1));
    }
}

#[test]
fn the_detail_can_hold_the_leaf_alone() {
    let mut bench = Bench::with(|options| options.full_chain_in_detail = false);
    let id = issued(&mut bench, "shop.example.com", json!({}));
    assert_eq!(pems(&detail(&mut bench, &id).0).len(), 1);
}

fn download(bench: &mut Bench, id: &str) -> Vec<(String, String)> {
    let answer = bench
        .call("DownloadCertificate", json!({"CertificateId": id}))
        .unwrap();
    assert_eq!(answer["ContentType"], "application/zip");
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(answer["Content"].as_str().unwrap())
        .unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|i| {
            let mut file = zip.by_index(i).unwrap();
            let mut content = String::new();
            file.read_to_string(&mut content).unwrap();
            (file.name().unwrap().into_owned(), content)
        })
        .collect()
}

#[test]
fn both_zip_layouts_hold_what_the_detail_call_gives() {
    let mut bench = Bench::new();
    assert_eq!(bench.service.world.options.zip_layout, ZipLayout::Mixed);
    let id = issued(&mut bench, "shop.example.com", json!({}));
    let (public, private) = detail(&mut bench, &id);
    for (bundle, key) in [
        (
            "Nginx/1_shop.example.com_bundle.crt",
            "Nginx/2_shop.example.com.key",
        ),
        (
            "shop.example.com_nginx/shop.example.com_bundle.crt",
            "shop.example.com_nginx/shop.example.com.key",
        ),
    ] {
        let files = download(&mut bench, &id);
        let content = |wanted: &str| &files.iter().find(|(name, _)| name == wanted).unwrap().1;
        assert_eq!(*content(bundle), public);
        assert_eq!(*content(key), private);
    }
}

#[test]
fn an_upload_is_listed_but_is_no_order() {
    let mut bench = Bench::new();
    let id = issued(&mut bench, "shop.example.com", json!({}));
    let (public, private) = detail(&mut bench, &id);
    let upload = json!({"CertificatePublicKey": public, "CertificatePrivateKey": private,
                        "Repeatable": false, "Alias": "brought along"});
    let uploaded = bench.call("UploadCertificate", upload.clone()).unwrap();
    let again = bench.call("UploadCertificate", upload).unwrap();
    assert_eq!(again["RepeatCertId"], uploaded["CertificateId"]);
    let listed = bench.list(json!({"Upload": 1}));
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["From"], "upload");
    assert_eq!(listed[0]["PackageType"], Value::Null);
    assert_eq!(listed[0]["Domain"], "shop.example.com");
    assert_eq!(bench.service.state(bench.now)["accounts"][0]["slots"], 1);
    let code = bench
        .call("UploadCertificate", json!({"CertificatePublicKey": "x"}))
        .unwrap_err();
    assert_eq!(code, "FailedOperation.CertificateInvalid");
}
