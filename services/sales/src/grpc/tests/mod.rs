//! Stories that callers of the service would tell, on both engines.

mod prices;
mod quotes;
mod sellers;
