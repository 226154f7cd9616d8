//! Who reads a page: the language that they read, by what their browser prefers or by what they chose.
//!
//! What was chosen stands in the address (`?lang=zh`), and links keep it. A cookie would keep it longer, but the page sets
//! none, and what nobody keeps nobody has to explain.

use reqwest::Url;

use crate::sentence::{Language, Sentence, say};

/// As much of what a browser accepts is read: more than any sends.
const MOST_RANGES: usize = 32;

/// The one who reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(super) language: Language,
    /// Whether the address says so.
    chosen: bool,
}

impl Reader {
    /// By the part of an address behind its question mark, else by the values of `Accept-Language`.
    pub(crate) fn of<'a>(query: &str, accepted: impl Iterator<Item = &'a str>) -> Self {
        let chosen = Url::parse(&format!("http://page/?{query}"))
            .ok()
            .and_then(|url| {
                let mut pairs = url.query_pairs();
                let (_, word) = pairs.find(|(key, _)| key == "lang")?;
                Language::from_name(&word)
            });
        Self {
            language: chosen.unwrap_or_else(|| preferred(accepted)),
            chosen: chosen.is_some(),
        }
    }

    /// The same, with the address saying so.
    pub(super) fn choosing(language: Language) -> Self {
        Self {
            language,
            chosen: true,
        }
    }

    /// The tag of the language (RFC 5646).
    pub(crate) fn tag(self) -> &'static str {
        tag(self.language)
    }

    /// What is said in this language.
    pub(super) fn say(self, english: &'static str, chinese: &'static str) -> &'static str {
        self.language.of_phrase(say(english, chinese))
    }

    /// The sentence in this language.
    pub(super) fn tell(self, sentence: Sentence) -> String {
        match self.language {
            Language::English => sentence.english,
            Language::Chinese => sentence.chinese,
        }
    }

    /// The word for the language, where links have to keep it.
    pub(super) fn kept(self) -> Option<&'static str> {
        self.chosen.then(|| self.language.name())
    }

    /// A path of ours as this reader's link.
    pub(super) fn link(self, path: &str) -> String {
        match self.kept() {
            Some(word) => format!("{path}?lang={word}"),
            None => path.to_owned(),
        }
    }
}

/// The tag of a language (RFC 5646).
pub(super) fn tag(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::Chinese => "zh-CN",
    }
}

/// The language that is preferred (RFC 9110, 12.5.4); of two that are liked as much, the one that is named first. What
/// names neither is read in English.
fn preferred<'a>(accepted: impl Iterator<Item = &'a str>) -> Language {
    let ranges = accepted.flat_map(|value| value.split(','));
    let (mut chinese, mut english, mut any) = (None, None, None);
    for (place, range) in ranges.take(MOST_RANGES).enumerate() {
        let mut parts = range.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let Some(quality) = quality(parts.next()) else {
            continue;
        };
        let primary = tag.split('-').next().unwrap_or_default();
        let of = match primary {
            "*" => &mut any,
            _ if primary.eq_ignore_ascii_case("zh") => &mut chinese,
            _ if primary.eq_ignore_ascii_case("en") => &mut english,
            _ => continue,
        };
        let liked = (quality, usize::MAX - place);
        *of = (*of).max(Some(liked));
    }
    let is_wanted = |(quality, _): &(u16, usize)| *quality > 0;
    let chinese = chinese.filter(is_wanted);
    let english = english.or(any).filter(is_wanted);
    if chinese > english {
        Language::Chinese
    } else {
        Language::English
    }
}

/// A quality in thousandths: `q=0.8` is 800; none is 1000. `None` for what is no quality.
fn quality(parameter: Option<&str>) -> Option<u16> {
    let Some(parameter) = parameter else {
        return Some(1_000);
    };
    let (key, value) = parameter.split_once('=')?;
    if !key.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, part) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || part.len() > 3 || !is_digits(part) {
        return None;
    }
    let thousandths: u16 = format!("{part:0<3}").parse().ok()?;
    let quality = if whole == "1" { 1_000 } else { 0 } + thousandths;
    (quality <= 1_000).then_some(quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(accepted: &str) -> Language {
        Reader::of("", std::iter::once(accepted)).language
    }

    #[test]
    fn the_language_that_is_preferred_is_spoken() {
        for chinese in [
            "zh",
            "zh-CN,zh;q=0.9,en;q=0.8",
            "zh-Hans-CN, en",
            "ZH-tw",
            "en;q=0.5, zh-HK;q=0.7",
            "en;q=0.5,zh;q=0.500,zh-CN;q=0.6",
            "fr, zh;q=0.5",
            "zh;q=1.000",
            "zh ; q=0.8 , en ; Q=0.2",
            "en;q=0, zh;q=0.1",
            "zh, *;q=0.1",
        ] {
            assert_eq!(by(chinese), Language::Chinese, "{chinese}");
        }
        for english in [
            "",
            "*",
            "en",
            "en-GB,en;q=0.9,zh;q=0.8",
            "fr",
            "zha",
            "zh;q=0",
            "zh;q=nonsense",
            "zh;q=2",
            "zh;q=0.1234",
            "zh;q=1.001",
            "zh;level=1",
            "en, zh",
            "en-US,en;q=0.9,zh;q=0.5",
            "en-US,en;q=0.9,zh-CN;q=0.8,zh;q=0.7",
            "zh;q=0, en",
            "fr-FR, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5",
            "*;q=0.9, zh;q=0.5",
            ",,;;==,",
            "\u{0}zh",
        ] {
            assert_eq!(by(english), Language::English, "{english}");
        }
    }

    #[test]
    fn as_much_is_read_as_a_browser_sends_and_no_more() {
        let many = format!("{}zh", "xx,".repeat(MOST_RANGES));
        assert_eq!(by(&many), Language::English);
        let several = ["xx", "zh;q=0.9", "en;q=0.2"];
        assert_eq!(
            Reader::of("", several.into_iter()).language,
            Language::Chinese
        );
    }

    #[test]
    fn the_address_goes_before_what_is_preferred_and_links_keep_it() {
        let chosen = Reader::of("q=a&lang=zh", std::iter::once("en"));
        assert_eq!(chosen.language, Language::Chinese);
        assert_eq!(chosen.link("/"), "/?lang=zh");
        for nonsense in ["lang=fr", "lang=", "lang", "LANG=zh", "lang=%zz"] {
            let reader = Reader::of(nonsense, std::iter::once("en"));
            assert_eq!(reader, Reader::default(), "{nonsense}");
            assert_eq!(reader.link("/"), "/");
        }
    }
}
