//! The keys of `[[notify]]` and `[notifications]`.

use super::{DURATION, FILE, Key, Other, SWITCH, TEXT, TableSchema, key};

const NOTIFY_KEYS: &[Key] = &[
    key(
        "type",
        "\"webhook\", \"wecom\", \"dingtalk\", \"feishu\", \"slack\", \"telegram\", \"email\" or \"exec\"",
    ),
    key("name", TEXT),
    key("on", "a list of words in quotes, such as [\"failed\"]"),
    key("digest", "\"daily\" or \"weekly\""),
    key("timeout", DURATION),
    key(
        "url",
        "an address in quotes, such as \"https://example.com/hook\"",
    ),
    key("url_file", FILE),
    key("allow_http", SWITCH),
    key("secret", TEXT),
    key("secret_file", FILE),
    key("token", TEXT),
    key("token_file", FILE),
    key("chat_id", TEXT),
    key(
        "server",
        "an address with its port in quotes, such as \"smtp.example.com:587\"",
    ),
    key("tls", "\"starttls\", \"tls\" or \"none\""),
    key("user", TEXT),
    key("password", TEXT),
    key("password_file", FILE),
    key("from", "a mail address in quotes"),
    key("to", "a list of mail addresses in quotes"),
    key(
        "command",
        "a list of texts in quotes: the program, then its arguments",
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
        ),
        key("dead_man_file", FILE),
        key("allow_http", SWITCH),
    ],
    others: &[],
};
