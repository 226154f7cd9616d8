//! The management port: the knobs of `manage` as JSON over HTTP, on loopback only.
//!
//! | call | does |
//! | --- | --- |
//! | `GET /state` | certificates, accounts, counters, faults, the clock |
//! | `GET /requests?since=N` | what was asked after the request numbered N |
//! | `GET /root.pem` | the root of the CA |
//! | `POST /orders/{id}` | [`crate::sandbox::OrderChange`]: advance, hold or fail an order |
//! | `POST /clock` | `{"offset_seconds": N}` |
//! | `POST /faults`, `DELETE /faults` | queue a [`crate::sandbox::Fault`]; forget all |
//! | `POST /limits` | [`crate::sandbox::Limits`] |
//! | `POST /alias` | `{"mode": "keep" \| "drop" \| "cut"}` |
//! | `POST /zones` | `{"secret_id": ID, "name": ZONE}`: host a DNS zone in that account |
//! | `POST /resources` | [`crate::sandbox::NewResource`]: make a cloud resource, or bind it to a certificate |
//! | `POST /cloud` | [`crate::sandbox::CloudChange`]: slow, failing or stuck tasks |
//! | `POST /roles` | [`crate::sandbox::RoleChange`]: make, change or remove a role that temporary keys are given for |
//! | `POST /listing` | `{"delay_seconds": N}` |

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::shared::{Shared, machine_now};
use crate::sandbox::changes::AliasMode;
use crate::sandbox::error::Error;

/// The routes.
pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/requests", get(requests))
        .route("/root.pem", get(root))
        .route("/orders/{id}", post(order))
        .route("/clock", post(clock))
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/limits", post(limits))
        .route("/alias", post(alias))
        .route("/listing", post(listing))
        .route("/zones", post(zone))
        .route("/resources", post(resource))
        .route("/cloud", post(cloud))
        .route("/roles", post(role))
        .with_state(shared)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    offset_seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AliasChange {
    mode: AliasMode,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListingChange {
    delay_seconds: u32,
    #[serde(default)]
    ids_lag: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewZone {
    secret_id: String,
    name: String,
}

async fn state(State(shared): State<Shared>) -> Response {
    shown(StatusCode::OK, &shared.lock().state(machine_now()))
}

async fn requests(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let since = match query.as_deref() {
        None | Some("") => Some(0),
        Some(query) => query.strip_prefix("since=").and_then(|n| n.parse().ok()),
    };
    match since {
        Some(since) => shown(StatusCode::OK, &shared.lock().requests(since)),
        None => finished(Err(Error::Management("the query must be since=N".into()))),
    }
}

async fn root(State(shared): State<Shared>) -> Response {
    let pem = shared.lock().root_pem().to_string();
    ([(header::CONTENT_TYPE, "application/x-pem-file")], pem).into_response()
}

async fn order(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Response {
    finished(read(&body).and_then(|change| {
        let now = machine_now();
        shared.lock().change_order(now, &id, &change)
    }))
}

async fn clock(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).map(|change: ClockChange| {
        shared.lock().set_clock_offset(change.offset_seconds);
    }))
}

async fn add_fault(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).map(|fault| shared.lock().add_fault(fault)))
}

async fn clear_faults(State(shared): State<Shared>) -> Response {
    shared.lock().clear_faults();
    finished(Ok(()))
}

async fn limits(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).map(|limits| shared.lock().set_limits(limits)))
}

async fn alias(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).map(|change: AliasChange| shared.lock().set_alias_mode(change.mode)))
}

async fn listing(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).map(|change: ListingChange| {
        let mut service = shared.lock();
        service.set_listing_delay(change.delay_seconds);
        service.set_ids_lag(change.ids_lag);
    }))
}

async fn zone(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).and_then(|zone: NewZone| {
        let mut service = shared.lock();
        service.host_zone(&zone.secret_id, &zone.name)
    }))
}

async fn resource(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).and_then(|new| shared.lock().bind_resource(machine_now(), new)))
}

async fn cloud(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).map(|change| shared.lock().change_cloud(machine_now(), change)))
}

async fn role(State(shared): State<Shared>, body: Bytes) -> Response {
    finished(read(&body).and_then(|change| shared.lock().change_role(change)))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Management(error.to_string()))
}

fn finished(outcome: Result<(), Error>) -> Response {
    match outcome {
        Ok(()) => shown(StatusCode::OK, &json!({"ok": true})),
        Err(error) => {
            let status = match error {
                Error::NoSuchCertificate(_) => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_REQUEST,
            };
            shown(status, &json!({"ok": false, "error": error.to_string()}))
        }
    }
}

fn shown(status: StatusCode, value: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, value.to_string()).into_response()
}
