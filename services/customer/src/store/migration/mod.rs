//! The service's tables, step by step. A step that was released never changes; the next one
//! is added below it.

mod m0001_customers;
mod m0002_contacts;
mod m0003_imports;
mod m0004_choice;
mod m0005_identity;
mod m0006_delivery;
mod m0007_effect;
mod m0008_attachments;
mod m0009_addresses_and_joins;
mod m0010_key_proofs;
mod m0011_terms_as_typed;
mod m0012_past_choices;
mod m0013_room_in_clearances;
#[cfg(test)]
mod tests;

use rapport_platform::db::platform_migrations;
use rapport_platform::db::schema::{clustered, index, refuse_updates};
use sea_orm_migration::MigrationTrait;

/// Every step, in order: the platform's tables first.
pub(crate) fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut steps = platform_migrations();
    steps.push(Box::new(m0001_customers::CreateCustomers));
    steps.push(Box::new(m0002_contacts::CreateContacts));
    steps.push(Box::new(m0003_imports::CreateImports));
    steps.push(Box::new(m0004_choice::CreateChoice));
    steps.push(Box::new(m0005_identity::CreateIdentity));
    steps.push(Box::new(m0006_delivery::CreateDelivery));
    steps.push(Box::new(m0007_effect::CreateEffect));
    steps.push(Box::new(m0008_attachments::CreateAttachments));
    steps.push(Box::new(m0009_addresses_and_joins::AddAddressesAndJoins));
    steps.push(Box::new(m0010_key_proofs::CreateKeyProofs));
    steps.push(Box::new(m0011_terms_as_typed::SpellTermsAsTyped));
    steps.push(Box::new(m0012_past_choices::CreatePastChoices));
    steps.push(Box::new(m0013_room_in_clearances::LeaveRoomInClearances));
    steps
}
