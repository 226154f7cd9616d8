//! Who is told of every call. The client knows nothing of who that is.

use std::time::Duration;

/// One call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call<'c> {
    /// The account.
    pub account: &'c str,
    /// The action.
    pub action: &'static str,
    /// The service's code; or `ok`, `timeout`, `http-502`, … in its place. From outside: it may be anything.
    pub code: &'c str,
    /// From the moment at which the permit was in hand.
    pub took: Duration,
}

/// Is told of every call, right after it. Must be quick: the call waits for it.
pub(crate) trait Observer: Send + Sync {
    /// A call is over.
    fn called(&self, call: Call<'_>);
}
