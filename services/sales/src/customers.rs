//! The customer service, which alone knows who the customers are.

use std::collections::{HashMap, HashSet};

use rapport_platform::error::PlatformError;
use rapport_platform::grpc_client;
use rapport_platform::identity::{CALL_ID_HEADER, Context, IDENTITY_HEADER, InternalSigner};
use rapport_platform::server::ServiceLink;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::{
    BatchGetCustomersRequest, Customer, ListCustomersRequest,
};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use crate::error::Error;
use crate::resource::{self, CUSTOMER};

/// Most names that the customer service takes in one call.
const MOST_NAMES: usize = 100;

/// Customers in one page: the largest still fit an answer.
const PAGE: i32 = 200;

/// Customers, and where the next ones are; empty after the last.
pub(crate) type Page = (Vec<Customer>, String);

/// Asks the customer service on a caller's behalf.
#[derive(Clone)]
pub(crate) struct Customers {
    link: ServiceLink,
    signer: InternalSigner,
}

/// Customers that exist, by the ids they were asked for by: of those that were merged, the
/// survivor.
pub(crate) type Known = HashMap<Uuid, Uuid>;

impl Customers {
    /// Asks over `link`, with identities signed by `signer`.
    pub(crate) fn new(link: ServiceLink, signer: InternalSigner) -> Self {
        Self { link, signer }
    }

    /// Those of the customers that exist. One call for every hundred of them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn known(&self, ctx: &Context, ids: &[Uuid]) -> Result<Known, Error> {
        let distinct: HashSet<Uuid> = ids.iter().copied().collect();
        let distinct: Vec<Uuid> = distinct.into_iter().collect();
        let mut known = Known::new();
        for chunk in distinct.chunks(MOST_NAMES) {
            for customer in self.batch(ctx, chunk).await? {
                known.extend(names_of(&customer));
            }
        }
        Ok(known)
    }

    /// One customer: of those that were merged, the survivor.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub(crate) async fn one(&self, ctx: &Context, id: Uuid) -> Result<Customer, Error> {
        let found = self.batch(ctx, &[id]).await?.into_iter().next();
        found.ok_or_else(|| Error::not_found(resource::customer(id)))
    }

    /// Whether two ids are of one customer: those of records that were merged are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn same(&self, ctx: &Context, one: Uuid, other: Uuid) -> Result<bool, Error> {
        if one == other {
            return Ok(true);
        }
        let known = self.known(ctx, &[one, other]).await?;
        let now = |id: Uuid| known.get(&id).copied().unwrap_or(id);
        Ok(now(one) == now(other))
    }

    async fn batch(&self, ctx: &Context, ids: &[Uuid]) -> Result<Vec<Customer>, Error> {
        let names = ids.iter().copied().map(resource::customer).collect();
        let request = self.signed(ctx, BatchGetCustomersRequest { names })?;
        let mut client = grpc_client!(CustomerServiceClient, self.link.clone());
        let answer = client.batch_get_customers(request).await;
        Ok(answer.map_err(fault)?.into_inner().customers)
    }

    /// Customers that are there, oldest first, from where the token says; at the beginning without
    /// one. Answers none when the token is good no longer.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) async fn page(&self, ctx: &Context, token: &str) -> Result<Option<Page>, Error> {
        let request = ListCustomersRequest {
            page_size: PAGE,
            page_token: token.to_owned(),
            ..Default::default()
        };
        let request = self.signed(ctx, request)?;
        let mut client = grpc_client!(CustomerServiceClient, self.link.clone());
        match client.list_customers(request).await {
            Ok(answer) => {
                let page = answer.into_inner();
                Ok(Some((page.customers, page.next_page_token)))
            }
            Err(status) if status.code() == Code::InvalidArgument && !token.is_empty() => Ok(None),
            Err(status) => Err(fault(status)),
        }
    }

    fn signed<T>(&self, ctx: &Context, message: T) -> Result<Request<T>, Error> {
        let identity = self.signer.sign(ctx.tenant, &ctx.actor, ctx.now)?;
        let call_id = MetadataValue::try_from(ctx.call_id.to_string());
        let call_id = call_id.map_err(|error| PlatformError::internal("naming a call", error))?;
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert(CALL_ID_HEADER, call_id);
        metadata.as_mut().insert(IDENTITY_HEADER, identity);
        Ok(request)
    }
}

/// Every id by which a customer goes, with the one that it goes by now.
fn names_of(customer: &Customer) -> Vec<(Uuid, Uuid)> {
    let Some([now]) = CUSTOMER.ids(&customer.name) else {
        return Vec::new();
    };
    let merged = customer
        .merged_names
        .iter()
        .filter_map(|it| CUSTOMER.ids(it));
    let earlier = merged.map(|[id]| (id, now));
    std::iter::once((now, now)).chain(earlier).collect()
}

fn fault(status: Status) -> Error {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => PlatformError::DeadlineExceeded.into(),
        Code::Unavailable | Code::ResourceExhausted => {
            PlatformError::Unavailable("the customer service").into()
        }
        _ => PlatformError::internal("asking the customer service", status).into(),
    }
}
