//! What an action is: its name, its parameters, and what it does with a call.

use chrono::{DateTime, Utc};
use rand::RngExt;
use serde::Serialize;

use super::changes::Oddities;
use super::parameters::{Kind, Parameter, Parameters, optional, required};
use super::refusal::Refusal;
use super::world::World;
use super::world::cloud::Cloud;
use super::world::keys::Algorithm;
use super::world::order::{Certificate, Origin};

/// Parameters of one action at most.
const MOST: usize = 18;

/// One action of one service. Each area of the API has a table of its own.
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) run: fn(&mut Call<'_>, &Parameters) -> Result<Answer, Refusal>,
    parameters: [Parameter; MOST],
    count: usize,
}

impl Action {
    /// One without parameters.
    pub(super) const fn new(
        name: &'static str,
        run: fn(&mut Call<'_>, &Parameters) -> Result<Answer, Refusal>,
    ) -> Self {
        Self {
            name,
            run,
            parameters: [optional("", Kind::Text); MOST],
            count: 0,
        }
    }

    /// It needs this parameter.
    pub(super) const fn required(self, name: &'static str, kind: Kind) -> Self {
        self.with(required(name, kind))
    }

    /// It takes this parameter.
    pub(super) const fn optional(self, name: &'static str, kind: Kind) -> Self {
        self.with(optional(name, kind))
    }

    /// It needs the id of a certificate.
    pub(super) const fn by_id(self) -> Self {
        self.required("CertificateId", Kind::Text)
    }

    const fn with(mut self, parameter: Parameter) -> Self {
        self.parameters[self.count] = parameter;
        self.count += 1;
        self
    }

    /// The documented parameters.
    pub(super) fn parameters(&self) -> &[Parameter] {
        &self.parameters[..self.count]
    }
}

/// The result of an action: a JSON object, still without what every answer has.
pub(super) struct Answer(pub(super) String);

/// An answer with these fields.
pub(super) fn answer(fields: impl Serialize) -> Result<Answer, Refusal> {
    serde_json::to_string(&fields)
        .map(Answer)
        .map_err(|error| Refusal::new("InternalError", error.to_string()))
}

/// One call of an action: whose, when, on what.
pub(super) struct Call<'a> {
    /// The service's own clock.
    pub(super) now: DateTime<Utc>,
    /// Index into the options' credentials.
    pub(super) account: usize,
    /// Whose keys signed it: the account's, or those of a session.
    pub(super) secret_id: &'a str,
    /// The `X-TC-Region` header.
    pub(super) region: Option<&'a str>,
    pub(super) world: &'a mut World,
}

impl Call<'_> {
    /// The caller's certificate, or the refusal that the service gives.
    pub(super) fn certificate(&self, id: &str) -> Result<&Certificate, Refusal> {
        let certificate = self.world.register.of(self.account, id)?;
        if self.world.ids_lag && certificate.listed_from > self.now {
            return Err(Refusal::not_found(id));
        }
        Ok(certificate)
    }

    /// As [`Self::certificate`], to inject facts.
    pub(super) fn certificate_mut(&mut self, id: &str) -> Result<&mut Certificate, Refusal> {
        self.world.register.of_mut(self.account, id)
    }

    /// The cloud resources and tasks, once it is worked out what tasks did until now.
    pub(super) fn settle(&mut self) -> &mut Cloud {
        self.world.cloud.settle(self.now);
        &mut self.world.cloud
    }

    /// Takes in a certificate of the caller's, with what an application and an upload have in common. Returns its id.
    ///
    /// `origin` is given the number that the new entry's awkward variations hang on.
    pub(super) fn take_in(
        &mut self,
        parameters: &Parameters,
        names: Vec<String>,
        algorithm: Algorithm,
        origin: impl FnOnce(&mut Self, u8) -> Origin,
    ) -> String {
        let id = self.world.new_id();
        let quirk = self.world.random.random();
        let origin = origin(self, quirk);
        let domain = names.first().cloned().unwrap_or_default();
        let alias = parameters.text("Alias").unwrap_or_default();
        self.world.register.add(Certificate {
            id: id.clone(),
            sequence: self.world.register.next_sequence(),
            account: self.account,
            main_domain: psl2::lookup(&domain)
                .and_then(|found| found.registrable_domain())
                .unwrap_or(&domain)
                .to_owned(),
            domain,
            names,
            alias: self.world.alias_mode.keep(alias),
            project_id: parameters.number("ProjectId").unwrap_or(0),
            inserted: self.now,
            listed_from: self.now + self.world.listing_delay,
            algorithm,
            allow_download: true,
            hosting: -1,
            muted: false,
            odd: Oddities::default(),
            quirk,
            origin,
        });
        id
    }
}
