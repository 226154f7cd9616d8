//! What `init` takes.

use std::path::{Path, PathBuf};

use super::next::in_shell;
use crate::config::USUAL_PATH;

/// What `init` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Where the config is there already, nothing is written, and what it lacks is shown; \
                  --output /etc/evercert/conf.d/NAME.toml adds that. Without a terminal, --yes or --dry-run is needed."
)]
pub(in crate::cli) struct Arguments {
    /// Domain names, one certificate each
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// An entry for each free certificate that the account has; these are adopted, not ordered
    #[arg(long)]
    pub(super) from_account: bool,
    /// An entry for each name that nginx serves, by `nginx -T`, by a file with its output, or by a folder of its configuration
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true)]
    pub(super) from_nginx: Option<Option<PathBuf>>,
    /// The file to write [default: the config]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Where certificates and record will lie, if not in /var/lib/evercert
    #[arg(long, value_name = "FOLDER")]
    pub(super) state_dir: Option<PathBuf>,
    /// Where the API is, if not at its usual place; http for this machine alone
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// Write without asking; nothing is asked, the key neither
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Show the file, and write nothing
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
}

impl Arguments {
    /// The command that adds to the config what it lacks.
    pub(super) fn adding_command(&self, config: &Path) -> String {
        let mut words = vec!["evercert".to_owned()];
        if config != Path::new(USUAL_PATH) {
            words.extend(["--config".to_owned(), config.display().to_string()]);
        }
        words.push("init".to_owned());
        words.extend(self.names.iter().cloned());
        if self.from_account {
            words.push("--from-account".to_owned());
        }
        match &self.from_nginx {
            Some(Some(path)) => words.push(format!("--from-nginx={}", path.display())),
            Some(None) => words.push("--from-nginx".to_owned()),
            None => {}
        }
        let part = config.with_file_name("conf.d").join("init.toml");
        words.extend(["--output".to_owned(), part.display().to_string()]);
        let words: Vec<String> = words.iter().map(|word| in_shell(word)).collect();
        words.join(" ")
    }
}
