//! What invoices make of their orders.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use rapport_platform::invalid::Invalid;
use rapport_platform::outbox;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::domain::order::Billing;
use crate::error::Error;
use crate::events::order as events;
use crate::grpc::convert::order as convert;
use crate::store::entity::sales_order::Model;
use crate::store::order;

/// The orders of some invoices, which nobody else changes, and what is billed of each since.
pub(super) struct Billed {
    orders: HashMap<Uuid, Model>,
    changed: HashMap<Uuid, Billing>,
}

impl Billed {
    /// Those of the orders that exist.
    pub(super) async fn claim(
        ctx: &Context,
        txn: &DatabaseTransaction,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<Self, Error> {
        Ok(Self {
            orders: order::claim(ctx, txn, ids).await?,
            changed: HashMap::new(),
        })
    }

    /// One of them.
    pub(super) fn order(&self, id: Uuid) -> Option<&Model> {
        self.orders.get(&id)
    }

    /// Counts an invoice of an order as it is instead of as it was.
    pub(super) fn change(
        &mut self,
        order: Option<Uuid>,
        (before, after): (Billing, Billing),
    ) -> Result<(), Invalid> {
        let found = order.and_then(|id| self.orders.get(&id));
        let Some(row) = found else { return Ok(()) };
        let so_far = Billing {
            invoiced: row.invoiced,
            paid: row.paid,
            open: row.open,
        };
        let billing = self.changed.get(&row.order_id).copied().unwrap_or(so_far);
        let billing = billing.changed(before, after)?;
        self.changed.insert(row.order_id, billing);
        Ok(())
    }

    /// Writes what changed and tells of it.
    pub(super) async fn write(
        mut self,
        ctx: &Context,
        txn: &DatabaseTransaction,
    ) -> Result<(), Error> {
        let mut changed = Vec::with_capacity(self.changed.len());
        for (id, billing) in self.changed {
            let Some(row) = self.orders.remove(&id) else {
                continue;
            };
            let mut standing = order::standing(&row)?;
            if standing.billing != billing {
                standing.billing = billing;
                changed.push(order::standing_as(row, &standing));
            }
        }
        let rows = order::write(ctx, txn, changed).await?.into_iter();
        let events = rows.map(|row| {
            let version = row.version;
            events::payment_changed(convert::row_to_proto(row), version)
        });
        Ok(outbox::append(txn, ctx, &events.collect::<Vec<_>>()).await?)
    }
}
