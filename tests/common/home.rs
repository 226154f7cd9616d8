//! A folder of its own for each test: config, state, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use evercert::sandbox::{DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY};
use tempfile::TempDir;

use super::StandIn;

/// The folder. It is removed with the test.
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// An empty folder without a config.
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With a config for these domains, against this stand-in, that looks every second.
    pub fn of(stand_in: &StandIn, domains: &[&str]) -> Self {
        let home = Self::empty();
        home.configure(&stand_in.endpoint(), domains);
        home
    }

    /// Writes the config anew.
    pub fn configure(&self, endpoint: &str, domains: &[&str]) {
        self.write_config(self.config_text(endpoint, domains));
    }

    /// The config that [`Home::configure`] writes, for tests that change something in it. It ends with the entries.
    pub fn config_text(&self, endpoint: &str, domains: &[&str]) -> String {
        let mut text = self.head(endpoint);
        for domain in domains {
            text.push_str(&format!("\n[[certificates]]\ndomain = \"{domain}\"\n"));
        }
        text
    }

    /// A config without certificates.
    pub fn head(&self, endpoint: &str) -> String {
        format!(
            "state_dir = \"{}\"\n\n[schedule]\ncheck = \"* * * * * *\"\npoll = \"1s\"\njitter = \"0s\"\n\n\
             [api]\ntimeout = \"3s\"\n\n[accounts.default]\nendpoint = \"{endpoint}\"\nsecret_id = \"{DEFAULT_SECRET_ID}\"\n\
             secret_key = \"{DEFAULT_SECRET_KEY}\"\nfree_limit = 100000\ndomain_limit = 100000\n\n\
             [http]\nlisten = \"\"\n\n[log]\nformat = \"json\"\n",
            self.state_dir().display()
        )
    }

    /// Writes this as the config, readable for its owner alone, as secrets demand.
    pub fn write_config(&self, text: impl AsRef<[u8]>) {
        let next = self.path().join("config.next");
        fs::write(&next, text).unwrap();
        fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(next, self.config()).unwrap();
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The config file.
    pub fn config(&self) -> PathBuf {
        self.path().join("config.toml")
    }

    /// The state folder.
    pub fn state_dir(&self) -> PathBuf {
        self.path().join("state")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.state_dir().join("evercert.db")
    }

    /// What servers read for this domain.
    pub fn live(&self, domain: &str) -> PathBuf {
        self.state_dir().join("live").join(domain)
    }
}
