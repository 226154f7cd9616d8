//! Explanations and remedies in the operator's language; what scripts read is the same in every one.

use crate::common::{Home, SOON, StandIn, output};

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
