//! Explanations and remedies in the operator's language; what scripts read is the same in every one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::common::{Daemon, Home, OnTerminal, Output, SOON, StandIn, output};

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
    evercert evercertrc explain external false file fish fleet format free gid group help history hook hostile http \
    https in include init instances issue key lark live log man method mild mode name nginx nobody none notify \
    now openssl owner path pause pem plan powershell provider quota region reload renew resources restore \
    resume roff rollback root run sandbox script server shell simulate status support systemctl systemd table \
    tag taken targets tidy timedatectl timesyncd true txt type uid unit url validation value verify webhook \
    webroot why zh zip zsh";

/// A text without what other programs said, which is quoted.
fn without_quoted(text: &str) -> String {
    let mut text = text.replace("os error", "");
    while let Some((before, quoted)) = text.split_once('“') {
        let (_, after) = quoted.split_once('”').unwrap_or_default();
        text = format!("{before}。{after}");
    }
    text
}

/// The words of English in a line, without what has to be typed or looked for.
fn english(line: &str) -> Vec<String> {
    let mut text = line.to_owned();
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

fn has_chinese(text: &str) -> bool {
    text.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// What is English of that which a verb says. It has some Chinese.
fn mixed(arguments: &[&str], said: &Output) -> Vec<String> {
    let all = said.all();
    assert!(has_chinese(&all), "{arguments:?}: {all}");
    let said = [&said.stdout, &said.stderr].map(|text| without_quoted(text));
    let lines = said.iter().flat_map(|text| text.lines());
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
    let support = home.path().join("support.txt").display().to_string();
    let nowhere = home.path().join("no/support.txt").display().to_string();
    for (arguments, code) in [
        (&["support", &support][..], 0),
        (&["support", &support], 1),
        (&["support", &nowhere], 1),
        (&["backup", &nowhere], 1),
        (&["restore", &nowhere], 1),
        (&["simulate", "--days", "30", "--faults", "none"], 0),
        (&["sandbox", "--listen", "192.0.2.1:80"], 1),
        (
            &["sandbox", "--listen", "127.0.0.1:1", "--credential", "x"],
            2,
        ),
        (&["plan"], 0),
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

/// A config with a certificate that is well, one whose server takes no certificate, one that waits for a record to be set by
/// hand, and one with an international name.
fn in_every_state(home: &Home, stand_in: &StandIn) {
    let text = home.config_text(&stand_in.endpoint(), &["well.one.com", "例子.three.com"]);
    let folder = home.path().join("site");
    fs::create_dir(&folder).unwrap();
    home.write_config(format!(
        "{text}\n[[certificates]]\ndomain = \"fails.two.com\"\nverify = \"127.0.0.1:9\"\n[[certificates.install]]\n\
         format = \"pem\"\ncert = \"{0}/a.crt\"\nkey = \"{0}/a.key\"\n\
         reload = [\"/bin/sh\", \"-c\", \"echo the server is broken; exit 3\"]\n\n\
         [[certificates]]\ndomain = \"hand.four.com\"\nvalidation = {{ method = \"DNS\", provider = \"manual\" }}\n",
        folder.display(),
    ));
}

#[test]
fn what_the_daily_verbs_say_of_every_state_is_in_one_language() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    in_every_state(&home, &stand_in);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.installed", "well.one.com");
    daemon.wait_of("certificate.failed", "fails.two.com");
    daemon.wait_of("validation.wanted", "hand.four.com");
    let all = |language: &str, arguments: &[&str]| {
        let said = home.run(&[&["--lang", language], arguments].concat());
        assert!(said.code <= 1, "{arguments:?}: {}", said.all());
        said
    };
    let mut found = Vec::new();
    let mut verbs = vec![
        vec!["status"],
        vec!["status", "--wide"],
        vec!["status", "--check"],
        vec!["history"],
        vec!["plan", "--days", "365"],
        vec!["account"],
        vec!["check", "--diff"],
        vec!["renew", "well.one.com"],
        vec!["renew", "例子.three.com"],
        vec!["deploy", "例子.three.com"],
    ];
    for domain in [
        "well.one.com",
        "fails.two.com",
        "hand.four.com",
        "例子.three.com",
    ] {
        verbs.push(vec!["status", domain]);
        verbs.push(vec!["why", domain]);
        verbs.push(vec!["history", domain]);
    }
    for arguments in &verbs {
        let chinese = all("zh", arguments);
        found.extend(mixed(arguments, &chinese));
        let english = all("en", arguments).all().replace("例子", "");
        assert!(!has_chinese(&english), "{arguments:?}: {english}");
        // The name as its owner writes it, and not as it is applied for: but in paths and for scripts.
        for line in chinese.all().lines() {
            let is_path = line.contains("/live/") || line.contains(".crt");
            assert!(!line.contains("xn--") || is_path, "{arguments:?}: {line}");
        }
    }
    // What it waits for is said while it waits, on a terminal.
    for (language, words) in [("zh", "记录类型"), ("en", "type:")] {
        let mut command = home.command();
        command
            .env("TERM", "dumb")
            .args(["--lang", language, "renew", "hand.four.com"]);
        let terminal = OnTerminal::start(&command);
        terminal.wait(words);
        let said = terminal.said();
        match language {
            "zh" => found.extend(
                said.lines()
                    .filter(|line| !english(line).is_empty())
                    .map(str::to_owned),
            ),
            _ => assert!(!has_chinese(&said), "{said}"),
        }
    }
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_sandbox_speaks_the_language_of_who_reads_it_and_the_same_words_to_scripts() {
    let home = Home::empty();
    let sandbox = |extra: &[&str]| {
        let mut command = home.bare();
        command.args(["--lang", "zh", "sandbox", "--listen", "127.0.0.1:0"]);
        command.args(extra);
        command
    };
    let terminal = OnTerminal::start(&sandbox(&["--manage", "127.0.0.1:0"]));
    terminal.wait("管理接口 http://127.0.0.1:");
    assert!(
        terminal.said().contains("监听地址 http://127.0.0.1:"),
        "{}",
        terminal.said()
    );
    let mut script = sandbox(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let said = script.stdout.take().unwrap();
    BufReader::new(said).read_line(&mut line).unwrap();
    script.kill().unwrap();
    script.wait().unwrap();
    assert!(line.starts_with("listening http://127.0.0.1:"), "{line}");

    // A folder of somebody else's: why it does not start is told to whoever typed it.
    fs::create_dir(home.path().join("evercert-sandbox")).unwrap();
    fs::write(
        home.path().join("evercert-sandbox/thesis.txt"),
        "years of work",
    )
    .unwrap();
    let mut command = home.bare();
    command.args(["--lang", "zh", "run", "--sandbox"]);
    let mut terminal = OnTerminal::start(&command);
    assert_eq!(terminal.ended().code(), Some(1));
    terminal.wait("不是由 `evercert run --sandbox` 创建的");
    let out = output(&mut command, SOON);
    assert!(out.stderr.contains("was not made by"), "{}", out.all());
}
