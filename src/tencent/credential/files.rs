//! Keys that lie in the config or in files.
//!
//! Files are small and local, so they are read in place. A file with a secret that other users can read or change is
//! refused. One line end at a file's end is the editor's and taken off; any other blank is the operator's to remove.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Credential, CredentialError, CredentialSettings, Source, Surroundings, note};
use crate::files::{self, FileError};
use crate::secret_file::is_open_to_others;

/// No file with keys is larger.
const LARGEST: u64 = 64 * 1024;
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

/// The keys of the account's own entry, inline or in files it names.
pub(super) fn account_entry(
    settings: &CredentialSettings,
) -> Result<Option<Credential>, CredentialError> {
    let place = format!("[accounts.{}]", settings.account);
    let open = |usual| if settings.sealed { Open::Sealed } else { usual };
    let id = match (&settings.secret_id, &settings.secret_id_file) {
        (Some(id), _) => Some(id.clone()),
        (None, Some(path)) => Some(named(path, open(Open::Anyone))?.expose_secret().to_owned()),
        (None, None) => None,
    };
    let key = match (&settings.secret_key, &settings.secret_key_file) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(path)) => Some(named(path, open(Open::OwnerOnly))?),
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
    let id = read(&file("secret_id"), Open::Anyone)?.map(|id| id.expose_secret().to_owned());
    let key = read(&file("secret_key"), Open::OwnerOnly)?;
    let token = read(&file("token"), Open::OwnerOnly)?;
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

/// Both halves, checked; or none of them; or an error for one alone. An empty half counts as absent.
fn pair(
    place: String,
    id: Option<String>,
    key: Option<SecretString>,
    token: Option<SecretString>,
    source: Source,
) -> Result<Option<Credential>, CredentialError> {
    let id = id.filter(|id| !id.is_empty());
    let key = key.filter(|key| !key.expose_secret().is_empty());
    let token = token.filter(|token| !token.expose_secret().is_empty());
    match (id, key) {
        (Some(secret_id), Some(secret_key)) => {
            let found = Credential {
                secret_id,
                secret_key,
                token,
                expires: None,
                source,
            };
            found.checked(&place).map(Some)
        }
        (Some(_), None) => Err(CredentialError::Incomplete {
            place,
            has: "a secret id",
            lacks: "secret key",
        }),
        (None, Some(_)) => Err(CredentialError::Incomplete {
            place,
            has: "a secret key",
            lacks: "secret id",
        }),
        (None, None) => Ok(None),
    }
}

fn home(around: &Surroundings) -> Option<PathBuf> {
    around
        .var("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
}

/// Who may read a file.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    /// It holds nothing secret.
    Anyone,
    /// It holds a secret: other users may neither read nor change it. A group may: systemd and the tools that write it
    /// decide about that.
    OwnerOnly,
    /// It holds a secret, and the config names it: nobody but its owner has any right.
    Sealed,
}

/// A file that the config names: its absence is an error, and so is an empty one, which somebody may be about to write.
fn named(path: &Path, open: Open) -> Result<SecretString, CredentialError> {
    match read(path, open)? {
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
    match read(path, Open::OwnerOnly) {
        Ok(Some(text)) => return Ok(Some(text)),
        Ok(None) => looked.push(format!("{}: not there", path.display())),
        Err(CredentialError::Unreadable { source, .. })
            if source.kind() == ErrorKind::PermissionDenied =>
        {
            looked.push(format!(
                "{}: not readable for Evercert's user",
                path.display()
            ));
        }
        Err(error) => return Err(error),
    }
    Ok(None)
}

/// A small text file, one line end at its end taken off; `None` where there is no such file.
fn read(path: &Path, open: Open) -> Result<Option<SecretString>, CredentialError> {
    let unreadable = |source| CredentialError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let bad = |what| CredentialError::BadFile {
        path: path.to_owned(),
        what,
    };
    let file = match files::open(path) {
        Ok(file) => file,
        Err(FileError::NotRegular) => {
            return Err(bad("is no file; name a file that holds the key"));
        }
        Err(error) if error.is_absent() => return Ok(None),
        Err(error) => return Err(unreadable(error.into())),
    };
    // Asked of the open file, so that it is the one that is read.
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if open == Open::OwnerOnly && mode & (OTHERS_READ | OTHERS_WRITE) != 0 {
        let can = if mode & OTHERS_READ != 0 {
            "read"
        } else {
            "write"
        };
        return Err(CredentialError::Exposed {
            path: path.to_owned(),
            mode,
            can,
        });
    }
    let bytes = files::read_from(file, LARGEST).map_err(|error| match error {
        FileError::TooLarge { .. } => {
            bad("is larger than 64 KiB; name a file that holds the key alone")
        }
        other => unreadable(other.into()),
    })?;
    if open == Open::Sealed && is_open_to_others(&metadata) {
        return Err(CredentialError::NotSealed {
            path: path.to_owned(),
            mode,
        });
    }
    let text = str::from_utf8(&bytes)
        .map_err(|_| bad("is not text; name a file that holds the key as text"))?;
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
