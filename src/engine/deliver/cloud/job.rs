//! One cloud target's work, and all that its calls need.

use std::time::Duration;

use crate::config::Cloud;
use crate::engine::deliver::work::Work as Delivering;
use crate::lifecycle::Class;
use crate::lifecycle::cloud::{CloudPace, WantedResources};
use crate::lifecycle::delivery::Wanted;
use crate::store::Issued;
use crate::tencent::{ApiError, Client};

/// The pauses before a throttled call that changes nothing is sent again within one look.
const THROTTLED: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// One target's work, and all that its calls need.
pub(super) struct Job<'a> {
    pub(super) delivering: &'a Delivering<'a>,
    pub(super) cloud: &'a Cloud,
    pub(super) client: &'a Client,
    pub(super) target: &'a str,
    /// A task that changes load balancers was noted already.
    pub(super) is_noted: bool,
    pub(super) certificate: &'a Wanted,
    /// The id of the certificate that every target should have.
    pub(super) current: Issued,
    pub(super) issued: Vec<Issued>,
    pub(super) wanted: WantedResources,
    /// The service is to mail nobody any more about the end of certificates that were replaced.
    pub(super) mutes: bool,
    pub(super) pace: CloudPace,
}

impl Job<'_> {
    /// A call that changes nothing is sent again within seconds where it is throttled: several calls make one look, which
    /// would never end where every second one is throttled.
    pub(super) async fn read<T, F: Future<Output = Result<T, ApiError>>>(
        &self,
        call: impl Fn() -> F,
    ) -> Result<T, ApiError> {
        let clock = &self.delivering.engine.environment.clock;
        for pause in THROTTLED {
            match call().await {
                Err(error) if error.is_throttle() => clock.sleep(pause).await,
                answer => return answer,
            }
        }
        call().await
    }
}

/// Whether it goes away by itself, so that the whole look is asked for again.
pub(super) fn passes(error: &ApiError) -> bool {
    error.is_throttle() || error.class() == Class::Transient
}

/// Whether the service's code ends with this.
pub(super) fn code_is(error: &ApiError, suffix: &str) -> bool {
    let code = error.code().and_then(|code| code.rsplit('.').next());
    code == Some(suffix)
}
