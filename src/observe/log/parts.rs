//! A line taken apart: its message and its other fields.

use std::fmt;

use tracing::Event;
use tracing::field::{Field, Visit};

/// The parts of one line.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) message: String,
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Parts {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut parts = Self::default();
        event.record(&mut parts);
        parts
    }

    fn add(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else {
            self.fields.push((field.name(), value));
        }
    }
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }
}
