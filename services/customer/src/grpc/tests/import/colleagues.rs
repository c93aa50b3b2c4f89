//! What colleagues do with customers beside imports.

use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::conversation_service_client::ConversationServiceClient;
use rapport_proto::rapport::customer::v1::lifecycle_service_client::LifecycleServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;

use super::{Importer, answered, organisation, person};
use crate::domain::channel::Channel;

impl Importer {
    /// Gives the customer another name.
    pub(super) async fn rename(&self, customer: &str, full_name: &str) {
        let customer = proto::Customer {
            name: customer.to_owned(),
            ..person(full_name)
        };
        let request = proto::UpdateCustomerRequest {
            customer: Some(customer),
            ..Default::default()
        };
        answered(self.customers().update_customer(request).await);
    }

    /// Records an address.
    pub(super) async fn add_email(&self, customer: &str, address: &str) -> proto::ContactPoint {
        let point = proto::ContactPoint {
            address: Some(Address::Email(address.to_owned())),
            ..Default::default()
        };
        let request = proto::CreateContactPointRequest {
            parent: customer.to_owned(),
            contact_point: Some(point),
            ..Default::default()
        };
        answered(self.contact_points().create_contact_point(request).await)
    }

    /// The customer tells what it chooses.
    pub(super) async fn choose(&self, customer: &str, entry: proto::Preference) {
        let request = proto::SetPreferencesRequest {
            name: format!("{customer}/preferences"),
            entries: vec![entry],
            ..Default::default()
        };
        answered(
            PreferenceServiceClient::new(self.link())
                .set_preferences(request)
                .await,
        );
    }

    pub(super) async fn delete(&self, customer: &str) {
        let request = proto::DeleteCustomerRequest {
            name: customer.to_owned(),
            ..Default::default()
        };
        answered(self.customers().delete_customer(request).await);
    }

    pub(super) async fn remove(&self, contact_point: &str) {
        let request = proto::DeleteContactPointRequest {
            name: contact_point.to_owned(),
            ..Default::default()
        };
        answered(self.contact_points().delete_contact_point(request).await);
    }

    pub(super) async fn verify(&self, contact_point: &str) {
        let request = proto::VerifyContactPointRequest {
            name: contact_point.to_owned(),
            ..Default::default()
        };
        answered(self.contact_points().verify_contact_point(request).await);
    }

    pub(super) async fn log(&self, customer: &str) {
        let interaction = proto::Interaction {
            channel: Channel::Phone.number(),
            direction: proto::Direction::Inbound.into(),
            summary: "called".to_owned(),
            ..Default::default()
        };
        let request = proto::LogInteractionRequest {
            parent: customer.to_owned(),
            interaction: Some(interaction),
            ..Default::default()
        };
        answered(self.interactions().log_interaction(request).await);
    }

    pub(super) async fn observe(&self, customer: &str) {
        let event = proto::BehaviourEvent {
            kind: proto::BehaviourKind::Visit.into(),
            ..Default::default()
        };
        let request = proto::RecordBehaviourRequest {
            parent: customer.to_owned(),
            behaviour_event: Some(event),
            ..Default::default()
        };
        answered(
            LifecycleServiceClient::new(self.link())
                .record_behaviour(request)
                .await,
        );
    }

    pub(super) async fn converse(&self, customer: &str) {
        let conversation = proto::Conversation {
            subject: "A question".to_owned(),
            ..Default::default()
        };
        let request = proto::CreateConversationRequest {
            parent: customer.to_owned(),
            conversation: Some(conversation),
            ..Default::default()
        };
        answered(
            ConversationServiceClient::new(self.link())
                .create_conversation(request)
                .await,
        );
    }

    pub(super) async fn employ(&self, person: &str, organisation: &str) {
        let role = proto::Role {
            organisation: organisation.to_owned(),
            title: "Buyer".to_owned(),
            ..Default::default()
        };
        let request = proto::CreateRoleRequest {
            parent: person.to_owned(),
            role: Some(role),
            ..Default::default()
        };
        answered(self.roles().create_role(request).await);
    }

    pub(super) async fn found_subsidiary(&self, parent: &str) {
        let customer = proto::Customer {
            parent: parent.to_owned(),
            ..organisation("subsidiary")
        };
        let request = proto::CreateCustomerRequest {
            customer: Some(customer),
            ..Default::default()
        };
        answered(self.customers().create_customer(request).await);
    }

    pub(super) async fn move_under(&self, organisation: &str, parent: &str) {
        let customer = proto::Customer {
            name: organisation.to_owned(),
            parent: parent.to_owned(),
            ..Default::default()
        };
        let request = proto::UpdateCustomerRequest {
            customer: Some(customer),
            ..Default::default()
        };
        answered(self.customers().update_customer(request).await);
    }
}
