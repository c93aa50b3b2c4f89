//! Customers, how they are found and reached, their roles and attributes.

mod attributes;
mod change;
mod contact_points;
mod deletion;
mod external_ids;
mod hierarchy;
pub(super) mod hostile;
mod lists;
mod names;
mod roles;
mod search;
mod search_plan;
mod tenants;

use rapport_platform::id::new_id;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::customer::Profile;
use tonic::Status;

use crate::testing::Caller;

fn person(full_name: &str) -> proto::Customer {
    let person = proto::Person {
        full_name: full_name.to_owned(),
        ..Default::default()
    };
    proto::Customer {
        profile: Some(Profile::Person(person)),
        ..Default::default()
    }
}

fn organisation(legal_name: &str) -> proto::Customer {
    let organisation = proto::Organisation {
        legal_name: legal_name.to_owned(),
        ..Default::default()
    };
    proto::Customer {
        profile: Some(Profile::Organisation(organisation)),
        ..Default::default()
    }
}

/// The customer as another system knows it too.
fn known_as(system: &str, id: &str, customer: proto::Customer) -> proto::Customer {
    let external = proto::ExternalId {
        system: system.to_owned(),
        id: id.to_owned(),
    };
    let external_ids = [customer.external_ids.clone(), vec![external]].concat();
    proto::Customer {
        external_ids,
        ..customer
    }
}

fn belonging_to(parent: &proto::Customer, customer: proto::Customer) -> proto::Customer {
    proto::Customer {
        parent: parent.name.clone(),
        ..customer
    }
}

fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    let paths = paths.iter().map(|&path| path.to_owned()).collect();
    Some(prost_types::FieldMask { paths })
}

fn a_request_id() -> String {
    new_id().to_string()
}

/// What a caller does in these stories, in few words.
impl Caller {
    async fn create(&self, customer: proto::Customer) -> Result<proto::Customer, Status> {
        let request = proto::CreateCustomerRequest {
            customer: Some(customer),
            ..Default::default()
        };
        let answer = self.customers().create_customer(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn created(&self, customer: proto::Customer) -> proto::Customer {
        self.create(customer).await.unwrap()
    }

    async fn get(&self, name: &str) -> Result<proto::Customer, Status> {
        let name = name.to_owned();
        let answer = self
            .customers()
            .get_customer(proto::GetCustomerRequest { name })
            .await;
        answer.map(tonic::Response::into_inner)
    }

    /// Sends new values for the paths.
    async fn update(
        &self,
        customer: proto::Customer,
        paths: &[&str],
    ) -> Result<proto::Customer, Status> {
        let request = proto::UpdateCustomerRequest {
            customer: Some(customer),
            update_mask: mask(paths),
            ..Default::default()
        };
        let answer = self.customers().update_customer(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn delete(&self, name: &str) -> Result<proto::Customer, Status> {
        let request = proto::DeleteCustomerRequest {
            name: name.to_owned(),
            ..Default::default()
        };
        let answer = self.customers().delete_customer(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn undelete(&self, name: &str) -> Result<proto::Customer, Status> {
        let request = proto::UndeleteCustomerRequest {
            name: name.to_owned(),
            ..Default::default()
        };
        let answer = self.customers().undelete_customer(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// The display names of those found, in order.
    async fn find(&self, query: &str) -> Vec<String> {
        let request = proto::SearchCustomersRequest {
            query: query.to_owned(),
            ..Default::default()
        };
        let answer = self.customers().search_customers(request).await.unwrap();
        let results = answer.into_inner().results.into_iter();
        results
            .map(|result| result.customer.unwrap().display_name)
            .collect()
    }

    /// The display names of those listed.
    async fn list(&self, filter: &str) -> Vec<String> {
        let request = proto::ListCustomersRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let answer = self.customers().list_customers(request).await.unwrap();
        let customers = answer.into_inner().customers.into_iter();
        customers.map(|customer| customer.display_name).collect()
    }

    async fn add(
        &self,
        customer: &proto::Customer,
        address: Address,
    ) -> Result<proto::ContactPoint, Status> {
        let point = proto::ContactPoint {
            address: Some(address),
            ..Default::default()
        };
        self.add_point(customer, point).await
    }

    async fn add_point(
        &self,
        customer: &proto::Customer,
        point: proto::ContactPoint,
    ) -> Result<proto::ContactPoint, Status> {
        let request = proto::CreateContactPointRequest {
            parent: customer.name.clone(),
            contact_point: Some(point),
            ..Default::default()
        };
        let answer = self.contact_points().create_contact_point(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn add_email(&self, customer: &proto::Customer, address: &str) -> proto::ContactPoint {
        self.add(customer, Address::Email(address.to_owned()))
            .await
            .unwrap()
    }

    async fn add_phone(&self, customer: &proto::Customer, number: &str) -> proto::ContactPoint {
        self.add(customer, Address::Phone(number.to_owned()))
            .await
            .unwrap()
    }

    /// The kinds of the events that wait to be published, oldest first, without their package.
    async fn announced(&self) -> Vec<String> {
        use sea_orm::{ConnectionTrait as _, Statement};
        let db = &self.shared.db;
        let query = "SELECT kind FROM outbox ORDER BY event_id";
        let query = Statement::from_string(db.backend(), query);
        let rows = db.read().query_all_raw(query).await.unwrap();
        let kinds = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
        kinds
            .map(|kind: String| kind.rsplit('.').next().unwrap().to_owned())
            .collect()
    }
}
