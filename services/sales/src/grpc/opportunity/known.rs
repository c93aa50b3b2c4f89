//! What the service knows of what opportunities refer to: one query for each kind of thing, however
//! many opportunities there are.

use std::collections::HashSet;

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Opportunities;
use crate::customers;
use crate::domain::opportunity::{Draft, Known, Listed};
use crate::error::Error;
use crate::store::{pipeline, product, seller};

impl Opportunities {
    /// The customers that drafts name, asked for before the transaction, which holds nothing up
    /// then; `but` those that are known already.
    pub(super) async fn customers(
        &self,
        ctx: &Context,
        drafts: impl IntoIterator<Item = &Draft>,
    ) -> Result<customers::Known, Error> {
        let named: Vec<Uuid> = drafts.into_iter().filter_map(Draft::customer).collect();
        match named.as_slice() {
            [] => Ok(customers::Known::new()),
            named => self.0.customers.known(ctx, named).await,
        }
    }
}

/// What drafts refer to beside customers.
pub(super) async fn references(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: customers::Known,
    drafts: &[&Draft],
) -> Result<Known, Error> {
    let pipelines: HashSet<Uuid> = drafts.iter().map(|it| it.pipeline()).collect();
    let owners: HashSet<Uuid> = drafts.iter().map(|it| it.owner()).collect();
    let products = drafts.iter().flat_map(|it| it.products());
    let products = product::among(ctx, txn, products).await?.into_iter();
    let listed = products.map(|(id, row)| {
        let price = product::list_price(&row)?;
        let retired = row.retired;
        Ok((id, Listed { price, retired }))
    });
    Ok(Known {
        customers,
        pipelines: pipeline::hold(ctx, txn, pipelines).await?,
        sellers: seller::activity(ctx, txn, owners).await?,
        products: listed.collect::<Result<_, Error>>()?,
    })
}
