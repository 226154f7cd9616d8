//! The journal's own protocol: one datagram a line, with fields that can be searched for.
//!
//! Facts: systemd.io/JOURNAL_NATIVE_PROTOCOL: `NAME=value` and a line feed, or, where the value has a line feed in it, the
//! name, a line feed, the length as 64 bits in little-endian order, the value and a line feed. Names are A-Z, 0-9 and _.
//!
//! Not by `tracing-journald`: it sends on the caller's thread and waits for as long as the journal is full, says nothing of
//! what it could not send, and bounds no value.
//!
//! Ours are `MESSAGE`, `PRIORITY`, `SYSLOG_IDENTIFIER`, and each field of the line in capitals behind `EVERCERT_`. Lines are
//! bounded, so that a datagram always suffices.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::parts::Parts;
use super::queue::{Queue, write_to_stderr};

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// The longest value, in bytes: of ours none is nearly as long.
const LONGEST: usize = 8 * 1024;

/// A journal that does not read for so long is passed over.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether standard error is a stream of the journal's: then its own protocol is better (systemd.exec(5)).
pub(super) fn has_standard_error() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let Ok(there) = nix::sys::stat::fstat(io::stderr().as_fd()) else {
        return false;
    };
    named == format!("{}:{}", there.st_dev, there.st_ino)
}

/// Sends lines to the journal.
pub(super) struct Journald {
    journal: Arc<Journal>,
    /// What sends them beside the work; at once where there is none.
    queue: Option<Queue>,
}

struct Journal {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Journal {
    fn send(&self, datagram: &[u8], level: Level, message: &str) -> io::Result<()> {
        let Err(error) = self.socket.send_to(datagram, &self.path) else {
            return Ok(());
        };
        // Standard error is the journal's stream too, or a file: better twice than nowhere.
        let line = serde_json::json!({
            "level": level.as_str(),
            "message": message,
            "journal": error.to_string(),
        });
        write_to_stderr(format!("{line}\n").as_bytes())
    }
}

impl Journald {
    /// To the journal that listens here.
    ///
    /// # Errors
    /// Nobody does.
    pub(super) fn to(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        // Only asked whether it is there. It is not bound to it, so that a journal that starts again is found again.
        UnixDatagram::unbound()?.connect(path)?;
        let path = path.to_path_buf();
        Ok(Self {
            journal: Arc::new(Journal { socket, path }),
            queue: None,
        })
    }

    /// The same, with its lines sent beside the work.
    pub(super) fn through(self, queue: Queue) -> Self {
        Self {
            queue: Some(queue),
            ..self
        }
    }
}

impl<S: Subscriber> Layer<S> for Journald {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let parts = Parts::of(event);
        let level = *event.metadata().level();
        let message = message(&parts);
        let datagram = datagram(&parts, &message, level, event.metadata().target());
        let journal = Arc::clone(&self.journal);
        let bytes = datagram.len() + message.len();
        let send = move || journal.send(&datagram, level, &message);
        match &self.queue {
            Some(queue) => queue.add(bytes, send),
            // Nobody is left to tell where this fails.
            None => send().unwrap_or_default(),
        }
    }
}

/// The sentence. What is no event has its fields in it, since they are of no use to a search.
fn message(parts: &Parts) -> String {
    let mut message = parts.message.clone();
    if parts.fields.iter().all(|(name, _)| *name != "event") {
        for (name, value) in &parts.fields {
            message.push_str(&format!("  {name}={value}"));
        }
    }
    message
}

fn datagram(parts: &Parts, message: &str, level: Level, target: &str) -> Vec<u8> {
    let priority = match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    };
    let mut datagram = Vec::with_capacity(512);
    put(&mut datagram, "MESSAGE", message);
    put(&mut datagram, "PRIORITY", priority);
    put(&mut datagram, "SYSLOG_IDENTIFIER", "evercert");
    put(&mut datagram, "EVERCERT_MODULE", target);
    for (name, value) in &parts.fields {
        put(&mut datagram, &field_name(name), value);
    }
    datagram
}

/// `certificate_id` is `EVERCERT_CERTIFICATE_ID`.
fn field_name(name: &str) -> String {
    let name = name.chars().map(|c| match c.to_ascii_uppercase() {
        c @ ('A'..='Z' | '0'..='9') => c,
        _ => '_',
    });
    let name: String = name.take(50).collect();
    format!("EVERCERT_{name}")
}

fn put(datagram: &mut Vec<u8>, name: &str, value: &str) {
    let mut end = value.len().min(LONGEST);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let value = &value[..end];
    datagram.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        datagram.push(b'\n');
        datagram.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        datagram.push(b'=');
    }
    datagram.extend_from_slice(value.as_bytes());
    datagram.push(b'\n');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::observe::{Event, Fact};

    /// The fields of a datagram, read as the protocol's page says.
    fn fields(mut bytes: &[u8]) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        while !bytes.is_empty() {
            let end = bytes
                .iter()
                .position(|byte| matches!(byte, b'=' | b'\n'))
                .unwrap();
            let name = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let (value, rest) = if bytes[end] == b'=' {
                let rest = &bytes[end + 1..];
                let length = rest.iter().position(|byte| *byte == b'\n').unwrap();
                rest.split_at(length)
            } else {
                let (length, rest) = bytes[end + 1..].split_at(8);
                let length = u64::from_le_bytes(length.try_into().unwrap());
                rest.split_at(usize::try_from(length).unwrap())
            };
            assert_eq!(rest[0], b'\n');
            found.insert(name, String::from_utf8(value.to_vec()).unwrap());
            bytes = &rest[1..];
        }
        found
    }

    fn received(act: impl FnOnce()) -> BTreeMap<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        journal
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let subscriber = tracing_subscriber::registry().with(Journald::to(&path).unwrap());
        tracing::subscriber::with_default(subscriber, || {
            // With one listener alone, a line that another thread meets first counts for all as one that nobody listens to.
            let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
            tracing::callsite::rebuild_interest_cache();
            act();
        });
        let mut buffer = vec![0; 65536];
        let length = journal.recv(&mut buffer).unwrap();
        fields(&buffer[..length])
    }

    #[test]
    fn an_event_can_be_searched_for_by_each_of_its_fields() {
        let got = received(|| {
            let now = chrono::DateTime::UNIX_EPOCH;
            let fact = Fact::CertificateFailed {
                reason: "no luck".into(),
                goes_back: false,
            };
            Event::of(fact)
                .certificate("a.example")
                .target("pem /x")
                .attempt(3)
                .days_left_until(Some(now - chrono::TimeDelta::days(1)), now)
                .emit();
        });
        for (name, value) in [
            ("MESSAGE", "a.example: pem /x: no luck"),
            ("EVERCERT_TARGET", "pem /x"),
            ("PRIORITY", "4"),
            ("SYSLOG_IDENTIFIER", "evercert"),
            ("EVERCERT_EVENT", "certificate.failed"),
            ("EVERCERT_CERTIFICATE", "a.example"),
            ("EVERCERT_ATTEMPT", "3"),
            ("EVERCERT_DAYS_LEFT", "-1"),
        ] {
            assert_eq!(got.get(name).map(String::as_str), Some(value), "{got:?}");
        }
        assert!(
            !got.contains_key("EVERCERT_CODE"),
            "what is absent is not sent"
        );
    }

    #[test]
    fn a_plain_line_has_its_fields_in_the_message_and_no_line_feed_forges_another_field() {
        let forged = "x\nPRIORITY=0\nMESSAGE=all is well";
        let got = received(|| tracing::warn!(error = forged, "it broke"));
        assert_eq!(got["PRIORITY"], "4");
        assert_eq!(got["EVERCERT_ERROR"], forged);
        assert_eq!(got["MESSAGE"], format!("it broke  error={forged}"));
    }

    #[test]
    fn a_line_of_any_length_fits_a_datagram() {
        let long = "é".repeat(200_000);
        let got = received(|| tracing::error!("{long}"));
        assert_eq!(got["MESSAGE"].len(), LONGEST);
    }

    #[test]
    fn a_journal_that_starts_again_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        assert!(Journald::to(&path).is_err());
        drop(UnixDatagram::bind(&path).unwrap());
        let first = UnixDatagram::bind(folder.path().join("other")).unwrap();
        std::fs::rename(folder.path().join("other"), &path).unwrap();
        let subscriber = tracing_subscriber::registry().with(Journald::to(&path).unwrap());
        drop(first);
        std::fs::remove_file(&path).unwrap();
        let again = UnixDatagram::bind(&path).unwrap();
        again
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        tracing::subscriber::with_default(subscriber, || tracing::info!("here"));
        let mut buffer = [0; 4096];
        let length = again.recv(&mut buffer).unwrap();
        assert_eq!(fields(&buffer[..length])["MESSAGE"], "here");
    }
}
