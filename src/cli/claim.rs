//! `claim`: the operator's word that this machine goes on, where the state folder was taken for a copy.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::failure::Failure;
use super::identity::become_owner;
use super::output::print;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::engine::machine;
use crate::store::Store;

/// What `claim` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) async fn run(path: &Path, _arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = config::load(path)?;
    become_owner(&loaded.config.state_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = Store::open(&loaded.config.state_dir, clock.now()).await?;
    let reason = store.may_be_copy().await?;
    store.claim(clock.now(), machine().as_deref()).await?;
    // Who waited for this goes on. A daemon takes that up within a second or two; else the next start does.
    let waiting = match &reason {
        Some(reason) => store.failing_with(reason).await?,
        None => Vec::new(),
    };
    if !waiting.is_empty() {
        store.ask(clock.now(), &waiting, false).await?;
    }
    store.close().await;
    print(&match reason {
        Some(reason) => format!(
            "it was taken for a copy: {reason}\nthis machine goes on with the installation now; the other one must stay off\n"
        ),
        None => {
            "it was not taken for a copy; this machine goes on with the installation\n".to_owned()
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
