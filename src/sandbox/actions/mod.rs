//! Which actions there are, and where each is written. New areas of the API bring a file
//! of their own and one line in [`SERVICES`].

mod apply;
mod bound;
mod deploy;
mod describe;
mod download;
mod identity;
mod listing;
mod records;
mod upkeep;
mod upload;
pub(super) mod validation;
mod zones;

use super::action::Action;
use super::refusal::Refusal;

/// The services by their name in the signature's scope, each with its version and its areas. New areas are
/// added here.
const SERVICES: &[(&str, &str, &[&[Action]])] = &[
    (
        "ssl",
        "2019-12-05",
        &[
            apply::ACTIONS,
            listing::ACTIONS,
            describe::ACTIONS,
            validation::ACTIONS,
            download::ACTIONS,
            upkeep::ACTIONS,
            upload::ACTIONS,
            bound::ACTIONS,
            deploy::ACTIONS,
            records::ACTIONS,
        ],
    ),
    ("sts", "2018-08-13", &[identity::ACTIONS]),
    ("dnspod", "2021-03-23", &[zones::ACTIONS]),
];

/// The action of that name, if service and version have it.
pub(super) fn find_action(
    service: &str,
    name: &str,
    version: &str,
) -> Result<&'static Action, Refusal> {
    let (_, expected, areas) = SERVICES
        .iter()
        .find(|(known, _, _)| *known == service)
        .ok_or(Refusal::WRONG_SERVICE)?;
    if *expected != version {
        return Err(Refusal::new(
            "NoSuchVersion",
            format!("Service `{service}` has version {expected} only."),
        ));
    }
    areas
        .iter()
        .flat_map(|area| area.iter())
        .find(|action| action.name == name)
        .ok_or(Refusal::INVALID_ACTION)
}
