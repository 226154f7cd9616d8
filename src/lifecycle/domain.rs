//! Names that share a limit: the registered domain of each.

/// The registered domain of a name, by the public suffix list; the name itself where the list has no answer.
pub fn main_domain(domain: &str) -> String {
    psl::domain_str(domain).unwrap_or(domain).to_owned()
}
