//! `simulate`: a year of your own config in seconds, against the stand-in, with faults and crashes.

use std::path::Path;
use std::process::ExitCode;

use super::failure::Failure;
use super::output::print;
use crate::config;
use crate::simulation::{Faults, Options, SimulationError, keep_to_one_processor, simulate};

/// What `simulate` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(30..=3650))]
    days: u32,
    /// Which run of all; the same seed gives the same run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How unkind the world is
    #[arg(long, value_enum, default_value_t = Unkindness::Mild)]
    faults: Unkindness,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Unkindness {
    /// Everything works
    None,
    /// As a bad provider on an ordinary year
    Mild,
    /// Everything that can go wrong does, often
    Hostile,
}

pub(super) async fn run(
    path: &Path,
    given: bool,
    arguments: &Arguments,
) -> Result<ExitCode, Failure> {
    let config = if given || path.exists() {
        config::load_without_credentials(path)?.config
    } else {
        print("no config: simulating the example's domains\n\n")?;
        config::parse(config::EXAMPLE, None)?.config
    };
    let options = Options {
        seed: arguments.seed,
        days: arguments.days,
        faults: match arguments.faults {
            Unkindness::None => Faults::None,
            Unkindness::Mild => Faults::Mild,
            Unkindness::Hostile => Faults::Hostile,
        },
        config,
        folder: None,
    };
    // Several at once spread by their process ids.
    keep_to_one_processor(std::process::id() as usize);
    match simulate(&options).await {
        Ok(report) => {
            print(&format!(
                "{report}\n\nNothing expired, and nothing was ordered twice.\n"
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(broken @ SimulationError::Broken { .. }) => Err(Failure::other(format!(
            "a promise broke: {broken}. Please report it with this line and your config's [schedule]"
        ))),
        Err(error) => Err(Failure::other(error.to_string())),
    }
}
