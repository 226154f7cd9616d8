//! The structure of the code: no two files that use each other, no arrow upward, no file that is too long, and how much code
//! there is.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

/// Lines of code in one file: without tests, comments and blank lines.
const LONGEST_FILE: usize = 400;

/// Lines of code below `src`, counted likewise.
const MOST_CODE: usize = 62_650;

/// The rooms, from the bottom up. A room uses only those below it.
const LEVELS: &[&[&str]] = &[
    &[
        "calendar", "clock", "text", "redact", "sentence", "words", "sandbox", "manual",
    ],
    &["files", "server", "command", "secret_file"],
    &["lifecycle"],
    &["config"],
    &["tencent"],
    &["store"],
    &["delivery"],
    &["observe"],
    &["validation", "notification"],
    &["engine"],
    &["daemon"],
    &["simulation"],
    &["cli"],
    &["main", "lib"],
];

/// A file of the crate.
struct File {
    /// `engine::deliver::run`; of `mod.rs`, the folder's.
    module: String,
    text: String,
    code: usize,
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file of the crate but those that hold only tests.
fn files() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    below(&src, &mut paths);
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let inside = path.strip_prefix(&src).unwrap().with_extension("");
        let mut parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let is_test =
            |part: &&str| matches!(*part, "tests" | "samples" | "bench" | "fuzz" | "manual");
        if parts.iter().any(is_test) {
            continue;
        }
        if parts.last() == Some(&"mod") {
            parts.pop();
        }
        let text = without_tests(&fs::read_to_string(&path).unwrap());
        files.push(File {
            module: parts.join("::"),
            code: text.lines().filter(|line| is_code(line)).count(),
            text,
        });
    }
    files
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

/// Without the modules that only tests have: from `#[cfg(test)]` to the end of what follows it.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        // Other attributes, then the item: one line that ends with `;`, or a block that ends at the same depth.
        for line in lines.by_ref() {
            let is_end = line.trim_end().ends_with(';') || line.trim_end().ends_with("{}");
            let at_depth = line.len() - line.trim_start().len() == indent;
            if at_depth && (is_end || line.trim() == "}") {
                break;
            }
        }
    }
    kept
}

/// The paths from the crate's root that stand in a file.
fn words_of(file: &File) -> Vec<String> {
    let code: String = file
        .text
        .lines()
        .filter(|line| is_code(line))
        .map(|line| format!("{}\n", without_visibility(line)))
        .collect();
    // `crate::a::{b::c, d}` as one word, wherever it is broken.
    let mut joined = String::new();
    let mut depth = 0_usize;
    for c in code.chars() {
        match c {
            '{' if depth > 0 || joined.ends_with("::") => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ => {}
        }
        if depth == 0 || !c.is_whitespace() {
            joined.push(c);
        }
    }
    let separators = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}' | ','));
    let words = joined.split(separators);
    words
        .flat_map(expanded)
        .filter_map(|path| absolute(&file.module, &path))
        .collect()
}

/// Without `pub(super)` and its like, which name a module and use nothing of it.
fn without_visibility(line: &str) -> String {
    let Some((before, rest)) = line.split_once("pub(") else {
        return line.to_owned();
    };
    let rest = rest.split_once(')').map_or("", |(_, rest)| rest);
    format!("{before}{}", without_visibility(rest))
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expanded(word: &str) -> Vec<String> {
    let Some(open) = word.find("::{") else {
        let end = word.find(['{', '}', ',']).unwrap_or(word.len());
        return vec![word[..end].to_owned()];
    };
    let (head, rest) = (&word[..open], &word[open + 3..]);
    let mut depth = 0_usize;
    let (mut parts, mut part) = (Vec::new(), String::new());
    for c in rest.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    parts
        .iter()
        .filter(|part| !part.is_empty())
        .flat_map(|part| expanded(&format!("{head}::{part}")))
        .collect()
}

/// A path from the crate's root, for one that begins with `crate`, `super` or `self`.
fn absolute(module: &str, path: &str) -> Option<String> {
    let mut base: Vec<&str> = module.split("::").collect();
    let mut parts = path.split("::").peekable();
    match parts.next()? {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
            while parts.peek() == Some(&"super") {
                parts.next();
                base.pop();
            }
        }
        _ => return None,
    }
    base.extend(parts.filter(|part| !part.is_empty()));
    Some(base.join("::"))
}

/// The file that a path leads into: the longest module that it begins with.
fn module_of(path: &str, modules: &BTreeSet<&str>) -> Option<String> {
    let mut path = path.to_owned();
    loop {
        if modules.contains(path.as_str()) {
            return Some(path);
        }
        path.truncate(path.rfind("::")?);
    }
}

/// Where a file has a name from that it passes on.
type Exports = BTreeMap<(String, String), String>;

/// Whether a file only declares modules and passes their names on.
fn is_front(file: &File) -> bool {
    let mut depth = 0_i32;
    file.text.lines().filter(|line| is_code(line)).all(|line| {
        let line = line.trim();
        let starts = [
            "pub mod ",
            "pub(crate) mod ",
            "pub(super) mod ",
            "mod ",
            "#",
        ];
        let uses = [
            "pub use ",
            "pub(crate) use ",
            "pub(super) use ",
            "pub(in ",
            "use ",
        ];
        let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
        let is_fine = depth > 0 || begins(&starts) || begins(&uses);
        let count = |c| i32::try_from(line.matches(c).count()).unwrap();
        depth += count('{') - count('}');
        is_fine
    })
}

/// The names that files pass on, and the files that they are from.
fn exports(files: &[File], modules: &BTreeSet<&str>) -> Exports {
    let mut exports = Exports::new();
    for file in files {
        let text: String = file.text.lines().filter(|line| is_code(line)).collect();
        for statement in text.split(';') {
            let Some((before, path)) = statement.split_once("use ") else {
                continue;
            };
            if !before.trim_start().starts_with("pub") && !before.contains("pub(") {
                continue;
            }
            let path: String = path.chars().filter(|c| !c.is_whitespace()).collect();
            for path in expanded(&path) {
                let name = path.rsplit("::").next().unwrap().to_owned();
                let below = format!("{}::{path}", file.module);
                let from = absolute(&file.module, &path).unwrap_or(below);
                if let Some(module) = module_of(&from, modules) {
                    exports.insert((file.module.clone(), name), module);
                }
            }
        }
    }
    exports
}

/// The files that a file uses, for all but fronts: a name of a front is one of the file that it is from.
fn arrows(files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    let modules: BTreeSet<&str> = files.iter().map(|file| file.module.as_str()).collect();
    let exports = exports(files, &modules);
    let fronts = files.iter().filter(|file| is_front(file));
    let fronts: BTreeSet<&str> = fronts.map(|file| file.module.as_str()).collect();
    let others = files.iter().filter(|file| !is_front(file));
    others
        .map(|file| {
            let mut used = BTreeSet::new();
            for path in words_of(file) {
                used.extend(defined_in(path, &modules, &exports));
            }
            used.remove(&file.module);
            used.retain(|module| !fronts.contains(module.as_str()));
            (file.module.clone(), used)
        })
        .collect()
}

/// The file that the thing of this path is defined in.
fn defined_in(mut path: String, modules: &BTreeSet<&str>, exports: &Exports) -> Option<String> {
    for _ in 0..4 {
        let module = module_of(&path, modules)?;
        let rest = path.strip_prefix(&module)?.trim_start_matches("::");
        let name = rest.split("::").next().unwrap_or_default().to_owned();
        match exports.get(&(module.clone(), name.clone())) {
            Some(from) if *from != module => {
                let more = rest.strip_prefix(&name).unwrap_or_default();
                path = format!("{from}::{name}{more}");
            }
            _ => return Some(module),
        }
    }
    None
}

/// The sets of files that reach each other.
fn circles(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<&str>> {
    let reach = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(module) = open.pop() {
            for next in arrows.get(&module).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<String>> = arrows
        .keys()
        .map(|module| (module.as_str(), reach(module)))
        .collect();
    let mut circles: Vec<Vec<&str>> = Vec::new();
    for (module, mine) in &reached {
        if !mine.contains(*module) || circles.iter().flatten().any(|known| known == module) {
            continue;
        }
        let same = reached
            .iter()
            .filter(|(other, theirs)| mine.contains(**other) && theirs.contains(*module));
        circles.push(same.map(|(other, _)| *other).collect());
    }
    circles
}

fn level(module: &str) -> usize {
    let room = module.split("::").next().unwrap();
    LEVELS
        .iter()
        .position(|level| level.contains(&room))
        .unwrap_or_else(|| panic!("{room} has no level: put it into LEVELS"))
}

#[test]
fn no_two_files_use_each_other() {
    let files = files();
    let arrows = arrows(&files);
    let circles = circles(&arrows);
    let shown: Vec<String> = circles
        .iter()
        .map(|circle| {
            let inside = |module: &&&str| {
                let uses = arrows[**module].iter();
                let uses: Vec<&str> = uses
                    .map(String::as_str)
                    .filter(|used| circle.contains(used))
                    .collect();
                format!("  {module} uses {}", uses.join(", "))
            };
            let lines: Vec<String> = circle.iter().map(|module| inside(&module)).collect();
            lines.join("\n")
        })
        .collect();
    assert!(shown.is_empty(), "circles:\n{}", shown.join("\n\n"));
}

#[test]
fn no_room_uses_one_above_it() {
    let files = files();
    let modules: BTreeSet<&str> = files.iter().map(|file| file.module.as_str()).collect();
    let mut upward = Vec::new();
    for file in &files {
        let words = words_of(file);
        let used: BTreeSet<String> = words
            .iter()
            .filter_map(|path| module_of(path, &modules))
            .collect();
        if file.module.starts_with("sandbox") {
            upward.extend(
                used.iter()
                    .filter(|used| !used.starts_with("sandbox"))
                    .map(|used| format!("{} uses {used}", file.module)),
            );
        }
        for used in used {
            let (from, to) = (level(&file.module), level(&used));
            let same_room = file.module.split("::").next() == used.split("::").next();
            if to > from || (to == from && !same_room && from > 1) {
                upward.push(format!("{} uses {used}", file.module));
            }
        }
    }
    assert!(upward.is_empty(), "arrows upward:\n{}", upward.join("\n"));
}

#[test]
fn no_file_is_long_and_all_of_it_is_no_more_than_it_was() {
    let files = files();
    let long: Vec<String> = files
        .iter()
        .filter(|file| file.code > LONGEST_FILE)
        .map(|file| format!("{}: {} lines", file.module, file.code))
        .collect();
    assert!(
        long.is_empty(),
        "more than {LONGEST_FILE} lines of code:\n{}",
        long.join("\n")
    );
    let all: usize = files.iter().map(|file| file.code).sum();
    println!("{all} lines of code in {} files", files.len());
    let mut rooms: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        *rooms
            .entry(file.module.split("::").next().unwrap())
            .or_default() += file.code;
    }
    for (room, code) in rooms {
        println!("{room:>14} {code}");
    }
    assert!(
        all <= MOST_CODE,
        "{all} lines of code, of at most {MOST_CODE}"
    );
}

/// The text of a key, where a table has it.
fn text_of<'t>(table: &'t DeTable<'_>, key: &str) -> Option<&'t str> {
    table.get(key).and_then(|value| value.get_ref().as_str())
}

#[test]
fn every_guard_that_is_broken_once_is_where_the_table_of_mutants_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let (table, result) = (
        read("tests/mutants/mutants.toml"),
        read("tests/mutants/RESULT.md"),
    );
    let table = DeTable::parse(&table).unwrap();
    let mutants = table.get_ref()["mutant"].get_ref().as_array().unwrap();
    let mut paths = Vec::new();
    below(&root.join("src"), &mut paths);
    let sources: Vec<String> = paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut stale = Vec::new();
    for mutant in mutants {
        let mutant = mutant.get_ref().as_table().unwrap();
        let name = text_of(mutant, "name").unwrap();
        let count = read(text_of(mutant, "file").unwrap())
            .matches(text_of(mutant, "before").unwrap())
            .count();
        if count != 1 {
            stale.push(format!("{name}: the guard is there {count} times"));
        }
        if let Some(test) = text_of(mutant, "test") {
            let function = format!("fn {}(", test.rsplit("::").next().unwrap());
            if !sources.iter().any(|source| source.contains(&function)) {
                stale.push(format!("{name}: there is no test {test}"));
            }
        } else if text_of(mutant, "reason").is_none() {
            stale.push(format!("{name}: neither a test nor a reason to live"));
        }
        if !result.contains(&format!("\n| {name} | ")) {
            stale.push(format!("{name}: RESULT.md does not have it"));
        }
    }
    assert!(
        stale.is_empty(),
        "mend tests/mutants/mutants.toml, and run tests/mutants/run.py:\n{}",
        stale.join("\n")
    );
}

#[test]
fn the_readers_of_this_test_read_what_they_should() {
    let text =
        "use crate::a::{b::C, d};\n#[cfg(test)]\nmod tests {\n    use crate::z;\n}\nfn f() {}\n";
    assert_eq!(without_tests(text), "use crate::a::{b::C, d};\nfn f() {}\n");
    assert_eq!(
        expanded("crate::a::{b::C,d}"),
        ["crate::a::b::C", "crate::a::d"]
    );
    assert_eq!(absolute("a::b", "super::c::D").unwrap(), "a::c::D");
    let arrows = BTreeMap::from([
        ("a".to_owned(), BTreeSet::from(["b".to_owned()])),
        ("b".to_owned(), BTreeSet::from(["c".to_owned()])),
        ("c".to_owned(), BTreeSet::from(["a".to_owned()])),
        ("d".to_owned(), BTreeSet::from(["a".to_owned()])),
    ]);
    assert_eq!(circles(&arrows), [["a", "b", "c"]]);
}
