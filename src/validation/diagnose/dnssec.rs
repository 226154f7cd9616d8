//! DNSSEC, as far as it can be seen without a chain of our own from the root.
//!
//! Since March 2026 every CA validates to the root whatever it looks up, and may not do without (CA/Browser Forum, ballot
//! SC-085). Seen here: a resolver that refuses an answer, and gives it where it is told not to check; and of each signed
//! zone whether its keys are those that its parent names, and whether its signatures are in time. Both need no resolver of
//! a certain kind to find a fault; that there is none is proven only by a resolver that checks.

use chrono::{DateTime, Utc};
use hickory_net::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_net::proto::op::{Message, ResponseCode};
use hickory_net::proto::rr::{Name, RData, Record, RecordType};

use super::finding::{
    Finding, ask_a_validating_resolver, dnssec_unproven, keys_unlike_ds, look_where_it_breaks,
    not_signed, resolver_refuses, set_the_ds, sign_again, signatures_ended, take_ds_away,
    unsigned_behind_ds,
};
use crate::config::main_domain;
use crate::validation::query::{Manner, absolute, ask, plain, upward};
use crate::validation::resolver::{Resolvers, tells};

/// Why the chain down to a name is broken, or not proven to hold, through these [`signed_zones`]; `asked` are the questions that
/// a CA asks.
pub(super) async fn look(
    resolvers: &Resolvers,
    signed: &[(Name, Vec<DS>)],
    asked: &[(&Name, RecordType)],
    now: DateTime<Utc>,
) -> Option<Finding> {
    for (zone, ds) in signed {
        if let Some(fault) = fault(resolvers, zone, ds, now).await {
            return Some(fault);
        }
    }
    for (name, kind) in asked {
        for resolver in resolvers.each() {
            if let Some(zone) = refused(resolver, name, *kind).await {
                let what = resolver_refuses(plain(&zone), resolver.ip());
                return Some(Finding::fails(what, look_where_it_breaks()));
            }
        }
    }
    match signed.last() {
        Some((zone, _)) if !is_checked(resolvers, zone).await => Some(Finding::leaves_open(
            dnssec_unproven(plain(zone)),
            ask_a_validating_resolver(),
        )),
        _ => None,
    }
}

/// The zones from the registered domain down to the name that their parents call signed.
pub(super) async fn signed_zones(resolvers: &Resolvers, domain: &Name) -> Vec<(Name, Vec<DS>)> {
    let registered = absolute(&main_domain(&plain(domain))).unwrap_or_else(|_| domain.clone());
    let mut path: Vec<Name> = upward(domain)
        .take_while(|name| registered.zone_of(name))
        .collect();
    path.reverse();
    let mut signed = Vec::new();
    for name in path {
        let asked = resolvers.ask(&name, RecordType::DS, Manner::Unchecked);
        // What can't be looked up fails for CAA too, and is told there.
        let Ok(answer) = asked.await else { continue };
        let records = own(&answer, &name).filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds.clone()),
            _ => None,
        });
        let records: Vec<DS> = records.collect();
        if !records.is_empty() {
            signed.push((name, records));
        }
    }
    signed
}

fn own<'m>(answer: &'m Message, name: &Name) -> impl Iterator<Item = &'m Record> {
    let all = answer.answers.iter();
    all.filter(move |record| record.name == *name)
}

/// What is wrong between a zone and its parent, or with its signatures; `None` where nothing is, or can't be told.
async fn fault(
    resolvers: &Resolvers,
    zone: &Name,
    ds: &[DS],
    now: DateTime<Utc>,
) -> Option<Finding> {
    let unchecked = |kind| resolvers.ask(zone, kind, Manner::Unchecked);
    let answer = unchecked(RecordType::DNSKEY).await.ok()?;
    let keys: Vec<&DNSKEY> = own(&answer, zone)
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
            _ => None,
        })
        .collect();
    let shown = plain(zone);
    if keys.is_empty() {
        return Some(Finding::fails(unsigned_behind_ds(shown), take_ds_away()));
    }
    // A digest that can't be computed here may be one that others can.
    let fits = |ds: &DS| {
        let mut all = keys.iter();
        all.any(|key| ds.covers(zone, key).unwrap_or(true))
    };
    if !ds.iter().any(fits) {
        return Some(Finding::fails(keys_unlike_ds(shown), set_the_ds()));
    }
    let start = unchecked(RecordType::SOA).await.ok()?;
    for (answer, kind) in [(&answer, RecordType::DNSKEY), (&start, RecordType::SOA)] {
        let signatures: Vec<&RRSIG> = own(answer, zone)
            .filter_map(|record| match &record.data {
                RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
                _ => None,
            })
            .filter(|signature| signature.input().type_covered == kind)
            .collect();
        let ends = signatures.iter().map(|signature| end(signature, now));
        match ends.max() {
            None => return Some(Finding::fails(not_signed(shown), look_where_it_breaks())),
            Some(ended) if ended < now => {
                let at = ended.format("%Y-%m-%d %H:%M UTC");
                return Some(Finding::fails(signatures_ended(shown, at), sign_again()));
            }
            Some(_) => {}
        }
    }
    None
}

/// When a signature ends. Its 32 bits of seconds are those nearest to now (RFC 4034, 3.1.5).
fn end(signature: &RRSIG, now: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = signature.input().sig_expiration.get();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "the difference of two numbers that count modulo 2^32"
    )]
    let ahead = seconds.wrapping_sub(now.timestamp() as u32) as i32;
    now + chrono::TimeDelta::seconds(ahead.into())
}

/// The zone whose signatures this resolver does not take, where it refuses the answer for that.
async fn refused(resolver: std::net::SocketAddr, name: &Name, kind: RecordType) -> Option<Name> {
    let fails = async |name: &Name, kind| {
        let answer = ask(resolver, name, kind, Manner::Checked).await;
        answer.is_ok_and(|answer| answer.metadata.response_code == ResponseCode::ServFail)
    };
    if !fails(name, kind).await {
        return None;
    }
    let answer = ask(resolver, name, kind, Manner::Unchecked).await.ok()?;
    // Asked once more: the first failure may have been a server's that was slow.
    if !tells(&answer) || !fails(name, kind).await {
        return None;
    }
    // The chain breaks at the first name from above that fails; where it is only this answer, in the zone that gave it.
    let mut path: Vec<Name> = upward(name).collect();
    path.reverse();
    for at in path {
        if fails(&at, RecordType::SOA).await {
            return Some(at);
        }
    }
    let all = answer.answers.iter().chain(&answer.authorities);
    let mut starts = all.filter(|record| record.record_type() == RecordType::SOA);
    let zone = starts.find(|record| record.name.zone_of(name));
    Some(zone.map_or_else(|| name.clone(), |record| record.name.clone()))
}

/// Whether a resolver says of this zone that it checked its signatures.
async fn is_checked(resolvers: &Resolvers, zone: &Name) -> bool {
    for resolver in resolvers.each() {
        let answer = ask(resolver, zone, RecordType::SOA, Manner::Checked).await;
        if answer.is_ok_and(|answer| answer.metadata.authentic_data) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_net::proto::dnssec::Algorithm;
    use hickory_net::proto::dnssec::rdata::SigInput;
    use hickory_net::proto::rr::SerialNumber;

    #[test]
    fn the_end_of_a_signature_is_read_across_the_turn_of_its_counter() {
        let signature = |seconds: u32| {
            RRSIG::from_sig(
                SigInput {
                    type_covered: RecordType::SOA,
                    algorithm: Algorithm::ECDSAP256SHA256,
                    num_labels: 2,
                    original_ttl: 60,
                    sig_expiration: SerialNumber::new(seconds),
                    sig_inception: SerialNumber::new(0),
                    key_tag: 1,
                    signer_name: Name::root(),
                },
                Vec::new(),
            )
        };
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
        let now = at(1_796_000_000);
        assert_eq!(end(&signature(1_796_000_100), now), at(1_796_000_100));
        assert_eq!(end(&signature(1_577_836_800), now), at(1_577_836_800));
        // In 2106 the counter begins anew.
        let late = at(0xffff_fff0);
        assert_eq!(end(&signature(16), late), at(0x1_0000_0010));
        assert_eq!(end(&signature(0xffff_ff00), late), at(0xffff_ff00));
    }
}
