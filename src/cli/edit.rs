//! `check --diff`: what an edit would change against the config in force, before it is.

use serde_json::{Value, json};

use super::failure::Failure;
use super::identity::become_owner;
use super::view::View;
use crate::config::{Change, Config, Diff, Effective};
use crate::engine::running_config;
use crate::lifecycle::Step;

/// What an edit would change, and what it would cost.
pub(super) struct Edit {
    diff: Diff,
    /// Names that would be ordered in the next pass, and would not be without the edit.
    orders: Vec<String>,
    /// What else an administrator should know, a sentence each.
    notes: Vec<String>,
}

impl Edit {
    /// Compares a config with the one in force: the daemon's, else the one last taken in.
    pub(super) async fn of(config: Config) -> Result<Self, Failure> {
        become_owner(&config.state_dir)?;
        let view = View::of(config).await?;
        let running = match &view.store {
            Some(store) => running_config(store).await?,
            None => None,
        };
        let Some(running) = running else {
            return Err(Failure::other(
                "there is no config in force to compare with: the daemon has not run yet",
            ));
        };
        let diff = running.diff(&Effective::of(&view.config));
        let touched = |domain: &str| {
            diff.added.iter().any(|name| name == domain)
                || diff.changed.iter().any(|(name, _)| name == domain)
        };
        let orders = view
            .lines()
            .iter()
            .filter(|line| touched(&line.record.domain))
            .filter(|line| matches!(line.step, Step::Order { .. }))
            .filter(|line| !view.is_ordered_anyway(&line.record.domain))
            .map(|line| line.record.domain.clone())
            .collect();
        let notes = notes(&view, &diff);
        Ok(Self {
            diff,
            orders,
            notes,
        })
    }

    pub(super) fn json(&self) -> Value {
        let keys = |changes: &[Change]| -> Value {
            let all = changes.iter();
            let all = all
                .map(|change| json!({ "key": change.key, "old": change.old, "new": change.new }));
            all.collect()
        };
        let changed = self.diff.changed.iter();
        let changed =
            changed.map(|(domain, changes)| json!({ "domain": domain, "keys": keys(changes) }));
        json!({
            "added": self.diff.added,
            "removed": self.diff.removed,
            "changed": changed.collect::<Value>(),
            "settings": keys(&self.diff.settings),
            "orders": self.orders,
            "notes": self.notes,
        })
    }

    pub(super) fn text(&self) -> String {
        if self.diff.is_empty() {
            return "nothing would change\n".to_owned();
        }
        let mut text = String::new();
        for domain in &self.diff.added {
            text.push_str(&format!("+ {domain}\n"));
        }
        for domain in &self.diff.removed {
            text.push_str(&format!("- {domain}\n"));
        }
        for (domain, changes) in &self.diff.changed {
            text.push_str(&format!("~ {domain}\n"));
            for change in changes {
                text.push_str(&format!("    {change}\n"));
            }
        }
        for change in &self.diff.settings {
            text.push_str(&format!("~ {change}\n"));
        }
        text.push('\n');
        text.push_str(&match self.orders.as_slice() {
            [] => "It would cost no order now.\n".to_owned(),
            [one] => format!(
                "It would cost 1 order now, unless there is a certificate to adopt: {one}\n"
            ),
            some => format!(
                "It would cost {} orders now, fewer where there are certificates to adopt: {}\n",
                some.len(),
                some.join(", ")
            ),
        });
        for note in &self.notes {
            text.push_str(&format!("{note}\n"));
        }
        text
    }
}

/// What a diff means beyond its lines.
fn notes(view: &View, diff: &Diff) -> Vec<String> {
    let mut notes = Vec::new();
    if !diff.removed.is_empty() {
        notes.push(
            "What is removed is no longer renewed; its files and its certificate at the service stay."
                .to_owned(),
        );
    }
    let at_next_renewal = ["key", "account", "validation", "alias", "project_id"];
    let later = diff.changed.iter().any(|(_, changes)| {
        let mut changes = changes.iter();
        changes.any(|change| at_next_renewal.contains(&change.key.as_str()))
    });
    if later {
        notes.push(
            "What goes into an order acts at the next renewal of its certificate.".to_owned(),
        );
    }
    let at_start = diff
        .settings
        .iter()
        .any(|change| change.key == "state_dir" || change.key.starts_with("log."));
    if at_start {
        notes.push("[log] acts at the next start; state_dir is refused until then.".to_owned());
    }
    for slots in &view.slots {
        notes.push(format!("{}.", slots.words(&view.config)));
    }
    notes
}
