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
use super::keys::{Credential, CredentialSettings, Missed, Source, nothing, pair};
use super::surroundings::Surroundings;
use crate::calendar;
use crate::secret_file::{Besides, SecretFileError, Wrong, read_open_to};
use crate::tencent::answer;

/// The keys of the account's own entry, inline or in files it names.
pub(super) fn account_entry(
    settings: &CredentialSettings,
    _: &Surroundings,
) -> Result<Credential, Missed> {
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
    pair(place, id, key, settings.token.clone(), Source::Account)?
        .ok_or_else(|| nothing(format!("keys in [accounts.{}]: none", settings.account)))
}

/// `<account>.secret_id`, `.secret_key` and perhaps `.token` in systemd's credentials directory.
pub(super) fn systemd(
    settings: &CredentialSettings,
    around: &Surroundings,
) -> Result<Credential, Missed> {
    let folder = around
        .var("CREDENTIALS_DIRECTORY")
        .map(PathBuf::from)
        .ok_or_else(|| nothing("systemd credentials: CREDENTIALS_DIRECTORY is not set (LoadCredential= needs systemd 247)"))?;
    let file = |kind: &str| folder.join(format!("{}.{kind}", settings.account));
    let id = read(&file("secret_id"), Besides::Anyone)?.map(|id| id.expose_secret().to_owned());
    let key = read(&file("secret_key"), Besides::Group)?;
    let token = read(&file("token"), Besides::Group)?;
    let place = folder.display().to_string();
    pair(place, id, key, token, Source::Systemd)?.ok_or_else(|| {
        let file = file("secret_id");
        nothing(format!("{} and its .secret_key: not there", file.display()))
    })
}

/// The official SDKs' INI file of the user.
pub(super) fn users_profile(
    _: &CredentialSettings,
    around: &Surroundings,
) -> Result<Credential, Missed> {
    profile(&home(around)?.join(".tencentcloud/credentials"))
}

/// The official SDKs' INI file of the machine.
pub(super) fn machines_profile(
    _: &CredentialSettings,
    around: &Surroundings,
) -> Result<Credential, Missed> {
    profile(&around.root.join("etc/tencentcloud/credentials"))
}

/// The keys of section `[default]`.
fn profile(path: &Path) -> Result<Credential, Missed> {
    let text = ambient(path)?;
    let section = Ini::default_section(text.expose_secret());
    let (id, key) = (section.secret_id, section.secret_key);
    let place = path.display().to_string();
    pair(place, id, key, None, Source::Profile)?.ok_or_else(|| {
        nothing(format!(
            "{}: no secret_id and secret_key in [default]",
            path.display()
        ))
    })
}

/// tccli's JSON file of the profile `$TCCLI_PROFILE`, else `default`.
pub(super) fn tccli(_: &CredentialSettings, around: &Surroundings) -> Result<Credential, Missed> {
    let home = home(around)?;
    let profile = around
        .var("TCCLI_PROFILE")
        .unwrap_or_else(|| "default".to_owned());
    if profile.contains('/') {
        return Err(nothing("TCCLI_PROFILE: no profile name, it holds a slash"));
    }
    let path = home.join(".tccli").join(format!("{profile}.credential"));
    let text = ambient(&path)?;
    let place = path.display().to_string();
    // The parser's own message could quote the text, so it is left out.
    let file: TccliFile =
        answer::parse(text.expose_secret().trim()).ok_or(CredentialError::BadFile {
            path,
            what: "is not the JSON that tccli writes; run `tccli configure`",
        })?;
    if file.kind.as_deref() == Some("cvm-role") {
        return Err(nothing(format!("{place}: points to the instance's role")));
    }
    let (id, key, token) = (file.secret_id, file.secret_key, file.token);
    let found = pair(place.clone(), id, key, token, Source::Tccli)?
        .ok_or_else(|| nothing(format!("{place}: no keys in it")))?;
    let expires = file
        .expires_at
        .and_then(|at| calendar::on_it(DateTime::<Utc>::from_timestamp(at, 0)?));
    Ok(Credential { expires, ..found })
}

/// What tccli writes (TencentCloud/tencentcloud-cli, tccli/oauth.py).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TccliFile {
    #[serde(rename = "type", deserialize_with = "answer::text")]
    kind: Option<String>,
    #[serde(deserialize_with = "answer::text")]
    secret_id: Option<String>,
    #[serde(deserialize_with = "answer::secret")]
    secret_key: Option<SecretString>,
    #[serde(deserialize_with = "answer::secret")]
    token: Option<SecretString>,
    #[serde(deserialize_with = "answer::int")]
    expires_at: Option<i64>,
}

fn home(around: &Surroundings) -> Result<PathBuf, Missed> {
    around
        .var("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
        .ok_or_else(|| nothing("profile files below the home folder: HOME is not set"))
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
fn ambient(path: &Path) -> Result<SecretString, Missed> {
    let shown = path.display();
    match read(path, Besides::Group) {
        Err(SecretFileError {
            wrong: Wrong::Unreadable(error),
            ..
        }) if error.kind() == ErrorKind::PermissionDenied => Err(nothing(format!(
            "{shown}: not readable for Evercert's user"
        ))),
        text => text?.ok_or_else(|| nothing(format!("{shown}: not there"))),
    }
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
