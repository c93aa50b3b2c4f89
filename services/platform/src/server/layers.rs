//! The layers that every call of every service passes.

use http::Request;
use hyper_util::service::TowerToHyperService;
use tonic::service::Routes;
use tower::util::MapRequestLayer;
use tower::{Layer as _, ServiceBuilder};

use super::admission::{Admission, Admitting};
use super::deadline::DeadlineConfig;
use super::deadline_layer::DeadlineLayer;
use super::panic_layer::PanicLayer;
use crate::identity::{Context, IdentityLayer};
use crate::telemetry::{TraceLayer, record_tenant};

/// `routes` behind tracing, deadline, a net for panics and identity, in this order: what a
/// layer refuses is still traced, and no handler runs without a deadline and a caller.
///
/// The result accepts further services without these layers, such as health.
pub fn standard_layers(
    routes: Routes,
    deadlines: DeadlineConfig,
    identity: IdentityLayer,
) -> Routes {
    let layered = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(DeadlineLayer::new(deadlines))
        .layer(PanicLayer)
        .layer(identity)
        .layer(MapRequestLayer::new(name_tenant))
        .service(routes.prepare());
    // tonic's routes are an axum router underneath. As its fallback the layers run once
    // for the whole service, not once for each of its routes.
    Routes::from(
        Routes::default()
            .into_axum_router()
            .fallback_service(layered),
    )
}

/// What [`serve`](super::serve) takes to answer calls with `routes`, within `admission`.
pub fn front_end(routes: Routes, admission: &Admission) -> TowerToHyperService<Admitting<Routes>> {
    TowerToHyperService::new(admission.layer(routes.prepare()))
}

/// Names the tenant in the call's span and log lines, now that it is known.
fn name_tenant<B>(request: Request<B>) -> Request<B> {
    if let Some(context) = request.extensions().get::<Context>() {
        record_tenant(context.tenant);
    }
    request
}
