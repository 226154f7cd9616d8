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
/// to by name (`DeployCertificateInstance`, in the SDK's list and in its examples); and how many parts such a name has, at
/// least and at most.
const TYPES: [(&str, Taken, Taken, usize, usize); 17] = [
    ("apigateway", Regional, Regional, 2, 2),
    ("cdn", Global, Global, 2, 2),
    ("clb", Regional, Regional, 2, 3),
    ("cos", Regional, Regional, 3, 3),
    ("ddos", Global, Global, 3, 3),
    ("gaap", Global, Global, 2, 2),
    ("lighthouse", No, Regional, 3, 3),
    ("live", Global, Global, 1, 1),
    ("mqtt", Regional, Regional, 2, 2),
    ("scf", Regional, No, 0, 0),
    ("tcb", Regional, Regional, 4, 4),
    ("tdmq", Regional, No, 0, 0),
    ("teo", Global, Global, 1, 1),
    ("tke", Regional, Regional, 3, 3),
    ("tse", Regional, Regional, 2, 2),
    ("vod", Global, Global, 1, 1),
    ("waf", Regional, Regional, 1, 1),
];

fn find(kind: &str) -> (Taken, Taken) {
    let found = TYPES.iter().find(|(name, ..)| *name == kind);
    found.map_or((No, No), |(_, moves, deploys, ..)| (*moves, *deploys))
}

/// Whether a text can name an instance of this type.
pub(crate) fn is_instance(kind: &str, text: &str) -> bool {
    let found = TYPES.iter().find(|(name, ..)| *name == kind);
    let parts = text.split('|').count();
    let fits = found.is_some_and(|(.., least, most)| (*least..=*most).contains(&parts));
    fits && text.split('|').all(|part| !part.trim().is_empty())
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
