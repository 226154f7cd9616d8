//! A text for whoever helps, which has all but the secrets.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Daemon, Home, SOON, StandIn, output};

/// Everywhere a secret can be, one that nothing else contains.
const IN_CONFIG: &str = "Sx1KeyInTheConfig";
const PASSWORD: &str = "Sx2PasswordOfTheKeystore";
const ARGUMENT: &str = "Sx3ArgumentOfAHook";
const IN_FILE: &str = "Sx4ValueInAnEnvFile";
const PROXY: &str = "Sx5PasswordOfTheProxy";
const VARIABLE: &str = "Sx6KeyInTheEnvironment";
const SAID: &str = "Sx7SaidByAHook";
const SECRETS: [&str; 7] = [
    IN_CONFIG, PASSWORD, ARGUMENT, IN_FILE, PROXY, VARIABLE, SAID,
];

fn private(path: &std::path::Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn the_support_text_tells_all_but_the_secrets() {
    let stand_in = StandIn::with(|options| {
        options.credentials = vec![evercert::sandbox::Credential::new("AKIDFIRST", IN_CONFIG)];
    });
    let home = Home::empty();
    let env_file = home.path().join("dns.env");
    private(&env_file, &format!("CF_Token={IN_FILE}\n"));
    let key_file = home.path().join("other.key");
    private(&key_file, &format!("{SAID}\n"));
    let text = home
        .config_text(&stand_in.endpoint(), &["wgc.red"])
        .replace("AKIDSANDBOX", "AKIDFIRST")
        .replace("SANDBOXKEY", IN_CONFIG)
        .replace(
            "timeout = \"3s\"",
            &format!("timeout = \"3s\"\nproxy = \"http://user:{PROXY}@127.0.0.1:9\""),
        );
    // The hook fails and says what it should not: the account's key, a private key, and what lies in a file.
    let hook = format!(
        "cat {} {}; echo {IN_CONFIG}; echo -----BEGIN PRIVATE KEY-----; echo Sx8; echo -----END PRIVATE KEY-----; exit 1 # {ARGUMENT}",
        env_file.display(),
        key_file.display()
    );
    home.write_config(format!(
        "{text}csr_key_password = \"{PASSWORD}\"\nhooks = {{ deploy = [[\"/bin/sh\", \"-c\", \"{hook}\"]] }}\n\
         [accounts.other]\nsecret_id = \"AKIDother\"\nsecret_key_file = \"{}\"\n\
         [[certificates]]\ndomain = \"late.com\"\nvalidation = {{ method = \"DNS\", provider = \"exec\", \
         command = [\"/bin/false\"], env_file = \"{}\" }}\n",
        key_file.display(),
        env_file.display(),
    ));
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("hook.failed", "wgc.red");
    assert_eq!(daemon.stop().code(), Some(0));
    let file = home.path().join("support.txt");
    let ask = |file: &std::path::Path| {
        let mut command = home.command();
        command
            .env("TENCENTCLOUD_SECRET_KEY", VARIABLE)
            .arg("support")
            .arg(file);
        output(&mut command, SOON)
    };
    let out = ask(&file);
    assert_eq!(out.code, 0, "{}", out.all());
    let said = fs::read_to_string(&file).unwrap();
    for section in [
        "environment",
        "config",
        "status",
        "plan",
        "accounts",
        "holds",
        "history",
        "database",
    ] {
        assert!(
            said.contains(&format!("==== {section} ====")),
            "{section} in:\n{said}"
        );
    }
    for fact in [
        "wgc.red",
        "hook.failed",
        "integrity: ok",
        env!("CARGO_PKG_VERSION"),
        "[removed]",
    ] {
        assert!(said.contains(fact), "{fact} in:\n{said}");
    }
    for secret in SECRETS.iter().chain(&["PRIVATE KEY", "Sx8"]) {
        assert!(!said.contains(secret), "{secret} in:\n{said}");
    }
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        ask(&file).code,
        1,
        "a file that is there is not written over"
    );
    // A config that can't be read is what help is wanted for.
    home.write_config(format!(
        "{text}\nsecret_key = {IN_CONFIG}\nkye = \"{PASSWORD}\"\n"
    ));
    let other = home.path().join("broken.txt");
    assert_eq!(ask(&other).code, 0);
    let said = fs::read_to_string(&other).unwrap();
    assert!(said.contains("==== failure ===="), "{said}");
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} in:\n{said}");
    }
}
