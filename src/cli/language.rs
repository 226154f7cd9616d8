//! The language that a command speaks: the one that is asked for, or the environment's.

use crate::sentence::Language;

impl Language {
    /// The one that was asked for, else the environment's.
    pub(super) fn chosen(asked: Option<Self>) -> Self {
        asked.unwrap_or_else(|| Self::of_environment(|name| std::env::var(name).ok()))
    }

    /// The environment's, by POSIX: the first of these variables that is set and not empty decides.
    fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut set = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(variable)
            .filter(|value| !value.is_empty());
        match set.next() {
            Some(value) if value.to_ascii_lowercase().starts_with("zh") => Self::Chinese,
            _ => Self::English,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &[(&str, &str)]) -> Language {
        let value = |name: &str| set.iter().find(|(known, _)| *known == name);
        Language::of_environment(|name| value(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_decides_in_the_order_of_posix() {
        assert_eq!(with(&[]), Language::English);
        assert_eq!(with(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(with(&[("LANG", "de_DE.UTF-8")]), Language::English);
        assert_eq!(
            with(&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]),
            Language::English
        );
        assert_eq!(
            with(&[
                ("LC_ALL", ""),
                ("LC_MESSAGES", "zh_TW"),
                ("LANG", "en_US.UTF-8")
            ]),
            Language::Chinese
        );
    }

    #[test]
    fn what_is_asked_for_counts_before_the_environment() {
        assert_eq!(Language::chosen(Some(Language::Chinese)), Language::Chinese);
        assert_eq!(Language::chosen(Some(Language::English)), Language::English);
    }
}
