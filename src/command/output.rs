//! What a command writes: the end of it to be shown, or all of it to be read.

use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::oneshot;

use crate::{redact, text};

/// How much of the end of the output is kept, in bytes.
pub(super) const TAIL: usize = 4096;

/// So much more is kept until secrets are taken out, so that one that is cut in two is at the end that is dropped.
const OVERLAP: usize = 8 * 1024;

/// The most that a pipe holds unread, in bytes (pipe(7): 1 MiB unless an administrator raised it).
const PIPE: usize = 1024 * 1024;

/// The end of what was written. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<Vec<u8>>>);

/// All that was written, up to a limit. Clones share it.
#[derive(Clone)]
pub(super) struct Whole {
    kept: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

/// Whoever takes in what is read of an output.
pub(super) trait Keeps: Send {
    fn add(&self, bytes: &[u8]);
}

impl Whole {
    /// Nothing yet; the first `limit` bytes are kept, and one more, by which it shows that there were more.
    pub(super) fn of(limit: usize) -> Self {
        Self {
            kept: Arc::default(),
            limit,
        }
    }

    /// All of it; `None` where there was more.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = std::mem::take(&mut *kept);
        (whole.len() <= self.limit).then_some(whole)
    }
}

impl Keeps for Whole {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.limit.saturating_add(1).saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Keeps for Tail {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        let surplus = kept.len().saturating_sub(TAIL + OVERLAP);
        kept.drain(..surplus);
    }
}

impl Tail {
    /// Without secrets and without what would act on a terminal, for it is kept and shown from here on.
    pub(super) fn text(&self, argv: &[String]) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let arguments = argv.iter().skip(1);
        let secrets = arguments.flat_map(|argument| redact::secrets_of_argument(argument));
        let shown = redact::text(&redact::without(&String::from_utf8_lossy(&kept), secrets));
        let shown = text::plain_lines(shown.trim());
        let surplus = shown.len().saturating_sub(TAIL);
        let start = shown.ceil_char_boundary(surplus);
        shown[start..].to_owned()
    }
}

/// One output, being read.
pub(super) struct Reader {
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
    is_over: bool,
}

impl Reader {
    pub(super) fn start(
        pipe: Option<impl AsyncRead + AsFd + Unpin + Send + 'static>,
        keepers: Vec<Box<dyn Keeps>>,
    ) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let Some(mut pipe) = pipe else { return };
            let mut buffer = [0_u8; TAIL];
            loop {
                tokio::select! {
                    biased;
                    read = pipe.read(&mut buffer) => match read {
                        Ok(0) | Err(_) => return,
                        Ok(count) => keepers.iter().for_each(|keeper| keeper.add(&buffer[..count])),
                    },
                    _ = &mut stopped => break,
                }
            }
            // What the command wrote last may lie in the pipe before the runtime has heard of it. The pipe does not block.
            for _ in 0..PIPE / TAIL {
                match nix::unistd::read(&pipe, &mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => keepers
                        .iter()
                        .for_each(|keeper| keeper.add(&buffer[..count])),
                }
            }
        });
        Self {
            stop: Some(stop),
            task,
            is_over: false,
        }
    }

    /// Waits until nobody has the other end any more.
    pub(super) async fn ended(&mut self) {
        if !self.is_over {
            if let Err(error) = (&mut self.task).await {
                tracing::debug!(%error, "a command's output could not be read to its end");
            }
            self.is_over = true;
        }
    }

    /// Takes what has come by now. A child that was left running may keep the pipe open; it is not waited for.
    pub(super) async fn stop(&mut self) {
        if let Some(stop) = self.stop.take()
            && stop.send(()).is_err()
        {
            tracing::trace!("the output had ended");
        }
        self.ended().await;
    }
}
