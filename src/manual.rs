//! The pages of the manual, as the tests read them: each module holds what the pages say of it to its own code.
//!
//! Here is what concerns the pages alone: links lead somewhere, and each page is there in Chinese too, with the same code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// One page, in Markdown.
pub(crate) struct Page {
    /// Its path from the top of the repository.
    pub(crate) name: String,
    /// What it says.
    pub(crate) text: String,
}

/// A piece of code in a page.
pub(crate) struct Block {
    /// Where it stands, for messages: `page:line`.
    pub(crate) place: String,
    /// The language of its fence; empty where none is named, and for code that is indented or within a line.
    pub(crate) language: String,
    /// The code.
    pub(crate) code: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page: the READMEs and all below `docs/`.
pub(crate) fn pages() -> Vec<Page> {
    let mut files: Vec<PathBuf> = markdown_in(&root());
    files.retain(|file| {
        file.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("README"))
    });
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
        files.extend(markdown_in(&folder));
    }
    files.sort();
    let page = |file: &PathBuf| Page {
        name: file.strip_prefix(root()).unwrap().display().to_string(),
        text: fs::read_to_string(file).unwrap(),
    };
    files.iter().map(page).collect()
}

/// The page of this name.
pub(crate) fn page(name: &str) -> Page {
    let found = pages().into_iter().find(|page| page.name == name);
    found.unwrap_or_else(|| panic!("{name} is missing"))
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect()
}

impl Page {
    /// All its code: fenced, indented, and within lines.
    pub(crate) fn code(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut fence: Option<(String, Block)> = None;
        for (index, line) in self.text.lines().enumerate() {
            let block = |language: &str, code: &str| Block {
                place: format!("{}:{}", self.name, index + 1),
                language: language.to_owned(),
                code: code.to_owned(),
            };
            let bare = line.trim_start();
            if let Some((end, open)) = fence.as_mut() {
                if bare.trim_end() == end {
                    blocks.extend(fence.take().map(|(_, block)| block));
                } else {
                    open.code.push_str(line);
                    open.code.push('\n');
                }
            } else if bare.starts_with("```") {
                let language = bare.trim_start_matches('`');
                let ticks = bare[..bare.len() - language.len()].to_owned();
                fence = Some((ticks, block(language.trim(), "")));
            } else if let Some(code) = line.strip_prefix("    ") {
                blocks.push(block("", code));
            } else {
                // Odd parts stand between two backticks.
                let inline = line.split('`').skip(1).step_by(2);
                blocks.extend(inline.map(|code| block("", code)));
            }
        }
        assert!(fence.is_none(), "{} has a fence without an end", self.name);
        blocks
    }

    /// The fenced blocks of a language.
    pub(crate) fn fenced(&self, language: &str) -> Vec<Block> {
        let mut blocks = self.code();
        blocks.retain(|block| block.language == language);
        blocks
    }

    /// Where its links lead, and to which headline there; addresses are left out.
    fn links_and_headlines(&self) -> Vec<(String, Option<String>)> {
        let targets = self.text.split("](").skip(1);
        targets
            .filter_map(|rest| rest.split(')').next())
            .filter(|target| !target.is_empty() && !target.contains(':'))
            .map(|target| match target.split_once('#') {
                Some((file, headline)) => (file.to_owned(), Some(headline.to_owned())),
                None => (target.to_owned(), None),
            })
            .collect()
    }

    /// Where its links to other files lead.
    fn links(&self) -> Vec<String> {
        let files = self.links_and_headlines().into_iter().map(|(file, _)| file);
        files.filter(|file| !file.is_empty()).collect()
    }

    /// Its headlines, as links name them: small letters, signs left out, `-` for a blank.
    fn headlines(&self) -> BTreeSet<String> {
        let lines = self.text.lines().filter(|line| line.starts_with('#'));
        let signs = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
        let name = |line: &str| -> String {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title.chars().filter(signs).collect()
        };
        lines.map(|line| name(line).replace(' ', "-")).collect()
    }

    /// Whether one of its links leads to the page of this name.
    fn leads_to(&self, name: &str) -> bool {
        let folder = Path::new(&self.name).parent().unwrap();
        let leads = |link: &String| plain(&folder.join(link)) == Path::new(name);
        self.links().iter().any(leads)
    }
}

/// The path without its `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leads out", path.display()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn links_lead_to_files_that_are_there() {
    for page in pages() {
        let folder = root().join(&page.name).parent().unwrap().to_path_buf();
        for link in page.links() {
            assert!(
                folder.join(&link).exists(),
                "{} links to {link}, which is missing",
                page.name
            );
        }
    }
}

#[test]
fn links_lead_to_headlines_that_are_there() {
    let pages = pages();
    let mut seen = 0;
    for page in &pages {
        let folder = Path::new(&page.name).parent().unwrap();
        for (file, headline) in page.links_and_headlines() {
            let Some(headline) = headline else { continue };
            seen += 1;
            let name = match file.as_str() {
                "" => PathBuf::from(&page.name),
                file => plain(&folder.join(file)),
            };
            let there = pages.iter().find(|page| Path::new(&page.name) == name);
            assert!(
                there.is_some_and(|page| page.headlines().contains(&headline)),
                "{} links to {file}#{headline}, which is missing",
                page.name
            );
        }
    }
    assert!(seen > 5, "only {seen} links to headlines were found");
}

#[test]
fn every_page_can_be_reached_from_the_map() {
    for place in ["docs/", "docs/zh-CN/"] {
        let map = page(&format!("{place}README.md"));
        for page in pages() {
            let Some(name) = page
                .name
                .strip_prefix(place)
                .filter(|name| !name.starts_with("zh-CN/"))
            else {
                continue;
            };
            let folder = name.split('/').next().unwrap_or(name);
            let known = map
                .links()
                .iter()
                .any(|link| link.trim_start_matches("./").starts_with(folder));
            assert!(
                known || name == "README.md",
                "{name} is not in {}",
                map.name
            );
        }
    }
}

/// Each page, and what it is in Chinese: `docs/zh-CN/faq.md` is `docs/faq.md`.
fn translations() -> Vec<(Page, Page)> {
    let (chinese, english): (Vec<_>, Vec<_>) = pages()
        .into_iter()
        .partition(|page| page.name.contains("zh-CN"));
    assert_eq!(
        english.len(),
        chinese.len(),
        "a page lacks its other language"
    );
    let both = english.into_iter().map(|page| {
        let name = match page.name.strip_prefix("docs/") {
            Some(name) => format!("docs/zh-CN/{name}"),
            None => page.name.replace(".md", ".zh-CN.md"),
        };
        (page, self::page(&name))
    });
    both.collect()
}

#[test]
fn a_translation_and_its_page_know_each_other() {
    for (english, chinese) in translations() {
        for (from, to) in [(&english, &chinese), (&chinese, &english)] {
            assert!(
                from.leads_to(&to.name),
                "{} does not link to {}",
                from.name,
                to.name
            );
        }
    }
}

#[test]
fn a_chinese_page_leads_to_chinese_pages() {
    let translations = translations();
    for (own, page) in &translations {
        for (english, chinese) in &translations {
            // But for its own at the top, and the figures, which are told in one place.
            let is_its_own = own.name == english.name;
            assert!(
                is_its_own || !page.leads_to(&english.name),
                "{} links to {}, which is there as {}",
                page.name,
                english.name,
                chinese.name
            );
        }
    }
}

/// Its code, line by line without comments; but for the figures, which are told in one place, and the screen of `status`,
/// which is in the page's language.
fn lines_of_code(page: &Page) -> BTreeSet<String> {
    let text = page.text.split("\n## Figures\n").next();
    let mut text = text.unwrap_or_default().to_owned();
    let screen = text
        .find("<!-- status: begin")
        .zip(text.find("<!-- status: end"));
    if let Some((begin, end)) = screen {
        text.replace_range(begin..end, "");
    }
    let page = Page {
        name: page.name.clone(),
        text,
    };
    let blocks = page.code();
    let lines = blocks.iter().flat_map(|block| block.code.lines());
    let code = lines.map(|line| {
        format!(" {line}")
            .split(" #")
            .next()
            .unwrap_or("")
            .trim()
            .to_owned()
    });
    code.collect()
}

/// Keys, commands, names of events and examples are the same in every language.
#[test]
fn a_translation_has_all_the_code_of_its_page() {
    for (english, chinese) in translations() {
        let (all, told) = (lines_of_code(&english), lines_of_code(&chinese));
        let missing: Vec<_> = all.difference(&told).collect();
        assert!(missing.is_empty(), "{} lacks {missing:#?}", chinese.name);
    }
}

#[test]
fn a_translation_has_every_row_of_the_tables_of_its_page() {
    for (english, chinese) in translations() {
        if !english.name.starts_with("docs/") {
            continue;
        }
        let rows = |page: &Page| -> Vec<usize> {
            let rows = page.text.lines().filter(|line| line.starts_with('|'));
            rows.map(|row| row.matches('|').count()).collect()
        };
        assert_eq!(rows(&english), rows(&chinese), "{}", chinese.name);
    }
}

/// The numbers in a text, as they are written.
fn numbers(text: &str) -> BTreeSet<&str> {
    let parts = text.split(|letter: char| !letter.is_ascii_digit() && !".,".contains(letter));
    let parts = parts.map(|part| part.trim_matches(['.', ',']));
    parts.filter(|part| !part.is_empty()).collect()
}

#[test]
fn the_figures_are_the_same_in_both_languages() {
    let (english, chinese) = (page("README.md"), page("README.zh-CN.md"));
    let told = english.text.split("\n## Figures\n").nth(1).unwrap();
    let measured = chinese.text.split("\n## 性能\n").nth(1).unwrap();
    let rows = measured.lines().filter(|line| line.starts_with('|'));
    let cells: Vec<_> = rows.filter_map(|row| row.split('|').nth(2)).collect();
    let figures: BTreeSet<_> = cells.iter().flat_map(|cell| numbers(cell)).collect();
    assert!(figures.len() > 5, "{figures:?}");
    let other: Vec<_> = figures.difference(&numbers(told)).copied().collect();
    assert!(other.is_empty(), "not in README.md: {other:?}");
}

/// Words that Tencent Cloud's console and its users have others for: 签发, 响应, 访问者, 删除, 已停止，待人工处理.
const NOT_THE_CONSOLES: &[&str] = &["颁发", "应答", "访客", "撤下", "搁置", "乱码", "委派", "你"];

#[test]
fn chinese_pages_have_the_words_of_the_console() {
    for (_, page) in translations() {
        // Hosting of cloud resources has its whole name.
        let text = page.text.replace("云资源托管", "");
        let slips = NOT_THE_CONSOLES.iter().chain(&["托管"]);
        let found: Vec<_> = slips.filter(|word| text.contains(**word)).collect();
        assert!(found.is_empty(), "{}: {found:?}", page.name);
    }
}

#[test]
fn json_in_the_pages_is_json() {
    for block in pages().iter().flat_map(|page| page.fenced("json")) {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&block.code);
        assert!(parsed.is_ok(), "{}: {parsed:?}", block.place);
    }
}
