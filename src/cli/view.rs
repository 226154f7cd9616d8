//! Config and record as the reading verbs open them.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::failure::Failure;
#[cfg(feature = "sandbox")]
use super::failure::complain;
use super::identity::become_owner;
use super::slots::Slots;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Certificate, Config, Loaded, Rejected};
use crate::engine;
pub(super) use crate::engine::{Line, step_name};
use crate::sentence::Language;
#[cfg(feature = "sandbox")]
use crate::sentence::sentences;
use crate::store::Store;

/// Files that take longer to read do not answer: they lie on a mount whose server is gone, say.
const LONGEST_READING: Duration = Duration::from_secs(10);

/// Reads the config, and becomes the owner of its state folder where that is somebody else.
pub(super) fn open(path: &Path) -> Result<Loaded, Failure> {
    let loaded = read(path)??;
    become_owner(&loaded.config.state_dir)?;
    Ok(loaded)
}

/// Reads the config; not for longer than its files may take.
pub(super) fn read(path: &Path) -> Result<Result<Loaded, Rejected>, Failure> {
    read_by(path, config::load)
}

/// As [`read`], with what `load` makes of it.
pub(super) fn read_by<T: Send + 'static>(path: &Path, load: fn(&Path) -> T) -> Result<T, Failure> {
    let wanted = path.to_path_buf();
    in_time(LONGEST_READING, move || load(&wanted))?.ok_or_else(|| {
        Failure::later(format!(
            "{}, or a file that it names, can't be read: the file system does not answer; look at the mounts that they lie on",
            path.display()
        ))
    })
}

/// What this comes to; `None` where that takes too long.
fn in_time<T: Send + 'static>(
    longest: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Failure> {
    let (sender, receiver) = sync_channel(1);
    std::thread::Builder::new()
        .name("config".to_owned())
        // Nobody waits for it any more where it comes late.
        .spawn(move || sender.send(work()).ok())?;
    Ok(receiver.recv_timeout(longest).ok())
}

/// Says on standard error that the config's sandbox has ended: what is shown then is how it was left.
pub(super) fn say_if_over(config: &Config, language: Language) {
    #[cfg(feature = "sandbox")]
    if crate::daemon::sandboxed::is_over(&config.state_dir) {
        let words = sandbox_is_over(config.state_dir.display());
        complain(&format!("evercert: {}", language.of(&words)));
    }
    #[cfg(not(feature = "sandbox"))]
    let _: (&Config, Language) = (config, language);
}

#[cfg(feature = "sandbox")]
sentences! {
    sandbox_is_over(folder) "the sandbox of {folder} has ended; this is how it was left" "{folder} 的 sandbox 已结束；以下是它结束时的状态";
}

/// Config and record at one moment, and who holds the accounts' slots.
pub(super) struct View {
    seen: engine::View,
    pub(super) slots: Vec<Slots>,
}

impl Deref for View {
    type Target = engine::View;

    fn deref(&self) -> &engine::View {
        &self.seen
    }
}

impl View {
    /// Reads both.
    pub(super) async fn open(path: &Path, language: Language) -> Result<Self, Failure> {
        Self::of(open(path)?.config, language).await
    }

    /// Reads the record beside this config.
    pub(super) async fn of(config: Config, language: Language) -> Result<Self, Failure> {
        say_if_over(&config, language);
        let store = Store::open_to_look(&config.state_dir).await?;
        let now = SystemClock::new().now();
        let seen = engine::View::read(Arc::new(config), store, now, &[]).await?;
        let slots = match &seen.store {
            Some(store) => Slots::all(store, &seen).await?,
            None => Vec::new(),
        };
        Ok(Self { seen, slots })
    }

    /// One of what was seen, without slots.
    #[cfg(test)]
    pub(super) fn sample(seen: engine::View) -> Self {
        let slots = Vec::new();
        Self { seen, slots }
    }

    /// The certificate of this name, as people write it.
    pub(super) fn certificate(&self, written: &str) -> Result<&Certificate, Failure> {
        certificate(&self.config, written)
    }
}

/// The domains of these names in a config, as people write them.
pub(super) fn domains(config: &Config, written: &[String]) -> Result<Vec<String>, Failure> {
    let all = written.iter();
    all.map(|written| Ok(certificate(config, written)?.domain.clone()))
        .collect()
}

/// The certificate of this name in a config, as people write it.
pub(super) fn certificate<'a>(
    config: &'a Config,
    written: &str,
) -> Result<&'a Certificate, Failure> {
    let wanted = written.trim().trim_end_matches('.').to_lowercase();
    let found = config
        .certificates
        .iter()
        .find(|entry| entry.domain == wanted || entry.display == wanted);
    if let Some(found) = found {
        return Ok(found);
    }
    let nearest = config
        .certificates
        .iter()
        .map(|entry| (strsim::jaro_winkler(&entry.display, &wanted), entry))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = nearest.map_or_else(String::new, |(_, entry)| {
        format!("; did you mean {}?", entry.display)
    });
    Err(Failure::usage(format!(
        "{written} is not in the config{hint}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_do_not_answer_keep_nobody_waiting() {
        let (_never, hangs) = sync_channel::<()>(1);
        let answer = in_time(Duration::from_millis(50), move || hangs.recv());
        assert!(answer.unwrap().is_none());
        assert_eq!(in_time(Duration::from_secs(60), || 5).unwrap(), Some(5));
    }
}
