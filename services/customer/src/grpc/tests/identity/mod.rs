//! Which records are one customer: merging, undoing, and what both keep.

mod duplicates;
mod imports;
mod merges;
mod privacy;
mod race;
mod redirects;
mod undo;

use std::ops::Deref;

use rapport_platform::db::Database;
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::conversation_service_client::ConversationServiceClient;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::suppression_service_client::SuppressionServiceClient;
use rapport_proto::rapport::customer::v1::view_service_client::ViewServiceClient;
use tonic::{Response, Status};

use crate::domain::channel::{Channel, Purpose};
use crate::testing::{self, Caller, Link, answer, refused};

/// Somebody who keeps the customers in order.
#[derive(Clone)]
struct Desk(Caller);

impl Deref for Desk {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// A customer's choices for e-mail.
const ALLOWED: i32 = 1;
const REFUSED: i32 = 2;

impl Desk {
    async fn open(db: &Database) -> Self {
        Self(Caller::of(db).await)
    }

    fn merges(&self) -> MergeServiceClient<Link> {
        MergeServiceClient::new(self.link())
    }

    fn preferences(&self) -> PreferenceServiceClient<Link> {
        PreferenceServiceClient::new(self.link())
    }

    fn interactions(&self) -> InteractionServiceClient<Link> {
        InteractionServiceClient::new(self.link())
    }

    fn conversations(&self) -> ConversationServiceClient<Link> {
        ConversationServiceClient::new(self.link())
    }

    fn views(&self) -> ViewServiceClient<Link> {
        ViewServiceClient::new(self.link())
    }

    async fn record(&self, customer: proto::Customer) -> String {
        let request = proto::CreateCustomerRequest {
            customer: Some(customer),
            ..Default::default()
        };
        answer(self.customers().create_customer(request).await).name
    }

    async fn person(&self, full_name: &str) -> String {
        self.record(person(full_name)).await
    }

    async fn organisation(&self, legal_name: &str, parent: &str) -> String {
        self.record(organisation(legal_name, parent)).await
    }

    async fn get(&self, name: &str) -> proto::Customer {
        let name = name.to_owned();
        let request = proto::GetCustomerRequest { name };
        answer(self.customers().get_customer(request).await)
    }

    async fn update(&self, customer: proto::Customer, path: &str) -> proto::Customer {
        let request = proto::UpdateCustomerRequest {
            customer: Some(customer),
            update_mask: Some(prost_types::FieldMask {
                paths: vec![path.to_owned()],
            }),
            ..Default::default()
        };
        answer(self.customers().update_customer(request).await)
    }

    async fn delete(&self, name: &str) {
        let request = proto::DeleteCustomerRequest {
            name: name.to_owned(),
            ..Default::default()
        };
        answer(self.customers().delete_customer(request).await);
    }

    async fn try_merge(
        &self,
        survivor: &str,
        merged: &str,
    ) -> Result<Response<proto::CustomerMerge>, Status> {
        let request = merge_request(survivor, merged);
        self.merges().merge_customers(request).await
    }

    async fn merge(&self, survivor: &str, merged: &str) -> proto::CustomerMerge {
        answer(self.try_merge(survivor, merged).await)
    }

    async fn try_undo(
        &self,
        merge: &proto::CustomerMerge,
    ) -> Result<Response<proto::CustomerMerge>, Status> {
        let request = proto::UndoCustomerMergeRequest {
            name: merge.name.clone(),
            ..Default::default()
        };
        self.merges().undo_customer_merge(request).await
    }

    async fn undo(&self, merge: &proto::CustomerMerge) -> proto::CustomerMerge {
        answer(self.try_undo(merge).await)
    }

    async fn address(&self, customer: &str, address: Address) -> proto::ContactPoint {
        let request = proto::CreateContactPointRequest {
            parent: customer.to_owned(),
            contact_point: Some(proto::ContactPoint {
                address: Some(address),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(self.contact_points().create_contact_point(request).await)
    }

    async fn email(&self, customer: &str, address: &str) -> proto::ContactPoint {
        self.address(customer, Address::Email(address.to_owned()))
            .await
    }

    async fn phone(&self, customer: &str, number: &str) -> proto::ContactPoint {
        self.address(customer, Address::Phone(number.to_owned()))
            .await
    }

    async fn points(&self, customer: &str) -> Vec<String> {
        let request = proto::ListContactPointsRequest {
            parent: customer.to_owned(),
            ..Default::default()
        };
        let page = answer(self.contact_points().list_contact_points(request).await);
        page.contact_points.into_iter().map(|it| it.name).collect()
    }

    /// Records what a customer chose for e-mail: 1 allowed, 2 refused, 0 nothing any more.
    async fn choose(&self, customer: &str, choice: i32) -> proto::Preferences {
        let request = proto::SetPreferencesRequest {
            name: format!("{customer}/preferences"),
            entries: vec![proto::Preference {
                channel: Channel::Email.number(),
                choice,
                ..Default::default()
            }],
            ..Default::default()
        };
        answer(self.preferences().set_preferences(request).await)
    }

    async fn chosen(&self, customer: &str) -> Vec<i32> {
        let name = format!("{customer}/preferences");
        let request = proto::GetPreferencesRequest { name };
        let preferences = answer(self.preferences().get_preferences(request).await);
        preferences
            .entries
            .into_iter()
            .map(|it| it.choice)
            .collect()
    }

    async fn may_email(&self, customer: &str) -> bool {
        let request = proto::CheckContactRequest {
            customer: customer.to_owned(),
            channel: Channel::Email.number(),
            purpose: Purpose::Marketing.number(),
            ..Default::default()
        };
        let mut permits = ContactPermitServiceClient::new(self.link());
        answer(permits.check_contact(request).await).allowed
    }

    async fn reserve(&self, customer: &str) -> Result<Response<proto::ContactPermit>, Status> {
        let contact = proto::CheckContactRequest {
            customer: customer.to_owned(),
            channel: Channel::Email.number(),
            purpose: Purpose::Marketing.number(),
            ..Default::default()
        };
        let request = proto::ReserveContactRequest {
            contact: Some(contact),
            ..Default::default()
        };
        let mut permits = ContactPermitServiceClient::new(self.link());
        permits.reserve_contact(request).await
    }

    async fn suppress(&self, email: &str) {
        let address = proto::suppressed_address::Address::Email(email.to_owned());
        let request = proto::SuppressAddressRequest {
            address: Some(proto::SuppressedAddress {
                address: Some(address),
            }),
            reason: proto::SuppressionReason::Complaint.into(),
            ..Default::default()
        };
        let mut suppressions = SuppressionServiceClient::new(self.link());
        answer(suppressions.suppress_address(request).await);
    }

    async fn send(&self, customer: &str) -> Result<Response<proto::Interaction>, Status> {
        let request = proto::SendMessageRequest {
            customer: customer.to_owned(),
            channel: Channel::Email.number(),
            purpose: Purpose::Marketing.number(),
            subject: "news".to_owned(),
            ..Default::default()
        };
        self.interactions().send_message(request).await
    }

    async fn log(&self, customer: &str, summary: &str, conversation: &str) -> proto::Interaction {
        let request = proto::LogInteractionRequest {
            parent: customer.to_owned(),
            interaction: Some(proto::Interaction {
                channel: Channel::Phone.number(),
                direction: proto::Direction::Inbound.into(),
                summary: summary.to_owned(),
                conversation: conversation.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(self.interactions().log_interaction(request).await)
    }

    /// Summaries, oldest first, read in pages of two.
    async fn timeline(&self, customer: &str) -> Vec<String> {
        let mut summaries = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = proto::ListInteractionsRequest {
                parent: customer.to_owned(),
                page_size: 2,
                page_token,
                order_by: "occur_time".to_owned(),
                ..Default::default()
            };
            let page = answer(self.interactions().list_interactions(request).await);
            summaries.extend(page.interactions.into_iter().map(|it| it.summary));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return summaries;
            }
        }
    }

    /// Names of the customers that a search finds.
    async fn find(&self, query: &str) -> Vec<String> {
        let request = proto::SearchCustomersRequest {
            query: query.to_owned(),
            ..Default::default()
        };
        let found = answer(self.customers().search_customers(request).await);
        let customers = found.results.into_iter().filter_map(|it| it.customer);
        customers.map(|customer| customer.name).collect()
    }

    async fn list(&self) -> Vec<String> {
        let request = proto::ListCustomersRequest::default();
        let page = answer(self.customers().list_customers(request).await);
        page.customers.into_iter().map(|it| it.name).collect()
    }
}

fn person(full_name: &str) -> proto::Customer {
    proto::Customer {
        profile: Some(Profile::Person(proto::Person {
            full_name: full_name.to_owned(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn born(full_name: &str, year: i32, month: i32, day: i32) -> proto::Customer {
    proto::Customer {
        profile: Some(Profile::Person(proto::Person {
            full_name: full_name.to_owned(),
            birth_date: Some(Date { year, month, day }),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn organisation(legal_name: &str, parent: &str) -> proto::Customer {
    proto::Customer {
        profile: Some(Profile::Organisation(proto::Organisation {
            legal_name: legal_name.to_owned(),
            ..Default::default()
        })),
        parent: parent.to_owned(),
        ..Default::default()
    }
}

/// The customer as billing knows it too.
fn billed(id: &str, customer: proto::Customer) -> proto::Customer {
    proto::Customer {
        external_ids: vec![external_id(id)],
        ..customer
    }
}

fn external_id(id: &str) -> proto::ExternalId {
    proto::ExternalId {
        system: "billing".to_owned(),
        id: id.to_owned(),
    }
}

fn merge_request(survivor: &str, merged: &str) -> proto::MergeCustomersRequest {
    proto::MergeCustomersRequest {
        name: survivor.to_owned(),
        merged: merged.to_owned(),
        ..Default::default()
    }
}

/// Why a call was refused.
fn reason<T>(result: Result<Response<T>, Status>) -> String {
    testing::reason(&refused(result))
}
