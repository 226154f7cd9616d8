//! The types of cloud resources that the service knows, and what it does with each.

/// Whether an action takes a type, and whether it has to be told the regions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    No,
    Global,
    Regional,
}
use Taken::{Global, No, Regional};

/// Each type: whether its resources can be moved from one certificate to another (`UpdateCertificateInstance`), and deployed
/// to by name (`DeployCertificateInstance`, in the SDK's list and in its examples).
const TYPES: [(&str, Taken, Taken); 17] = [
    ("apigateway", Regional, Regional),
    ("cdn", Global, Global),
    ("clb", Regional, Regional),
    ("cos", Regional, Regional),
    ("ddos", Global, Global),
    ("gaap", Global, Global),
    ("lighthouse", No, Regional),
    ("live", Global, Global),
    ("mqtt", Regional, Regional),
    ("scf", Regional, No),
    ("tcb", Regional, Regional),
    ("tdmq", Regional, No),
    ("teo", Global, Global),
    ("tke", Regional, Regional),
    ("tse", Regional, Regional),
    ("vod", Global, Global),
    ("waf", Regional, Regional),
];

fn find(kind: &str) -> (Taken, Taken) {
    let found = TYPES.iter().find(|(name, _, _)| *name == kind);
    found.map_or((No, No), |(_, moves, deploys)| (*moves, *deploys))
}

/// Whether resources of this type can be moved.
pub(crate) fn is_movable(kind: &str) -> bool {
    find(kind).0 != No
}

/// Whether a move of this type has to name the regions.
pub(crate) fn moves_by_region(kind: &str) -> bool {
    find(kind).0 == Regional
}

/// Whether a deployment to this type is possible.
pub(crate) fn is_deployable(kind: &str) -> bool {
    find(kind).1 != No
}

/// Whether a deployment to this type needs the region header.
pub(crate) fn deploys_by_region(kind: &str) -> bool {
    find(kind).1 == Regional
}
