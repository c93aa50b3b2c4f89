//! One file per table. The key of every table starts with the tenant.

#![allow(unreachable_pub, reason = "the library's derives need public items")]

pub(crate) mod attribute_definition;
pub(crate) mod behaviour_event;
pub(crate) mod blocking_key;
pub(crate) mod channel_activity;
pub(crate) mod channel_cost;
pub(crate) mod consent_event;
pub(crate) mod contact_clearance;
pub(crate) mod contact_permit;
pub(crate) mod contact_point;
pub(crate) mod contact_policy;
pub(crate) mod contact_times;
pub(crate) mod conversation;
pub(crate) mod customer;
pub(crate) mod customer_external_id;
pub(crate) mod customer_merge;
pub(crate) mod customer_tombstone;
pub(crate) mod delivery;
pub(crate) mod delivery_attachment;
pub(crate) mod delivery_attempt;
pub(crate) mod delivery_route;
pub(crate) mod duplicate_candidate;
pub(crate) mod duplicate_policy;
pub(crate) mod duplicate_scan;
pub(crate) mod import_error;
pub(crate) mod import_journal;
pub(crate) mod import_run;
pub(crate) mod interaction;
pub(crate) mod interaction_link;
pub(crate) mod key_proof;
pub(crate) mod past_choice;
pub(crate) mod pending_parent;
pub(crate) mod preference;
pub(crate) mod preference_set;
pub(crate) mod role;
pub(crate) mod search_term;
pub(crate) mod stage_change;
pub(crate) mod suppression;
pub(crate) mod template;
