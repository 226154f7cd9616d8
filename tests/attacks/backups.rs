//! Files that `restore` is given.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;

use crate::common::{Home, StandIn};

fn sql(file: &Path, statements: &[&str]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let url = format!("sqlite://{}", file.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for statement in statements {
            sqlx::raw_sql(sqlx::AssertSqlSafe((*statement).to_owned()))
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    });
}

fn backup() -> (StandIn, Home, PathBuf) {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    let out = home.run(&["renew"]);
    assert_eq!(out.code, 0, "{}", out.all());
    let file = home.path().join("evercert.backup");
    let out = home.run(&["backup", file.to_str().unwrap()]);
    assert_eq!(out.code, 0, "{}", out.all());
    (stand_in, home, file)
}

#[test]
fn a_pipe_or_a_device_is_refused_at_once() {
    let (_stand_in, home, _) = backup();
    let pipe = home.path().join("pipe");
    nix::unistd::mkfifo(&pipe, Mode::from_bits_truncate(0o600)).unwrap();
    for file in [pipe.to_str().unwrap(), "/dev/zero"] {
        let out = home.run(&["restore", file]);
        assert_eq!(out.code, 1, "{}", out.all());
        assert!(out.stderr.contains("not a regular file"), "{}", out.all());
    }
}

#[test]
fn a_schema_that_is_not_ours_to_the_letter_is_refused() {
    let (_stand_in, home, file) = backup();
    let good = fs::read(&file).unwrap();
    for statement in [
        "CREATE TRIGGER t AFTER INSERT ON history BEGIN DELETE FROM certificate; END",
        "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
        "CREATE TABLE more (x)",
        "CREATE INDEX more ON history (at, id)",
        "DROP TABLE problem",
        "ALTER TABLE history ADD COLUMN more TEXT",
        "ALTER TABLE request RENAME TO r; CREATE VIEW request AS SELECT * FROM r",
        "ALTER TABLE _sqlx_migrations RENAME TO m; CREATE VIEW _sqlx_migrations AS SELECT * FROM m",
    ] {
        fs::write(&file, &good).unwrap();
        sql(&file, &[statement]);
        let before = fs::read(home.database()).unwrap();
        let out = home.run(&["restore", file.to_str().unwrap()]);
        assert_eq!(out.code, 1, "{statement}: {}", out.all());
        assert!(out.stderr.contains("no sound backup"), "{}", out.all());
        assert_eq!(fs::read(home.database()).unwrap(), before);
    }
    fs::write(&file, &good).unwrap();
    sql(&file, &["ANALYZE"]);
    let out = home.run(&["restore", file.to_str().unwrap()]);
    assert_eq!(out.code, 0, "{}", out.all());
}
