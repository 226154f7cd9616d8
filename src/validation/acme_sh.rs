//! `provider = "acme.sh"`: a `dnsapi` script of the operator's own acme.sh, as it is.
//!
//! The scripts are shell functions that want acme.sh's helpers around them, so a bash reads acme.sh itself, then the
//! script, and calls `dns_xx_add` or `dns_xx_rm` with name and value. What they would save for the next time goes to a
//! folder of ours and is thrown away: credentials come from the `env_file` each time.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use crate::command::{self, Leftovers, Run};
use crate::config::Provider;
use crate::lifecycle::Challenge;
use crate::lifecycle::proof::ChallengeKind;

use super::exec::{environment, wait};
use super::{Job, Tools, ValidationError};
use crate::secret_file;

/// Reading acme.sh runs the function that is named behind it; `_initpath` sets up what the scripts rely on.
const SCRIPT: &str = r#"
umask 077
. "$1/acme.sh" _initpath || { echo "acme.sh can't be read" >&2; exit 1; }
file="$1/dnsapi/$2.sh"
[ -f "$file" ] || file="$1/$2.sh"
. "$file" || { echo "$2.sh can't be read" >&2; exit 1; }
"$2_$3" "$4" "$5"
"#;

/// Calls the script's function: `add` or `rm`.
pub(super) async fn run(
    provider: &Provider,
    job: Job<'_>,
    challenge: &Challenge,
    function: &str,
    tools: &Tools<'_>,
) -> Result<(), ValidationError> {
    let Provider::AcmeSh {
        acme_sh,
        script,
        env_file,
        timeout,
    } = provider
    else {
        return Ok(());
    };
    if challenge.kind != ChallengeKind::Txt {
        return Err(ValidationError::Refused(format!(
            "the service asks for a {} record for {}, and acme.sh's scripts can only set TXT; use another provider",
            challenge.kind.name(),
            challenge.name
        )));
    }
    let there = [
        acme_sh.join("dnsapi").join(format!("{script}.sh")),
        acme_sh.join(format!("{script}.sh")),
    ];
    for (file, found) in [
        (acme_sh.join("acme.sh"), acme_sh.join("acme.sh").is_file()),
        (there[0].clone(), there.iter().any(|file| file.is_file())),
    ] {
        if !found {
            return Err(ValidationError::File {
                path: file,
                what: "is not there; `acme_sh` names the folder that acme.sh is installed in"
                    .to_owned(),
            });
        }
    }
    let secrets = env_file.as_deref().map(secret_file::variables);
    let secrets = secrets.transpose()?.unwrap_or_default();
    let folder = Folder::make(tools.scratch.join(format!("acme.sh-{}", job.marker)))?;
    let action = if function == "add" {
        "present"
    } else {
        "cleanup"
    };
    let home = folder.0.display().to_string();
    let environment = environment(job, challenge, action, None)
        .with("LE_WORKING_DIR", &home)
        .with("LE_CONFIG_HOME", &home)
        .with_secrets(secrets);
    let argv = [
        "bash",
        "--noprofile",
        "--norc",
        "-c",
        SCRIPT,
        "evercert",
        &acme_sh.display().to_string(),
        script,
        function,
        &challenge.name,
        &challenge.value,
    ];
    let argv = argv.map(str::to_owned);
    let work = Run {
        folder: Some(&folder.0),
        leftovers: Leftovers::End,
        ..Run::new(&argv, environment, wait(*timeout))
    };
    // One at a time for each installation: its scripts change the same zones, and files of acme.sh's own.
    let installation = ["acme.sh".to_owned(), acme_sh.display().to_string()];
    let _turn = command::turn([installation.as_slice()]).await;
    let ran = command::run(work, &*tools.clock).await;
    ran.map_err(|error| error.of(format!("acme.sh's {script}_{function}")))?;
    Ok(())
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn make(path: PathBuf) -> Result<Self, ValidationError> {
        let failed = |error: std::io::Error| ValidationError::file(&path, &error);
        if path.exists() {
            // A crash left it.
            fs::remove_dir_all(&path).map_err(failed)?;
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(failed)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "a scratch folder stays until the next run");
        }
    }
}
