//! Runs the `check` commands of a certificate's targets on request: where they will run, in the service's own sandbox.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use serde_json::{Value, json};

use super::Engine;
use super::requests::RequestError;
use crate::command::{self, CommandError, Environment, Run};
use crate::config::{Certificate, Install};

/// A pass waits for these, so they get less time than in a delivery.
const LONGEST: Duration = Duration::from_secs(15);

impl Engine {
    /// Runs each check of this certificate once. The answer is a JSON list with an entry for each target: why its check
    /// failed, null where it did not, or false where that could not be found out in the time there is. Nothing is written, and no delivery is told of it.
    pub(super) async fn try_checks(&self, domain: &str) -> Result<String, RequestError> {
        let settings = self.settings();
        let mut all = settings.config.certificates.iter();
        let certificate = all
            .find(|certificate| certificate.domain == domain)
            .ok_or_else(|| RequestError::not_in_config(domain))?;
        let mut outcomes: Vec<Value> = Vec::new();
        for install in &certificate.targets.install {
            outcomes.push(match &install.check {
                Some(argv) => self.try_check(certificate, install, argv).await,
                None => Value::Null,
            });
            self.advance();
        }
        Ok(Value::from(outcomes).to_string())
    }

    async fn try_check(
        &self,
        certificate: &Certificate,
        install: &Install,
        argv: &[String],
    ) -> Value {
        let live = self.settings().config.state_dir.join("live");
        let live = live.join(&certificate.domain);
        let file = |name: &str| live.join(name).display().to_string();
        let environment = Environment::default()
            .with("EVERCERT_EVENT", "check")
            .with("EVERCERT_DOMAIN", &certificate.domain)
            .with("EVERCERT_DOMAINS", &certificate.domain)
            .with("RENEWED_DOMAINS", &certificate.domain)
            .with("RENEWED_LINEAGE", live.display().to_string())
            .with("EVERCERT_LIVE", live.display().to_string())
            .with("EVERCERT_CERT", file("cert.pem"))
            .with("EVERCERT_CHAIN", file("chain.pem"))
            .with("EVERCERT_FULLCHAIN", file("fullchain.pem"))
            .with("EVERCERT_KEY", file("privkey.pem"));
        let clock = &*self.environment.clock;
        // A delivery may be running the same check: the two never overlap, and a pass does not wait long for it.
        let turn = pin!(command::turn([argv]));
        let Either::Left((_turn, _)) = select(turn, clock.sleep(LONGEST)).await else {
            return json!(false);
        };
        let run = Run::new(argv, environment, install.timeout.min(LONGEST));
        match command::run(run, clock).await {
            Ok(_) => Value::Null,
            // A delivery would have waited longer.
            Err(CommandError::TimedOut { .. }) if install.timeout > LONGEST => json!(false),
            Err(error) => json!(error.to_string()),
        }
    }
}
