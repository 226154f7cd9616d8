//! The zip of `DownloadCertificate`, read into memory under tight bounds. Nothing is ever unpacked to the disk.
//!
//! Layouts seen (public integrations; Tencent Cloud, free-certificate and nginx install pages): `Nginx/1_<domain>_bundle.crt`
//! with `Nginx/2_<domain>.key` beside `Apache/`, `IIS/` and `Tomcat/`; a single `<domain>_nginx/`; both with and without
//! the numbers. So files are told by folder and suffix, and a pair by whether key and certificate fit.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use zeroize::Zeroizing;
use zip::ZipArchive;

use super::certificate::{Certificate, shortened};
use super::error::BundleError;

const MAX_ZIP_BYTES: usize = 1024 * 1024;
const MAX_ENTRIES: usize = 64;
const MAX_ENTRY_BYTES: usize = 256 * 1024;

/// One folder's PEM files, each wiped on drop, since any of them may be a key.
#[derive(Default)]
pub(super) struct Group {
    /// The texts of `.crt`, `.pem` and `.cer` files.
    texts: Vec<Zeroizing<Vec<u8>>>,
    /// The texts of `.key` files.
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
}

impl Group {
    /// All certificates of this folder, doubles dropped.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>, BundleError> {
        let mut found = Vec::new();
        for text in &self.texts {
            add_new(&mut found, Certificate::all_of(text)?);
        }
        Ok(found)
    }
}

/// The folders of a zip, by preference.
pub(super) struct Archive(BTreeMap<(u8, String), Group>);

impl Archive {
    /// The folders, nginx's first.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.0.values()
    }

    /// All certificates of all folders, nginx's first, doubles dropped.
    pub(super) fn all_certificates(&self) -> Result<Vec<Certificate>, BundleError> {
        let mut found = Vec::new();
        for group in self.groups() {
            add_new(&mut found, group.certificates()?);
        }
        Ok(found)
    }
}

/// Reads a zip: every entry's header is judged, then the PEM files are unpacked, each stopped at its limit.
pub(super) fn open(zip: &[u8]) -> Result<Archive, BundleError> {
    if zip.len() > MAX_ZIP_BYTES {
        return Err(BundleError::TooLarge {
            what: "the zip",
            limit: MAX_ZIP_BYTES,
        });
    }
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(BundleError::Zip)?;
    if archive.len() > MAX_ENTRIES {
        return Err(BundleError::TooMany {
            what: "files in the zip",
            count: archive.len(),
            limit: MAX_ENTRIES,
        });
    }
    if archive.has_duplicate_names() {
        return Err(unsafe_entry("", "there twice under one name"));
    }
    let mut wanted = Vec::new();
    for index in 0..archive.len() {
        if let Some((key, file)) = judge(&archive, index)? {
            wanted.push((index, key, file));
        }
    }
    let mut groups: BTreeMap<(u8, String), Group> = BTreeMap::new();
    for (index, folder, file) in wanted {
        let text = unpack(&mut archive, index)?;
        let group = groups.entry(folder).or_default();
        match file {
            Kind::Key => group.keys.push(text),
            Kind::Certificate => group.texts.push(text),
        }
    }
    Ok(Archive(groups))
}

enum Kind {
    Certificate,
    Key,
}

/// Refuses what has no business in such a zip, and says of the rest whether it is wanted, and in which group.
#[allow(clippy::type_complexity, reason = "a pair of keys, used once")]
fn judge(
    archive: &ZipArchive<Cursor<&[u8]>>,
    index: usize,
) -> Result<Option<((u8, String), Kind)>, BundleError> {
    let entry = archive.by_index_data(index).map_err(BundleError::Zip)?;
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    if entry.encrypted() {
        return Err(unsafe_entry(&name, "encrypted"));
    }
    if entry.is_symlink() {
        return Err(unsafe_entry(&name, "a symbolic link"));
    }
    // Windows' zips may separate with backslashes.
    let path = name.replace('\\', "/");
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        return Err(unsafe_entry(&name, "an absolute path"));
    }
    if path.split('/').any(|part| part == "..") || path.contains('\0') {
        return Err(unsafe_entry(&name, "a path that leaves its folder"));
    }
    if entry.is_dir() {
        return Ok(None);
    }
    let lower = path.to_lowercase();
    let kind = if lower.ends_with(".key") {
        Kind::Key
    } else if [".crt", ".pem", ".cer"]
        .iter()
        .any(|end| lower.ends_with(end))
    {
        Kind::Certificate
    } else {
        return Ok(None);
    };
    let folder = lower.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_nginx = folder
        .split('/')
        .any(|part| part.starts_with("nginx") || part.ends_with("_nginx"));
    Ok(Some(((u8::from(!is_nginx), folder.to_owned()), kind)))
}

/// One file's bytes. The declared size is not believed: reading stops one byte past the limit.
fn unpack(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
) -> Result<Zeroizing<Vec<u8>>, BundleError> {
    let entry = archive.by_index(index).map_err(BundleError::Zip)?;
    let declared = usize::try_from(entry.size()).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(declared.min(MAX_ENTRY_BYTES) + 1));
    entry
        .take(MAX_ENTRY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(BundleError::Unpack)?;
    if bytes.len() > MAX_ENTRY_BYTES {
        return Err(BundleError::TooLarge {
            what: "a file in the zip",
            limit: MAX_ENTRY_BYTES,
        });
    }
    Ok(bytes)
}

fn add_new(found: &mut Vec<Certificate>, more: Vec<Certificate>) {
    for certificate in more {
        if !found.iter().any(|known| known.der == certificate.der) {
            found.push(certificate);
        }
    }
}

fn unsafe_entry(name: &str, reason: &'static str) -> BundleError {
    BundleError::UnsafeEntry {
        name: shortened(name),
        reason,
    }
}
