//! Where the key of the account is, and where it is put so that the service finds it.
//!
//! With the package and a systemd that knows `LoadCredential=`, the key lies in two files of root's alone, which a drop-in
//! hands to the unit. Where systemd is older, the config names them, and the service's own group may read them. Anywhere else
//! the config names two files of whoever starts the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::{Group, geteuid};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::clock::{Clock, SystemClock};
use crate::command::{self, Environment, Run};
use crate::config::USUAL_PATH;
use crate::files::{FileError, Folder, New, Owner, Pending};
use crate::sentence::{Phrase, say};
use crate::tencent::credential::{Credential, CredentialError, Source};
use crate::tencent::{CredentialSettings, Provider, Surroundings};

/// The user and group that the package makes.
const PACKAGED: &str = "evercert";

/// The first systemd with `LoadCredential=`.
const LOADS_CREDENTIALS: u32 = 247;

/// How long `systemctl --version` may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where units are, the operator's own first.
const UNITS: [&str; 4] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// What hands a key to the unit.
const HANDS_OVER: &str = "LoadCredential=default.secret_key:";

/// This machine, as far as it decides where things are put.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    /// `/`, but in tests.
    pub(super) root: PathBuf,
    /// Whether root runs the program.
    pub(super) is_root: bool,
    /// The number of the service's own group, if there is one.
    pub(super) group: Option<u32>,
    /// The version of systemd, if there is one.
    pub(super) systemd: Option<u32>,
}

impl Machine {
    /// This one.
    pub(super) async fn look() -> Self {
        let group = Group::from_name(PACKAGED).ok().flatten();
        Self {
            root: PathBuf::from("/"),
            is_root: geteuid().is_root(),
            group: group.map(|group| group.gid.as_raw()),
            systemd: systemd().await,
        }
    }

    /// Whether the packaged unit will read this config.
    pub(super) fn has_service_for(&self, config: &Path) -> bool {
        let units = UNITS.iter().map(|folder| self.root.join(folder));
        let mut units = units.map(|folder| folder.join("evercert.service"));
        self.is_root && config == Path::new(USUAL_PATH) && units.any(|unit| unit.exists())
    }

    /// The owner of a file that the service's group may read; ours alone where there is no such group.
    pub(super) fn readable(&self) -> (Owner, u32) {
        match self.group {
            Some(group) if self.is_root => ((Some(0), Some(group)), 0o640),
            _ => ((None, None), 0o600),
        }
    }

    /// Where the unit's drop-in goes; `None` where the unit is handed a key already.
    fn drop_in(&self) -> Option<PathBuf> {
        let hands_over = |path: PathBuf| {
            std::fs::read_to_string(path).is_ok_and(|text| {
                let mut lines = text.lines().map(str::trim);
                lines.any(|line| line.starts_with(HANDS_OVER))
            })
        };
        for folder in UNITS.map(|folder| self.root.join(folder)) {
            let drop_ins = std::fs::read_dir(folder.join("evercert.service.d"));
            let mut drop_ins = drop_ins.into_iter().flatten().flatten();
            if drop_ins.any(|entry| hands_over(entry.path()))
                || hands_over(folder.join("evercert.service"))
            {
                return None;
            }
        }
        let folder = self.root.join(UNITS[0]).join("evercert.service.d");
        Some(folder.join("credentials.conf"))
    }

    /// A path of this machine's.
    fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// `systemd 252 (252.36-1)`.
async fn systemd() -> Option<u32> {
    let argv = ["systemctl".to_owned(), "--version".to_owned()];
    let run = Run::new(&argv, Environment::inherited(), PATIENCE);
    let ran = command::run(run, &SystemClock::new()).await.ok()?;
    let number = ran.output.split_whitespace().nth(1)?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// SecretId and SecretKey.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// The public half.
    pub(super) id: String,
    /// The secret half.
    pub(super) key: SecretString,
}

/// Where the key lies, or will.
#[derive(Clone, Debug)]
pub(super) struct KeyFiles {
    /// The file of the SecretId.
    pub(super) id: PathBuf,
    /// The file of the SecretKey.
    pub(super) key: PathBuf,
    /// Whether the unit is handed them, so that the config names none.
    pub(super) by_unit: bool,
    /// Whether a service reads them, and not whoever runs this.
    pub(super) for_service: bool,
}

impl KeyFiles {
    /// Those that go with this config.
    pub(super) fn of(machine: &Machine, config: &Path) -> Self {
        let folder = config.parent().unwrap_or(Path::new("/"));
        let for_service = machine.has_service_for(config);
        let loads = machine
            .systemd
            .is_some_and(|version| version >= LOADS_CREDENTIALS);
        Self {
            id: folder.join("secret_id"),
            key: folder.join("secret_key"),
            by_unit: for_service && loads,
            for_service,
        }
    }

    /// Whether both are there.
    pub(super) fn are_there(&self, machine: &Machine) -> bool {
        machine.at(&self.id).exists() && machine.at(&self.key).exists()
    }

    /// What is to be written so that the service has this pair.
    pub(super) fn to_write(&self, machine: &Machine, pair: &Pair) -> Vec<NewFile> {
        let (owner, mode) = if self.for_service && !self.by_unit {
            machine.readable()
        } else {
            ((None, None), 0o600)
        };
        let file = |path: &Path, kind, text: &str| NewFile {
            path: machine.at(path),
            kind,
            bytes: Zeroizing::new(format!("{text}\n").into_bytes()),
            owner,
            mode,
        };
        vec![
            file(&self.id, Kind::SecretId, &pair.id),
            file(&self.key, Kind::SecretKey, pair.key.expose_secret()),
        ]
    }

    /// The drop-in that hands the files to the unit, where that is the way and none does it yet.
    pub(super) fn drop_in(&self, machine: &Machine) -> Option<NewFile> {
        let path = machine.drop_in().filter(|_| self.by_unit)?;
        let text = format!(
            "[Service]\nLoadCredential=default.secret_id:{}\nLoadCredential=default.secret_key:{}\n",
            self.id.display(),
            self.key.display()
        );
        Some(NewFile {
            path,
            kind: Kind::DropIn,
            bytes: Zeroizing::new(text.into_bytes()),
            owner: (None, None),
            mode: 0o644,
        })
    }
}

/// What a new file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The config.
    Config,
    /// A part of it, in `conf.d`.
    Part,
    /// The SecretId.
    SecretId,
    /// The SecretKey.
    SecretKey,
    /// The unit's drop-in.
    DropIn,
}

/// A file that is to be written.
pub(super) struct NewFile {
    /// Where.
    pub(super) path: PathBuf,
    /// What it is.
    pub(super) kind: Kind,
    /// What is in it.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// Whose it will be.
    pub(super) owner: Owner,
    /// Its mode.
    pub(super) mode: u32,
}

impl NewFile {
    /// Writes it, whole or not at all, where nothing is yet.
    ///
    /// # Errors
    /// Something is there; it can't be written.
    pub(super) fn write(&self) -> Result<(), FileError> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let name = self.path.file_name().ok_or(FileError::NotRegular)?;
        let folder = match self.kind {
            // There may be none before the first.
            Kind::DropIn | Kind::Part => Folder::open_or_make(folder, 0o755)?,
            _ => Folder::open_through_links(folder)?,
        };
        let new = New {
            owner: self.owner,
            ..New::of(&self.bytes, self.mode)
        };
        Pending::write(folder, name, new)?.place()?.sync()
    }
}

/// A key that was found.
pub(super) struct Found {
    /// It, and where more of the same come from.
    pub(super) provider: Arc<Provider>,
    /// In words: where.
    pub(super) source: Phrase,
    /// Set where a service would not find it there.
    pub(super) hidden: Option<Hidden>,
}

/// A key that a service does not see.
pub(super) enum Hidden {
    /// It can be put elsewhere.
    Lasting(Pair),
    /// It ends soon, so that there is no use.
    Temporary,
}

/// Looks for a key in every place where the daemon would, beginning with what the config says, and in the files that lie
/// where this program puts them.
///
/// # Errors
/// A place has one that can't be used.
pub(super) async fn find(
    mut settings: CredentialSettings,
    files: &KeyFiles,
    machine: &Machine,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Found>, CredentialError> {
    let is_silent = settings.secret_id.is_none() && settings.secret_id_file.is_none();
    if is_silent && files.are_there(machine) {
        settings.secret_id_file = Some(machine.at(&files.id));
        settings.secret_key_file = Some(machine.at(&files.key));
    }
    let provider = Arc::new(Provider::new(
        settings,
        Surroundings::of_the_process(),
        Arc::clone(clock),
    ));
    let credential = match provider.base().await {
        Ok(credential) => credential,
        Err(CredentialError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let hidden =
        (files.for_service && is_of_the_caller(credential.source)).then(|| hidden(&credential));
    Ok(Some(Found {
        provider,
        source: phrase(credential.source),
        hidden,
    }))
}

/// Where a key was found, in words.
fn phrase(source: Source) -> Phrase {
    let chinese = match source {
        Source::Account => "账号配置",
        Source::Systemd => "systemd 凭据",
        Source::Environment => "环境变量",
        Source::Profile => "凭据文件",
        Source::Tccli => "tccli 的配置",
        Source::InstanceRole => "实例角色",
        Source::AssumedRole => "扮演的角色",
    };
    say(source.name(), chinese)
}

/// Whether a key is the caller's, by the environment or the home folder, and no service's.
fn is_of_the_caller(source: Source) -> bool {
    match source {
        Source::Environment | Source::Tccli => true,
        // The machine's own is looked for after the home folder's.
        Source::Profile => std::env::var_os("HOME")
            .is_some_and(|home| Path::new(&home).join(".tencentcloud/credentials").exists()),
        Source::Account | Source::Systemd | Source::InstanceRole | Source::AssumedRole => false,
    }
}

fn hidden(credential: &Credential) -> Hidden {
    if credential.token.is_some() || credential.expires.is_some() {
        return Hidden::Temporary;
    }
    Hidden::Lasting(Pair {
        id: credential.secret_id.clone(),
        key: credential.secret_key.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    /// A machine below a folder, with the packaged unit.
    fn machine(systemd: Option<u32>) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_path_buf();
        for made in [
            "etc/evercert",
            "usr/lib/systemd/system",
            "etc/systemd/system",
        ] {
            std::fs::create_dir_all(root.join(made)).unwrap();
        }
        std::fs::write(
            root.join("usr/lib/systemd/system/evercert.service"),
            "[Service]\n# LoadCredential=default.secret_key:/x\n",
        )
        .unwrap();
        let machine = Machine {
            root,
            is_root: true,
            group: None,
            systemd,
        };
        (folder, machine)
    }

    fn pair() -> Pair {
        Pair {
            id: "AKIDEXAMPLE".to_owned(),
            key: SecretString::from("hush"),
        }
    }

    #[test]
    fn the_packaged_unit_is_handed_two_files_of_root_s_alone() {
        let (_folder, machine) = machine(Some(252));
        let files = KeyFiles::of(&machine, Path::new(USUAL_PATH));
        assert!(files.by_unit && !files.are_there(&machine));
        for file in files
            .to_write(&machine, &pair())
            .iter()
            .chain(&files.drop_in(&machine))
        {
            file.write().unwrap();
        }
        assert!(files.are_there(&machine));
        let at = |path: &str| machine.root.join(path);
        let mode = |path: &str| std::fs::metadata(at(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("etc/evercert/secret_id"), 0o600);
        assert_eq!(mode("etc/evercert/secret_key"), 0o600);
        assert_eq!(
            std::fs::read_to_string(at("etc/evercert/secret_key")).unwrap(),
            "hush\n"
        );
        let drop_in =
            std::fs::read_to_string(at("etc/systemd/system/evercert.service.d/credentials.conf"))
                .unwrap();
        assert_eq!(
            drop_in,
            "[Service]\nLoadCredential=default.secret_id:/etc/evercert/secret_id\nLoadCredential=default.secret_key:/etc/evercert/secret_key\n"
        );
        // A second run finds that the unit has its key, and replaces nothing.
        assert!(files.drop_in(&machine).is_none());
        let again = files.to_write(
            &machine,
            &Pair {
                id: "OTHER".to_owned(),
                ..pair()
            },
        );
        let error = again[0].write().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(
            std::fs::read_to_string(at("etc/evercert/secret_id")).unwrap(),
            "AKIDEXAMPLE\n"
        );
    }

    #[test]
    fn an_older_systemd_has_the_service_s_group_read_them() {
        let (_folder, mut machine) = machine(Some(239));
        let mine = nix::unistd::getegid().as_raw();
        machine.group = Some(mine);
        let files = KeyFiles::of(&machine, Path::new(USUAL_PATH));
        assert!(!files.by_unit && files.drop_in(&machine).is_none());
        let new = files.to_write(&machine, &pair());
        assert!(
            new.iter()
                .all(|file| file.mode == 0o640 && file.owner == (Some(0), Some(mine)))
        );
        if geteuid().is_root() {
            new[1].write().unwrap();
            let metadata = std::fs::metadata(machine.root.join("etc/evercert/secret_key")).unwrap();
            assert_eq!(
                (metadata.uid(), metadata.gid(), metadata.mode() & 0o777),
                (0, mine, 0o640)
            );
        }
    }

    #[test]
    fn anywhere_else_they_are_whoever_s_who_runs_it() {
        let (_folder, machine) = machine(Some(252));
        for (machine, config) in [
            (machine.clone(), "/srv/evercert.toml"),
            (
                Machine {
                    is_root: false,
                    ..machine
                },
                USUAL_PATH,
            ),
        ] {
            let files = KeyFiles::of(&machine, Path::new(config));
            assert!(!files.by_unit && !files.for_service);
            let new = files.to_write(&machine, &pair());
            assert!(
                new.iter()
                    .all(|file| file.mode == 0o600 && file.owner == (None, None))
            );
        }
    }
}
