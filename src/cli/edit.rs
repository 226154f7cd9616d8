//! `check --diff`: what an edit would change against the config in force, before it is.

use serde_json::{Value, json};

use super::failure::Failure;
use super::identity::become_owner;
use super::view::View;
use crate::config::{Change, Config, Diff, Effective};
use crate::engine::running_config;
use crate::lifecycle::Step;
use crate::sentence::{Language, Sentence, say, sentences};

/// What an edit would change, and what it would cost.
pub(super) struct Edit {
    diff: Diff,
    /// Names that would be ordered in the next pass, and would not be without the edit.
    orders: Vec<String>,
    /// What else an administrator should know, a sentence each.
    notes: Vec<Sentence>,
}

impl Edit {
    /// Compares a config with the one in force: the daemon's, else the one last taken in.
    pub(super) async fn of(config: Config, language: Language) -> Result<Self, Failure> {
        become_owner(&config.state_dir)?;
        let view = View::of(config, language).await?;
        let running = match &view.store {
            Some(store) => running_config(store).await?,
            None => None,
        };
        let Some(running) = running else {
            return Err(Failure::other(not_run_yet()));
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
            "notes": self.notes.iter().map(|note| &note.english).collect::<Vec<_>>(),
        })
    }

    pub(super) fn text(&self, language: Language) -> String {
        if self.diff.is_empty() {
            return language.of(&nothing_changes()).to_owned();
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
                text.push_str(&format!("    {}\n", of_change(language, change)));
            }
        }
        for change in &self.diff.settings {
            text.push_str(&format!("~ {}\n", of_change(language, change)));
        }
        text.push('\n');
        text.push_str(language.of(&match self.orders.as_slice() {
            [] => costs_nothing(),
            [one] => costs_one(one),
            some => costs(some.len(), Sentence::names(some)),
        }));
        for note in &self.notes {
            text.push_str(&format!("{}\n", language.of(note)));
        }
        text
    }
}

/// What one setting was, and what it is.
fn of_change(language: Language, change: &Change) -> String {
    let shown = |value: &Option<String>| {
        let nothing = language.of_phrase(say("nothing", "（未设置）"));
        value.clone().unwrap_or_else(|| nothing.to_owned())
    };
    let (key, old, new) = (&change.key, shown(&change.old), shown(&change.new));
    format!("{key}: {old} → {new}")
}

/// What a diff means beyond its lines.
fn notes(view: &View, diff: &Diff) -> Vec<Sentence> {
    let mut notes = Vec::new();
    if !diff.removed.is_empty() {
        notes.push(removed());
    }
    let at_next_renewal = ["key", "account", "validation", "alias", "project_id"];
    let later = diff.changed.iter().any(|(_, changes)| {
        let mut changes = changes.iter();
        changes.any(|change| at_next_renewal.contains(&change.key.as_str()))
    });
    if later {
        notes.push(acts_at_renewal());
    }
    let at_start = diff
        .settings
        .iter()
        .any(|change| change.key == "state_dir" || change.key.starts_with("log."));
    if at_start {
        notes.push(acts_at_start());
    }
    for slots in &view.slots {
        notes.push(stop(slots.summary(&view.config)));
    }
    notes
}

sentences! {
    not_run_yet() "there is no config in force to compare with: the daemon has not run yet" "没有可比较的生效配置：守护进程还没有运行过";
    nothing_changes() "nothing would change\n" "没有变化\n";
    costs_nothing() "It would cost no order now.\n" "现在不需要申请证书。\n";
    costs_one(domain) "It would cost 1 order now, unless there is a certificate to adopt: {domain}\n" "现在需要申请 1 张证书（如有可接管的证书则不申请）：{domain}\n";
    costs(count, domains) "It would cost {count} orders now, fewer where there are certificates to adopt: {domains}\n" "现在需要申请 {count} 张证书（如有可接管的证书则相应减少）：{domains}\n";
    removed() "What is removed is no longer renewed; its files and its certificate at the service stay." "移除的证书不再续期；文件和腾讯云上的证书保留。";
    acts_at_renewal() "What goes into an order acts at the next renewal of its certificate." "影响申请的改动在该证书下次续期时生效。";
    acts_at_start() "[log] acts at the next start; state_dir is refused until then." "[log] 在下次启动时生效；state_dir 在重启之前不接受改动。";
    stop(sentence) "{sentence}." "{sentence}。";
}
