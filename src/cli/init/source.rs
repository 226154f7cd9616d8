//! Where nginx's configuration comes from: `nginx -T`, a file that holds its output, a file, or a folder; and what its
//! `include`s bring together.
//!
//! What can't be read or understood is said, never passed over in silence: a site that is missing here would go on without a
//! certificate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use glob::{MatchOptions, Pattern};
use secrecy::ExposeSecret;

use super::grammar::{Directive, parse};
use super::sentences as say;
use crate::clock::SystemClock;
use crate::command::{self, CommandError, Environment, Run};
use crate::sentence::Sentence;

/// The most that is read in all, in bytes: a machine with ten thousand sites has some 20 MiB.
const LARGEST: usize = 64 * 1024 * 1024;

/// The most files that are read.
const MOST_FILES: usize = 50_000;

/// Includes within includes; nginx itself sets no limit, real ones have three.
const DEEPEST: usize = 16;

/// The main file lies so many folders above its sites, at most: itself, `sites-enabled`, one in that.
const ABOVE: usize = 3;

/// `nginx -T` takes a second with thousands of sites; it looks up the names of upstreams, which may take a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// What stands before each file in the output of `nginx -T`, and behind its name.
const HEADING: (&str, &str) = ("# configuration file ", ":");

/// How nginx and its kin are called, and where panels and builds from the source put them.
const PROGRAMS: [&str; 9] = [
    "nginx",
    "/usr/sbin/nginx",
    "/usr/local/nginx/sbin/nginx",
    "/usr/local/sbin/nginx",
    "/www/server/nginx/sbin/nginx",
    "/usr/local/openresty/nginx/sbin/nginx",
    "openresty",
    "tengine",
    "angie",
];

/// As `glob(3)`, which nginx uses.
const AS_NGINX: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Names of files that editors and package managers leave beside configurations.
const LEFT_BEHIND: [&str; 8] = [
    "~",
    ".bak",
    ".old",
    ".orig",
    ".save",
    ".swp",
    ".disabled",
    ".dpkg-dist",
];

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    /// No nginx was found.
    #[error(
        "nginx is not installed where it is looked for; name a folder of its configuration, or a file with what `nginx -T` prints: --from-nginx=PATH"
    )]
    NoProgram,
    /// It is there, and gave no configuration.
    #[error(
        "{0}; `nginx -T` has to work: run this as root, or name a folder of its configuration: --from-nginx=/etc/nginx"
    )]
    Program(#[from] CommandError),
    /// What was named can't be read.
    #[error("{} can't be read: {source}; check the path and its rights", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was named is no file and no folder with files.
    #[error("{} has no configuration of nginx's in it; name its nginx.conf, or its folder of sites", .0.display())]
    Empty(PathBuf),
    /// There is more than any machine has.
    #[error("the configuration has more than {MOST_FILES} files or {} MiB; name the folder of the sites alone", LARGEST / 1024 / 1024)]
    TooMuch,
}

/// A configuration, with what its includes lead to in their places.
pub(super) struct Configuration {
    /// What stands in the main file, or in the files of a folder of sites.
    pub(super) directives: Vec<Directive>,
    /// What could not be read or understood.
    pub(super) unclear: Vec<Sentence>,
}

/// As nginx on this machine reads it.
///
/// # Errors
/// See [`SourceError`].
pub(super) async fn of_this_machine() -> Result<Configuration, SourceError> {
    for program in PROGRAMS {
        let argv = [program.to_owned(), "-T".to_owned()];
        let run = Run {
            whole: Some(LARGEST),
            ..Run::new(&argv, Environment::inherited(), PATIENCE)
        };
        match command::run(run, &SystemClock::new()).await {
            Ok(ran) => return of_output(ran.whole.expose_secret()),
            Err(CommandError::Start { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(SourceError::NoProgram)
}

/// As what lies at this path says.
///
/// # Errors
/// See [`SourceError`].
pub(super) fn of_path(path: &Path) -> Result<Configuration, SourceError> {
    let unreadable = |source| SourceError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    // Includes are told from the main file's folder.
    let path = std::path::absolute(path).map_err(unreadable)?;
    let metadata = std::fs::metadata(&path).map_err(unreadable)?;
    if !metadata.is_dir() {
        let text =
            crate::files::read(&path, LARGEST as u64).map_err(|error| unreadable(error.into()))?;
        if sections(&text).next().is_some() {
            return of_output(&text);
        }
        return Reading::new(Files::OnDisk).from(&[path]);
    }
    let main = [path.join("nginx.conf"), path.join("conf/nginx.conf")];
    if let Some(main) = main.into_iter().find(|main| main.is_file()) {
        return Reading::new(Files::OnDisk).from(&[main]);
    }
    let mut sites = Vec::new();
    for entry in std::fs::read_dir(&path).map_err(unreadable)? {
        let site = entry.map_err(unreadable)?.path();
        let name = site.file_name().unwrap_or_default().to_string_lossy();
        let is_left = name.starts_with('.') || LEFT_BEHIND.iter().any(|end| name.ends_with(end));
        if !is_left && site.is_file() {
            sites.push(site);
        }
    }
    if sites.is_empty() {
        return Err(SourceError::Empty(path));
    }
    sites.sort();
    Reading::new(Files::OnDisk).from(&sites)
}

/// What `nginx -T` printed: each file once, the main one first.
fn of_output(text: &[u8]) -> Result<Configuration, SourceError> {
    let mut files = BTreeMap::new();
    let mut main = None;
    for (name, content) in sections(text) {
        main.get_or_insert_with(|| name.clone());
        files.entry(name).or_insert(content);
    }
    let main = main.ok_or_else(|| SourceError::Empty(PathBuf::from("nginx -T")))?;
    Reading::new(Files::Printed(files)).from(&[main])
}

/// The files in the output of `nginx -T`, with their names.
fn sections(text: &[u8]) -> impl Iterator<Item = (PathBuf, &[u8])> {
    let heading = |line: &[u8]| {
        let line = std::str::from_utf8(line).ok()?.trim_end();
        let name = line.strip_prefix(HEADING.0)?.strip_suffix(HEADING.1)?;
        Some(PathBuf::from(name))
    };
    let mut rest = text;
    let mut next = None;
    std::iter::from_fn(move || {
        let mut from = rest;
        let mut length = 0;
        while !rest.is_empty() {
            let line_end = rest.iter().position(|byte| *byte == b'\n');
            let (line, after) = rest.split_at(line_end.map_or(rest.len(), |at| at + 1));
            rest = after;
            match (heading(line), next.take()) {
                // What nginx says of itself stands before the first.
                (Some(name), None) => {
                    next = Some(name);
                    from = rest;
                    length = 0;
                }
                (Some(name), Some(whole)) => {
                    next = Some(name);
                    return Some((whole, &from[..length]));
                }
                (None, before) => {
                    next = before;
                    length += line.len();
                }
            }
        }
        next.take().map(|whole| (whole, &from[..length]))
    })
}

/// Where files are looked for.
enum Files<'t> {
    /// What `nginx -T` printed.
    Printed(BTreeMap<PathBuf, &'t [u8]>),
    /// The file system.
    OnDisk,
}

impl Files<'_> {
    fn has(&self, path: &Path) -> bool {
        match self {
            Self::Printed(files) => files.contains_key(path),
            Self::OnDisk => path.is_file(),
        }
    }

    /// The files that a pattern matches, by name.
    fn matching(&self, pattern: &str) -> Vec<PathBuf> {
        match self {
            Self::Printed(files) => match Pattern::new(pattern) {
                Ok(matcher) => {
                    let names = files.keys();
                    let fits = |name: &&PathBuf| {
                        name.as_os_str() == pattern || matcher.matches_path_with(name, AS_NGINX)
                    };
                    names.filter(fits).cloned().collect()
                }
                Err(_) => Vec::new(),
            },
            Self::OnDisk => match glob::glob_with(pattern, AS_NGINX) {
                Ok(found) => found.flatten().collect(),
                Err(_) => Vec::new(),
            },
        }
    }
}

/// A configuration that is being read.
struct Reading<'t> {
    source: Files<'t>,
    /// Where relative includes start.
    prefix: PathBuf,
    files: usize,
    bytes: usize,
    unclear: Vec<Sentence>,
}

impl<'t> Reading<'t> {
    fn new(source: Files<'t>) -> Self {
        Self {
            source,
            prefix: PathBuf::new(),
            files: 0,
            bytes: 0,
            unclear: Vec::new(),
        }
    }

    fn from(mut self, files: &[PathBuf]) -> Result<Configuration, SourceError> {
        let folder = files.first().and_then(|first| first.parent());
        let folder = folder.unwrap_or(Path::new("/"));
        // What a site includes is told from the main file's folder, not from its own.
        let mut above = folder.ancestors().take(ABOVE);
        let main = above.find(|above| self.source.has(&above.join("nginx.conf")));
        self.prefix = main.unwrap_or(folder).to_path_buf();
        let mut directives = Vec::new();
        for file in files {
            directives.extend(self.file(file, 0)?);
        }
        Ok(Configuration {
            directives,
            unclear: self.unclear,
        })
    }

    /// What stands in a file, with its includes followed.
    fn file(&mut self, path: &Path, depth: usize) -> Result<Vec<Directive>, SourceError> {
        let read: Vec<u8>;
        let text: &[u8] = match &self.source {
            Files::Printed(files) => files.get(path).copied().unwrap_or_default(),
            Files::OnDisk => match crate::files::read(path, LARGEST as u64) {
                Ok(bytes) => {
                    read = bytes.to_vec();
                    &read
                }
                Err(error) => {
                    self.unclear.push(say::unreadable(path.display(), error));
                    return Ok(Vec::new());
                }
            },
        };
        self.files += 1;
        self.bytes = self.bytes.saturating_add(text.len());
        if self.files > MOST_FILES || self.bytes > LARGEST {
            return Err(SourceError::TooMuch);
        }
        if text.starts_with(b"-----BEGIN ") {
            // Certificates and keys lie beside sites at times.
            return Ok(Vec::new());
        }
        match parse(&Arc::from(path), text) {
            Ok(directives) => self.expanded(directives, depth),
            Err(error) => {
                self.unclear
                    .push(say::not_understood(error.place, error.what));
                Ok(Vec::new())
            }
        }
    }

    /// These directives, with what their includes lead to in their places.
    fn expanded(
        &mut self,
        directives: Vec<Directive>,
        depth: usize,
    ) -> Result<Vec<Directive>, SourceError> {
        let mut all = Vec::with_capacity(directives.len());
        for mut directive in directives {
            if directive.name() == "include" && directive.block.is_none() {
                all.extend(self.included(&directive, depth)?);
                continue;
            }
            if let Some(block) = directive.block.take() {
                directive.block = Some(self.expanded(block, depth)?);
            }
            all.push(directive);
        }
        Ok(all)
    }

    fn included(
        &mut self,
        include: &Directive,
        depth: usize,
    ) -> Result<Vec<Directive>, SourceError> {
        let Some(written) = include.arguments().first() else {
            return Ok(Vec::new());
        };
        let pattern = self.prefix.join(written);
        let found = self.source.matching(&pattern.to_string_lossy());
        if depth == DEEPEST {
            self.unclear
                .push(say::include_too_deep(&include.place, written));
            return Ok(Vec::new());
        }
        // A pattern may match nothing; a file that is named should be there.
        if found.is_empty() && !written.contains(['*', '?', '[']) {
            self.unclear
                .push(say::include_leads_nowhere(&include.place, written));
        }
        let mut all = Vec::new();
        for file in found {
            all.extend(self.file(&file, depth + 1)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directives: &[Directive]) -> Vec<String> {
        let mut all = Vec::new();
        for directive in directives {
            if directive.name() == "server_name" {
                all.extend(directive.arguments().iter().cloned());
            }
            all.extend(names(directive.block.as_deref().unwrap_or_default()));
        }
        all
    }

    #[test]
    fn the_output_of_nginx_is_read_with_its_includes_in_their_places() {
        let output = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
            nginx: configuration file /etc/nginx/nginx.conf test is successful\n\
            # configuration file /etc/nginx/nginx.conf:\nhttp {\n include mime.types;\n include sites-enabled/*;\n include /srv/extra.conf;\n}\n\n\
            # configuration file /etc/nginx/mime.types:\ntypes { text/html html; }\n\n\
            # configuration file /etc/nginx/sites-enabled/b:\nserver { server_name b.example; }\n\n\
            # configuration file /etc/nginx/sites-enabled/a:\nserver { server_name a.example; location / { if ($x) { include snippets/tls.conf; } limit_except GET { include snippets/tls.conf; } } }\n\n\
            # configuration file /etc/nginx/snippets/tls.conf:\nssl_protocols TLSv1.3;\n\n\
            # configuration file /srv/extra.conf:\nserver { server_name c.example; }";
        let read = of_output(output.as_bytes()).unwrap();
        assert!(read.unclear.is_empty(), "{:?}", read.unclear);
        assert_eq!(
            names(&read.directives),
            ["a.example", "b.example", "c.example"]
        );
        let server = &read.directives[0].block.as_ref().unwrap()[1];
        assert_eq!(server.place.to_string(), "/etc/nginx/sites-enabled/a:1");
    }

    #[test]
    fn a_folder_of_sites_and_a_main_file_are_read_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("conf.d")).unwrap();
        let main = "http { include conf.d/*.conf; include conf.d/gone.inc; }";
        std::fs::write(at("nginx.conf"), main).unwrap();
        std::fs::write(at("conf.d/a.conf"), "server { server_name a.example; }").unwrap();
        std::fs::write(at("conf.d/b.conf"), "server { server_name b.example }").unwrap();
        std::fs::write(at("conf.d/c.conf.bak"), "server { server_name c.example; }").unwrap();
        let whole = of_path(folder.path()).unwrap();
        assert_eq!(names(&whole.directives), ["a.example"]);
        let unclear: Vec<&str> = whole
            .unclear
            .iter()
            .map(|one| one.english.as_str())
            .collect();
        assert!(
            unclear[0].contains("b.conf:1: a } where a ; should be"),
            "{unclear:?}"
        );
        assert!(unclear[1].contains("conf.d/gone.inc"), "{unclear:?}");
        std::fs::write(at("conf.d/d.conf"), "server { include d.names; }").unwrap();
        std::fs::write(at("d.names"), "server_name d.example;").unwrap();
        let d = at("conf.d/d.conf");
        assert_eq!(names(&of_path(&d).unwrap().directives), ["d.example"]);
        std::fs::remove_file(d).unwrap();
        // The folder of the sites alone, a certificate among them, and the main file by its name.
        std::fs::write(at("conf.d/a.pem"), "-----BEGIN CERTIFICATE-----\nMA==\n").unwrap();
        let sites = of_path(&at("conf.d")).unwrap();
        assert_eq!(names(&sites.directives), ["a.example"]);
        assert_eq!(sites.unclear.len(), 1, "{:?}", sites.unclear);
        assert_eq!(
            names(&of_path(&at("nginx.conf")).unwrap().directives),
            ["a.example"]
        );
        assert!(matches!(
            of_path(&at("nowhere")),
            Err(SourceError::Unreadable { .. })
        ));
        std::fs::create_dir(at("empty")).unwrap();
        assert!(matches!(of_path(&at("empty")), Err(SourceError::Empty(_))));
    }

    #[test]
    fn a_file_that_includes_itself_is_not_followed_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("nginx.conf");
        std::fs::write(
            &main,
            "http { server { server_name a.example; } include nginx.conf; }",
        )
        .unwrap();
        let read = of_path(&main).unwrap();
        assert!(!read.unclear.is_empty());
    }
}
