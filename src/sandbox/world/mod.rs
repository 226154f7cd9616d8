//! What actions work on: the certificates, the CA, DNS and cloud resources, and the settings in force.

pub(super) mod archive;
pub(super) mod ca;
pub(super) mod cloud;
pub(super) mod keys;
pub(super) mod order;
pub(super) mod proof;
pub(super) mod random;
pub(super) mod register;
pub(super) mod resource_type;
pub(super) mod roles;
pub(super) mod zones;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::sandbox::changes::AliasMode;
use crate::sandbox::error::Error;
use crate::sandbox::options::Options;
use ca::{Authority, Material, Wanted};
use cloud::Cloud;
use keys::KeyPool;
use register::Register;
use roles::Roles;
use zones::Zones;

/// What actions work on.
pub(super) struct World {
    pub(super) options: Options,
    pub(super) register: Register,
    pub(super) authority: Authority,
    keys: KeyPool,
    pub(super) random: StdRng,
    pub(super) alias_mode: AliasMode,
    pub(super) listing_delay: TimeDelta,
    /// The list has no entries from this one on, whatever its `TotalCount` says.
    pub(super) list_ends_at: Option<usize>,
    /// Reads by id lag as the list does.
    pub(super) ids_lag: bool,
    pub(super) zones: Zones,
    pub(super) cloud: Cloud,
    pub(super) roles: Roles,
    /// Zips packed so far: the layouts come in turn.
    pub(super) downloads: u64,
    /// Deletions with a resource check: task to certificate and outcome.
    pub(super) deletions: HashMap<String, (String, i64)>,
}

impl World {
    /// An empty world with a fresh CA.
    pub(super) fn new(options: Options) -> Result<Self, Error> {
        let mut random = match options.seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => rand::make_rng(),
        };
        let mut zones = Zones::default();
        for name in &options.zones {
            zones.host(0, name);
        }
        Ok(Self {
            zones,
            cloud: Cloud::default(),
            roles: Roles::default(),
            register: Register::default(),
            authority: Authority::new(&mut random)?,
            keys: KeyPool::default(),
            random,
            alias_mode: AliasMode::Keep,
            listing_delay: TimeDelta::zero(),
            list_ends_at: None,
            ids_lag: false,
            downloads: 0,
            deletions: HashMap::new(),
            options,
        })
    }

    /// A new certificate id: eight letters and digits, as in the vendor's examples.
    pub(super) fn new_id(&mut self) -> String {
        loop {
            let id = random::token(&mut self.random, 8);
            if !self.register.has(&id) {
                return id;
            }
        }
    }

    /// The material of an issued order, made now if nobody asked for it before.
    pub(super) fn material(
        &mut self,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<&Material>, Error> {
        let Some(certificate) = self.register.get_mut(id) else {
            return Ok(None);
        };
        let (Some((mut not_before, mut not_after)), Some(_)) =
            (certificate.validity(now), certificate.issued(now))
        else {
            return Ok(None);
        };
        if certificate.odd.ended_material {
            let over = not_after - now + TimeDelta::hours(1);
            (not_before, not_after) = (not_before - over, not_after - over);
        }
        let algorithm = certificate.algorithm;
        let (domain, names) = (certificate.domain.clone(), certificate.names.clone());
        let Some(order) = certificate.order_mut() else {
            return Ok(None);
        };
        if order.material.is_none() {
            let key = self.keys.make(algorithm, &mut self.random)?;
            let wanted = Wanted {
                domain: &domain,
                names: &names,
                not_before,
                not_after,
            };
            let material = self.authority.issue(&wanted, key, &mut self.random)?;
            order.material = Some(material);
        }
        Ok(order.material.as_ref())
    }
}

/// The made-up account number of an account, by its index.
pub(super) fn account_number(account: usize) -> String {
    format!("{}", 100_000_000_001_u64 + account as u64)
}
