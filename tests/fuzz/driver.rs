//! What strangers could send: items of a corpus, changed step by step, with the same result on every run.
//!
//! `corpus/TARGET/` beside this file holds the items of a target: real ones, and hostile ones that were thought of or found. Each is tried as it
//! is, and then what becomes of them: bits turned, parts cut, repeated, exchanged between two items, huge numbers, deep nesting,
//! bytes that are no text, marks that turn text around. An input with an outcome that was not seen before joins the items.
//!
//! - `EVERCERT_FUZZ_CASES=100000`: so many cases a target, instead of a few thousand;
//! - `EVERCERT_FUZZ_SECONDS=3600`: so long, instead of a number of cases;
//! - `EVERCERT_FUZZ_SEED=7`: other changes than those of every run;
//! - `EVERCERT_FUZZ_TRACE=1`: each input is written down before it is tried, for what ends the process at once.
//!
//! An input that a test fails with is kept as `target/fuzz/TARGET-CASE`; put it into the corpus with the repair.

#![allow(
    clippy::disallowed_methods,
    reason = "how long a run takes is nothing that a test decides by"
)]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Cases of a target, as long as nobody asks for more.
const CASES: u64 = 3_000;
/// No input is longer, in bytes, unless an item of the corpus is.
const LONGEST: usize = 128 * 1024;
/// The most items that are kept for an outcome of their own.
const MOST_KEPT: usize = 4_000;

/// What stands in every language that is read here, or in none.
const WORDS: [&[u8]; 34] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\t",
    b"\x1b[2J",
    b"\x7f",
    b"\xff\xfe",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    "\u{202e}".as_bytes(),
    "\u{2066}".as_bytes(),
    "\u{9b}31m".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{e0041}".as_bytes(),
    "例え".as_bytes(),
    "😀".as_bytes(),
    b"-1",
    b"0",
    b"1e999",
    b"-9223372036854775808",
    b"9223372036854775807",
    b"18446744073709551616",
    b"99999999999999999999999999999999999999999",
    b"0.0000000000000000000000000000001",
    b"NaN",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\"\"",
    b"../../../etc/passwd",
    b"<script>alert(1)</script>",
    b"%00%2e%2e%2f",
];

/// What opens a level, in the languages that have any.
const OPENERS: [&[u8]; 8] = [
    b"[",
    b"{\"a\":",
    b"{a=",
    b"a.",
    b"[[",
    b"(",
    b"\\\"",
    b"0\x82\xff\xff",
];

/// Numbers that are the same on every machine and in every version.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below this number; 0 of 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from(self.roll() % end).unwrap()
    }

    fn part(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        // Short parts most of the time.
        let most = if self.below(3) == 0 { length } else { 24 };
        let end = start + self.below((length - start).min(most) + 1);
        (start, end)
    }
}

/// What is tried.
pub(crate) struct Target {
    name: &'static str,
    items: Vec<Vec<u8>>,
    words: &'static [&'static str],
    share: u64,
}

impl Target {
    /// The target of that name, with the items of its corpus.
    pub(crate) fn of(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fuzz/corpus")
            .join(name);
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty(), "{} is empty", folder.display());
        Self {
            name,
            items: paths.iter().map(|path| fs::read(path).unwrap()).collect(),
            words: &[],
            share: 1,
        }
    }

    /// With more items, that are made anew on each run.
    #[allow(dead_code, reason = "not every test has such items")]
    pub(crate) fn and(mut self, items: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.items.extend(items);
        self
    }

    /// With words that its inputs consist of.
    pub(crate) fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// One case where others have so many: each takes long.
    #[allow(dead_code, reason = "not every test has slow targets")]
    pub(crate) fn one_in(mut self, share: u64) -> Self {
        self.share = share;
        self
    }

    /// Tries all items, and then changed ones. `outcome` looks at what becomes of an input and panics where that must not be; what it
    /// gives tells one kind of outcome from another.
    pub(crate) fn run(self, mut outcome: impl FnMut(&[u8]) -> String) {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
        let seed: u64 = number("EVERCERT_FUZZ_SEED").unwrap_or(0);
        let cases = number("EVERCERT_FUZZ_CASES").unwrap_or(CASES) / self.share;
        let seconds = number("EVERCERT_FUZZ_SECONDS").map(Duration::from_secs);
        let trace = std::env::var_os("EVERCERT_FUZZ_TRACE").is_some();
        let began = Instant::now();
        let given = self.items.len();
        let mut items = self.items.clone();
        let mut kinds = HashSet::new();
        let (mut slowest, mut case) = ((Duration::ZERO, Vec::new()), 0_u64);
        loop {
            let place = usize::try_from(case).unwrap();
            let is_over = match seconds {
                Some(seconds) => began.elapsed() >= seconds,
                None => case >= cases,
            };
            if place >= given && is_over {
                break;
            }
            let input = match self.items.get(place) {
                Some(item) => item.clone(),
                None => changed(&items, self.words, &mut Dice::new(seed << 40 | case)),
            };
            let kept = Kept {
                name: self.name,
                case,
                input: &input,
            };
            if trace {
                kept.write();
            }
            let start = Instant::now();
            let kind = outcome(&input);
            let took = start.elapsed();
            drop(kept);
            if took > slowest.0 {
                slowest = (took, input.clone());
            }
            if kinds.len() < MOST_KEPT && kinds.insert(kind_of(&kind)) && place >= given {
                items.push(input);
            }
            case += 1;
        }
        println!(
            "{}: {case} cases in {} s, {given} items, {} kinds of outcome, the slowest {} ms of {} bytes",
            self.name,
            began.elapsed().as_secs(),
            kinds.len(),
            slowest.0.as_millis(),
            slowest.1.len()
        );
        let slowest = Kept {
            name: self.name,
            case: 0,
            input: &slowest.1,
        };
        if trace {
            slowest.write();
        }
    }
}

/// Without what differs between outcomes of one kind.
fn kind_of(outcome: &str) -> String {
    outcome
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .take(400)
        .collect()
}

/// An input, kept where its test fails.
struct Kept<'a> {
    name: &'static str,
    case: u64,
    input: &'a [u8],
}

impl Kept<'_> {
    fn write(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}-{}", self.name, self.case));
        fs::write(&path, self.input).unwrap();
        path
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the input is kept as {}", self.write().display());
        }
    }
}

/// One of the items, changed a few times.
fn changed(items: &[Vec<u8>], words: &[&str], dice: &mut Dice) -> Vec<u8> {
    let mut input = items[dice.below(items.len())].clone();
    let longest = LONGEST.max(input.len() + 64);
    for _ in 0..=dice.below(6) {
        change(&mut input, items, words, dice);
        input.truncate(longest);
    }
    input
}

fn change(input: &mut Vec<u8>, items: &[Vec<u8>], words: &[&str], dice: &mut Dice) {
    let (start, end) = dice.part(input.len());
    match dice.below(13) {
        0 if !input.is_empty() => {
            let at = dice.below(input.len());
            input[at] ^= 1 << dice.below(8);
        }
        1 if !input.is_empty() => {
            let at = dice.below(input.len());
            input[at] = u8::try_from(dice.below(256)).unwrap();
        }
        2 => drop(input.drain(start..end)),
        3 if dice.below(4) == 0 => input.truncate(start),
        // A part of the same input, somewhere else.
        4 => {
            let part = input[start..end].to_vec();
            let at = dice.below(input.len() + 1);
            input.splice(at..at, part);
        }
        // A part again and again.
        5 => {
            let part = input[start..end].to_vec();
            let times = [2, 3, 17, 129, 1_025][dice.below(5)];
            let room = LONGEST / part.len().max(1);
            input.splice(end..end, part.repeat(times.min(room)));
        }
        6 => {
            let other = &items[dice.below(items.len())];
            let (from, to) = dice.part(other.len());
            input.splice(start..end, other[from..to].iter().copied());
        }
        7 => {
            let word = WORDS[dice.below(WORDS.len())];
            input.splice(start..end, word.iter().copied());
        }
        8 | 9 if !words.is_empty() => {
            let word = words[dice.below(words.len())];
            input.splice(start..end, word.bytes());
        }
        // A number as a whole.
        10 => {
            let Some(first) = (start..input.len()).find(|at| input[*at].is_ascii_digit()) else {
                return;
            };
            let rest = input[first..].iter();
            let length = rest.take_while(|byte| byte.is_ascii_digit()).count();
            let word = WORDS[17 + dice.below(9)];
            input.splice(first..first + length, word.iter().copied());
        }
        11 => {
            let opener = OPENERS[dice.below(OPENERS.len())];
            let deep = [3, 70, 130, 3_000][dice.below(4)];
            input.splice(start..start, opener.repeat(deep));
        }
        // What stands between two marks of the same kind, and what stands between two others.
        _ => exchange(input, dice),
    }
}

/// Exchanges two parts that stand between marks: two texts, two lines, two entries of a list.
fn exchange(input: &mut Vec<u8>, dice: &mut Dice) {
    let mark = b"\"\n,/."[dice.below(5)];
    let parts: Vec<Vec<u8>> = input
        .split(|byte| *byte == mark)
        .map(<[u8]>::to_vec)
        .collect();
    let (one, other) = (dice.below(parts.len()), dice.below(parts.len()));
    let mut parts = parts;
    parts.swap(one, other);
    *input = parts.join(&mark);
}

/// The name of a variant, without what it holds.
#[allow(dead_code, reason = "not every test looks at variants")]
pub(crate) fn variant(value: &impl std::fmt::Debug) -> String {
    let shown = format!("{value:?}");
    shown
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect()
}

/// That a text can be shown anywhere: it is on one line, and nothing in it acts on a terminal or turns text around.
pub(crate) fn assert_shown(text: &str, longest: usize) {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    assert!(!text.contains(bad), "{text:?}");
    let length = text.chars().count();
    assert!(length <= longest, "{length} characters: {text:.300}");
}
