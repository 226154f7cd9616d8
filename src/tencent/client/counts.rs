//! How often each action had each outcome, for metrics.

use std::collections::BTreeMap;

/// The table grows no further: codes come from outside.
const MOST_OUTCOMES: usize = 512;

/// How often an action had an outcome (a code, or `ok`, `timeout`, `http-502`, …) since the client was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCount {
    /// The action.
    pub action: &'static str,
    /// The service's code, or what happened in its place.
    pub code: String,
    /// How often.
    pub count: u64,
}

#[derive(Default)]
pub(super) struct Counts(BTreeMap<(&'static str, String), u64>);

impl Counts {
    pub(super) fn add(&mut self, action: &'static str, code: String) {
        let mut key = (action, code);
        if self.0.len() >= MOST_OUTCOMES && !self.0.contains_key(&key) {
            key.1 = "other".to_owned();
        }
        *self.0.entry(key).or_insert(0) += 1;
    }

    pub(super) fn list(&self) -> Vec<CallCount> {
        let count = |((action, code), count): (&(&'static str, String), &u64)| CallCount {
            action,
            code: code.clone(),
            count: *count,
        };
        self.0.iter().map(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_invents_codes_does_not_fill_the_memory() {
        let mut counts = Counts::default();
        for n in 0..5_000 {
            counts.add("Probe", format!("Code{n}"));
        }
        counts.add("Probe", "Code0".to_owned());
        let list = counts.list();
        let of = |code: &str| {
            list.iter()
                .find(|entry| entry.code == code)
                .map(|entry| entry.count)
        };
        assert!(list.len() <= MOST_OUTCOMES + 1);
        assert_eq!(
            (of("Code0"), of("other")),
            (Some(2), Some(5_000 - MOST_OUTCOMES as u64))
        );
    }
}
