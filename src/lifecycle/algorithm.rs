//! The algorithm of a certificate's key.

use std::fmt;

use crate::words::words;

words! {
    /// The key algorithm of a certificate (`CsrEncryptAlgo`: Tencent Cloud, ApplyCertificate, 2025-02-17), by the API's word,
    /// which is the config's too.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Algorithm {
        /// RSA; the service makes 2048 bits.
        Rsa = "RSA",
        /// ECDSA on a NIST curve; the service makes prime256v1.
        Ecc = "ECC",
    }
}

impl Algorithm {
    /// Reads `EncryptAlgorithm` as the service describes a certificate that is there: `RSA 2048`, `ECC 256`,
    /// `ECC prime256v1`, or the curve's name alone. `None` for what is neither.
    pub fn described(text: &str) -> Option<Self> {
        const ECC: [&str; 6] = ["ECC", "ECDSA", "EC ", "PRIME256", "SECP", "P-"];
        let said = text.trim().to_ascii_uppercase();
        if said.contains("RSA") {
            Some(Self::Rsa)
        } else if said == "EC" || ECC.iter().any(|word| said.contains(word)) {
            Some(Self::Ecc)
        } else {
            None
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_says_of_a_key_is_read_in_all_its_forms() {
        for (text, algorithm) in [
            ("RSA 2048", Some(Algorithm::Rsa)),
            ("RSA", Some(Algorithm::Rsa)),
            ("rsa 4096", Some(Algorithm::Rsa)),
            ("ECC 256", Some(Algorithm::Ecc)),
            ("ECC prime256v1", Some(Algorithm::Ecc)),
            ("ECDSA", Some(Algorithm::Ecc)),
            ("prime256v1", Some(Algorithm::Ecc)),
            ("secp384r1", Some(Algorithm::Ecc)),
            ("ECC P256", Some(Algorithm::Ecc)),
            (" Prime256V1 ", Some(Algorithm::Ecc)),
            ("eCc", Some(Algorithm::Ecc)),
            ("EC 256", Some(Algorithm::Ecc)),
            ("rSa2048", Some(Algorithm::Rsa)),
            ("P-256", Some(Algorithm::Ecc)),
            ("SM2", None),
            ("2048", None),
            ("", None),
            (" ", None),
        ] {
            assert_eq!(Algorithm::described(text), algorithm, "{text}");
        }
    }
}
