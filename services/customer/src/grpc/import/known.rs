//! What a batch finds: looked up in a few queries before its rows are read.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::row::external_ids;
use crate::domain::attributes::AttributeSchema;
use crate::domain::external_id::ExternalId;
use crate::domain::import::Mode;
use crate::domain::region::Region;
use crate::error::Error;
use crate::grpc::Shared;
use crate::store::contact_point::AddressKey;
use crate::store::customer::Record;
use crate::store::{attribute_definition, contact_point, customer};

/// The customers that the rows of a batch are about, and how to read the rows.
pub(super) struct Known {
    /// Who has which of the rows' external ids.
    pub(super) holders: HashMap<ExternalId, Uuid>,
    /// Those customers as they are.
    pub(super) records: HashMap<Uuid, Record>,
    /// Digests of the addresses that they have.
    pub(super) addresses: HashMap<Uuid, HashSet<Vec<u8>>>,
    /// The tenant's attributes.
    pub(super) schema: AttributeSchema,
    /// Recognises addresses.
    pub(super) address_key: AddressKey,
    /// The region of local phone numbers when nothing else tells.
    pub(super) default_region: Region,
}

impl Known {
    /// Looks up everything that the rows are about. A batch that writes claims the customers.
    pub(super) async fn look_up(
        shared: &Shared,
        ctx: &Context,
        txn: &DatabaseTransaction,
        mode: Mode,
        rows: &[proto::ImportRow],
    ) -> Result<Self, Error> {
        let customers = || rows.iter().filter_map(|row| row.customer.as_ref());
        let ids = customers().filter_map(|it| external_ids(it).ok());
        let ids: Vec<ExternalId> = ids.flatten().collect();
        let holders = customer::holders(ctx, txn, &ids).await?;
        let mut known: Vec<Uuid> = holders.values().copied().collect();
        known.sort_unstable();
        known.dedup();
        let records = match mode {
            Mode::Write => customer::claim_records(ctx, txn, &known).await?,
            Mode::DryRun => customer::get_records(ctx, txn, &known).await?,
        };
        let addresses = match rows.iter().any(|row| !row.contact_points.is_empty()) {
            true => contact_point::digests(ctx, txn, &known).await?,
            false => HashMap::new(),
        };
        let schema = match customers().any(|customer| !customer.attributes.is_empty()) {
            true => attribute_definition::schema(ctx, txn).await?,
            false => AttributeSchema::default(),
        };
        let default_region = shared.region_of_tenant(ctx, txn).await?;
        Ok(Self {
            holders,
            records,
            addresses,
            schema,
            address_key: shared.address_key.clone(),
            default_region,
        })
    }
}
