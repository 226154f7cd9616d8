//! What an account's credentials are, and what they may do: asked of the service by reading calls only.

use futures_util::future::join3;
use serde_json::{Value, json};

use super::Settings;
use crate::lifecycle::Class;
use crate::tencent::ssl::PageRequest;
use crate::tencent::{ApiError, Client};

/// An id that no certificate has: the answer "not found" proves that asking is allowed.
const NO_CERTIFICATE: &str = "ec000000";

/// Probes an account by reading calls. The answer is a JSON object: where the credentials come from, whom they
/// are, the clocks' difference, the entries of the list, and for each reading action whether it is allowed.
///
/// # Errors
/// These settings have no such account; in words.
pub async fn probe(settings: &Settings, account: &str) -> Result<String, String> {
    let client = settings
        .client(account)
        .ok_or_else(|| format!("the config has no account \"{account}\""))?;
    let source = match client.keys().await {
        Ok(keys) => keys.source.name(),
        Err(error) => {
            return Ok(json!({ "credentials": null, "error": error.to_string() }).to_string());
        }
    };
    let dnspod = settings.config.certificates.iter().any(|certificate| {
        use crate::config::{Dns, Provider, Validation};
        match &certificate.validation {
            Validation::Dns(Dns {
                provider: Provider::Dnspod { account: other },
                ..
            }) => other.as_ref().unwrap_or(&certificate.account) == account,
            _ => false,
        }
    });
    // The first one alone: what its answer tells of the clock and the keys, the others go by.
    let list = client.certificates(&PageRequest::from(0)).await;
    let (order, detail, identity) = join3(
        client.describe(NO_CERTIFICATE),
        client.detail(NO_CERTIFICATE),
        client.identity(),
    )
    .await;
    let mut actions = vec![
        reading("ssl:DescribeCertificates", list.map(drop)),
        reading("ssl:DescribeCertificate", order.map(drop)),
        reading("ssl:DescribeCertificateDetail", detail.map(drop)),
    ];
    // Where nothing is ordered with them, keys that could order are more than is needed. What is cancelled is nobody's.
    let mut unneeded = Vec::new();
    if settings.only_fetches(account) {
        let cancel = client.cancel_audit(NO_CERTIFICATE, None).await.map(drop);
        unneeded.push(reading("ssl:CancelAuditCertificate", cancel));
    }
    // Whom these keys are. That it is refused or does not come says nothing of what certificates need.
    let identity = match identity {
        Ok(identity) => Some(identity.to_string()),
        Err(error) => {
            tracing::debug!(%error, "who signs is not known");
            None
        }
    };
    let mut zones = None;
    if dnspod {
        let answer = client.zones().await;
        if let Ok(list) = &answer {
            // A zone that nobody asks proves nothing.
            let answering = list.iter().filter(|zone| zone.usable);
            let names: Vec<&str> = answering.map(|zone| zone.name.as_str()).collect();
            zones = Some(json!(names));
        }
        actions.push(reading("dnspod:DescribeDomainList", answer.map(drop)));
    }
    Ok(json!({
        "credentials": source,
        "identity": identity,
        "skew_seconds": skew(client),
        "actions": actions,
        "unneeded": unneeded,
        "zones": zones,
    })
    .to_string())
}

fn skew(client: &Client) -> Option<i64> {
    client.skew().map(|skew| skew.num_seconds())
}

/// Whether an answer shows that the action is allowed: anything but a refusal of credentials or rights does.
fn reading(action: &str, answer: Result<(), ApiError>) -> Value {
    match answer {
        Ok(()) => json!({ "action": action, "allowed": true }),
        Err(error) => {
            let allowed = match error.class() {
                Class::Operator => json!(false),
                // No answer at all, or none that tells.
                Class::Transient => Value::Null,
                _ => json!(true),
            };
            json!({
                "action": action,
                "allowed": allowed,
                "code": error.code(),
                "error": error.to_string(),
            })
        }
    }
}
