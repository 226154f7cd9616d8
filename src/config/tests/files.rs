//! Files: what cannot be read, what others could read, and `conf.d`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::{files, load, load_without_credentials};
use super::MINIMAL;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that is its owner's alone.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        path
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn rejection(path: &Path) -> String {
    match load(path) {
        Ok(loaded) => panic!("accepted: {:?}", loaded.config),
        Err(rejected) => rejected.to_string(),
    }
}

/// That loading this says one line, which names the file and holds these words.
#[track_caller]
fn one_line(path: &Path, says: &str) {
    let rejection = rejection(path);
    assert_eq!(rejection.lines().count(), 1, "{rejection}");
    assert!(
        rejection.starts_with(&format!("{}: ", path.display())),
        "{rejection}"
    );
    assert!(rejection.contains(says), "{rejection}");
    for rustism in ["os error", "Error", "Err(", "Utf8", "Os {"] {
        assert!(!rejection.contains(rustism), "{rejection}");
    }
}

#[test]
fn what_is_no_config_file_is_one_clear_line() {
    let folder = Folder::new();
    one_line(&folder.path("missing.toml"), "there is no such file");
    one_line(
        &folder.write("file", "").join("below"),
        "there is no such file",
    );
    one_line(folder.0.path(), "is a directory");
    for (name, bytes, place) in [
        ("rubbish", &[0x7f, b'E', b'L', b'F', 0xff, 0][..], "1:5"),
        ("zero", b"a\n\xc3\xa9\0b", "2:2"),
    ] {
        let said = rejection(&folder.write(name, bytes));
        assert!(
            said.contains(&format!("{name}:{place}: is not text")),
            "{said}"
        );
    }
    one_line(Path::new("/dev/null"), "is not a regular file");
    let looped = folder.path("loop");
    symlink(&looped, &looped).unwrap();
    one_line(&looped, "cannot be read: too many symbolic links");
}

#[test]
fn a_pipe_is_refused_without_waiting_for_its_other_end() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    one_line(&pipe, "is not a regular file");
}

#[test]
fn a_file_over_the_limit_is_refused_and_one_below_it_read() {
    let folder = Folder::new();
    let path = folder.write("large.toml", MINIMAL);
    let limit = files::LARGEST_CONFIG;
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_len(limit + 1)
        .unwrap();
    one_line(&path, "at most 16 MiB");
    // All files of a config count together.
    let path = folder.write("config.toml", format!("{MINIMAL}#{}", "x".repeat(1024)));
    folder.write(
        "conf.d/a.toml",
        format!("#{}", "x".repeat(usize::try_from(limit).unwrap() - 1024)),
    );
    assert!(rejection(&path).contains("a.toml: is too large"));
}

#[test]
fn a_file_that_may_not_be_read_is_said_to_be_so() {
    let folder = Folder::new();
    let path = folder.write("config.toml", MINIMAL);
    set_mode(&path, 0o000);
    // Root reads everything; the rule can only be seen as another user.
    if fs::File::open(&path).is_err() {
        one_line(&path, "may not be read by this user");
    }
}

#[test]
fn conf_d_adds_certificates_in_the_order_of_file_names() {
    let folder = Folder::new();
    let path = folder.write(
        "config.toml",
        format!("[defaults]\nkey = \"ECC\"\n{MINIMAL}"),
    );
    for (name, domain) in [("b.toml", "b.example"), ("a.toml", "z.example")] {
        folder.write(
            &format!("conf.d/{name}"),
            format!("[[certificates]]\ndomain = \"{domain}\"\n"),
        );
    }
    folder.write("conf.d/readme.txt", "not a config");
    folder.write("conf.d/.a.toml.swp.toml", "not a config");
    folder.write("conf.d/empty.toml", "# nothing yet\n");
    let loaded = load(&path)
        .map_err(|rejected| rejected.to_string())
        .unwrap();
    let domains: Vec<&str> = loaded
        .config
        .certificates
        .iter()
        .map(|c| c.domain.as_str())
        .collect();
    assert_eq!(domains, ["wgc.red", "z.example", "b.example"]);
    let last = &loaded.config.certificates[2];
    assert_eq!(
        last.line.to_string(),
        format!("{}:2:10", folder.path("conf.d/b.toml").display())
    );
    assert_eq!(
        last.key.name(),
        "ECC",
        "the defaults of the main file count"
    );
}

#[test]
fn conf_d_alone_may_hold_the_certificates() {
    let folder = Folder::new();
    let path = folder.write("config.toml", "");
    assert!(rejection(&path).contains("there is no certificate to look after"));
    folder.write("conf.d/a.toml", MINIMAL);
    assert!(load(&path).is_ok());
}

#[test]
fn mistakes_of_all_files_come_together_and_in_order() {
    let folder = Folder::new();
    let path = folder.write("config.toml", format!("[api]\ntimeout = 1\n{MINIMAL}"));
    folder.write(
        "conf.d/a.toml",
        "[schedule]\npoll = \"1s\"\n[[certificates]]\ndomain = \"wgc.red\"\n",
    );
    folder.write("conf.d/b.toml", [0xff]);
    folder.write(
        "conf.d/c.toml",
        "[[certificates]]\nkey = \"x\"\ndomain = \"c.example\"\n",
    );
    fs::create_dir(folder.path("conf.d/d.toml")).unwrap();
    let rejection = rejection(&path);
    let lines: Vec<&str> = rejection
        .lines()
        .filter(|line| !line.starts_with("  "))
        .collect();
    let expected = [
        ("config.toml:2:11: ", "`timeout` has no unit"),
        ("conf.d/a.toml:1:2: ", "`schedule` cannot be set"),
        ("conf.d/a.toml:4:10: ", "is listed twice; it is at"),
        ("conf.d/b.toml:1:1: ", "is not text"),
        ("conf.d/c.toml:2:7: ", "`key` cannot be `x`"),
        ("conf.d/d.toml: ", "is a directory"),
    ];
    assert_eq!(lines.len(), expected.len(), "{rejection}");
    for (line, (place, says)) in lines.iter().zip(expected) {
        assert!(line.contains(place) && line.contains(says), "{line}");
    }
    assert!(
        rejection.contains("hold only [[certificates]]; move it to the main file"),
        "{rejection}"
    );
}

#[test]
fn a_conf_d_that_is_no_folder_is_a_mistake() {
    let folder = Folder::new();
    let path = folder.write("config.toml", MINIMAL);
    folder.write("conf.d", "");
    assert!(
        rejection(&path).contains("conf.d: cannot be read: not a directory"),
        "{}",
        rejection(&path)
    );
}

#[test]
fn the_digest_changes_with_any_file() {
    let folder = Folder::new();
    let path = folder.write("config.toml", MINIMAL);
    let digest = || load(&path).unwrap().digest;
    let first = digest();
    assert_eq!(first, digest());
    folder.write("conf.d/a.toml", "");
    let second = digest();
    folder.write("conf.d/a.toml", "#");
    assert!(first != second && second != digest() && first.len() == 64);
}

/// A config whose account has its key in this file.
fn with_key_file(folder: &Folder, file: &str) -> PathBuf {
    let text = format!(
        "[accounts.default]\nsecret_id = \"AKID\"\nsecret_key_file = \"{file}\"\n{MINIMAL}"
    );
    folder.write("config.toml", text)
}

/// What a config is warned of. No edit of it mends what lies outside, so it is valid all the same.
fn warnings(path: &Path) -> String {
    let loaded = load(path).map_err(|rejected| rejected.to_string()).unwrap();
    let warnings = loaded.warnings.iter();
    warnings.map(|warning| format!("{warning}\n")).collect()
}

#[test]
fn a_secret_file_that_is_not_its_owner_s_alone_is_warned_of() {
    let folder = Folder::new();
    let key = folder.write("key", "SECRET");
    // Relative to the config, not to where the process was started.
    let path = with_key_file(&folder, "key");
    for mode in [0o604, 0o640, 0o644, 0o602, 0o601, 0o777] {
        set_mode(&key, mode);
        let warned = warnings(&path);
        assert!(
            warned.contains(&format!(":3:19: `secret_key_file`: {}", key.display())),
            "{warned}"
        );
        assert!(warned.contains(&format!("(mode {mode:04o})")), "{warned}");
        assert!(
            warned.contains(&format!("chmod 600 {}", key.display())),
            "{warned}"
        );
    }
    for mode in [0o600, 0o400] {
        set_mode(&key, mode);
        let loaded = load(&path)
            .map_err(|rejected| rejected.to_string())
            .unwrap();
        assert_eq!(
            loaded.config.accounts["default"].secret_key_file.as_deref(),
            Some(key.as_path())
        );
    }
}

#[test]
fn a_secret_file_that_is_not_there_yet_or_not_usable_is_warned_of() {
    let folder = Folder::new();
    let path = with_key_file(&folder, "key");
    assert!(warnings(&path).contains("does not exist (yet)"));
    fs::create_dir(folder.path("key")).unwrap();
    assert!(warnings(&path).contains("is not a file"));
    fs::remove_dir(folder.path("key")).unwrap();
    folder.write("key", "");
    assert!(warnings(&path).contains("is empty (yet)"));
    folder.write("key", vec![b'x'; 64 * 1024 + 1]);
    assert!(warnings(&path).contains("is larger than 64 KiB"));
    folder.write("key", vec![b'x'; 64 * 1024]);
    assert!(warnings(&path).is_empty());
}

#[test]
fn a_key_in_two_places_is_refused() {
    let folder = Folder::new();
    folder.write("key", "SECRET");
    let text = format!(
        "[accounts.default]\nsecret_id = \"A\"\nsecret_id_file = \"key\"\nsecret_key = \"x\"\nsecret_key_file = \"key\"\n{MINIMAL}"
    );
    let rejection = rejection(&folder.write("config.toml", text));
    assert!(
        rejection.contains(":3:18: `secret_id` and `secret_id_file` are both set"),
        "{rejection}"
    );
    assert!(
        rejection.contains(":5:19: `secret_key` and `secret_key_file` are both set"),
        "{rejection}"
    );
}

#[test]
fn a_config_with_a_secret_in_it_must_be_its_owner_s_alone() {
    let folder = Folder::new();
    let account = "[accounts.default]\nsecret_id = \"A\"\nsecret_key = \"x\"\n";
    let proxy = "[api]\nproxy = \"http://me:pass@proxy:3128\"\n";
    for (text, place) in [(account, ":3:14: `secret_key`"), (proxy, ":2:9: `proxy`")] {
        let path = folder.write("config.toml", format!("{text}{MINIMAL}"));
        assert!(load(&path).is_ok());
        set_mode(&path, 0o644);
        let rejection = rejection(&path);
        assert!(
            rejection.contains(place) && rejection.contains("open to others"),
            "{rejection}"
        );
        assert!(
            rejection.contains(&format!("chmod 600 {}", path.display())),
            "{rejection}"
        );
    }
    let path = folder.write("config.toml", MINIMAL);
    set_mode(&path, 0o644);
    assert!(load(&path).is_ok(), "without a secret anybody may read it");
}

#[test]
fn a_run_without_credentials_neither_keeps_them_nor_looks_at_their_files() {
    let folder = Folder::new();
    let text = format!(
        "[accounts.default]\nsecret_id_file = \"/nonexistent\"\nsecret_key = \"x\"\ntoken = \"t\"\nfree_limit = 9\n{MINIMAL}"
    );
    let path = folder.write("config.toml", text);
    set_mode(&path, 0o644);
    let loaded = load_without_credentials(&path)
        .map_err(|rejected| rejected.to_string())
        .unwrap();
    let account = &loaded.config.accounts["default"];
    assert_eq!(account.free_limit, 9);
    assert!(account.secret_id.is_none() && account.secret_key.is_none() && account.token.is_none());
    assert!(account.secret_id_file.is_none() && account.secret_key_file.is_none());
}
