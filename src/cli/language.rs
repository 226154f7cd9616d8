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
        let value = set.next().unwrap_or_default().to_ascii_lowercase();
        let (locale, set_of_letters) = value.split_once('.').unwrap_or((&value, "utf-8"));
        // A terminal with the letters of GBK shows ours as rubbish: there English can be read.
        let can_show = matches!(set_of_letters.split('@').next(), Some("utf-8" | "utf8"));
        match locale.starts_with("zh") && can_show {
            true => Self::Chinese,
            false => Self::English,
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
        for chinese in ["zh_CN.UTF-8", "zh_CN.utf8", "zh_CN", "zh_CN.UTF-8@pinyin"] {
            assert_eq!(with(&[("LANG", chinese)]), Language::Chinese, "{chinese}");
        }
        for others in [
            "zh_CN.GBK",
            "zh_CN.GB18030",
            "zh_TW.Big5",
            "C.UTF-8",
            "C",
            "POSIX",
        ] {
            assert_eq!(with(&[("LANG", others)]), Language::English, "{others}");
        }
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
