//! Which actions there are, and where each is written. New areas of the API bring a file
//! of their own and one line in [`SERVICES`].

use serde_json::Value;

use super::parameters::{Parameter, Parameters};
use super::refusal::Refusal;
use super::world::Turn;
use super::{
    apply, bound, deploy, describe, download, identity, listing, records, upkeep, upload,
    validation, zones,
};

/// One action of one service. Each area of the API has a table of its own.
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) run: fn(&mut Turn<'_>, &Parameters) -> Result<Value, Refusal>,
}

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
        .ok_or_else(|| {
            Refusal::new(
                "AuthFailure.SignatureFailure",
                "The service in the credential scope is not the one that was called.",
            )
        })?;
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
        .ok_or_else(|| Refusal::new("InvalidAction", "The requested action does not exist."))
}
