//! Where certificates go in a simulation: copies on the disk and cloud resources, and what is promised of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::process::Process;
use super::world::SharedWorld;
use crate::config::{Certificate, Config};
use crate::delivery::Live;
use crate::delivery::targets::Target;
use crate::lifecycle::Installed;
use crate::sandbox::{BoundResource, NewResource};
use crate::store::{Store, StoreError};

/// Where load balancers and the like are.
const REGION: &str = "ap-guangzhou";

/// The targets of a config.
pub(super) struct Targets {
    certificates: Vec<Certificate>,
    state_dir: PathBuf,
    /// Resources that were bound to their first certificate, by the people who own them.
    bound: BTreeSet<String>,
}

/// A resource of the stand-in's, and who has it.
struct Resource<'a> {
    certificate: &'a Certificate,
    kind: &'static str,
    region: String,
    instance: String,
    /// Deployed to by name, also for the first time.
    is_named: bool,
}

impl Targets {
    pub(super) fn new(config: &Config) -> Self {
        let certificates = config.certificates.iter();
        Self {
            certificates: certificates
                .filter(|certificate| !certificate.targets.is_empty())
                .cloned()
                .collect(),
            state_dir: config.state_dir.clone(),
            bound: BTreeSet::new(),
        }
    }

    fn resources(&self) -> Vec<Resource<'_>> {
        let mut resources = Vec::new();
        for certificate in &self.certificates {
            for cloud in &certificate.targets.cloud {
                let kinds = cloud.resources.iter();
                let region = cloud.region.clone().unwrap_or_else(|| REGION.to_owned());
                for kind in kinds.filter(|kind| kind.moves || !cloud.instances.is_empty()) {
                    let names = if cloud.instances.is_empty() {
                        vec![format!("{}-of-{}", kind.name, certificate.domain)]
                    } else {
                        cloud.instances.clone()
                    };
                    resources.extend(names.into_iter().map(|instance| Resource {
                        certificate,
                        kind: kind.name,
                        region: if kind.regional {
                            region.clone()
                        } else {
                            String::new()
                        },
                        instance,
                        is_named: !cloud.instances.is_empty(),
                    }));
                }
            }
        }
        resources
    }

    /// The names that a fault may hit.
    pub(super) fn instances(&self) -> Vec<String> {
        let resources = self.resources().into_iter();
        resources.map(|resource| resource.instance).collect()
    }

    /// The people who own the resources make them, and bind each once to its first certificate, where Evercert is not
    /// told to.
    pub(super) async fn bind(
        &mut self,
        world: &SharedWorld,
        store: &Store,
    ) -> Result<(), StoreError> {
        let mut done = Vec::new();
        for resource in self.resources() {
            if self.bound.contains(&resource.instance) {
                continue;
            }
            let listing = store.record(&resource.certificate.domain).await?;
            let installed = listing.and_then(|listing| listing.record.installed);
            if installed.is_none() && !resource.is_named {
                continue;
            }
            let new = NewResource {
                secret_id: None,
                resource_type: resource.kind.to_owned(),
                region: resource.region,
                instance: resource.instance.clone(),
                certificate_id: installed
                    .filter(|_| !resource.is_named)
                    .map(|installed| installed.certificate_id),
            };
            let outcome = world.with(|world| world.service.bind_resource(world.now(), new));
            match outcome {
                Ok(()) => done.push(resource.instance),
                Err(error) => tracing::debug!(%error, "it is bound another day"),
            }
        }
        self.bound.extend(done);
        Ok(())
    }

    /// Promise 8: what is said to be delivered is. In the end everything is.
    pub(super) async fn untrue(
        &self,
        served: &[BoundResource],
        process: &Process,
        tampered: &BTreeSet<String>,
        is_end: bool,
    ) -> Result<Option<String>, StoreError> {
        let store = &process.store;
        for certificate in &self.certificates {
            let domain = &certificate.domain;
            let known = store.deliveries(domain).await?;
            let Some(known) = known.filter(|known| known.wanted.is_some()) else {
                continue;
            };
            if !known.announced {
                if is_end {
                    let rows: Vec<_> = known.rows.iter().map(|row| &row.last_error).collect();
                    return Ok(Some(format!(
                        "{domain}: not delivered in the end: {rows:?}"
                    )));
                }
                continue;
            }
            let record = store.record(domain).await?.map(|listing| listing.record);
            let Some(installed) = record.and_then(|record| record.installed) else {
                return Ok(Some(format!("{domain}: delivered, and not installed")));
            };
            // What a copy should hold can't be told while that is lost.
            let wrong = (!tampered.contains(domain))
                .then(|| wrong_copy(certificate, &self.state_dir, &process.live, &installed))
                .flatten()
                .or_else(|| self.wrong_resource(served, domain, &installed));
            if wrong.is_some() {
                return Ok(wrong);
            }
        }
        Ok(None)
    }

    fn wrong_resource(
        &self,
        served: &[BoundResource],
        domain: &str,
        installed: &Installed,
    ) -> Option<String> {
        self.resources()
            .into_iter()
            .filter(|mine| mine.certificate.domain == domain)
            .filter(|mine| self.bound.contains(&mine.instance))
            .find_map(|mine| {
                let found = served
                    .iter()
                    .find(|found| found.instance == mine.instance)?;
                let id = found.certificate_id.as_deref();
                (id != Some(&installed.certificate_id)).then(|| {
                    format!(
                        "{domain}: said to be delivered as {}, and {} has {id:?}",
                        installed.certificate_id, mine.instance
                    )
                })
            })
    }
}

/// A resource that serves what has ended, in words.
pub(super) fn expired(served: &[BoundResource], now: DateTime<Utc>) -> Option<String> {
    let ended = |end: Option<DateTime<Utc>>| end.is_some_and(|end| end <= now);
    let resource = served.iter().find(|resource| ended(resource.not_after))?;
    let id = resource.certificate_id.as_deref().unwrap_or_default();
    Some(format!(
        "{}: its certificate {id} has expired at the resource",
        resource.instance
    ))
}

fn wrong_copy(
    certificate: &Certificate,
    state_dir: &Path,
    live: &Live,
    installed: &Installed,
) -> Option<String> {
    let domain = &certificate.domain;
    let material = match live.material(domain, &installed.fingerprint) {
        Ok(Some(material)) => material,
        Ok(None) => return Some(format!("{domain}: the archive has lost what is installed")),
        Err(error) => return Some(format!("{domain}: the archive: {error}")),
    };
    certificate.targets.install.iter().find_map(|install| {
        let target = Target::new(install, domain, state_dir);
        match target.holds(&material) {
            Ok(true) => None,
            Ok(false) => Some(format!(
                "{domain}: said to be delivered, and {} holds something else",
                install.title()
            )),
            Err(error) => Some(format!("{domain}: a copy: {error}")),
        }
    })
}
