//! One file per proto service. A handler reads the message into the domain, runs one
//! transaction over the store, and writes the answer: rules live in the domain, statements in
//! the store.

mod attribute;
mod channel_effect;
pub(crate) mod consent;
mod contact_point;
mod contact_policy;
mod conversation;
pub(crate) mod convert;
mod customer;
mod delivery;
mod delivery_feedback;
mod delivery_queue;
mod delivery_route;
pub(crate) mod duplicate;
mod import;
mod interaction;
mod lifecycle;
pub(crate) mod link;
mod merge;
pub(crate) mod message;
pub(crate) mod permit;
mod preference;
mod privacy;
mod role;
pub(crate) mod suppression;
mod template;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use prost::Message;
use rapport_platform::db::Database;
use rapport_platform::idempotency;
use rapport_platform::identity::Context;
use rapport_platform::paging::PageTokens;
use rapport_platform::server::Rpcs;
use rapport_platform::time::Clock;
use rapport_proto::RequestId;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use attribute::Attributes;
use channel_effect::ChannelEffects;
use consent::Consents;
use contact_point::ContactPoints;
use contact_policy::ContactPolicies;
use conversation::Conversations;
use customer::Customers;
use delivery::Deliveries;
use delivery_feedback::DeliveryFeedback;
use delivery_queue::DeliveryQueue;
use delivery_route::DeliveryRoutes;
use duplicate::Duplicates;
use import::Imports;
use interaction::Interactions;
use lifecycle::Lifecycle;
use link::Links;
use merge::Merges;
use permit::{ContactPermits, Policies};
use preference::PreferencesOfCustomers;
use privacy::Privacy;
use role::Roles;
use suppression::Suppressions;
use template::Templates;
use view::Views;

use crate::delivery::Outbound;
use crate::domain::region::Region;
use crate::error::Error;
use crate::store::contact::spend::Spending;
use crate::store::contact_point::AddressKey;

/// What every handler works with. Clones share it.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The service's rows.
    pub(crate) db: Database,
    /// Makes and reads page tokens.
    pub(crate) page_tokens: PageTokens,
    /// Tells the time to work that outlasts its call's first moment.
    pub(crate) clock: Clock,
    /// The region of local phone numbers when nothing else tells, of tenants that named none:
    /// [`Shared::region_of_tenant`].
    pub(crate) default_region: Region,
    /// How messages leave.
    pub(crate) outbound: Outbound,
    /// Recognises addresses.
    pub(crate) address_key: AddressKey,
    /// Makes and reads the links that customers get.
    pub(crate) links: Links,
    /// The tenants' contact policies that were read last.
    pub(crate) policies: Policies,
    /// Grants contacts within clearances.
    pub(crate) spending: Spending,
}

impl Shared {
    /// Runs `work` in one transaction and answers what it answers; a repeated request gets the
    /// first answer instead: [`idempotency::once`].
    pub(crate) fn once<Req, Resp, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        work: W,
    ) -> impl Future<Output = Result<Resp, Error>> + Send
    where
        Req: RequestId,
        Resp: Message + Default,
        W: Fn(Arc<DatabaseTransaction>) -> F + Send + Sync,
        F: Future<Output = Result<Resp, Error>> + Send,
    {
        idempotency::once(&self.db, ctx, request, work)
    }

    /// The region whose local phone numbers the tenant's are when nothing else tells.
    pub(crate) async fn region_of_tenant(
        &self,
        ctx: &Context,
        db: &impl ConnectionTrait,
    ) -> Result<Region, Error> {
        let policy = self.policies.current(ctx, db).await?;
        Ok(policy.rules.default_region().unwrap_or(self.default_region))
    }
}

/// Every RPC of the service, without the layers that stand before them.
pub(crate) fn rpcs(shared: &Shared) -> Rpcs {
    let shared = || shared.clone();
    Rpcs::default()
        .serve(Attributes(shared()))
        .serve(ChannelEffects(shared()))
        .serve(Consents(shared()))
        .serve(ContactPermits(shared()))
        .serve(ContactPoints(shared()))
        .serve(ContactPolicies(shared()))
        .serve(Conversations(shared()))
        .serve(Customers(shared()))
        .serve(Duplicates(shared()))
        .serve(DeliveryFeedback(shared()))
        .serve(DeliveryQueue(shared()))
        .serve(DeliveryRoutes(shared()))
        .serve(Deliveries(shared()))
        .serve(Imports(shared()))
        .serve(Interactions(shared()))
        .serve(Lifecycle(shared()))
        .serve(Merges(shared()))
        .serve(PreferencesOfCustomers(shared()))
        .serve(Privacy(shared()))
        .serve(Roles(shared()))
        .serve(Suppressions(shared()))
        .serve(Templates(shared()))
        .serve(Views(shared()))
}
