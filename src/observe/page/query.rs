//! What the home page is asked for: a filter and a page, both in the address, so that they work without JavaScript.

use reqwest::Url;

use super::reader::Reader;
use crate::observe::overview::{CertificateLine, Tone};

/// The longest text to look for.
const LONGEST: usize = 100;

/// Which certificates to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Part of a name.
    pub(crate) text: String,
    /// Only those that are like this.
    pub(crate) tone: Option<Tone>,
    /// Which page, from 1.
    pub(crate) page: usize,
}

/// The words for tones in the address; the first of each is written, and the others are bookmarks of before.
const TONES: [(&str, Tone); 6] = [
    ("needs-you", Tone::Bad),
    ("retrying", Tone::Wary),
    ("failing", Tone::Wary),
    ("under-way", Tone::Busy),
    ("ok", Tone::Well),
    ("well", Tone::Well),
];

impl Query {
    /// Reads the part of an address behind its question mark. What makes no sense is left out.
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self {
            page: 1,
            ..Self::default()
        };
        let Ok(url) = Url::parse(&format!("http://page/?{text}")) else {
            return query;
        };
        for (key, value) in url.query_pairs() {
            match &*key {
                "q" => query.text = value.trim().chars().take(LONGEST).collect(),
                "show" => {
                    let found = TONES.iter().find(|(word, _)| *word == value);
                    query.tone = found.map(|(_, tone)| *tone);
                }
                "page" => query.page = value.parse().unwrap_or(1).clamp(1, 100_000),
                _ => {}
            }
        }
        query
    }

    /// The address of the same view with another page.
    pub(super) fn with_page(&self, reader: Reader, page: usize) -> String {
        Self {
            page,
            ..self.clone()
        }
        .address(reader)
    }

    /// The address of the same search among those that are like this.
    pub(super) fn with_tone(&self, reader: Reader, tone: Option<Tone>) -> String {
        Self {
            tone,
            page: 1,
            text: self.text.clone(),
        }
        .address(reader)
    }

    /// The word for the tone.
    pub(super) fn tone_word(&self) -> Option<&'static str> {
        let tone = self.tone?;
        TONES
            .iter()
            .find(|(_, known)| *known == tone)
            .map(|(word, _)| *word)
    }

    /// Whether the name is searched for.
    pub(super) fn finds(&self, certificate: &CertificateLine) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let wanted = self.text.to_lowercase();
        certificate.display.contains(&wanted)
            || certificate.domain.contains(&wanted)
            || certificate.account == self.text
    }

    /// The address of this view for a reader.
    pub(super) fn address(&self, reader: Reader) -> String {
        let Ok(mut url) = Url::parse("http://page/") else {
            return "/".to_owned();
        };
        {
            let mut pairs = url.query_pairs_mut();
            if !self.text.is_empty() {
                pairs.append_pair("q", &self.text);
            }
            if let Some(word) = self.tone_word() {
                pairs.append_pair("show", word);
            }
            if self.page > 1 {
                pairs.append_pair("page", &self.page.to_string());
            }
            if let Some(word) = reader.kept() {
                pairs.append_pair("lang", word);
            }
        }
        match url.query() {
            Some(query) if !query.is_empty() => format!("/?{query}"),
            _ => "/".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::Language;

    #[test]
    fn an_address_comes_back_as_it_went_out() {
        let query = Query::parse("q=a%26b&show=failing&page=3");
        assert_eq!(
            query,
            Query {
                text: "a&b".to_owned(),
                tone: Some(Tone::Wary),
                page: 3
            }
        );
        let anybody = Reader::default();
        assert_eq!(
            query.with_page(anybody, 3),
            "/?q=a%26b&show=retrying&page=3"
        );
        assert_eq!(query.with_tone(anybody, None), "/?q=a%26b");
        assert_eq!(Query::parse("").with_page(anybody, 1), "/");
        let chosen = Reader::choosing(Language::Chinese);
        assert_eq!(query.with_tone(chosen, None), "/?q=a%26b&lang=zh");
        let again = Query::parse(query.address(chosen).trim_start_matches("/?"));
        assert_eq!(again, query);
    }

    #[test]
    fn nonsense_in_an_address_is_left_out() {
        let query = Query::parse(&format!("page=-1&show=%00&q={}&&=&%zz", "x".repeat(5_000)));
        assert_eq!(
            (query.page, query.tone, query.text.len()),
            (1, None, LONGEST)
        );
    }
}
