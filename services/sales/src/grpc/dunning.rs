//! `DunningService`.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{ColumnTrait as _, DatabaseTransaction};
use uuid::Uuid;

use super::convert::{day, dunning as convert};
use super::{PAGE, Shared};
use crate::domain::{date, forecast};
use crate::error::{Error, faults_of};
use crate::events::order as events;
use crate::resource::{self, CUSTOMER, INVOICE};
use crate::store::entity::dunning_policy::Entity as Policies;
use crate::store::entity::invoice::Column;
use crate::store::{dunning, invoice};

/// Tells who is to be reminded, and keeps when he was.
pub(crate) struct Dunnings(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.DunningService" for Dunnings {
        get_dunning_policy(proto::GetDunningPolicyRequest) -> proto::DunningPolicy = get_policy;
        set_dunning_policy(proto::SetDunningPolicyRequest) -> proto::DunningPolicy = set_policy;
        list_overdue_customers(proto::ListOverdueCustomersRequest)
            -> proto::ListOverdueCustomersResponse = list_overdue;
        dun_customer(proto::DunCustomerRequest) -> proto::DunningNotice = dun;
        list_dunning_notices(proto::ListDunningNoticesRequest)
            -> proto::ListDunningNoticesResponse = list_notices;
        list_dunning_steps(proto::ListDunningStepsRequest)
            -> proto::ListDunningStepsResponse = list_steps;
    }
}

impl Dunnings {
    async fn get_policy(
        &self,
        ctx: Context,
        request: proto::GetDunningPolicyRequest,
    ) -> Result<proto::DunningPolicy, Error> {
        self.0.policy::<Policies>(&ctx, &request.name).await
    }

    async fn set_policy(
        &self,
        ctx: Context,
        request: proto::SetDunningPolicyRequest,
    ) -> Result<proto::DunningPolicy, Error> {
        let sent = request.dunning_policy.as_ref();
        self.0.set_policy::<Policies, _>(&ctx, &request, sent).await
    }

    async fn list_overdue(
        &self,
        ctx: Context,
        request: proto::ListOverdueCustomersRequest,
    ) -> Result<proto::ListOverdueCustomersResponse, Error> {
        let proto::ListOverdueCustomersRequest {
            date: on,
            due_only,
            page_size,
            page_token,
        } = request;
        let on = day(on.as_ref()).map_err(faults_of("date"))?;
        let on = on.unwrap_or_else(|| date::of(ctx.now));
        let list = ListRequest {
            method: "rapport.sales.v1.DunningService/ListOverdueCustomers",
            query: Fingerprint::of(&[&on.to_string(), &due_only.to_string()]),
            page_size,
            page_token: &page_token,
        };
        let page = self
            .0
            .page_tokens
            .open::<(Uuid, String)>(&ctx, &list, PAGE)?;
        let (after, db) = (page.after.clone(), self.0.db.read());
        let rows = dunning::overdue(&ctx, db, (on, due_only), after, page.limit()).await?;
        let (rows, next_page_token) =
            page.finish(rows, |row| (row.customer_id, row.currency.clone()))?;
        Ok(proto::ListOverdueCustomersResponse {
            overdue_customers: rows.into_iter().map(convert::overdue_to_proto).collect(),
            next_page_token,
        })
    }

    async fn dun(
        &self,
        ctx: Context,
        request: proto::DunCustomerRequest,
    ) -> Result<proto::DunningNotice, Error> {
        let [customer] = CUSTOMER.parse("customer", &request.customer)?;
        let currency = forecast::currency(&request.currency_code);
        let currency = currency.map_err(faults_of("currency_code"))?.code();
        let (ctx, id) = (&ctx, new_id());
        self.0
            .once(ctx, &request, |txn| async move {
                let notice = dunning::dun(ctx, &txn, (customer, currency), id).await?;
                let Some(notice) = notice else {
                    return Err(nothing_due(ctx, &txn, customer).await?);
                };
                let notice = convert::notice_to_proto(notice);
                outbox::append(&txn, ctx, &[events::dunned(&notice)]).await?;
                Ok(notice)
            })
            .await
    }

    async fn list_notices(
        &self,
        ctx: Context,
        request: proto::ListDunningNoticesRequest,
    ) -> Result<proto::ListDunningNoticesResponse, Error> {
        let proto::ListDunningNoticesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [customer] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.DunningService/ListDunningNotices",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let rows = dunning::notices(&ctx, db, customer, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.notice_id)?;
        Ok(proto::ListDunningNoticesResponse {
            dunning_notices: rows.into_iter().map(convert::notice_to_proto).collect(),
            next_page_token,
        })
    }

    async fn list_steps(
        &self,
        ctx: Context,
        request: proto::ListDunningStepsRequest,
    ) -> Result<proto::ListDunningStepsResponse, Error> {
        let proto::ListDunningStepsRequest {
            invoice,
            notice_id,
            page_size,
            page_token,
        } = request;
        let of_invoice = resource::optional(INVOICE, &invoice).map_err(faults_of("invoice"))?;
        let of_notice = match notice_id.as_str() {
            "" => None,
            id => Some(Uuid::parse_str(id)),
        };
        let of_notice = of_notice.transpose();
        let of_notice = of_notice.map_err(|_| Error::invalid("notice_id", "must be a UUID"))?;
        let list = ListRequest {
            method: "rapport.sales.v1.DunningService/ListDunningSteps",
            query: Fingerprint::of(&[&invoice, &notice_id]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let (db, after, limit) = (self.0.db.read(), page.after, page.limit());
        let (rows, next_page_token) = match (of_invoice, of_notice) {
            (Some(id), None) => {
                let rows = dunning::steps_of_invoice(&ctx, db, id, after, limit).await?;
                page.finish(rows, |row| row.notice_id)?
            }
            (None, Some(id)) => {
                let rows = dunning::steps_of_notice(&ctx, db, id, after, limit).await?;
                page.finish(rows, |row| row.invoice_id)?
            }
            _ => {
                return Err(Error::invalid(
                    "invoice",
                    "or notice_id is required, not both",
                ));
            }
        };
        Ok(proto::ListDunningStepsResponse {
            dunning_steps: rows.into_iter().map(convert::step_to_proto).collect(),
            next_page_token,
        })
    }
}

/// Why nobody is reminded: he was never asked to pay anything, or there is nothing due.
async fn nothing_due(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
) -> Result<Error, Error> {
    let name = resource::customer(customer);
    let his = Column::CustomerId.eq(customer).into();
    if invoice::list(ctx, txn, his, None, 1).await?.is_empty() {
        return Ok(Error::not_found(name));
    }
    Ok(Error::InvalidState {
        resource: name,
        state: "NOTHING_DUE",
        why: "has nothing in this currency of which he may be reminded today.",
    })
}
