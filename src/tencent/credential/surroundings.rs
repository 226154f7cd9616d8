//! What lies around the process, so that tests can put something else there.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::role::METADATA;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What lies around the process: environment, files, metadata service.
#[derive(Clone)]
pub struct Surroundings {
    env: Arc<Lookup>,
    pub(super) root: PathBuf,
    pub(super) metadata: String,
}

impl Surroundings {
    /// The real ones.
    pub fn of_the_process() -> Self {
        Self {
            env: Arc::new(|name| std::env::var(name).ok()),
            root: PathBuf::from("/"),
            metadata: METADATA.to_owned(),
        }
    }

    /// Others, for tests and the sandbox: `env` in place of the environment, `root` in place of `/` (for
    /// `/etc/tencentcloud`), `metadata` in place of the instance's metadata service (empty: there is none).
    pub fn new(
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        root: PathBuf,
        metadata: String,
    ) -> Self {
        Self {
            env: Arc::new(env),
            root,
            metadata,
        }
    }

    /// A variable's value; an empty one counts as not set.
    pub(super) fn var(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("root", &self.root)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
