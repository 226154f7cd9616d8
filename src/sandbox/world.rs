//! What actions work on: the certificates, the CA, and the settings in force.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::ca::Authority;
use super::cloud::Cloud;
use super::fields::Written;
use super::keys::KeyPool;
use super::manage::AliasMode;
use super::register::Register;
use super::zones::Zones;
use super::{Error, Options};

/// What actions work on.
pub(super) struct World {
    pub(super) options: Options,
    pub(super) register: Register,
    pub(super) authority: Authority,
    pub(super) keys: KeyPool,
    pub(super) random: StdRng,
    pub(super) alias_mode: AliasMode,
    pub(super) listing_delay: TimeDelta,
    pub(super) zones: Zones,
    pub(super) cloud: Cloud,
    /// Zips packed so far: the layouts come in turn.
    pub(super) downloads: u64,
    /// Deletions with a resource check: task to certificate and outcome.
    pub(super) deletions: HashMap<String, (String, i64)>,
}

/// One action's turn: whose, when, on what.
pub(super) struct Turn<'a> {
    /// The service's own clock.
    pub(super) now: DateTime<Utc>,
    /// Index into the options' credentials.
    pub(super) account: usize,
    /// The `X-TC-Region` header.
    pub(super) region: Option<String>,
    pub(super) world: &'a mut World,
    /// What goes into the answer besides the action's result: a long list, which would be costly to take apart again.
    pub(super) written: Option<Written>,
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
            register: Register::default(),
            authority: Authority::new(&mut random)?,
            keys: KeyPool::default(),
            random,
            alias_mode: AliasMode::Keep,
            listing_delay: TimeDelta::zero(),
            downloads: 0,
            deletions: HashMap::new(),
            options,
        })
    }

    /// A new certificate id: eight letters and digits, as in the vendor's examples.
    pub(super) fn new_id(&mut self) -> String {
        loop {
            let id = self.token(8);
            if !self.register.has(&id) {
                return id;
            }
        }
    }

    /// A request id in the form of a UUID.
    pub(super) fn request_id(&mut self) -> String {
        let id = format!("{:032x}", self.random.random::<u128>());
        let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
        parts.join("-")
    }

    /// Random letters and digits.
    pub(super) fn token(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        (0..length)
            .map(|_| char::from(LETTERS[self.random.random_range(0..LETTERS.len())]))
            .collect()
    }
}
