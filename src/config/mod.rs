//! What the operator wrote: schema, reading, checking.
//!
//! A [`Config`] is whole and valid, or it is not made at all: [`load`] finds every mistake of all files in one go, each
//! with file, line, column and a remedy. Nothing of a rejected config is used, so a caller keeps what it has.
//!
//! In reading order: `declare` makes the schema, the reader, the defaults and the effective form of a table from one
//! declaration a key; `reader` takes typed values from a spanned document and notes what is wrong. `settings`, `http`,
//! `fleet`, `account`, `certificate`, `validation`, `targets`, `cloud` and `notify` (with `secret`) declare the tables, whose keys
//! are as `schema` says, and `variant` knows tables of which one key decides about the others; `domain`, `duration`, `cron`,
//! `address` and `commands` are for single values. `known` has all tables together, and finds unknown keys; `list` gathers the certificates of all files.
//! `loading` makes the whole of it; `files` reads what lies on disk; `source`, `mistake` and `nearest` say where and what was wrong, and what was meant;
//! `reading` is what all files of a config share. `effective` is the whole without its secrets, so that two configs can be
//! compared, made of what `value` shows; `identity` tells targets apart, by a `digest`; `outside` lists the files of secrets
//! that come and go without an edit; `secrets` finds what a text of a config must be freed of before it is shown.
//!
//! This module imports only what lies below it (and the key algorithm from `lifecycle`), makes no network call, knows no time, and
//! never shows a secret.

#[macro_use]
mod declare;

mod account;
mod address;
mod certificate;
mod cloud;
mod commands;
mod cron;
mod digest;
mod domain;
mod duration;
mod effective;
mod files;
mod fleet;
mod http;
mod identity;
mod known;
mod list;
mod loading;
mod mistake;
mod nearest;
mod notify;
mod outside;
mod reader;
mod reading;
mod schema;
mod secret;
mod secrets;
mod settings;
mod source;
mod targets;
#[cfg(test)]
mod tests;
mod validation;
mod value;
mod variant;

pub use account::{Account, DEFAULT_ACCOUNT};
pub use address::{Endpoint, HostPort, Proxy};
pub use certificate::Certificate;
pub use cloud::{Cloud, RESOURCE_TYPES, ResourceType};
pub use cron::Cron;
pub use domain::{Domain as DomainName, check_domain, display_name, display_names, main_domain};
pub use duration::parse as parse_duration;
pub use effective::{Change, Diff, Effective};
pub use files::{USUAL_PATH, files_of};
pub use fleet::{Fleet, FleetOrders, shorter_turn};
pub use http::Http;
pub use loading::{Config, EXAMPLE, Loaded, load, load_without_credentials, parse};
pub use mistake::{Mistake, Place, Rejected};
pub use notify::{Channel, DeadMan, DigestPace, Mail, MailTls, Notifications, Notify, Topic};
pub use secret::{Secret, check_url, is_private};
pub use secrets::Secrets;
pub use settings::{Api, Log, LogFormat, Schedule};
pub use targets::{Format, Hooks, Install, StartTls, Targets, Verify, hook_key};
pub use validation::{Dns, FilePlace, FileProof, Provider, Validation};
