//! The keys of `[[notify]]` and `[notifications]`.

use super::{DURATION, FILE, Holds, Key, Other, SWITCH, TEXT, TableSchema, key};

const NOTIFY_KEYS: &[Key] = &[
    key(
        "type",
        "\"webhook\", \"wecom\", \"dingtalk\", \"feishu\", \"slack\", \"telegram\", \"email\" or \"exec\"",
        Holds::Open,
    ),
    key("name", TEXT, Holds::Open),
    key(
        "on",
        "a list of words in quotes, such as [\"failed\"]",
        Holds::Open,
    ),
    key("digest", "\"daily\" or \"weekly\"", Holds::Open),
    key("timeout", DURATION, Holds::Open),
    key(
        "url",
        "an address in quotes, such as \"https://example.com/hook\"",
        Holds::Secret,
    ),
    key("url_file", FILE, Holds::SecretFile),
    key("allow_http", SWITCH, Holds::Open),
    key("secret", TEXT, Holds::Secret),
    key("secret_file", FILE, Holds::SecretFile),
    key("token", TEXT, Holds::Secret),
    key("token_file", FILE, Holds::SecretFile),
    key("chat_id", TEXT, Holds::Open),
    key(
        "server",
        "an address with its port in quotes, such as \"smtp.example.com:587\"",
        Holds::Open,
    ),
    key("tls", "\"starttls\", \"tls\" or \"none\"", Holds::Open),
    key("user", TEXT, Holds::Open),
    key("password", TEXT, Holds::Secret),
    key("password_file", FILE, Holds::SecretFile),
    key("from", "a mail address in quotes", Holds::Open),
    key("to", "a list of mail addresses in quotes", Holds::Open),
    key(
        "command",
        "a list of texts in quotes: the program, then its arguments",
        Holds::Command,
    ),
];

/// One entry of `[[notify]]`. Which keys go with which type, the reader knows.
pub(in super::super) static NOTIFY: TableSchema = TableSchema {
    title: "[[notify]]",
    keys: NOTIFY_KEYS,
    others: &[
        ("events", Other::Is("on")),
        ("webhook", Other::Is("url")),
        ("host", Other::Is("server")),
        ("username", Other::Is("user")),
        ("recipients", Other::Is("to")),
    ],
};

/// `[notifications]`.
pub(in super::super) static NOTIFICATIONS: TableSchema = TableSchema {
    title: "[notifications]",
    keys: &[
        key(
            "dead_man",
            "an address in quotes, such as \"https://example.com/ping\"",
            Holds::Secret,
        ),
        key("dead_man_file", FILE, Holds::SecretFile),
        key("allow_http", SWITCH, Holds::Open),
    ],
    others: &[],
};
