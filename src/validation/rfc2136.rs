//! `provider = "rfc2136"`: dynamic update, signed with a TSIG key (RFC 2136, RFC 8945).
//!
//! Adding a record that is there, and deleting one that is not, change nothing, so both can be repeated. Deleted is
//! exactly our value, never the whole set.

use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hickory_net::proto::op::{ResponseCode, update_message};
use hickory_net::proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_net::proto::rr::rdata::{CNAME, TXT};
use hickory_net::proto::rr::{Name, RData, Record, RecordSet, RecordType, TSigner};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::config::Provider;
use crate::lifecycle::Challenge;
use crate::lifecycle::proof::ChallengeKind;

use super::ValidationError;
use super::query::{Manner, absolute, ask, by_tcp, upward};
use crate::secret_file;

/// In seconds.
const TTL: u32 = 60;
/// The server's clock and ours may differ by this many seconds (RFC 8945 recommends it).
const FUDGE: u16 = 300;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Remove,
}

/// Sends one update.
pub(super) async fn change(
    provider: &Provider,
    challenge: &Challenge,
    change: Change,
) -> Result<(), ValidationError> {
    let Provider::Rfc2136 {
        server,
        key_name,
        key_file,
        algorithm,
        zone,
    } = provider
    else {
        return Ok(());
    };
    let refused = |what: String| ValidationError::NameServer {
        server: server.to_string(),
        what,
    };
    let signer = signer(key_name, key_file, algorithm)?;
    let name = absolute(&challenge.name).map_err(ValidationError::Refused)?;
    let zone = match zone {
        Some(zone) => absolute(zone).map_err(ValidationError::Refused)?,
        None => zone_at(*server, &name).await.map_err(refused)?,
    };
    if !zone.zone_of(&name) {
        return Err(ValidationError::Refused(format!(
            "{name} is outside of the zone {zone}"
        )));
    }
    let data = match challenge.kind {
        ChallengeKind::Cname => RData::CNAME(CNAME(
            absolute(&challenge.value).map_err(ValidationError::Refused)?,
        )),
        _ => RData::TXT(TXT::new(vec![challenge.value.clone()])),
    };
    let set = RecordSet::from(Record::from_rdata(name, TTL, data));
    let message = match change {
        Change::Add => update_message::append(set, zone, false, false),
        Change::Remove => update_message::delete_by_rdata(set, zone, false),
    };
    let wrong_key = "does not accept the key: check key_name, key_file, algorithm, and both clocks";
    let answer = by_tcp(*server, message, Some(signer))
        .await
        .map_err(|error| {
            // A key that it does not know, or a clock that is off, is answered without a signature.
            let unsigned = ["HMAC", "TSIG", "tsig"]
                .iter()
                .any(|word| error.contains(word));
            refused(if unsigned {
                wrong_key.to_owned()
            } else {
                error
            })
        })?;
    match answer.metadata.response_code {
        ResponseCode::NoError => Ok(()),
        ResponseCode::Refused => Err(refused(
            "refuses the update: allow it for this key (BIND: update-policy or allow-update)"
                .to_owned(),
        )),
        ResponseCode::NotAuth => Err(refused(wrong_key.to_owned())),
        ResponseCode::NotZone => Err(refused("is not the zone's primary server".to_owned())),
        code => Err(refused(format!("answers {code}"))),
    }
}

/// The zone that the server itself says the name is in: its SOA stands beside a negative answer.
async fn zone_at(server: SocketAddr, name: &Name) -> Result<Name, String> {
    // A name that is an alias is answered with that alone, so its parents are asked too.
    for at in upward(name) {
        let answer = ask(server, &at, RecordType::SOA, Manner::Own).await?;
        let found = answer
            .answers
            .iter()
            .chain(answer.authorities.iter())
            .find(|record| record.record_type() == RecordType::SOA && record.name.zone_of(name));
        if let Some(record) = found {
            return Ok(record.name.clone());
        }
    }
    Err(format!(
        "does not say which zone {name} is in; name it with `zone`"
    ))
}

fn signer(key_name: &str, key_file: &Path, algorithm: &str) -> Result<TSigner, ValidationError> {
    let wrong = |what: &str| ValidationError::File {
        path: key_file.to_path_buf(),
        what: what.to_owned(),
    };
    let text = secret_file::read(key_file)?;
    let secret = secret_of(&text)
        .ok_or_else(|| wrong("holds no key: write its base64, or BIND's `key` clause"))?;
    let key = Zeroizing::new(
        STANDARD
            .decode(secret.expose_secret())
            .map_err(|_| wrong("holds a key that is not base64"))?,
    );
    let algorithm = match algorithm {
        "hmac-sha384" => TsigAlgorithm::HmacSha384,
        "hmac-sha512" => TsigAlgorithm::HmacSha512,
        _ => TsigAlgorithm::HmacSha256,
    };
    let name = absolute(key_name).map_err(ValidationError::Refused)?;
    TSigner::new(key.to_vec(), algorithm, name, FUDGE)
        .map_err(|error| wrong(&format!("can't be used: {error}")))
}

/// The base64 of a key file: all of it, or what stands behind `secret` in a clause as `tsig-keygen` writes it.
fn secret_of(text: &SecretString) -> Option<SecretString> {
    let text = text.expose_secret();
    let bare = |word: &str| {
        let word = word.trim().trim_matches(['"', ';', '\'']);
        (!word.is_empty() && !word.contains(char::is_whitespace)).then(|| SecretString::from(word))
    };
    match text.split_once("secret") {
        Some((_, rest)) => rest.split_whitespace().next().and_then(bare),
        None => bare(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_bare_or_from_bind_s_clause() {
        let secret = |text: &str| {
            secret_of(&SecretString::from(text)).map(|key| key.expose_secret().to_owned())
        };
        assert_eq!(secret("c2VjcmV0\n").as_deref(), Some("c2VjcmV0"));
        let clause = "key \"evercert\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0\";\n};\n";
        assert_eq!(secret(clause).as_deref(), Some("c2VjcmV0"));
        assert_eq!(secret("two words"), None);
        assert_eq!(secret(""), None);
    }
}
