//! Getting, listing and searching customers.

use std::collections::HashMap;
use std::sync::LazyLock;

use rapport_platform::filter::{FilterSchema, Operand};
use rapport_platform::identity::{Context, TenantId};
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, Condition};
use uuid::Uuid;

use super::Customers;
use crate::domain::lifecycle::Stage;
use crate::domain::names::CustomerKind;
use crate::domain::search::{Query, TermKind};
use crate::error::{Error, faults_of, unreadable};
use crate::grpc::convert::customer as convert;
use crate::resource::CUSTOMER;
use crate::store::customer::Record;
use crate::store::entity::customer::Column;
use crate::store::entity::search_term;
use crate::store::identity::group;
use crate::store::{customer, search};

const LIST_PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};
const SEARCH_PAGE: PageSizes = PageSizes {
    default: 20,
    max: 100,
};
/// Most names of one `BatchGetCustomers`.
const MAX_BATCH: usize = 100;

/// What `ListCustomers` filters by, but for what depends on the company.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let kinds = CustomerKind::ALL
        .iter()
        .map(|kind| (kind.label(), kind.number()));
    let stages = Stage::ALL
        .iter()
        .map(|stage| (stage.label(), stage.number()));
    FilterSchema::new()
        .enumeration("kind", Column::Kind, kinds)
        .enumeration("lifecycle_stage", Column::LifecycleStage, stages)
        .text("primary_employee", Column::PrimaryEmployee)
        .text("region_code", Column::RegionCode)
        .timestamp("create_time", Column::CreateTime)
        .timestamp("update_time", Column::UpdateTime)
});

/// What `ListCustomers` filters by.
pub(in crate::grpc) fn filter_of(tenant: TenantId) -> FilterSchema {
    let parent = move |parent: Operand<'_>| belongs_to(tenant, parent);
    FILTER.clone().computed("parent", parent)
}

/// Whether a customer belongs to the organisation of this name, which may be that of a record that
/// was merged into it since.
fn belongs_to(tenant: TenantId, parent: Operand<'_>) -> Result<Expr, String> {
    let column = || Expr::col(Column::ParentId.as_column_ref());
    if parent.prefix && parent.text.is_empty() {
        return Ok(column().is_not_null());
    }
    let name = CUSTOMER.ids(parent.text).filter(|_| !parent.prefix);
    let expected = || format!("expected a name \"{}\".", CUSTOMER.template());
    let [id] = name.ok_or_else(expected)?;
    let heir = group::heir(tenant, id);
    // Never null, also where there is no parent.
    Ok(column().is_not_null().and(column().eq(heir)))
}

impl Customers {
    pub(super) async fn get(
        &self,
        ctx: Context,
        request: proto::GetCustomerRequest,
    ) -> Result<proto::Customer, Error> {
        let [id] = CUSTOMER.parse("name", &request.name)?;
        convert::to_proto(customer::get_record(&ctx, self.0.db.read(), id).await?)
    }

    pub(super) async fn batch_get(
        &self,
        ctx: Context,
        request: proto::BatchGetCustomersRequest,
    ) -> Result<proto::BatchGetCustomersResponse, Error> {
        let ids = ids_of(&request.names)?;
        let records = customer::get_records(&ctx, self.0.db.read(), &ids).await?;
        let found = ids.iter().filter_map(|id| records.get(id).cloned());
        let customers = found.map(convert::to_proto).collect::<Result<_, _>>()?;
        Ok(proto::BatchGetCustomersResponse { customers })
    }

    pub(super) async fn list(
        &self,
        ctx: Context,
        request: proto::ListCustomersRequest,
    ) -> Result<proto::ListCustomersResponse, Error> {
        let proto::ListCustomersRequest {
            page_size,
            page_token,
            filter,
            show_deleted,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.CustomerService/ListCustomers",
            query: Fingerprint::of(&[&filter, if show_deleted { "all" } else { "live" }]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, LIST_PAGE)?;
        let mut wanted = filter_of(ctx.tenant).parse(self.0.db.backend(), &filter)?;
        if !show_deleted {
            wanted = Condition::all()
                .add(wanted)
                .add(Column::DeleteTime.is_null());
        }
        let db = self.0.db.read();
        let rows = customer::list(&ctx, db, wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.customer_id)?;
        let records = customer::with_external_ids(&ctx, db, rows).await?;
        let customers = records
            .into_iter()
            .map(convert::to_proto)
            .collect::<Result<_, _>>()?;
        Ok(proto::ListCustomersResponse {
            customers,
            next_page_token,
        })
    }

    pub(super) async fn search(
        &self,
        ctx: Context,
        request: proto::SearchCustomersRequest,
    ) -> Result<proto::SearchCustomersResponse, Error> {
        let proto::SearchCustomersRequest {
            query,
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.CustomerService/SearchCustomers",
            query: Fingerprint::of(&[&query]),
            page_size,
            page_token: &page_token,
        };
        let page = self
            .0
            .page_tokens
            .open::<search::Position>(&ctx, &list, SEARCH_PAGE)?;
        let query = Query::parse(&query).map_err(faults_of("query"))?;
        let db = self.0.db.read();
        let found = search::find(&ctx, db, &query, page.after.as_ref(), page.limit()).await?;
        let (found, next_page_token) = page.finish(found, |term| search::Position::from(term))?;
        let ids: Vec<Uuid> = found.iter().map(|term| term.customer_id).collect();
        let mut records = customer::get_records(&ctx, db, &ids).await?;
        let results = found.iter().filter_map(|term| result(term, &mut records));
        Ok(proto::SearchCustomersResponse {
            results: results.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }
}

fn ids_of(names: &[String]) -> Result<Vec<Uuid>, Error> {
    if names.is_empty() || names.len() > MAX_BATCH {
        return Err(Error::invalid("names", "must be 1 to 100 names"));
    }
    let id = |(index, name): (usize, &String)| {
        CUSTOMER
            .parse(&format!("names[{index}]"), name)
            .map(|[id]| id)
    };
    let (ids, faults): (Vec<_>, Vec<_>) = names.iter().enumerate().map(id).partition(Result::is_ok);
    if faults.is_empty() {
        return Ok(ids.into_iter().flatten().collect());
    }
    Err(faults
        .into_iter()
        .filter_map(Result::err)
        .collect::<Vec<_>>()
        .into())
}

/// One result; none when the customer was deleted since the index was read.
fn result(
    term: &search_term::Model,
    records: &mut HashMap<Uuid, Record>,
) -> Option<Result<proto::SearchResult, Error>> {
    let record = records.remove(&term.customer_id)?;
    let customer = match convert::to_proto(record) {
        Ok(customer) => customer,
        Err(error) => return Some(Err(error)),
    };
    let kind = TermKind::try_from(i32::from(term.field));
    let field = kind
        .map_err(unreadable("reading a search term"))
        .map(field_of);
    Some(field.map(|field| proto::SearchResult {
        customer: Some(customer),
        field: field.into(),
    }))
}

fn field_of(kind: TermKind) -> proto::SearchField {
    match kind {
        TermKind::Name => proto::SearchField::Name,
        TermKind::Email => proto::SearchField::Email,
        TermKind::Phone | TermKind::PhoneEnd => proto::SearchField::Phone,
        TermKind::ExternalId => proto::SearchField::ExternalId,
    }
}
