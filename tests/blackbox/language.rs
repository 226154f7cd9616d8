//! Explanations and remedies in the operator's language; what scripts read is the same in every one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Home, Output, SOON, StandIn, output};

const CODE: &str = "FailedOperation.ExceedsFreeLimit";

#[test]
fn the_option_or_the_environment_choose_the_language() {
    let home = Home::empty();
    let explained = |arguments: &[&str], variables: &[(&str, &str)]| {
        let out = output(
            home.bare().args(arguments).envs(variables.iter().copied()),
            SOON,
        );
        assert_eq!(out.code, 0, "{}", out.all());
        assert!(out.stdout.starts_with(CODE), "{}", out.stdout);
        out.stdout
    };
    let chinese = explained(&["--lang", "zh", "explain", CODE], &[]);
    assert!(
        chinese.contains("免费证书") && chinese.contains("quota"),
        "{chinese}"
    );
    let by_variable = explained(&["explain", CODE], &[("LANG", "zh_CN.UTF-8")]);
    assert_eq!(by_variable, chinese);
    let english = explained(&["explain", CODE], &[]);
    assert!(english.contains("used up"), "{english}");
    let asked = explained(
        &["explain", CODE, "--lang", "en"],
        &[("LC_ALL", "zh_CN.UTF-8")],
    );
    assert_eq!(asked, english);
}

#[test]
fn what_scripts_read_has_one_language() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["wgc.red"]);
    for arguments in [
        &["explain", CODE, "--json"][..],
        &["doctor", "--offline", "--json"],
    ] {
        let plain = home.run(arguments);
        let chinese = home.run(&[&["--lang", "zh"], arguments].concat());
        assert_eq!(plain.stdout, chinese.stdout, "{arguments:?}");
        assert!(
            plain.stdout.contains('{') && plain.stdout.is_ascii(),
            "{}",
            plain.stdout
        );
    }
    let said = home.run(&["--lang", "zh", "doctor", "--offline"]);
    assert!(
        said.stdout.contains("还没有数据库") && said.stdout.contains("检查了 1 张证书"),
        "{}",
        said.all()
    );
}

/// Words that are the same in Chinese: names of verbs, settings and programs.
const NAMES: &str = "account accounts answer backup bash certificates channel check chmod chown chrony claim cname completions \
    conf critical cron curl daemon dead default deploy dnsapi doctor domain done drop elvish en enable endpoint \
    evercert evercertrc explain external false file fish format free gid group help history hook hostile http \
    https in include init instances issue key lark live log man method mild mode name nginx nobody none notify \
    now openssl owner path pause pem plan powershell provider quota region reload renew resources restore \
    resume roff rollback root run sandbox script server shell simulate status support systemctl systemd table \
    tag taken targets tidy timedatectl timesyncd true txt type uid unit url validation value verify webhook \
    webroot why zh zip zsh";

/// What other programs said, in their own words.
const OTHERS: &[&str] = &[
    "Connection refused",
    "connection refused",
    "os error",
    "reload is broken",
    "no such file",
    "No such file",
];

/// The words of English in a line, without what has to be typed or looked for.
fn english(line: &str) -> Vec<String> {
    let mut text = line.to_owned();
    for others in OTHERS {
        text = text.replace(others, "");
    }
    for mark in ['`', '"', '\''] {
        let parts: Vec<String> = text.split(mark).step_by(2).map(str::to_owned).collect();
        text = parts.join("。");
    }
    let words =
        text.split(|c: char| !c.is_ascii() || c.is_whitespace() || ",;()[]<>{}|".contains(c));
    words
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase()))
        .filter(|word| !NAMES.split_whitespace().any(|name| name == *word))
        .map(str::to_owned)
        .collect()
}

/// What is English of that which a verb says. It has some Chinese.
fn mixed(arguments: &[&str], said: &Output) -> Vec<String> {
    let all = said.all();
    assert!(
        all.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)),
        "{arguments:?}: {all}"
    );
    let lines = said.stdout.lines().chain(said.stderr.lines());
    lines
        .filter(|line| !english(line).is_empty())
        .map(|line| format!("{arguments:?}: {:?} in: {line}", english(line)))
        .collect()
}

#[test]
fn what_people_read_of_each_verb_is_chinese_where_that_is_asked_for() {
    let stand_in = StandIn::with(|options| options.free_limit = 1);
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["a.one.com"]);
    let text = text.replace("free_limit = 100000", "free_limit = 1");
    let reload = home.path().join("reload.sh");
    fs::write(&reload, "#!/bin/sh\necho reload is broken >&2\nexit 3\n").unwrap();
    fs::set_permissions(&reload, fs::Permissions::from_mode(0o755)).unwrap();
    let folder = home.path().join("site");
    fs::create_dir(&folder).unwrap();
    home.write_config(format!(
        "{text}verify = \"127.0.0.1:9\"\n[[certificates.install]]\nformat = \"pem\"\ncert = \"{0}/a.crt\"\nkey = \"{0}/a.key\"\n\
         reload = [\"{1}\"]\n\n[[certificates]]\ndomain = \"b.two.com\"\n\n[[notify]]\ntype = \"webhook\"\n\
         url = \"http://127.0.0.1:9/hook\"\n",
        folder.display(),
        reload.display()
    ));
    assert_eq!(home.run(&["renew"]).code, 1, "one waits for quota");
    let mut found = Vec::new();
    let backup = home.path().join("backup.db").display().to_string();
    for (arguments, code) in [
        (&["plan"][..], 0),
        (&["plan", "--days", "365"], 0),
        (&["plan", "--lifetime", "47d"], 0),
        (&["renew", "--dry-run"], 0),
        (&["account"], 0),
        (&["account", "--fresh"], 0),
        (&["doctor", "--offline"], 1),
        (&["check"], 0),
        (&["deploy", "a.one.com"], 1),
        (&["rollback", "a.one.com"], 1),
        (&["verify", "a.one.com"], 1),
        (&["verify", "b.two.com"], 2),
        (&["pause", "b.two.com"], 0),
        (&["plan", "--days", "400"], 0),
        (&["resume", "b.two.com"], 0),
        (&["notify", "test"], 1),
        (&["notify", "test", "nobody"], 2),
        (&["backup", &backup], 0),
        (&["restore", &backup, "--dry-run"], 0),
        (&["claim"], 0),
        (&["explain", CODE], 0),
        (&["explain", "quota"], 0),
        (&["explain", "NoSuchThing"], 2),
        (&["account", "nobody"], 2),
        (&["pause", "a.one.co"], 2),
        (&["pause"], 2),
        (&["statsu"], 2),
        (&["plan", "--day", "3"], 2),
        (&["plan", "--lifetime", "1h"], 2),
        (&["--help"], 0),
        (&["renew", "--help"], 0),
        (&["plan", "-h"], 0),
        (&["simulate", "--help"], 0),
    ] {
        let said = home.run(&[&["--lang", "zh"], arguments].concat());
        assert_eq!(said.code, code, "{arguments:?}: {}", said.all());
        found.extend(mixed(arguments, &said));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn mistakes_of_a_config_are_told_in_chinese_too() {
    let home = Home::empty();
    home.write_config(
        "state_dir = \"state\"\nlevel = \"info\"\n[schedule]\ncheck = \"0 4 * * *\"\npoll = \"30\"\n[[certificates]]\n\
         domain = \"*.example.com\"\n[[certificates]]\ndomain = \"a.example.com\"\nvalidation = { method = \"FILES\" }\n\
         [[certificates]]\ndomian = \"b.example.com\"\n",
    );
    let said = home.run(&["--lang", "zh", "check"]);
    assert_eq!(said.code, 78, "{}", said.all());
    let found = mixed(&["check"], &said);
    assert!(found.is_empty(), "{found:#?}");
    for words in ["配置有", "处错误", "config.toml:5:", "建议：", "是否想写"] {
        assert!(said.stderr.contains(words), "{words}: {}", said.all());
    }
}
