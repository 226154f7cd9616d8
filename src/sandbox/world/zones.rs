//! DNS zones and records, as far as proofs of control need them. The CA of the stand-in sees what is in them.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sandbox::refusal::Refusal;

/// All zones of all accounts.
#[derive(Default)]
pub(crate) struct Zones {
    zones: Vec<Zone>,
    last_id: i64,
}

/// A zone, hosted in an account.
pub(crate) struct Zone {
    pub(crate) id: i64,
    account: usize,
    pub(crate) name: String,
    pub(crate) records: Vec<ZoneRecord>,
}

/// A record of a zone.
pub(crate) struct ZoneRecord {
    pub(crate) id: i64,
    /// `@` for the zone's own name.
    pub(crate) host: String,
    pub(crate) kind: String,
    pub(crate) value: String,
    /// How long resolvers may keep it, in seconds.
    pub(crate) ttl: i64,
    pub(crate) remark: String,
    pub(crate) listed_from: DateTime<Utc>,
}

impl Zones {
    /// A number that no zone and no record has.
    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Hosts a zone in an account, unless it does already.
    pub(crate) fn host(&mut self, account: usize, name: &str) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let known = |zone: &Zone| zone.account == account && zone.name == name;
        if !self.zones.iter().any(known) {
            let id = self.next_id();
            self.zones.push(Zone {
                id,
                account,
                name,
                records: Vec::new(),
            });
        }
    }

    /// The values of this name and type as the world sees them, if the name is in a zone that is hosted here.
    pub(crate) fn seen(&self, name: &str, kind: &str) -> Option<Vec<String>> {
        let zone = self
            .zones
            .iter()
            .filter(|zone| host_in(name, &zone.name).is_some())
            .max_by_key(|zone| zone.name.len())?;
        let host = host_in(name, &zone.name)?;
        let values = zone
            .records
            .iter()
            .filter(|record| record.host.eq_ignore_ascii_case(&host) && record.kind == kind);
        Some(values.map(|record| record.value.clone()).collect())
    }

    /// Everything, for the management port.
    pub(crate) fn shown(&self) -> Value {
        let zones = self.zones.iter().map(|zone| {
            let records = zone.records.iter().map(|record| {
                json!({"id": record.id, "host": record.host, "type": record.kind, "value": record.value,
                       "remark": record.remark})
            });
            json!({"name": zone.name, "account": zone.account, "records": records.collect::<Vec<_>>()})
        });
        Value::from(zones.collect::<Vec<_>>())
    }

    /// The zones of an account.
    pub(crate) fn hosted_by(&self, account: usize) -> impl Iterator<Item = &Zone> {
        self.zones
            .iter()
            .filter(move |zone| zone.account == account)
    }

    /// One zone of an account, by its number or else by its name.
    pub(crate) fn of(
        &mut self,
        account: usize,
        name: &str,
        id: Option<i64>,
    ) -> Result<&mut Zone, Refusal> {
        let fits = |zone: &Zone| match id {
            Some(id) => zone.id == id,
            None => zone.name.eq_ignore_ascii_case(name),
        };
        self.zones
            .iter_mut()
            .find(|zone| zone.account == account && fits(zone))
            .ok_or(Refusal::DOMAIN_NOT_EXISTS)
    }
}

fn host_in(name: &str, zone: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    if name == zone {
        return Some("@".into());
    }
    let host = name.strip_suffix(zone)?.strip_suffix('.')?;
    Some(host.to_string())
}
