//! What is drawn at random. All of it comes from one source, so that a seed gives the same again.

use rand::RngExt;
use rand::rngs::StdRng;

/// Random letters and digits.
pub(crate) fn token(random: &mut StdRng, length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..length)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect()
}

/// Thirty-two hexadecimal digits, in lower case.
pub(crate) fn hex32(random: &mut StdRng) -> String {
    format!("{:032x}", random.random::<u128>())
}

/// The form of a UUID.
pub(crate) fn uuid(random: &mut StdRng) -> String {
    let id = hex32(random);
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}
