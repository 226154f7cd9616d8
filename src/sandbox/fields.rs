//! The fields of an object in an answer, in their order. A list of certificates has thousands of them, so they are written
//! as they stand, without a tree in between.

use serde::ser::{Serialize, Serializer};
use serde_json::Value;

/// An object: each name once.
#[derive(Clone, Debug)]
pub(super) struct Fields(pub(super) Vec<(&'static str, Value)>);

/// [`Fields`], written as `json!` writes an object.
macro_rules! fields {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::sandbox::fields::Fields(vec![$(($name, serde_json::json!($value))),*])
    };
}
pub(super) use fields;

impl Fields {
    pub(super) fn add(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(there, _)| *there != name);
    }

    pub(super) fn rename(&mut self, from: &str, to: &'static str) {
        for (name, _) in self.0.iter_mut().filter(|(name, _)| *name == from) {
            *name = to;
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
