//! The zips in which the service hands out material, in the two layouts that programs have met.
//!
//! PKCS#12 and Java key stores are there by name only: their content is a note, because nothing here could tell a
//! good one from a bad one, and no careful reader takes its key from them.

use std::io::{Cursor, Write};

use secrecy::ExposeSecret;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::ca::Material;
use crate::sandbox::error::Error;
use crate::sandbox::options::ZipLayout;

const NOTE: &str = "The stand-in makes no key store; take the PEM files.\n";

/// A zip of that layout. `Mixed` is for the caller to resolve; here it means the API's layout.
pub(crate) fn pack(
    layout: ZipLayout,
    domain: &str,
    material: &Material,
    root: &str,
) -> Result<Vec<u8>, Error> {
    let bundle = format!("{}{}", material.leaf, material.chain);
    let key = material.key.expose_secret();
    // Both ways of storing occur, so each layout has its own.
    let (method, files) = match layout {
        ZipLayout::Console => (
            CompressionMethod::Stored,
            console(domain, &bundle, key, &material.csr),
        ),
        ZipLayout::Api | ZipLayout::Mixed => (
            CompressionMethod::Deflated,
            api(domain, &bundle, key, material, root),
        ),
    };
    Ok(write(method, &files)?)
}

fn console(domain: &str, bundle: &str, key: &str, csr: &str) -> Vec<(String, String)> {
    let folder = format!("{domain}_nginx/");
    vec![
        (format!("{folder}{domain}_bundle.crt"), bundle.into()),
        (format!("{folder}{domain}_bundle.pem"), bundle.into()),
        (format!("{folder}{domain}.key"), key.into()),
        (format!("{folder}{domain}.csr"), csr.into()),
    ]
}

fn api(
    domain: &str,
    bundle: &str,
    key: &str,
    material: &Material,
    root: &str,
) -> Vec<(String, String)> {
    let root_bundle = format!("{}{root}", material.chain);
    vec![
        ("Apache/1_root_bundle.crt".into(), root_bundle),
        (format!("Apache/2_{domain}.crt"), material.leaf.clone()),
        (format!("Apache/3_{domain}.key"), key.into()),
        (format!("IIS/{domain}.pfx"), NOTE.into()),
        ("IIS/keystorePass.txt".into(), "sandbox".into()),
        (format!("Nginx/1_{domain}_bundle.crt"), bundle.into()),
        (format!("Nginx/2_{domain}.key"), key.into()),
        (format!("Tomcat/{domain}.jks"), NOTE.into()),
        ("Tomcat/keystorePass.txt".into(), "sandbox".into()),
        (format!("{domain}.csr"), material.csr.clone()),
    ]
}

fn write(method: CompressionMethod, files: &[(String, String)]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default().compression_method(method);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name, options)?;
        writer.write_all(content.as_bytes())?;
    }
    Ok(writer.finish()?.into_inner())
}
