//! Settings of a server.

use serde::{Deserialize, Serialize};

use super::drain::DrainConfig;
use super::listen::ConnectionLimits;

/// How a process answers calls, and how it stops doing so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Calls the process works on at once; further ones are refused, not queued.
    pub max_calls: u32,
    /// What one peer may ask.
    pub connections: ConnectionLimits,
    /// How long the end may take.
    pub drain: DrainConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_calls: 2048,
            connections: ConnectionLimits::default(),
            drain: DrainConfig::default(),
        }
    }
}
