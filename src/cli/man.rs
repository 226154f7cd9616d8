//! `man [VERB]`: the manual page, made from the same description as the help texts.

use std::process::ExitCode;

use clap::Command;

use super::failure::Failure;
use super::output::print;

/// What `man` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The page of this verb; the one of the whole program if none is given
    verb: Option<String>,
}

pub(super) fn run(arguments: &Arguments, program: Command) -> Result<ExitCode, Failure> {
    print(&page(program, arguments.verb.as_deref())?)?;
    Ok(ExitCode::SUCCESS)
}

/// The page, in roff.
fn page(mut program: Command, verb: Option<&str>) -> Result<String, Failure> {
    // Built, so that a verb's page knows the program's own options too.
    program.build();
    let command = match verb {
        None => program,
        Some(verb) => {
            let found = program.find_subcommand(verb).ok_or_else(|| {
                Failure::usage(format!("no verb \"{verb}\"; `evercert help` lists them"))
            })?;
            found.clone().display_name(format!("evercert-{verb}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command)
        .section("1")
        .manual("Evercert")
        .source(concat!("evercert ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;
    use crate::cli;

    /// Pages and completions lie ready for packages, which are built without running the program.
    #[test]
    fn what_packages_ship_is_what_the_program_says() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
        let bless = std::env::var_os("EVERCERT_BLESS").is_some();
        let mut expected = vec![(
            "man/evercert.1".to_owned(),
            page(cli::Arguments::command(), None).unwrap(),
        )];
        let mut command = cli::Arguments::command();
        command.build();
        for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
            let name = verb.get_name();
            if name != "help" {
                expected.push((
                    format!("man/evercert-{name}.1"),
                    page(cli::Arguments::command(), Some(name)).unwrap(),
                ));
            }
        }
        for (shell, file) in [
            (clap_complete::Shell::Bash, "evercert.bash"),
            (clap_complete::Shell::Zsh, "_evercert"),
            (clap_complete::Shell::Fish, "evercert.fish"),
        ] {
            let mut script = Vec::new();
            let mut command = cli::Arguments::command();
            clap_complete::generate(shell, &mut command, "evercert", &mut script);
            let script = String::from_utf8(script).unwrap();
            expected.push((format!("completions/{file}"), script));
        }
        for (name, text) in expected {
            let path = folder.join(&name);
            if bless {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            let shipped = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                shipped == text,
                "packaging/{name} is out of date: EVERCERT_BLESS=1 cargo test --lib what_packages_ship"
            );
        }
    }

    #[test]
    fn a_verb_that_there_is_not_is_said() {
        assert!(page(cli::Arguments::command(), Some("renewal")).is_err());
    }
}
