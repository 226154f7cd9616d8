//! Faults queued from the management port: each waits for its action, and goes off a number of times.

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Length of a `huge` body, in bytes: above what a careful caller reads.
const HUGE: usize = 16 * 1024 * 1024;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An error answer; the service did not act.
    Error,
    /// An HTTP status and an HTML body; the service did not act. `code` is the status, 502 by default.
    Http,
    /// The connection closes; the service did not act.
    DropBefore,
    /// The service acts, and then the connection closes.
    DropAfter,
    /// The service acts, and the answer is held back for `seconds`, or for ever.
    Stall,
    /// The service acts, and the answer is not JSON.
    Rubbish,
    /// The service acts, and the answer is sixteen megabytes long.
    Huge,
    /// The service acts, and the answer is `{"Response":null}`.
    Null,
    /// `RequestLimitExceeded`; the service did not act.
    Throttle,
    /// An error answer now; the service acts `seconds` later.
    Late,
    /// `RequestLimitExceeded` to every second call, the first one included; `times` counts all of them.
    ThrottleHalf,
}

impl fmt::Display for FaultKind {
    /// As it is spelled in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One queued fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The action it waits for, or `*` for any.
    #[serde(default = "any")]
    pub action: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// The error code answered (`error`, `late`; by default `InternalError`), or the HTTP status (`http`).
    #[serde(default)]
    pub code: Option<String>,
    /// The message that goes with the code.
    #[serde(default)]
    pub message: Option<String>,
    /// How often it goes off.
    #[serde(default = "once")]
    pub times: u32,
    /// Goes off only where the request's body has this text, an id or a name say: a policy can be about one resource.
    #[serde(default)]
    pub names: Option<String>,
    /// For `stall` (absent: for ever) and `late` (absent: at the next request), in seconds.
    #[serde(default)]
    pub seconds: Option<u32>,
}

fn any() -> String {
    "*".into()
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that goes off once, for that action.
    pub fn once(action: impl Into<String>, kind: FaultKind) -> Self {
        Self {
            action: action.into(),
            kind,
            code: None,
            message: None,
            times: 1,
            names: None,
            seconds: None,
        }
    }

    fn waits_for(&self, action: &str, body: &[u8]) -> bool {
        let is_named = |name: &String| {
            let name = name.as_bytes();
            !name.is_empty() && body.windows(name.len()).any(|part| part == name)
        };
        (self.action == "*" || self.action == action) && self.names.as_ref().is_none_or(is_named)
    }

    /// `seconds`, if given.
    pub(super) fn hold(&self) -> Option<TimeDelta> {
        self.seconds
            .map(|seconds| TimeDelta::seconds(seconds.into()))
    }

    /// The HTTP status of kind `http`.
    pub(super) fn http_status(&self) -> u16 {
        self.code
            .as_deref()
            .and_then(|code| code.parse().ok())
            .filter(|status| (200..600).contains(status))
            .unwrap_or(502)
    }

    /// The body of the kinds that replace it.
    pub(super) fn body(&self) -> Vec<u8> {
        match self.kind {
            FaultKind::Null => br#"{"Response":null}"#.to_vec(),
            FaultKind::Huge => {
                let mut body = br#"{"Response":{"Padding":""#.to_vec();
                body.resize(HUGE, b'x');
                body.extend_from_slice(br#""}}"#);
                body
            }
            _ => b"\x00\xff{\"Response\":{\"CertificateId\":\"".to_vec(),
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Faults {
    queue: Vec<Fault>,
    /// Calls that a fault waited for.
    calls: u64,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.queue.push(fault);
        }
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }

    /// Those still waiting.
    pub(super) fn waiting(&self) -> &[Fault] {
        &self.queue
    }

    /// The first fault that waits for this action with this body; it is used up by one.
    pub(super) fn take(&mut self, action: &str, body: &[u8]) -> Option<Fault> {
        let place = self
            .queue
            .iter()
            .position(|fault| fault.waits_for(action, body))?;
        let fault = self.queue.get_mut(place)?;
        fault.times -= 1;
        let taken = fault.clone();
        if taken.times == 0 {
            self.queue.remove(place);
        }
        let passes = taken.kind == FaultKind::ThrottleHalf && self.calls % 2 == 1;
        self.calls = self.calls.wrapping_add(1);
        (!passes).then_some(taken)
    }
}
