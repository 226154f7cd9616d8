//! `provider = "exec"`: a command of the operator's puts the record up and takes it down.
//!
//! It gets `present` or `cleanup`, the full record name with a final dot, and the value as arguments, which is what
//! lego's exec provider gives; and all details in its environment, also under the names of certbot's manual hooks.

use std::time::Duration;

use crate::command::{self, Environment, Leftovers, Run};
use crate::config::Provider;
use crate::lifecycle::Challenge;

use super::{Job, Tools, ValidationError};
use crate::secret_file;

/// Runs the command with `present`. What it prints on standard output is kept for the clean-up, as certbot does.
pub(super) async fn present(
    provider: &Provider,
    job: Job<'_>,
    challenge: &Challenge,
    tools: &Tools<'_>,
) -> Result<Option<String>, ValidationError> {
    let output = run(provider, job, challenge, "present", None, tools).await?;
    Ok((!output.is_empty()).then_some(output))
}

/// Runs the command with `cleanup`.
pub(super) async fn remove(
    provider: &Provider,
    job: Job<'_>,
    challenge: &Challenge,
    handle: Option<&str>,
    tools: &Tools<'_>,
) -> Result<(), ValidationError> {
    run(provider, job, challenge, "cleanup", handle, tools)
        .await
        .map(drop)
}

async fn run(
    provider: &Provider,
    job: Job<'_>,
    challenge: &Challenge,
    action: &str,
    output_of_present: Option<&str>,
    tools: &Tools<'_>,
) -> Result<String, ValidationError> {
    let Provider::Exec {
        command,
        cleanup,
        env_file,
        timeout,
    } = provider
    else {
        return Ok(String::new());
    };
    let chosen = match cleanup {
        Some(other) if action == "cleanup" => other,
        _ => command,
    };
    let mut argv = chosen.clone();
    argv.extend([
        action.to_owned(),
        format!("{}.", challenge.name),
        challenge.value.clone(),
    ]);
    let secrets = env_file.as_deref().map(secret_file::variables);
    let secrets = secrets.transpose()?.unwrap_or_default();
    let environment = environment(job, challenge, action, output_of_present).with_secrets(secrets);
    let run = Run {
        leftovers: Leftovers::End,
        ..Run::new(&argv, environment, wait(*timeout))
    };
    // One at a time: both actions change the same zone, and a script keeps its state in files.
    let _turn = command::turn([command.as_slice(), chosen.as_slice()]).await;
    Ok(command::run(run, &*tools.clock).await?.output)
}

/// A way that was read back from the record has passed the config's checks once; a zero would never end well.
pub(super) fn wait(timeout: Duration) -> Duration {
    timeout.max(Duration::from_secs(1))
}

/// The details, under our names and under certbot's (certbot 2.1, `--manual-auth-hook`).
pub(super) fn environment(
    job: Job<'_>,
    challenge: &Challenge,
    action: &str,
    output_of_present: Option<&str>,
) -> Environment {
    let variables = [
        ("EVERCERT_DNS_ACTION", action.to_owned()),
        ("EVERCERT_DNS_NAME", challenge.name.clone()),
        ("EVERCERT_DNS_TYPE", challenge.kind.name().to_owned()),
        ("EVERCERT_DNS_VALUE", challenge.value.clone()),
        ("EVERCERT_DOMAIN", job.domain.to_owned()),
        ("EVERCERT_MARKER", job.marker.to_owned()),
        ("CERTBOT_DOMAIN", job.domain.to_owned()),
        ("CERTBOT_VALIDATION", challenge.value.clone()),
        ("CERTBOT_IDENTIFIER", job.domain.to_owned()),
        ("CERTBOT_REMAINING_CHALLENGES", "0".to_owned()),
        ("CERTBOT_ALL_DOMAINS", job.domain.to_owned()),
        ("CERTBOT_ALL_IDENTIFIERS", job.domain.to_owned()),
    ];
    let mut environment = variables
        .into_iter()
        .fold(Environment::inherited(), |all, (name, value)| {
            all.with(name, value)
        });
    if action == "cleanup" {
        let output = output_of_present.unwrap_or_default();
        environment = environment.with("CERTBOT_AUTH_OUTPUT", output);
    }
    environment
}
