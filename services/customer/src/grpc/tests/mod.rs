//! Stories that callers of the service would tell, on both engines.

mod choice;
mod contacts;
mod customers;
mod delivery;
mod history;
mod identity;
mod import;
