//! Keys that lie in the config or in files.
//!
//! Files are small and local, so they are read in place. A file with a secret that other users can read or change is
//! refused. One line end at a file's end is the editor's and taken off; any other blank is the operator's to remove.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::CredentialError;
use super::keys::{Credential, CredentialSettings, Source, note, pair};
use super::surroundings::Surroundings;
use crate::secret_file::{Besides, SecretFileError, Wrong, read_open_to};

/// The keys of the account's own entry, inline or in files it names.
pub(super) fn account_entry(
    settings: &CredentialSettings,
) -> Result<Option<Credential>, CredentialError> {
    let place = format!("[accounts.{}]", settings.account);
    let id = match (&settings.secret_id, &settings.secret_id_file) {
        (Some(id), _) => Some(id.clone()),
        (None, Some(path)) => Some(named(path)?.expose_secret().to_owned()),
        (None, None) => None,
    };
    let key = match (&settings.secret_key, &settings.secret_key_file) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(path)) => Some(named(path)?),
        (None, None) => None,
    };
    pair(place, id, key, settings.token.clone(), Source::Account)
}

/// `<account>.secret_id`, `.secret_key` and perhaps `.token` in systemd's credentials directory.
pub(super) fn systemd(
    settings: &CredentialSettings,
    around: &Surroundings,
    looked: &mut Vec<String>,
) -> Result<Option<Credential>, CredentialError> {
    let Some(folder) = around.var("CREDENTIALS_DIRECTORY").map(PathBuf::from) else {
        return Ok(note(
            looked,
            "systemd credentials: CREDENTIALS_DIRECTORY is not set",
        ));
    };
    let file = |kind: &str| folder.join(format!("{}.{kind}", settings.account));
    let id = read(&file("secret_id"), Besides::Anyone)?.map(|id| id.expose_secret().to_owned());
    let key = read(&file("secret_key"), Besides::Group)?;
    let token = read(&file("token"), Besides::Group)?;
    let found = pair(
        folder.display().to_string(),
        id,
        key,
        token,
        Source::Systemd,
    )?;
    if found.is_none() {
        looked.push(format!(
            "{} and its .secret_key: not there",
            file("secret_id").display()
        ));
    }
    Ok(found)
}

/// The official SDKs' INI file: the user's, else the machine's; section `[default]`.
pub(super) fn profile(
    around: &Surroundings,
    looked: &mut Vec<String>,
) -> Result<Option<Credential>, CredentialError> {
    let home = home(around).map(|home| home.join(".tencentcloud/credentials"));
    let machine = around.root.join("etc/tencentcloud/credentials");
    for path in home.into_iter().chain([machine]) {
        let Some(text) = ambient(&path, looked)? else {
            continue;
        };
        let section = Ini::default_section(text.expose_secret());
        let place = path.display().to_string();
        match pair(
            place,
            section.secret_id,
            section.secret_key,
            None,
            Source::Profile,
        )? {
            Some(found) => return Ok(Some(found)),
            None => looked.push(format!(
                "{}: no secret_id and secret_key in [default]",
                path.display()
            )),
        }
    }
    Ok(None)
}

/// tccli's JSON file of the profile `$TCCLI_PROFILE`, else `default`.
pub(super) fn tccli(
    around: &Surroundings,
    looked: &mut Vec<String>,
) -> Result<Option<Credential>, CredentialError> {
    let Some(home) = home(around) else {
        return Ok(note(
            looked,
            "profile files below the home folder: HOME is not set",
        ));
    };
    let profile = around
        .var("TCCLI_PROFILE")
        .unwrap_or_else(|| "default".to_owned());
    if profile.contains('/') {
        return Ok(note(
            looked,
            "TCCLI_PROFILE: no profile name, it holds a slash",
        ));
    }
    let path = home.join(".tccli").join(format!("{profile}.credential"));
    let Some(text) = ambient(&path, looked)? else {
        return Ok(None);
    };
    // The parser's own message could quote the text, so it is left out.
    let Ok(file) = serde_json::from_str::<TccliFile>(text.expose_secret()) else {
        return Err(CredentialError::BadFile {
            path,
            what: "is not the JSON that tccli writes; run `tccli configure`",
        });
    };
    if file.kind.as_deref() == Some("cvm-role") {
        return Ok(note(
            looked,
            format!("{}: points to the instance's role", path.display()),
        ));
    }
    let place = path.display().to_string();
    let found = pair(
        place,
        file.secret_id,
        secret(file.secret_key),
        secret(file.token),
        Source::Tccli,
    )?;
    if found.is_none() {
        looked.push(format!("{}: no keys in it", path.display()));
    }
    let expires = file
        .expires_at
        .and_then(|at| DateTime::<Utc>::from_timestamp(at, 0));
    Ok(found.map(|found| Credential { expires, ..found }))
}

/// What tccli writes (TencentCloud/tencentcloud-cli, tccli/oauth.py).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TccliFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    secret_id: Option<String>,
    secret_key: Option<SecretText>,
    token: Option<SecretText>,
    expires_at: Option<i64>,
}

/// A secret inside JSON. (secrecy's own serde support is a feature we do without.)
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

fn secret(text: Option<SecretText>) -> Option<SecretString> {
    text.map(|text| text.0)
}

fn home(around: &Surroundings) -> Option<PathBuf> {
    around
        .var("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
}

/// A file that the config names: its absence is an error, and so is an empty one, which somebody may be about to write.
fn named(path: &Path) -> Result<SecretString, CredentialError> {
    match read(path, Besides::Nobody)? {
        None => Err(CredentialError::Absent {
            path: path.to_owned(),
            what: "is not there",
        }),
        Some(text) if text.expose_secret().is_empty() => Err(CredentialError::Absent {
            path: path.to_owned(),
            what: "is empty",
        }),
        Some(text) => Ok(text),
    }
}

/// A file that nobody named: passed over, and noted, where it is absent or not for us (systemd's ProtectHome hides it).
fn ambient(path: &Path, looked: &mut Vec<String>) -> Result<Option<SecretString>, CredentialError> {
    match read(path, Besides::Group) {
        Ok(Some(text)) => return Ok(Some(text)),
        Ok(None) => looked.push(format!("{}: not there", path.display())),
        Err(SecretFileError {
            wrong: Wrong::Unreadable(error),
            ..
        }) if error.kind() == ErrorKind::PermissionDenied => {
            looked.push(format!(
                "{}: not readable for Evercert's user",
                path.display()
            ));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(None)
}

/// A small text file, one line end at its end taken off; `None` where there is no such file.
fn read(path: &Path, besides: Besides) -> Result<Option<SecretString>, SecretFileError> {
    let text = match read_open_to(path, besides) {
        Err(SecretFileError {
            wrong: Wrong::Unreadable(error),
            ..
        }) if error.is_absent() => return Ok(None),
        text => text?,
    };
    let text = text.expose_secret();
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(Some(line.strip_suffix('\r').unwrap_or(line).into()))
}

/// The two keys of section `[default]`, as Python's configparser reads them.
#[derive(Default)]
struct Ini {
    secret_id: Option<String>,
    secret_key: Option<SecretString>,
}

impl Ini {
    fn default_section(text: &str) -> Self {
        let mut found = Self::default();
        let mut inside = false;
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
        {
            if let Some(section) = line.strip_prefix('[') {
                inside = section.trim_end_matches(']').trim() == "default";
            } else if let (true, Some((key, value))) = (inside, line.split_once(['=', ':'])) {
                match key.trim().to_ascii_lowercase().as_str() {
                    "secret_id" => found.secret_id = Some(value.trim().to_owned()),
                    "secret_key" => found.secret_key = Some(value.trim().into()),
                    _ => {}
                }
            }
        }
        found
    }
}
