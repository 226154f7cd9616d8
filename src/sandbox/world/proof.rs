//! Proof of control over a name: how it is given, and what has to be published for it.

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;

use super::random::{hex32, token};
use crate::sandbox::options::RecordType;

/// `DvAuthMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    DnsAuto,
    Dns,
    File,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DnsAuto => "DNS_AUTO",
            Self::Dns => "DNS",
            Self::File => "FILE",
        }
    }
}

/// What has to be published.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    /// `CNAME`, `TXT` or `FILE`.
    pub(crate) kind: &'static str,
    /// Full record name, or file name.
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Proof {
    /// A new proof. Both record types occur, as vendor examples show both; nothing about a name's prefix is fixed.
    pub(crate) fn new(
        random: &mut StdRng,
        method: Method,
        record: RecordType,
        domain: &str,
        quirk: u8,
        now: DateTime<Utc>,
    ) -> Self {
        let is_cname = match record {
            RecordType::Either => quirk.is_multiple_of(2),
            RecordType::Txt => false,
            RecordType::Cname => true,
        };
        let stamp = now.format("%Y%m%d%H%M%S").to_string();
        match method {
            Method::File => Self {
                kind: "FILE",
                key: format!("{}.txt", hex32(random)),
                value: format!("{stamp}{}", token(random, 50).to_lowercase()),
            },
            Method::DnsAuto | Method::Dns if is_cname => {
                let (left, right) = (hex32(random), hex32(random));
                let token = token(random, 10).to_lowercase();
                Self {
                    kind: "CNAME",
                    key: format!("_{}.{domain}", hex32(random)),
                    value: format!("{left}.{right}.{token}.trust-provider.com"),
                }
            }
            Method::DnsAuto | Method::Dns => Self {
                kind: "TXT",
                key: format!("_dnsauth.{domain}"),
                value: format!("{stamp}{}", token(random, 50).to_lowercase()),
            },
        }
    }
}
