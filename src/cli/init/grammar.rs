//! The grammar of nginx's configuration: words, quotes, `;`, `{` and `}`, comments, and blocks of Lua.
//!
//! As nginx itself takes words apart (`ngx_conf_read_token`, nginx 1.22), so that whatever nginx starts with is read as nginx
//! reads it: a `#` begins a comment only where a word could begin, a `}` within a word belongs to it, a `{` behind a `$`
//! too, and a backslash keeps the next character from ending a word. What a word means is not known here.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Blocks within blocks; real configurations have six or seven.
const DEEPEST: usize = 64;

/// The end of the names of directives whose block is Lua (lua-nginx-module).
const LUA_BLOCK: &str = "_by_lua_block";

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, as nginx or the operator named it.
    pub(super) file: Arc<Path>,
    /// The line, counted from 1.
    pub(super) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One directive.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    /// Its name and what follows, without quotes. Never empty.
    pub(super) words: Vec<String>,
    /// What stands in its block, if it has one. Of a block of Lua: nothing.
    pub(super) block: Option<Vec<Directive>>,
    /// Where its name stands.
    pub(super) place: Place,
}

impl Directive {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// What follows its name.
    pub(super) fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// What is no configuration of nginx's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub(super) struct SyntaxError {
    /// Where.
    pub(super) place: Place,
    /// What is wrong there.
    pub(super) what: &'static str,
}

/// Reads the text of one file. An `include` is a directive like any other.
///
/// # Errors
/// It is none of nginx's.
pub(super) fn parse(file: &Arc<Path>, text: &[u8]) -> Result<Vec<Directive>, SyntaxError> {
    let mut reader = Reader {
        file,
        text: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
        at: 0,
        line: 1,
    };
    let mut done = Vec::new();
    // Blocks that are open: the directive, and what stood around it.
    let mut open: Vec<(Directive, Vec<Directive>)> = Vec::new();
    loop {
        let (directive, end) = reader.directive()?;
        match end {
            End::Semicolon => done.push(directive),
            End::Open if directive.name().ends_with(LUA_BLOCK) => {
                reader.skip_lua()?;
                done.push(directive);
            }
            End::Open if open.len() == DEEPEST => {
                return reader.fails("too many blocks within blocks");
            }
            End::Open => open.push((directive, std::mem::take(&mut done))),
            End::Close => {
                let Some((mut directive, around)) = open.pop() else {
                    return reader.fails("a } that closes nothing");
                };
                directive.block = Some(std::mem::replace(&mut done, around));
                done.push(directive);
            }
            End::File if open.is_empty() => return Ok(done),
            End::File => return reader.fails("the file ends within a block"),
        }
    }
}

/// What ends the words of a directive.
#[derive(Clone, Copy)]
enum End {
    Semicolon,
    Open,
    Close,
    File,
}

struct Reader<'t> {
    file: &'t Arc<Path>,
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl Reader<'_> {
    fn fails<T>(&self, what: &'static str) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            place: self.place(),
            what,
        })
    }

    fn place(&self) -> Place {
        Place {
            file: Arc::clone(self.file),
            line: self.line,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.line += usize::from(byte == b'\n');
        Some(byte)
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.next();
        }
    }

    /// The words up to the next `;`, `{`, `}` or the end.
    fn directive(&mut self) -> Result<(Directive, End), SyntaxError> {
        let mut words = Vec::new();
        let mut place = self.place();
        loop {
            let end = match self.peek() {
                Some(byte) if is_blank(byte) => {
                    self.next();
                    continue;
                }
                Some(b'#') => {
                    self.skip_line();
                    continue;
                }
                Some(b';') => End::Semicolon,
                Some(b'{') => End::Open,
                Some(b'}') => End::Close,
                None => End::File,
                Some(first) => {
                    if words.is_empty() {
                        place = self.place();
                    }
                    words.push(match first {
                        b'"' | b'\'' => self.quoted(first)?,
                        _ => self.plain()?,
                    });
                    continue;
                }
            };
            match (end, words.is_empty()) {
                (End::Semicolon | End::Open, true) => {
                    return self.fails("a directive without a name");
                }
                (End::Close, false) => return self.fails("a } where a ; should be"),
                (End::File, false) => return self.fails("the file ends within a directive"),
                _ => {}
            }
            self.next();
            let directive = Directive {
                words,
                block: None,
                place,
            };
            return Ok((directive, end));
        }
    }

    /// A word without quotes. What ends it is left.
    fn plain(&mut self) -> Result<String, SyntaxError> {
        let begin = self.at;
        let mut behind_dollar = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => {
                    self.next();
                }
                b'{' if behind_dollar => {}
                _ if is_blank(byte) || matches!(byte, b';' | b'{') => {
                    return Ok(unescaped(&self.text[begin..self.at]));
                }
                _ => {}
            }
            // As nginx counts: it stays so through any number of braces.
            behind_dollar = byte == b'$' || (byte == b'{' && behind_dollar);
            self.next();
        }
        self.fails("the file ends within a word")
    }

    /// A word between quotes, which only a blank, `;`, `{` or `)` may follow.
    fn quoted(&mut self, quote: u8) -> Result<String, SyntaxError> {
        self.next();
        let begin = self.at;
        loop {
            match self.peek() {
                None => return self.fails("a quote that is never closed"),
                Some(byte) if byte == quote => break,
                Some(b'\\') => {
                    self.next();
                    self.next();
                }
                Some(_) => {
                    self.next();
                }
            }
        }
        let word = unescaped(&self.text[begin..self.at]);
        self.next();
        match self.peek() {
            Some(byte) if is_blank(byte) || matches!(byte, b';' | b'{' | b')') => Ok(word),
            None => Ok(word),
            Some(_) => self.fails("something stands right behind a quote"),
        }
    }

    /// To the end of a block of Lua, whose strings and comments may have braces.
    fn skip_lua(&mut self) -> Result<(), SyntaxError> {
        let mut depth = 1_usize;
        while let Some(byte) = self.next() {
            match byte {
                b'{' => depth += 1,
                b'}' if depth == 1 => return Ok(()),
                b'}' => depth -= 1,
                b'"' | b'\'' => self.skip_lua_string(byte),
                b'[' => {
                    self.skip_long_bracket();
                }
                b'-' if self.peek() == Some(b'-') => {
                    self.next();
                    let is_long = self.peek() == Some(b'[') && {
                        self.next();
                        self.skip_long_bracket()
                    };
                    if !is_long {
                        self.skip_line();
                    }
                }
                _ => {}
            }
        }
        self.fails("a block of Lua that is never closed")
    }

    fn skip_lua_string(&mut self, quote: u8) {
        while let Some(byte) = self.peek() {
            self.next();
            match byte {
                b'\\' => {
                    self.next();
                }
                b'\n' => return,
                _ if byte == quote => return,
                _ => {}
            }
        }
    }

    /// Behind a `[`: to the end of a text between `[[` and `]]`, or `[==[` and `]==]`; false where it is none.
    fn skip_long_bracket(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let level = rest.iter().take_while(|byte| **byte == b'=').count();
        if rest.get(level) != Some(&b'[') {
            return false;
        }
        let mut closing = vec![b'='; level + 2];
        closing[0] = b']';
        closing[level + 1] = b']';
        while self.at < self.text.len() && !self.text[self.at..].starts_with(&closing) {
            self.next();
        }
        self.at = self.text.len().min(self.at + closing.len());
        true
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A word with what its backslashes stand for; one before any other character stays, as in regular expressions.
fn unescaped(raw: &[u8]) -> String {
    let mut word = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let meant = match (byte, bytes.peek()) {
            (b'\\', Some(quoted @ (b'"' | b'\'' | b'\\'))) => Some(*quoted),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b'n')) => Some(b'\n'),
            _ => None,
        };
        if meant.is_some() {
            bytes.next();
        }
        word.push(meant.unwrap_or(byte));
    }
    String::from_utf8_lossy(&word).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file() -> Arc<Path> {
        Arc::from(Path::new("/etc/nginx/nginx.conf"))
    }

    /// A tree as `name argument{inner;inner}`, in one line.
    fn shown(directives: &[Directive]) -> String {
        let one = |directive: &Directive| {
            let words: Vec<String> = directive
                .words
                .iter()
                .map(|word| format!("<{word}>"))
                .collect();
            match &directive.block {
                Some(block) => format!("{}{{{}}}", words.join(""), shown(block)),
                None => words.join(""),
            }
        };
        let all: Vec<String> = directives.iter().map(one).collect();
        all.join(";")
    }

    fn read(text: &str) -> String {
        match parse(&file(), text.as_bytes()) {
            Ok(tree) => shown(&tree),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn words_blocks_quotes_and_comments_are_nginx_s() {
        for (text, tree) in [
            ("a b;c{d e;}", "<a><b>;<c>{<d><e>}"),
            ("server_name a\n\tb\r\n  c ;", "<server_name><a><b><c>"),
            ("a 'b c' \"d;{}\";", "<a><b c><d;{}>"),
            (
                r#"a "say \"x\" \\ \n" 'it\'s';"#,
                "<a><say \"x\" \\ \n><it's>",
            ),
            ("# a { b\na b#c; # d", "<a><b#c>"),
            ("\u{feff}a;", "<a>"),
            (
                "if ($host = x) { return 301; }",
                "<if><($host><=><x)>{<return><301>}",
            ),
            ("if ($a = \"b\") {}", "<if><($a><=><b><)>{}"),
            ("", ""),
        ] {
            assert_eq!(read(text), tree, "{text}");
        }
    }

    #[test]
    fn braces_within_words_are_taken_as_nginx_takes_them() {
        for (text, tree) in [
            (
                "proxy_pass http://${up}stream/$a;",
                "<proxy_pass><http://${up}stream/$a>",
            ),
            // Only a quote keeps a brace of a regular expression.
            (
                "location ~ \"^/[0-9]{3}$\" { }",
                "<location><~><^/[0-9]{3}$>{}",
            ),
            (
                r"location ~ ^/a\{2\}$ { b; }",
                r"<location><~><^/a\{2\}$>{<b>}",
            ),
            (
                "map $a $b { ~^x} 1; default 0; }",
                "<map><$a><$b>{<~^x}><1>;<default><0>}",
            ),
            (
                "location  ~ /[a-z0-9_-]+/ { rewrite /[a-z]+/(.*) /$2; }",
                "<location><~></[a-z0-9_-]+/>{<rewrite></[a-z]+/(.*)></$2>}",
            ),
            (
                "location = /resume\n# { rewrite .* /x; }\n{ rewrite .* /y redirect; }",
                "<location><=></resume>{<rewrite><.*></y><redirect>}",
            ),
        ] {
            assert_eq!(read(text), tree, "{text}");
        }
    }

    #[test]
    fn lua_is_passed_over_whatever_its_strings_and_comments_hold() {
        for body in [
            "print('hi')",
            "-- load all plugins that'll be used here }\n local a = {b = {}}",
            "local s = \"}\" local t = '\\'}' local u = [[ } ]] local v = [==[ ]] } ]==]",
            "--[[ } \n } ]] x()",
            "local a = b[c[1]] - -1",
        ] {
            let text = format!("http {{ init_by_lua_block {{ {body} }} server {{ listen 80; }} }}");
            assert_eq!(
                read(&text),
                "<http>{<init_by_lua_block>;<server>{<listen><80>}}",
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_configuration_is_said_with_its_line() {
        for (text, says) in [
            ("a b", "nginx.conf:1: the file ends within a"),
            ("a {\n b;\n", "nginx.conf:3: the file ends within a block"),
            ("a;\n}", "nginx.conf:2: a } that closes nothing"),
            ("a { b }", "a } where a ; should be"),
            ("a;;", "a directive without a name"),
            ("a \"b\nc", "a quote that is never closed"),
            ("a 'b'c;", "right behind a quote"),
            ("x_by_lua_block { '", "a block of Lua that is never closed"),
        ] {
            assert!(read(text).contains(says), "{text}: {}", read(text));
        }
        let deep = "a {".repeat(100_000);
        assert!(read(&deep).contains("too many blocks"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(parse(&file(), &text).is_ok_and(|tree| tree.iter().all(|one| !one.words.is_empty()))
                || parse(&file(), &text).is_err());
        }

        #[test]
        fn any_pieces_of_the_grammar_are_read_or_refused(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "a", " ", ";", "{", "}", "\"", "'", "\\", "$", "#", "\n", "_by_lua_block ", "[[", "]]", "--", "[=", "(", ")",
                ]),
                0..60,
            )
        ) {
            // That it ends, and within the text.
            let _read = parse(&file(), pieces.concat().as_bytes());
        }

        #[test]
        fn what_is_written_in_quotes_is_read_as_it_was_meant(words in proptest::collection::vec("[ -~]{1,12}", 1..5)) {
            let written: Vec<String> = words.iter()
                .map(|word| format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")))
                .collect();
            let tree = parse(&file(), format!("{};", written.join(" ")).as_bytes()).unwrap();
            prop_assert_eq!(&tree[0].words, &words);
        }
    }
}
