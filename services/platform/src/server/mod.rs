//! How calls reach a service and how a process ends: listeners, layers, limits, health.
//!
//! Calls inside one process never meet tonic's transport, so everything a call needs is a
//! layer on the service's routes ([`standard_layers`]); what belongs to connections is in
//! [`serve`].

mod admission;
mod config;
mod deadline;
mod deadline_layer;
mod drain;
mod farewell;
mod handshake;
mod health;
mod layers;
mod link;
mod listen;
mod ops;
mod pages;
mod panic_layer;
mod readiness;
mod reflection;
mod rpc;
mod service;
mod supervisor;
#[cfg(test)]
mod tests;

pub use admission::{Admission, Admitted, Admitting};
pub use config::ServerConfig;
pub use deadline::{
    Deadline, DeadlineConfig, MalformedTimeout, TIMEOUT_HEADER, format_timeout, parse_timeout,
};
pub use deadline_layer::{DeadlineLayer, DeadlineService};
pub use drain::{Drain, DrainConfig};
pub use health::Health;
pub use layers::{front_end, standard_layers};
pub use link::{InvalidUrl, RemoteConfig, ServiceLink};
pub use listen::{ConnectionLimits, serve};
pub use ops::Ops;
pub use pages::serve_pages;
pub use panic_layer::{Catching, PanicLayer};
pub use readiness::ReadinessCheck;
pub use reflection::add_reflection;
pub use rpc::{Messages, Methods, Raw, Rpcs, Serve, answering};
pub use service::{Service, Worker};
pub use supervisor::Supervisor;

/// Largest request message a service reads.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// Largest response message a service sends; the largest page of the largest resources
/// fits. Clients read as much.
pub const MAX_RESPONSE_BYTES: usize = 16 * 1024 * 1024;
