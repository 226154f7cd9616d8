//! What this machine holds in secret, so that a text can be freed of it: the config's secrets, and those of the
//! environment and of systemd's credentials.

use std::path::Path;

use crate::config::Secrets;

/// What the name of a variable has in it whose value is a secret.
const SECRET_VARIABLES: [&str; 7] = [
    "secret",
    "token",
    "passw",
    "proxy",
    "webhook",
    "credential",
    "authorization",
];

/// All that can be found.
pub(super) fn known(config: &Path) -> Secrets {
    let mut secrets = Secrets::of(config);
    for (name, value) in std::env::vars() {
        let word = name.to_lowercase();
        if name.starts_with("TENCENTCLOUD_")
            || SECRET_VARIABLES.iter().any(|part| word.contains(part))
        {
            secrets.add(&value);
        }
    }
    if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            secrets.add_file(&entry.path());
        }
    }
    secrets
}
