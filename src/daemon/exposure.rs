//! What the daemon shows of itself: the HTTP port and the file of metrics. It never stands in the way of renewing: a port
//! that is taken or a folder that is missing is said, and tried again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::facts::Facts;
use crate::clock::Clock;
use crate::config::Http;
use crate::files::{FileError, Folder, New, off_the_runtime};
use crate::observe::http::{self, Hosts, Site};
use crate::observe::overview::Source;
use crate::observe::{Event, Fact};

/// How long to wait for a port that is taken.
const AGAIN: Duration = Duration::from_secs(30);

/// The file is written no more often than this, however quickly passes follow one another.
const GAP: Duration = Duration::from_secs(2);

/// How long the disk may take over it.
const DISK_TIME: Duration = Duration::from_secs(20);

/// Readable for the collector, which is another user.
const FILE_MODE: u32 = 0o644;

/// The port and the file. Dropping it ends both.
pub(super) struct Exposure {
    facts: Arc<Facts>,
    clock: Arc<dyn Clock>,
    settings: Option<Http>,
    changed: Arc<Notify>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Exposure {
    pub(super) fn new(facts: Arc<Facts>, clock: Arc<dyn Clock>) -> Self {
        Self {
            facts,
            clock,
            settings: None,
            changed: Arc::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Goes by these settings. Where they are the ones in force, nothing is touched.
    pub(super) async fn apply(&mut self, settings: &Http) {
        if self.settings.as_ref() == Some(settings) {
            return;
        }
        self.end().await;
        self.settings = Some(settings.clone());
        if let Some(listen) = settings.listen {
            let serving = serve(
                listen,
                settings.hosts.clone(),
                Arc::clone(&self.facts) as Arc<dyn Source>,
                Arc::clone(&self.clock),
                self.stop.clone(),
            );
            self.tasks.spawn(serving);
        }
        if let Some(path) = settings.textfile.clone() {
            let facts = Arc::clone(&self.facts);
            let changed = Arc::clone(&self.changed);
            let clock = Arc::clone(&self.clock);
            self.tasks.spawn(keep_written(path, facts, changed, clock));
        }
        self.refresh();
    }

    /// Something changed: the file is written anew.
    pub(super) fn refresh(&self) {
        self.facts.forget();
        self.changed.notify_one();
    }

    /// Closes the port and the connection for reading. The file stays, so that its age tells.
    pub(super) async fn end(&mut self) {
        self.stop.cancel();
        self.tasks.shutdown().await;
        self.stop = CancellationToken::new();
        self.facts.close().await;
    }
}

/// Listens as soon as the address can be had, and serves.
async fn serve(
    listen: SocketAddr,
    names: Vec<String>,
    source: Arc<dyn Source>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut said = false;
    let listener = loop {
        match TcpListener::bind(listen).await {
            Ok(listener) => break listener,
            Err(error) => {
                if !said {
                    Event::of(Fact::HttpFailed {
                        address: listen.to_string().into(),
                        reason: error.to_string().into(),
                    })
                    .emit();
                    said = true;
                }
                clock.sleep(AGAIN).await;
            }
        }
    };
    let address = listener.local_addr().unwrap_or(listen);
    Event::of(Fact::HttpListening {
        address: address.to_string().into(),
    })
    .emit();
    let hosts = Hosts::new(address, &names);
    http::serve(listener, Arc::new(Site { source, hosts }), clock, stop).await;
}

/// Writes the file whenever something changed.
async fn keep_written(
    path: PathBuf,
    facts: Arc<Facts>,
    changed: Arc<Notify>,
    clock: Arc<dyn Clock>,
) {
    let mut failing = false;
    loop {
        changed.notified().await;
        let text = http::metrics_of(&*facts).await;
        let target = path.clone();
        let work = move || write(&target, &text);
        let failure = match off_the_runtime(&path, 1, &*clock, DISK_TIME, work).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(stuck) => Some(stuck.to_string()),
        };
        if let Some(failure) = failure.as_ref().filter(|_| !failing) {
            Event::of(Fact::TextfileFailed {
                path: path.display().to_string().into(),
                reason: failure.as_str().into(),
            })
            .emit();
        }
        failing = failure.is_some();
        // What changes meanwhile is written after it.
        clock.sleep(GAP).await;
    }
}

/// The collector never sees half a file. It reads names in `.prom` alone, so not the one beside. Its folder is another
/// user's: no link there is followed, but for root's own and ours on the way.
fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let (folder, name) = Folder::of(path)?;
    let new = New {
        // It is written anew after a power cut, long before anybody misses it.
        synced: false,
        ..New::of(text.as_bytes(), FILE_MODE)
    };
    folder.write(name, new)
}
