//! `[[notify]]` and `[notifications]`.

use secrecy::ExposeSecret;

use super::super::notify::{NOTIFICATIONS, NOTIFY};
use super::super::{Channel, DigestPace, EXAMPLE, MailTls, Secret, Topic};
use super::{accepted, rejection, with};

#[test]
fn each_type_reads_what_it_needs() {
    let config = accepted(&with(
        r#"
[[notify]]
type = "webhook"
name = "ops"
url = "https://hooks.example.com/x"
secret = "hush"
on = ["failed", "expiring", "failed"]
digest = "daily"
timeout = "5s"
[[notify]]
type = "wecom"
url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"
[[notify]]
type = "telegram"
token = "1:a"
chat_id = "-100"
[[notify]]
type = "email"
server = "smtp.example.com:465"
user = "me"
password = "hush"
from = "me@example.com"
to = ["you@example.com"]
[[notify]]
type = "exec"
command = ["/bin/true"]
[notifications]
dead_man = "https://hc.example.com/uuid"
"#,
    ))
    .config
    .notifications;
    let [ops, wecom, telegram, email, exec] = config.channels.as_slice() else {
        panic!("{config:?}");
    };
    assert_eq!(ops.name, "ops");
    assert_eq!(ops.on, [Topic::Failed, Topic::Expiring]);
    assert_eq!(ops.digest, Some(DigestPace::Daily));
    assert_eq!(ops.timeout.as_secs(), 5);
    assert_eq!((wecom.name.as_str(), wecom.on.len()), ("wecom", 9));
    let Channel::Telegram {
        url: Secret::Here(api),
        ..
    } = &telegram.channel
    else {
        panic!("{telegram:?}");
    };
    assert_eq!(api.expose_secret(), "https://api.telegram.org");
    let Channel::Email(mail) = &email.channel else {
        panic!("{email:?}");
    };
    assert_eq!((mail.tls, mail.server.port), (MailTls::Tls, 465));
    assert_eq!(exec.channel.name(), "exec");
    assert!(config.dead_man.is_some());
    // Whatever prints a config prints no secret.
    for secret in ["hush", "hooks.example.com", "key=k", "1:a", "uuid"] {
        assert!(!format!("{config:?}").contains(secret), "{secret}");
    }
}

#[test]
fn mistakes_name_what_is_wrong_and_show_no_address() {
    for (notify, says) in [
        ("type = \"smoke\"", "`type` cannot be `smoke`"),
        ("name = \"x\"", "this channel has no `type`"),
        ("type = \"webhook\"", "needs `url`"),
        (
            "type = \"webhook\"\nurl = \"http://203.0.113.1/TOKEN\"",
            "is plain http",
        ),
        (
            "type = \"webhook\"\nurl = \"TOKEN\"",
            "is not a web address",
        ),
        (
            "type = \"wecom\"\nurl = \"https://x.example/TOKEN\"\nsecret = \"s\"",
            "has no meaning",
        ),
        (
            "type = \"slack\"\nurl = \"https://x.example/TOKEN\"\non = [\"faild\"]",
            "did you mean",
        ),
        (
            "type = \"slack\"\nurl = \"https://x.example/TOKEN\"\nurl_file = \"/x\"",
            "both `url`",
        ),
        ("type = \"exec\"\ncommand = \"/bin/true\"", "not one text"),
        (
            "type = \"email\"\nserver = \"mail.example.com:25\"\ntls = \"none\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]",
            "without TLS",
        ),
        (
            "type = \"email\"\nserver = \"mail.example.com:25\"\nuser = \"u\"\nfrom = \"a@b.example\"\nto = [\"nobody\"]",
            "not a mail address",
        ),
        (
            "type = \"exec\"\ncommand = [\"a\"]\n[[notify]]\ntype = \"exec\"\ncommand = [\"b\"]",
            "there is a channel `exec` at",
        ),
    ] {
        let said = rejection(&with(&format!("[[notify]]\n{notify}\n")));
        assert!(said.contains(says) && !said.contains("TOKEN"), "{said}");
    }
    let said = rejection(&with(
        "[notifications]\ndead_man = \"http://TOKEN.example/\"\n",
    ));
    assert!(
        said.contains("is plain http") && !said.contains("TOKEN"),
        "{said}"
    );
}

#[test]
fn the_channels_that_the_example_shows_have_every_key() {
    let shown = EXAMPLE.split("\n[log]").nth(1).unwrap_or_default();
    for key in NOTIFY.keys().chain(NOTIFICATIONS.keys()) {
        let written = format!("{} = ", key.name);
        assert!(shown.contains(&written), "{written}");
    }
    // The files that it names are not there; all else is as it may stand in a config.
    let text: String = shown
        .lines()
        .filter_map(|line| line.strip_prefix("#   "))
        .filter(|line| !line.contains("_file = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let text = text
        .replace("name = \"ops\"", "url = \"https://hooks.example.com/x\"")
        .replace("chat_id", "token = \"1:a\"\nchat_id")
        .replace("user = \"evercert@example.com\"\n", "");
    let channels = accepted(&with(&text)).config.notifications.channels;
    let names: Vec<&str> = channels.iter().map(|notify| notify.name.as_str()).collect();
    assert_eq!(
        names,
        ["webhook", "wecom", "dingtalk", "telegram", "email", "exec"]
    );
}
