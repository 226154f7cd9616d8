//! A transport to the service for a system that trusts nobody (yet): no root certificates are installed.
//!
//! They come with a package, or with a mount that is late. Until then every request fails without being sent, and is tried
//! again as one without a network is; what needs no service goes on.

use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::{HttpTransport, RawAnswer, SignedRequest, Transport, TransportError};

/// Made as soon as it can be.
pub(crate) struct LaterTransport {
    proxy: Option<SecretString>,
    made: Mutex<Option<HttpTransport>>,
}

impl LaterTransport {
    /// As [`HttpTransport::internet`], whenever there are root certificates. Looks for them with each request.
    #[must_use]
    pub(crate) fn internet(proxy: Option<&str>) -> Self {
        Self {
            proxy: proxy.map(SecretString::from),
            made: Mutex::new(None),
        }
    }

    fn made(&self) -> Result<HttpTransport, TransportError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(transport) = &*made {
            return Ok(transport.clone());
        }
        let proxy = self.proxy.as_ref().map(ExposeSecret::expose_secret);
        let transport = HttpTransport::internet(proxy)?;
        *made = Some(transport.clone());
        Ok(transport)
    }
}

impl Transport for LaterTransport {
    fn send(&self, request: SignedRequest) -> BoxFuture<'_, Result<RawAnswer, TransportError>> {
        Box::pin(async move { self.made()?.send(request).await })
    }
}
