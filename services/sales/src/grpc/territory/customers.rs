//! `CustomerTerritoryService`.

use std::collections::HashMap;
use std::sync::LazyLock;

use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{convert, reassign};
use crate::domain::date;
use crate::domain::territory::{key, reason};
use crate::error::{Error, faults_of};
use crate::events::facts::fact_read;
use crate::grpc::forecast::looked_at;
use crate::grpc::{PAGE, Shared};
use crate::resource::{self, CUSTOMER, TERRITORY, TERRITORY_MODEL};
use crate::store::entity::territory_pin::{Column, Model};
use crate::store::territory::{self, cover, fact, held_at, pin, seat, tree};

/// Most customers of one look-up.
const MOST_CUSTOMERS: usize = 500;

/// Tells whose customers are.
pub(crate) struct CustomerTerritories(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.CustomerTerritoryService" for CustomerTerritories {
        pin_customer(proto::PinCustomerRequest) -> proto::TerritoryPin = put;
        unpin_customer(proto::UnpinCustomerRequest) -> () = remove;
        list_territory_pins(proto::ListTerritoryPinsRequest)
            -> proto::ListTerritoryPinsResponse = list_pins;
        look_up_territories(proto::LookUpTerritoriesRequest)
            -> proto::LookUpTerritoriesResponse = look_up;
        list_customer_territories(proto::ListCustomerTerritoriesRequest)
            -> proto::ListCustomerTerritoriesResponse = history;
        list_territory_customers(proto::ListTerritoryCustomersRequest)
            -> proto::ListTerritoryCustomersResponse = customers;
    }
}

/// What `ListTerritoryPins` filters by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    FilterSchema::new()
        .text("territory_code", Column::Code)
        .reference("customer", Column::CustomerId, CUSTOMER)
});

impl CustomerTerritories {
    async fn put(
        &self,
        ctx: Context,
        request: proto::PinCustomerRequest,
    ) -> Result<proto::TerritoryPin, Error> {
        const FIELD: &str = "territory_pin";
        let sent = request.territory_pin.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let [named] = CUSTOMER.parse("territory_pin.customer", &sent.customer)?;
        let code = key(&sent.territory_code).map_err(faults_of("territory_pin.territory_code"))?;
        let why = reason(&sent.reason).map_err(faults_of("territory_pin.reason"))?;
        // Of those that were merged, the survivor. What is known of it may not have arrived yet.
        let now = self.0.customers.one(&ctx, named).await?;
        let now = &fact_read(&ctx, &now).ok_or_else(|| Error::not_found(now.name))?;
        let customer = now.customer_id;
        let row = &Model {
            tenant_id: ctx.tenant,
            customer_id: customer,
            code,
            reason: why,
            actor: ctx.actor.to_string(),
            create_time: ctx.now,
            dormant_by: None,
            copied_by: None,
        };
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                if !tree::has_code(ctx, &*txn, &row.code).await? {
                    let why = "is no territory of a model that holds or is being planned";
                    return Err(Error::invalid("territory_pin.territory_code", why));
                }
                pin::put(&txn, row.clone()).await?;
                fact::put(ctx, &txn, vec![now.clone()]).await?;
                if fact::present(ctx, &*txn, &[customer]).await?.is_empty() {
                    return Err(Error::not_found(resource::customer(customer)));
                }
                // Also for models that are being prepared beside this.
                fact::mark(ctx, &txn, &[customer]).await?;
                reassign(ctx, &txn, &[customer]).await?;
                Ok(convert::pin(row.clone()))
            })
            .await
    }

    async fn remove(
        &self,
        ctx: Context,
        request: proto::UnpinCustomerRequest,
    ) -> Result<(), Error> {
        let [named] = CUSTOMER.parse("customer", &request.customer)?;
        let known = self.0.customers.known(&ctx, &[named]).await?;
        let customer = known.get(&named).copied().unwrap_or(named);
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                if !pin::remove(ctx, &txn, customer).await? {
                    let pin = format!("territoryPins/{customer}");
                    return Err(Error::not_found(pin));
                }
                fact::mark(ctx, &txn, &[customer]).await?;
                reassign(ctx, &txn, &[customer]).await
            })
            .await
    }

    async fn list_pins(
        &self,
        ctx: Context,
        request: proto::ListTerritoryPinsRequest,
    ) -> Result<proto::ListTerritoryPinsResponse, Error> {
        let proto::ListTerritoryPinsRequest {
            lost_in_model,
            filter,
            page_size,
            page_token,
        } = request;
        let lost_in = resource::optional(TERRITORY_MODEL, &lost_in_model);
        let lost_in = lost_in.map_err(faults_of("lost_in_model"))?;
        let list = ListRequest {
            method: "rapport.sales.v1.CustomerTerritoryService/ListTerritoryPins",
            query: Fingerprint::of(&[&lost_in_model, &filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let wanted = (FILTER.parse(self.0.db.backend(), &filter)?, lost_in);
        let rows = pin::list(&ctx, self.0.db.read(), wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.customer_id)?;
        Ok(proto::ListTerritoryPinsResponse {
            territory_pins: rows.into_iter().map(convert::pin).collect(),
            next_page_token,
        })
    }

    async fn look_up(
        &self,
        ctx: Context,
        request: proto::LookUpTerritoriesRequest,
    ) -> Result<proto::LookUpTerritoriesResponse, Error> {
        let ids = ids_of(&request.customers)?;
        let time = looked_at(&ctx, request.as_of_time.as_ref())?;
        let db = self.0.db.read();
        let Some(model) = held_at(&ctx, db, time).await? else {
            return Ok(proto::LookUpTerritoriesResponse::default());
        };
        let stays = cover::at(&ctx, db, &model, &ids, time).await?;
        let ids: Vec<Uuid> = stays.iter().filter_map(|it| it.territory_id).collect();
        let territories = cover::territories(&ctx, db, &ids).await?;
        let day = date::number(date::of(time));
        let mut sellers: HashMap<Uuid, Vec<proto::TerritorySeller>> = HashMap::new();
        for row in seat::on_day(&ctx, db, &ids, day).await? {
            let of = sellers.entry(row.territory_id).or_default();
            of.push(convert::seat(row, model.model_id));
        }
        let covers = territories.into_iter().map(|row| proto::TerritoryCover {
            sellers: sellers.remove(&row.territory_id).unwrap_or_default(),
            territory: Some(convert::territory(row)),
        });
        Ok(proto::LookUpTerritoriesResponse {
            covers: covers.collect(),
            customer_territories: stays.into_iter().map(convert::stay).collect(),
        })
    }

    async fn history(
        &self,
        ctx: Context,
        request: proto::ListCustomerTerritoriesRequest,
    ) -> Result<proto::ListCustomerTerritoriesResponse, Error> {
        let proto::ListCustomerTerritoriesRequest {
            customer,
            page_size,
            page_token,
        } = request;
        let [id] = CUSTOMER.parse("customer", &customer)?;
        let list = ListRequest {
            method: "rapport.sales.v1.CustomerTerritoryService/ListCustomerTerritories",
            query: Fingerprint::of(&[&customer]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open::<i64>(&ctx, &list, PAGE)?;
        let before = page.after.map(Timestamp::from_micros);
        let rows = cover::history(&ctx, self.0.db.read(), id, before, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.start_time.as_micros())?;
        Ok(proto::ListCustomerTerritoriesResponse {
            customer_territories: rows.into_iter().map(convert::stay).collect(),
            next_page_token,
        })
    }

    async fn customers(
        &self,
        ctx: Context,
        request: proto::ListTerritoryCustomersRequest,
    ) -> Result<proto::ListTerritoryCustomersResponse, Error> {
        let proto::ListTerritoryCustomersRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let ids @ [model, id] = TERRITORY.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.CustomerTerritoryService/ListTerritoryCustomers",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        tree::get(&ctx, db, ids).await?;
        let model = territory::get(&ctx, db, model).await?;
        let rows = cover::customers(&ctx, db, &model, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.customer_id)?;
        Ok(proto::ListTerritoryCustomersResponse {
            customer_territories: rows.into_iter().map(convert::stay).collect(),
            next_page_token,
        })
    }
}

fn ids_of(names: &[String]) -> Result<Vec<Uuid>, Error> {
    if names.is_empty() || names.len() > MOST_CUSTOMERS {
        return Err(Error::invalid("customers", "must be 1 to 500"));
    }
    let named = names.iter().enumerate();
    let ids = named.map(|(index, name)| {
        let [id] = CUSTOMER.parse(&format!("customers[{index}]"), name)?;
        Ok(id)
    });
    ids.collect()
}
