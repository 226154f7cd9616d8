//! What the unit and its drop-ins ask for, and the systemd of this machine is too old to give: for `check` and `doctor`.
//!
//! An older systemd passes over a setting that it does not know, so the service starts without what the operator believes
//! it has. The versions are those of systemd's own NEWS, and were tried (docs/operations.md).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::SystemClock;
use crate::command::{self, Environment, Run};
use crate::files;
use crate::sentence::{Sentence, sentences};

/// Where units lie; what is found first counts (systemd.unit(5)).
const FOLDERS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// The unit.
const UNIT: &str = "evercert.service";

/// What gives the service its keys, and the version of systemd that it came with.
const CREDENTIALS: [(&str, u32); 4] = [
    ("LoadCredential", 247),
    ("SetCredential", 247),
    ("LoadCredentialEncrypted", 250),
    ("SetCredentialEncrypted", 250),
];

/// The version that knows the set of system calls that the shipped unit names.
const SYSTEM_SERVICE: u32 = 239;

/// The drop-in for those that don't.
const DROP_IN: &str = "zz-older-systemd.conf";

/// The longest unit that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// How long systemd is given to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

sentences! {
    credential_unknown(version, setting, since) "systemd {version} of this machine does not know {setting}= of the unit, which came with systemd {since}: the service gets no key by it" "本机的 systemd {version} 不支持单元中的 {setting}=（systemd {since} 才有），服务无法由此得到密钥";
    name_the_files() "in the config, set secret_id_file and secret_key_file of [accounts.NAME], and `chgrp evercert` and `chmod 640` the files (docs/operations.md)" "请在配置的 [accounts.NAME] 中设置 secret_id_file 和 secret_key_file，并对文件执行 `chgrp evercert` 和 `chmod 640`（docs/zh-CN/operations.md）";
    calls_unknown(version) "systemd {version} of this machine does not know @system-service of the unit's SystemCallFilter=: the service could make no system call, and does not start" "本机的 systemd {version} 不支持单元的 SystemCallFilter= 中的 @system-service：服务无法进行任何系统调用，不能启动";
    install_drop_in(file) "copy systemd/evercert.service.d/zz-older-systemd.conf to {file}, then `systemctl daemon-reload`" "把 systemd/evercert.service.d/zz-older-systemd.conf 复制到 {file}，然后执行 `systemctl daemon-reload`";
}

/// What keeps the service from its keys or from starting, and what to do about it. Nothing where the unit is not installed,
/// or where systemd does not say its version.
pub(super) async fn look() -> Vec<(Sentence, Sentence)> {
    let unit = Unit::below(Path::new("/"));
    if unit.asks_for_nothing() {
        return Vec::new();
    }
    match version().await {
        Some(version) => unit.unmet_by(version),
        None => Vec::new(),
    }
}

/// The version of this machine's systemd, as `systemctl --version` begins with it: `systemd 219`.
async fn version() -> Option<u32> {
    let argv = ["systemctl", "--version"].map(str::to_owned);
    let run = Run::new(&argv, Environment::default(), PATIENCE);
    match command::run(run, &SystemClock::new()).await {
        Ok(ran) => version_of(&ran.output),
        Err(error) => {
            tracing::debug!(%error, "the version of systemd is not known");
            None
        }
    }
}

fn version_of(output: &str) -> Option<u32> {
    let number = output.strip_prefix("systemd ")?;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The unit with its drop-ins, as far as it matters here.
#[derive(Debug, Default)]
struct Unit {
    /// Settings of [`CREDENTIALS`] that it has.
    credentials: Vec<(&'static str, u32)>,
    /// It names `@system-service`, and nothing mends that.
    needs_system_service: bool,
}

impl Unit {
    fn below(root: &Path) -> Self {
        let texts: Vec<String> = files_below(root)
            .iter()
            .filter_map(|file| text(file))
            .collect();
        let has = |name: &str| {
            let mut lines = texts.iter().flat_map(|text| text.lines());
            lines.any(|line| {
                let value = line.strip_prefix(name).map(str::trim_start);
                value.is_some_and(|rest| rest.starts_with('='))
            })
        };
        let mended = FOLDERS.iter().any(|folder| {
            root.join(folder)
                .join(format!("{UNIT}.d"))
                .join(DROP_IN)
                .exists()
        });
        Self {
            credentials: CREDENTIALS
                .into_iter()
                .filter(|(name, _)| has(name))
                .collect(),
            needs_system_service: !mended
                && texts.iter().any(|text| {
                    let mut lines = text.lines();
                    lines.any(|line| line.starts_with("SystemCallFilter=@system-service"))
                }),
        }
    }

    fn asks_for_nothing(&self) -> bool {
        self.credentials.is_empty() && !self.needs_system_service
    }

    fn unmet_by(&self, version: u32) -> Vec<(Sentence, Sentence)> {
        let unknown = self
            .credentials
            .iter()
            .filter(|(_, since)| version < *since);
        let mut unmet: Vec<_> = unknown
            .map(|(name, since)| (credential_unknown(version, name, since), name_the_files()))
            .collect();
        if self.needs_system_service && version < SYSTEM_SERVICE {
            let file = format!("/{}/{UNIT}.d/{DROP_IN}", FOLDERS[0]);
            unmet.push((calls_unknown(version), install_drop_in(file)));
        }
        unmet
    }
}

/// The unit that counts, and all its drop-ins.
fn files_below(root: &Path) -> Vec<PathBuf> {
    let units = FOLDERS.iter().map(|folder| root.join(folder).join(UNIT));
    let mut found: Vec<PathBuf> = units.filter(|unit| unit.exists()).take(1).collect();
    for folder in FOLDERS {
        let entries = fs::read_dir(root.join(folder).join(format!("{UNIT}.d")));
        let paths = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "conf")));
    }
    found
}

fn text(file: &Path) -> Option<String> {
    let bytes = files::read(file, LONGEST).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root with the shipped unit, and this drop-in of the operator's.
    fn machine(drop_in: &str, text: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let units = root.path().join("usr/lib/systemd/system");
        let drop_ins = root.path().join("etc/systemd/system/evercert.service.d");
        fs::create_dir_all(&units).unwrap();
        fs::create_dir_all(&drop_ins).unwrap();
        fs::write(
            units.join(UNIT),
            include_str!("../../systemd/evercert.service"),
        )
        .unwrap();
        fs::write(drop_ins.join(drop_in), text).unwrap();
        root
    }

    fn said(root: &tempfile::TempDir, version: u32) -> Vec<String> {
        let unmet = Unit::below(root.path()).unmet_by(version);
        unmet.into_iter().map(|(what, _)| what.english).collect()
    }

    #[test]
    fn credentials_that_an_older_systemd_passes_over_are_named() {
        let root = machine(
            "keys.conf",
            "[Service]\nLoadCredential = default.secret_key:/etc/evercert/key\n",
        );
        assert!(said(&root, 247).is_empty());
        let unmet = said(&root, 245);
        assert_eq!(unmet.len(), 1, "{unmet:?}");
        assert!(unmet[0].contains("systemd 245") && unmet[0].contains("LoadCredential="));
    }

    #[test]
    fn what_is_only_written_as_a_comment_is_not_asked_for() {
        let root = machine(
            "keys.conf",
            "# LoadCredential=default.secret_key:/etc/evercert/key\n",
        );
        assert!(said(&root, 239).is_empty());
    }

    #[test]
    fn a_unit_whose_system_calls_an_older_systemd_does_not_know_needs_the_drop_in() {
        let without = machine("other.conf", "[Service]\nRestartSec=5s\n");
        assert!(said(&without, 219)[0].contains("@system-service"));
        assert!(said(&without, 239).is_empty());
        let with = machine(
            DROP_IN,
            include_str!("../../systemd/evercert.service.d/zz-older-systemd.conf"),
        );
        assert!(said(&with, 219).is_empty());
    }

    #[test]
    fn systemd_says_its_version_in_several_ways() {
        assert_eq!(version_of("systemd 219\n+PAM +AUDIT"), Some(219));
        assert_eq!(version_of("systemd 252 (252.39-1~deb12u2)\n"), Some(252));
        assert_eq!(version_of("systemd 256~rc1 (256~rc1)\n"), Some(256));
        assert_eq!(version_of("elogind 252"), None);
    }
}
