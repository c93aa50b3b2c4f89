//! Many customers, for measurements on PostgreSQL.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rapport::client::Caller;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::{BatchReserveContactsRequest, reserved_contact};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use uuid::Uuid;

use crate::postgres::psql;

/// Customers of the embedded tenant that can be reached by e-mail and forbade nothing.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    size: u32,
}

impl Population {
    /// Most customers that one call may reserve contacts with.
    pub const BATCH: usize = 10_000;

    /// Puts so many customers into the database of a suite that has none.
    pub fn load(url: &str, size: u32) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/population.sql");
        psql(url, &[&format!("--set=size={size}"), "--file", script]);
        Self { size }
    }

    /// The resource name of any one of them.
    pub fn anyone(self) -> String {
        name(rand::rng().random_range(1..=self.size))
    }

    /// The names of all of them, drawn into batches.
    pub fn batches(self) -> Vec<Vec<String>> {
        let mut numbers: Vec<u32> = (1..=self.size).collect();
        numbers.shuffle(&mut rand::rng());
        let batches = numbers.chunks(Self::BATCH);
        batches
            .map(|batch| batch.iter().copied().map(name).collect())
            .collect()
    }

    /// Reserves a first contact with each of them: what may be granted to them is known then.
    pub async fn become_known(self, caller: &Caller) {
        for batch in self.batches() {
            reserve(caller, batch).await;
        }
    }
}

/// Reserves an e-mail about service with each of the customers.
pub async fn reserve(caller: &Caller, customers: Vec<String>) {
    let asked = customers.len();
    let request = BatchReserveContactsRequest {
        customers,
        channel: Channel::Email.into(),
        purpose: Purpose::Service.into(),
        request_id: Uuid::now_v7().to_string(),
        ..BatchReserveContactsRequest::default()
    };
    let mut permits = ContactPermitServiceClient::new(caller.clone());
    let answer = permits.batch_reserve_contacts(request).await.unwrap();
    let results = answer.into_inner().results;
    let granted = |result: &Option<reserved_contact::Result>| {
        matches!(result, Some(reserved_contact::Result::ContactPermit(_)))
    };
    let granted = results.iter().filter(|it| granted(&it.result)).count();
    assert_eq!(granted, asked, "everybody may be contacted");
}

/// The customer that `population.sql` gave this number.
fn name(number: u32) -> String {
    let id = u128::from(number) << 80 | 0x7000_8000_0000_0000_0000;
    format!("customers/{}", Uuid::from_u128(id))
}
