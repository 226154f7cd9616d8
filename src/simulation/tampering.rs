//! What people and bad disks do to the files that servers read.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use rand::RngExt;

use super::world::World;

/// The odds of it in six hours, where everything that can happen does.
const ODDS: f64 = 0.02;

/// Perhaps does something to one name's files. Returns whose.
pub(super) fn tamper(
    world: &mut World,
    state_dir: &Path,
    domains: &[String],
) -> io::Result<Option<String>> {
    if domains.is_empty() || !world.chance(world.odds(ODDS / 5.0, ODDS)) {
        return Ok(None);
    }
    let Some(domain) = world.pick(domains) else {
        return Ok(None);
    };
    let live = state_dir.join("live").join(domain);
    let done = match world.rng.random_range(0..4) {
        0 => fs::remove_file(&live),
        1 => fs::remove_dir_all(state_dir.join("archive").join(domain)),
        2 => fs::remove_file(live.join("privkey.pem")),
        _ => cut_short(&live.join("fullchain.pem")),
    };
    match done {
        Ok(()) => Ok(Some(domain.clone())),
        // Nothing is installed yet, or it was met before.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn cut_short(path: &Path) -> io::Result<()> {
    let file = fs::File::options().write(true).open(path)?;
    file.set_len(100)
}
