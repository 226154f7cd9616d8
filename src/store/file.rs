//! The file of the database, before SQLite sees it.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;

use super::StoreError;

/// The file's name inside the state folder.
pub const FILE: &str = "evercert.db";

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Creates the state folder for its owner alone, where it is missing.
///
/// # Errors
/// The folder can't be made, or is a file.
pub fn prepare_folder(state_dir: &Path) -> Result<(), StoreError> {
    let failed = failed(state_dir);
    if !state_dir.exists() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(state_dir)
            .map_err(&failed)?;
    }
    if fs::metadata(state_dir).map_err(&failed)?.is_dir() {
        return Ok(());
    }
    Err(failed(io::Error::from(io::ErrorKind::NotADirectory)))
}

/// The file exists with mode 0600 before SQLite sees it; its companions (`-wal`, `-shm`) take over the mode.
pub(super) fn prepare_file(path: &Path) -> Result<(), StoreError> {
    let failed = failed(path);
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(&failed)?;
    let metadata = file.metadata().map_err(&failed)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(&failed)?;
    }
    if metadata.len() > 0 {
        check_magic(path)?;
    }
    Ok(())
}

/// SQLite takes an empty file as a new database and some damage as another format; what isn't a database is said so.
pub(super) fn check_magic(path: &Path) -> Result<(), StoreError> {
    let mut head = [0_u8; 16];
    let damaged = |detail: &str| StoreError::Damaged {
        path: path.to_path_buf(),
        detail: detail.to_owned(),
    };
    let mut file = crate::files::open(path).map_err(|error| failed(path)(error.into()))?;
    match file.read_exact(&mut head) {
        Ok(()) if head == *MAGIC => Ok(()),
        Ok(()) => Err(damaged("it does not begin as an SQLite file does")),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(damaged("it is cut short"))
        }
        Err(source) => Err(failed(path)(source)),
    }
}

/// What every connection is opened with.
pub(super) fn base_options(path: &Path) -> SqliteConnectOptions {
    use sqlx::ConnectOptions;
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging()
}

/// What a connection is opened with that leaves no trace, while nobody writes.
///
/// - Without a write-ahead log, or with an empty one, the database is all there is, and it stands still (`immutable`).
/// - The log that a crash left is read beside it, with its index in memory (`readonly_shm`). That takes the file of the
///   index to be there; a log alone is what copying by hand leaves, and only then SQLite makes one.
pub(super) fn looking_options(path: &Path) -> SqliteConnectOptions {
    let beside = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        fs::metadata(name).map_or(0, |metadata| metadata.len())
    };
    let way = match (beside("-wal"), beside("-shm")) {
        (0, _) => "immutable",
        (_, 0) => return base_options(path).read_only(true),
        _ => "readonly_shm",
    };
    // The options know no such key; SQLite takes it from a URI, whose own marks are escaped in the path.
    let escaped = path.to_string_lossy().replace('%', "%25");
    let escaped = escaped.replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{escaped}?{way}=1");
    base_options(Path::new(&uri)).read_only(true)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::File {
        path: path.to_path_buf(),
        source,
    }
}
