//! Tables in which the value of one key decides which other keys there may be.

use super::reader::Table;

/// A key of a variant.
pub(super) struct Takes {
    /// Its name.
    pub(super) key: &'static str,
    /// Whether a file may be named under `key_file` instead.
    pub(super) or_file: bool,
    /// What to write, where the variant can't do without it.
    pub(super) needed: Option<&'static str>,
}

impl Takes {
    /// The ways to write it that a table uses.
    fn used_in(&self, table: &Table<'_>) -> Vec<String> {
        let mut spellings = vec![self.key.to_owned()];
        if self.or_file {
            spellings.push(self.file());
        }
        spellings.retain(|spelling| table.has(spelling));
        spellings
    }

    fn file(&self) -> String {
        format!("{}_file", self.key)
    }
}

/// One variant.
pub(super) struct Variant {
    /// The word for it.
    pub(super) name: &'static str,
    /// The keys that it takes.
    pub(super) keys: &'static [Takes],
    /// Those of a struct of its own.
    pub(super) others: &'static [&'static [Takes]],
}

impl Variant {
    /// All keys that it takes.
    pub(super) fn takes(&self) -> impl Iterator<Item = &'static Takes> {
        self.keys
            .iter()
            .chain(self.others.iter().copied().flatten())
    }

    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Takes> {
        self.takes().find(|takes| takes.key == name)
    }

    /// The keys in words: first those that it needs.
    fn in_words(&self) -> String {
        let (mut needed, optional): (Vec<_>, Vec<_>) =
            self.takes().partition(|takes| takes.needed.is_some());
        needed.extend(optional);
        let names: Vec<&str> = needed.iter().map(|takes| takes.key).collect();
        names.join(", ")
    }
}

/// All variants of a table.
pub(super) struct Variants {
    /// The key that names one.
    pub(super) by: &'static str,
    /// Their names.
    pub(super) names: &'static [&'static str],
    /// The variants, in the order of `names`.
    pub(super) all: &'static [Variant],
}

impl Variants {
    /// The one that a table names.
    pub(super) fn named_in(&self, table: &Table<'_>) -> Option<&'static Variant> {
        table.choice(self.by, self.names, |name| {
            self.all.iter().find(|variant| variant.name == name)
        })
    }

    /// The same; that it is missing is noted with `what` the table is called.
    pub(super) fn of(&self, table: &Table<'_>, what: &str) -> Option<&'static Variant> {
        let Self { by, names, .. } = self;
        if !table.has(by) {
            let usual = names.first().copied().unwrap_or_default();
            table.missing(
                format!("this {what} has no `{by}`"),
                format!("add {by} = \"{usual}\"; it is one of {}", names.join(", ")),
            );
        }
        self.named_in(table)
    }

    /// Notes the keys that the variant lacks, and those that only others take: never accepted in silence, since their
    /// effect would be missed. Returns whether there are none.
    pub(super) fn fits(&self, table: &Table<'_>, variant: &Variant) -> bool {
        let by = self.by;
        let mut fits = true;
        let mut seen: Vec<&str> = Vec::new();
        for takes in self.all.iter().flat_map(Variant::takes) {
            if seen.contains(&takes.key) {
                continue;
            }
            seen.push(takes.key);
            let used = takes.used_in(table);
            let name = variant.name;
            match variant.key(takes.key) {
                None => {
                    fits &= used.is_empty();
                    for key in used {
                        let message = format!("`{key}` has no meaning for {by} \"{name}\"");
                        let help = format!("it takes {}", variant.in_words());
                        table.mistake(&key, message, help);
                    }
                }
                Some(Takes {
                    needed: Some(help),
                    or_file,
                    ..
                }) if used.is_empty() => {
                    fits = false;
                    let file = takes.file();
                    let help = match or_file {
                        true => {
                            format!("give it, or `{file}` with the path of a file that holds it")
                        }
                        false => (*help).to_owned(),
                    };
                    table.missing(format!("{by} \"{name}\" needs `{}`", takes.key), help);
                }
                Some(_) => {}
            }
        }
        fits
    }
}
