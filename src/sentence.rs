//! What is said to people in English and in Chinese: one declaration a sentence, with both side by side.

mod catalog;
#[cfg(test)]
mod check;

use clap::ValueEnum;

pub(crate) use catalog::{Catalog, quoted, translate, untranslated};
#[cfg(test)]
pub(crate) use check::check;

use crate::words::words;

words! {
    /// A language that texts for people are there in. Event names, logs and JSON have one form only, whatever it says.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
    #[expect(missing_docs, reason = "with descriptions, each verb's help grows a second form")]
    pub enum Language {
        #[default]
        #[value(name = "en")]
        English = "en",
        #[value(name = "zh")]
        Chinese = "zh",
    }
}

impl Language {
    /// The sentence in this language.
    pub(crate) fn of(self, sentence: &Sentence) -> &str {
        match self {
            Self::English => &sentence.english,
            Self::Chinese => &sentence.chinese,
        }
    }

    /// A text that is kept in English, in this language as far as the catalog has it.
    pub(crate) fn tell(self, english: &str) -> String {
        self.tell_of(Catalog::Reasons, english)
    }

    /// As [`Language::tell`], of a text of this catalog.
    pub(crate) fn tell_of(self, catalog: Catalog, english: &str) -> String {
        match self {
            Self::English => english.to_owned(),
            Self::Chinese => translate(catalog, english, &|_| None),
        }
    }

    /// A text that somebody said, in this language: quoted in Chinese where there is none of it.
    pub(crate) fn tell_said(self, english: &str) -> String {
        match self.tell(english) {
            same if self == Self::Chinese && same == english => quoted(english),
            told => told,
        }
    }

    /// The phrase in this language.
    pub(crate) fn of_phrase(self, phrase: Phrase) -> &'static str {
        match self {
            Self::English => phrase.english,
            Self::Chinese => phrase.chinese,
        }
    }
}

/// One sentence in each language that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) english: String,
    pub(crate) chinese: String,
}

impl Sentence {
    /// A text of this catalog that is kept in English, with its Chinese as far as the catalog has it.
    pub(crate) fn of(catalog: Catalog, english: impl Into<String>) -> Self {
        let english = english.into();
        Self {
            chinese: match Language::Chinese.tell_of(catalog, &english) {
                same if same == english => quoted(&english),
                told => told,
            },
            english,
        }
    }

    /// Several in a row.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let each = items.into_iter().map(|item| (item.english, item.chinese));
        let (english, chinese): (Vec<String>, Vec<String>) = each.unzip();
        Self {
            english: english.join(COMMA.english),
            chinese: chinese.join(COMMA.chinese),
        }
    }

    /// Names or values in a row.
    pub(crate) fn names<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self::list(names.into_iter().map(Self::verbatim))
    }

    /// What is no sentence of ours: a command to type, a name, another program's words.
    pub(crate) fn verbatim(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            english: text.clone(),
            chinese: text,
        }
    }
}

impl<T: Into<String>> From<T> for Sentence {
    /// A text that is kept in English, with its Chinese as far as the catalog has it.
    fn from(english: T) -> Self {
        Self::of(Catalog::Reasons, english)
    }
}

/// Between the items of a list.
pub(crate) const COMMA: Phrase = Phrase {
    english: ", ",
    chinese: "、",
};

impl Phrase {
    /// As a sentence.
    pub(crate) fn sentence(self) -> Sentence {
        Sentence {
            english: self.english.to_owned(),
            chinese: self.chinese.to_owned(),
        }
    }
}

/// What a sentence may have in it: a name or a number, or a text in two languages.
pub(crate) trait Value {
    /// It in this language, where the sentence has it under this name.
    fn in_language(&self, language: Language, name: &str) -> String;
}

impl<T: std::fmt::Display> Value for T {
    fn in_language(&self, language: Language, name: &str) -> String {
        let text = self.to_string();
        match language.tell(&text) {
            same if language == Language::Chinese && same == text => untranslated(name, &text),
            told => told,
        }
    }
}

impl Value for Sentence {
    fn in_language(&self, language: Language, _: &str) -> String {
        language.of(self).to_owned()
    }
}

impl Value for &Sentence {
    fn in_language(&self, language: Language, _: &str) -> String {
        language.of(self).to_owned()
    }
}

impl Value for Phrase {
    fn in_language(&self, language: Language, _: &str) -> String {
        language.of_phrase(*self).to_owned()
    }
}

/// One sentence without values in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Its English.
    pub english: &'static str,
    /// Its Chinese.
    pub chinese: &'static str,
}

/// A phrase: its English, and its Chinese.
pub(crate) const fn say(english: &'static str, chinese: &'static str) -> Phrase {
    Phrase { english, chinese }
}

/// Declares phrases that are said more than once, a constant each: `NAME "English" "中文";`.
macro_rules! phrases {
    ($($name:ident $english:literal $chinese:literal;)*) => {
        $(const $name: $crate::sentence::Phrase = $crate::sentence::say($english, $chinese);)*
    };
}
pub(crate) use phrases;

/// Declares sentences, a function each that fills its values in: `name(value) "with {value}" "有 {value}";`.
macro_rules! sentences {
    ($($name:ident($($value:ident),*) $english:literal $chinese:literal;)*) => {
        $(
            pub(super) fn $name($($value: impl $crate::sentence::Value),*) -> $crate::sentence::Sentence {
                $crate::sentence::Sentence {
                    english: {
                        $(let $value = $value.in_language($crate::sentence::Language::English, stringify!($value));)*
                        format!($english)
                    },
                    chinese: {
                        $(let $value = $value.in_language($crate::sentence::Language::Chinese, stringify!($value));)*
                        format!($chinese)
                    },
                }
            }
        )*

        #[cfg(test)]
        #[test]
        fn every_sentence_says_the_same_in_both_languages() {
            for (english, chinese) in [$(($english, $chinese)),*] {
                $crate::sentence::check(english, chinese);
            }
        }
    };
}
pub(crate) use sentences;
