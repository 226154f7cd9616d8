//! Files that somebody else may have written, changed in every way: configs, backups, and what other versions kept in the database.

use std::fs::{self, File};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use evercert::config::{Effective, parse};
use evercert::lifecycle::delivery::{self, State};
use evercert::lifecycle::{
    Algorithm, Challenge, Orders, Policy, due, hold, plan, proof, schedule, urgency,
};
use evercert::observe::Event;
use evercert::observe::event::message_of;
use evercert::sentence::Language;
use evercert::store::{Candidate, Holding, NewEntry, Store, StoreError, Verb};

use crate::driver::{Target, assert_shown, variant};

/// What stands in the corpus where a secret does.
const SECRET: &str = "hunter2hunter2";

/// Whether the secret still stands where secrets stand, and nowhere else.
fn is_kept_as_a_secret(text: &str) -> bool {
    let keys = ["secret_key = \"", "token = \"", "csr_key_password = \""];
    let mut places = text.match_indices(SECRET).peekable();
    places.peek().is_some()
        && places.all(|(place, _)| keys.iter().any(|key| text[..place].ends_with(&format!("\n{key}"))))
        // A text that began before it would have it inside.
        && !text.contains("\"\"\"")
        && !text.contains("'''")
}

#[test]
fn no_config_makes_it_panic_show_a_secret_or_take_what_is_out_of_bounds() {
    let words: &[&str] = &[
        "[[certificates]]\n",
        "domain = \"",
        "[accounts.a]\n",
        "[defaults]\n",
        "[schedule]\n",
        "[http]\n",
        "[fleet]\n",
        "[api]\n",
        "[log]\n",
        "[notifications]\n",
        "[[notify]]\n",
        "[certificates.validation]\n",
        "renew_before = \"30d\"\n",
        "validation = { method = \"DNS\", provider = \"exec\", command = [\"",
        "install = { ",
        "\"\"\"",
        "'''",
        "# ",
        "99999999999999999999d",
        "-1h",
        "0s",
        "*",
        "0 0 31 2 *",
        "http://user:pw@",
        "unix:",
        "[::1]:0",
        "xn--",
        "é",
    ];
    Target::of("config").words(words).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let loaded = match parse(&text, None) {
            Err(rejected) => {
                assert!(!rejected.mistakes.is_empty());
                let lines = text.lines().count().max(1) + 1;
                for mistake in &rejected.mistakes {
                    assert!(mistake.line <= lines, "{mistake}");
                    assert_shown(&mistake.message, 2_000);
                    assert_shown(mistake.help.as_deref().unwrap_or_default(), 2_000);
                }
                let said = rejected.to_string();
                assert!(
                    !is_kept_as_a_secret(&text) || !said.contains(SECRET),
                    "{said}"
                );
                return rejected.mistakes[0].message.clone();
            }
            Ok(loaded) => loaded,
        };
        let config = &loaded.config;
        assert!(!config.certificates.is_empty());
        for warning in &loaded.warnings {
            assert_shown(&warning.message, 2_000);
        }
        for certificate in &config.certificates {
            assert_shown(&format!("{certificate:?}").replace('\n', " "), 100_000);
        }
        let shown = format!("{loaded:?}");
        let effective = Effective::of(config);
        let kept = serde_json::to_string(&effective).unwrap();
        assert!(!is_kept_as_a_secret(&text) || !(shown + &kept).contains(SECRET));
        let again: Effective = serde_json::from_str(&kept).unwrap();
        assert_eq!(again, effective);
        assert_eq!(parse(&text, None).unwrap().digest, loaded.digest);
        format!("{:?}", effective.settings.keys())
    });
}

/// What is kept as JSON, by this version and by others.
#[test]
fn no_record_of_another_version_makes_it_panic_or_forge_a_line() {
    Target::of("records").run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (fact, fields) = text.split_once('\n').unwrap_or((&text, "{}"));
        let entry = NewEntry {
            event: "order.dreamt".to_owned(),
            fact: fact.to_owned(),
            fields: fields.to_owned(),
            ..NewEntry::default()
        };
        let mut said = String::new();
        for language in [Language::English, Language::Chinese] {
            said = message_of(&entry, language);
            assert_shown(&said, 4_000);
        }
        if let Some(event) = Event::from_entry(&entry) {
            assert_eq!(Event::from_entry(&event.to_entry()), Some(event));
        }
        said.push_str(&read_again::<State>(&text));
        said.push_str(&read_again::<Vec<Challenge>>(&text));
        said.push_str(&read_again::<Verb>(&text));
        said.push_str(&read_again::<Vec<Holding>>(&text));
        said.push_str(&read_again::<Effective>(&text));
        said
    });
}

/// What can be read is written so that it is read as the same.
fn read_again<T>(text: &str) -> String
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    match serde_json::from_str::<T>(text) {
        Ok(value) => {
            let written = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<T>(&written).unwrap(), value);
            format!(" {}", std::any::type_name::<T>())
        }
        Err(_) => String::new(),
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap()
}

/// A backup with rows in it.
async fn backup(folder: &Path) -> Vec<u8> {
    let store = Store::open(folder, now()).await.unwrap();
    let entry = Event::of(evercert::observe::Fact::PassIdle).to_entry();
    store.append_history(now(), &[entry]).await.unwrap();
    let file = folder.join("made.backup");
    store.back_up(&file).await.unwrap();
    store.close().await;
    assert_eq!(run_sql(&file, &[ROWS]).await, 1);
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    bytes
}

/// Rows of what the record is about.
const ROWS: &str = include_str!("../fuzz/rows.sql");

/// All that the daemon and the verbs read first of a database that was restored.
async fn read_all(state_dir: &Path) -> String {
    let store = match Store::open(state_dir, now()).await {
        Ok(store) => store,
        Err(error) => return error.to_string(),
    };
    let said = match look(&store).await {
        Ok(said) => said,
        Err(error) => {
            assert_shown(&error.to_string(), 3_000);
            error.to_string()
        }
    };
    store.close().await;
    said
}

/// What the lifecycle makes of each row: whatever stands in it, there is a next step.
async fn look(store: &Store) -> Result<String, StoreError> {
    let now = now();
    let mut said = String::new();
    let holds = store.holds().await?;
    for hold in &holds {
        said.push_str(&format!("{} ", hold.in_force(now)));
    }
    for listing in store.records().await? {
        let policy = Policy {
            renew_before: listing.renew_before,
            poll: TimeDelta::seconds(30),
            algorithm: Algorithm::Ecc,
            inputs: listing.inputs.clone(),
            orders: Orders::Here,
        };
        let record = &listing.record;
        said.push_str(&format!("{:?} ", due(now, &policy, record)));
        said.push_str(&variant(&plan(now, &policy, record, &holds)));
        let scheduled = schedule(now, &policy, record, &holds);
        said.push_str(&format!("{} ", scheduled.at.is_some()));
        let alarms = (
            urgency::alarm(now, &policy, record),
            urgency::next_alarm(now, &policy, record).is_some(),
        );
        said.push_str(&format!("{alarms:?} "));
        assert!(hold::longest(now, record) > TimeDelta::zero());
    }
    for proof in store.proofs().await? {
        said.push_str(&variant(&proof::next(now, &proof)));
    }
    for (_, known) in store.all_deliveries().await? {
        said.push_str(&format!("{:?} ", delivery::next(&known, now)));
    }
    drop((
        store.sweeps().await?,
        store.open_requests().await?,
        store.due(now, true).await?,
    ));
    for entry in store.history(None, 50).await? {
        assert_shown(&message_of(&entry.what, Language::Chinese), 4_000);
    }
    Ok(said + &store.integrity().await?)
}

/// Numbers and texts that no program of ours writes, in a database that is whole otherwise.
#[test]
fn no_value_in_the_record_makes_the_lifecycle_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let made = tempfile::TempDir::new().unwrap();
    let good = runtime.block_on(backup(made.path()));
    let home = tempfile::TempDir::new().unwrap();
    let current = home.path().join(evercert::store::FILE);
    Target::of("rows").one_in(20).run(|bytes| {
        for entry in fs::read_dir(home.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        fs::write(&current, &good).unwrap();
        // One assignment a line: table, column, value.
        let text = String::from_utf8_lossy(bytes).replace('\0', "");
        let mut set = Vec::new();
        for line in text.lines().take(20) {
            let mut parts = line.splitn(3, ' ');
            let (table, column, value) = (parts.next(), parts.next(), parts.next());
            let (Some(table), Some(column), Some(value)) = (table, column, value) else {
                continue;
            };
            let is_plain = |word: &str| {
                word.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            };
            if !is_plain(table) || !is_plain(column) || table.is_empty() || column.is_empty() {
                continue;
            }
            let value = match value.parse::<i64>() {
                Ok(number) => number.to_string(),
                Err(_) => format!("'{}'", value.replace('\'', "''")),
            };
            set.push(format!("UPDATE {table} SET {column} = {value}"));
        }
        runtime.block_on(async {
            let taken = run_sql(&current, &set).await;
            format!("{taken} {}", read_all(home.path()).await)
        })
    });
}

/// How many of these statements the database took.
async fn run_sql<S: AsRef<str>>(file: &Path, statements: &[S]) -> usize {
    use sqlx::Connection as _;
    let url = format!("sqlite://{}", file.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let mut taken = 0;
    for statement in statements {
        let statement = sqlx::AssertSqlSafe(statement.as_ref().to_owned());
        let done = sqlx::raw_sql(statement).execute(&mut connection).await;
        taken += usize::from(done.is_ok());
    }
    connection.close().await.unwrap();
    taken
}

#[test]
fn no_backup_makes_it_panic_or_leaves_a_database_that_was_there_in_pieces() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let home = tempfile::TempDir::new().unwrap();
    let made = tempfile::TempDir::new().unwrap();
    let good = runtime.block_on(backup(made.path()));
    let current = home.path().join(evercert::store::FILE);
    let file = home.path().join("given.backup");
    Target::of("backup").and([good]).one_in(10).run(|bytes| {
        for entry in fs::read_dir(home.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        fs::copy(made.path().join(evercert::store::FILE), &current).unwrap();
        let before = fs::read(&current).unwrap();
        fs::write(&file, bytes).unwrap();
        let mut given = File::open(&file).unwrap();
        runtime.block_on(async {
            let candidate = match Candidate::examine(home.path(), &mut given).await {
                Ok(candidate) => candidate,
                Err(error) => {
                    assert_shown(&error.to_string(), 3_000);
                    assert_eq!(fs::read(&current).unwrap(), before);
                    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
                    return error.to_string();
                }
            };
            match candidate.put_in_place(home.path(), now(), true).await {
                Ok(replaced) => assert_eq!(
                    fs::read(replaced.kept.unwrap()).unwrap().len(),
                    before.len()
                ),
                Err(error) => {
                    assert_shown(&error.to_string(), 3_000);
                    return error.to_string();
                }
            }
            read_all(home.path()).await
        })
    });
}
