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
    /// How many calls fail
    #[arg(long, value_enum, default_value_t = Rate::Mild)]
    faults: Rate,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Rate {
    /// No call fails
    None,
    /// Some calls fail, as in an ordinary year
    Mild,
    /// Many calls fail, in every way that is known; crashes are frequent
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
            Rate::None => Faults::None,
            Rate::Mild => Faults::Mild,
            Rate::Hostile => Faults::Hostile,
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
