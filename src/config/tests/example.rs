//! The example config is valid, quiet, and shows every key.

use super::super::account::ACCOUNT;
use super::super::certificate::CERTIFICATE;
use super::super::cloud::CLOUD;
use super::super::fleet::FLEET;
use super::super::http::HTTP;
use super::super::known::TOP;
use super::super::settings::{API, LOG, SCHEDULE};
use super::super::targets::{HOOKS, INSTALL, VERIFY};
use super::super::{EXAMPLE, parse};
use super::accepted;

#[test]
fn the_example_is_valid_and_says_nothing() {
    let loaded = accepted(EXAMPLE);
    assert_eq!(loaded.warnings, []);
    let domains: Vec<&str> = loaded
        .config
        .certificates
        .iter()
        .map(|c| c.domain.as_str())
        .collect();
    assert_eq!(domains, ["wgc.red", "www.wgc.red", "shop.example.com"]);
    assert_eq!(loaded.config.path, None);
}

#[test]
fn the_example_shows_every_key_of_the_schema() {
    for table in [
        &TOP,
        &SCHEDULE,
        &API,
        &ACCOUNT,
        &FLEET,
        &CERTIFICATE,
        &HTTP,
        &LOG,
        &INSTALL,
        &CLOUD,
        &HOOKS,
    ] {
        for key in table.keys() {
            let shown = EXAMPLE.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ']);
                let assigned = line
                    .strip_prefix(key.name)
                    .is_some_and(|rest| rest.starts_with(" = "));
                let bare = line
                    .trim_start_matches('[')
                    .trim_start_matches("certificates.");
                let header = bare.starts_with(key.name) && line.starts_with('[');
                assigned || header
            });
            assert!(
                shown,
                "`{}` of {} is not in the example",
                key.name, table.title
            );
        }
    }
}

/// The keys that the example comments out because another is shown instead, or because a real value is needed.
const NOT_TOGETHER: [&str; 8] = [
    "secret_id",
    "secret_key",
    "secret_key_file",
    "secret_id_file",
    "token",
    "external_id",
    "csr_key_password",
    "proxy",
];

#[test]
fn what_the_example_comments_out_is_valid_and_its_default() {
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting) if is_setting(setting) => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(uncommented.contains("\npoll = \"30s\""), "{uncommented}");
    let plain = accepted(EXAMPLE).config;
    let shown = parse(&uncommented, None)
        .map_err(|r| r.to_string())
        .unwrap()
        .config;
    assert_eq!(shown.state_dir, plain.state_dir);
    assert_eq!(shown.schedule, plain.schedule);
    assert_eq!(shown.api, plain.api);
    assert_eq!(shown.http.listen, plain.http.listen);
    assert_eq!(shown.log, plain.log);
    assert_eq!(
        shown.accounts["default"].free_limit,
        plain.accounts["default"].free_limit
    );
    assert_eq!(
        shown.accounts["default"].domain_limit,
        plain.accounts["default"].domain_limit
    );
    assert_eq!(
        shown.accounts["default"].endpoint,
        plain.accounts["default"].endpoint
    );
    assert_eq!(shown.certificates[2].alias.as_deref(), Some("the shop"));
}

fn is_setting(line: &str) -> bool {
    let Some((key, _)) = line.split_once(" = ") else {
        return false;
    };
    let known = [&TOP, &SCHEDULE, &API, &ACCOUNT, &CERTIFICATE, &HTTP, &LOG];
    known.iter().any(|table| table.key(key).is_some()) && !NOT_TOGETHER.contains(&key)
}

#[test]
fn the_targets_that_the_example_shows_are_valid() {
    let certificates = EXAMPLE.split("\n[log]").next().unwrap_or_default();
    let shown: String = certificates
        .lines()
        .filter_map(|line| line.strip_prefix("#   "))
        .filter(|line| !line.starts_with("verify"))
        .map(|line| format!("{}\n", line.trim_start_matches("# ")))
        .collect();
    let text = format!("[[certificates]]\ndomain = \"shop.example.com\"\n{shown}");
    let targets = &accepted(&text).config.certificates[0].targets;
    assert_eq!((targets.install.len(), targets.cloud.len()), (3, 2));
    assert_eq!(
        (targets.hooks.deploy.len(), targets.hooks.failure.len()),
        (1, 1)
    );
    for key in VERIFY.keys() {
        assert!(
            EXAMPLE.contains(&format!("{} = ", key.name)),
            "{}",
            key.name
        );
    }
}
