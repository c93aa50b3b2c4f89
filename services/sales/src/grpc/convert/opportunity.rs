//! Opportunities and their history.

use rapport_platform::etag::Etag;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

use super::{day, instant, money, text, to_day};
use crate::domain::opportunity::value::LineRequest;
use crate::domain::opportunity::{Draft, DraftParts, Reopening, Step, StepParts, days_between};
use crate::error::Error;
use crate::resource::{self, CUSTOMER, PIPELINE, PRODUCT, SELLER};
use crate::store::amount;
use crate::store::entity::{opportunity, opportunity_line, stage_change};
use crate::store::opportunity::Record;

/// What callers may name in an update: not the stage, which moves change, nor what stays.
pub(in crate::grpc) const UPDATABLE: [&str; 9] = [
    "display_name",
    "customer",
    "owner",
    "amount",
    "lines",
    "close_date",
    "next_step",
    "probability",
    "forecast_category",
];

/// What a message says of an opportunity.
pub(in crate::grpc) fn draft(sent: &proto::Opportunity) -> Result<Draft, InvalidFields> {
    let proto::Opportunity {
        name: _,
        display_name,
        customer,
        owner,
        pipeline,
        stage,
        state: _,
        amount,
        lines,
        close_date,
        next_step,
        probability,
        forecast_category,
        open_time,
        external_id,
        close_reason: _,
        close_note: _,
        close_time: _,
        stage_enter_time: _,
        stall_time: _,
        stalled: _,
        age_days: _,
        stage_age_days: _,
        create_time: _,
        update_time: _,
        etag: _,
    } = sent;
    Draft::parse(DraftParts {
        display_name,
        customer: resource::optional(CUSTOMER, customer),
        owner: resource::required(SELLER, owner),
        pipeline: resource::required(PIPELINE, pipeline),
        stage,
        amount: money(amount.as_ref()),
        lines: lines.iter().map(line_request).collect(),
        close_date: day(close_date.as_ref()),
        next_step,
        probability: *probability,
        category: *forecast_category,
        open_time: instant(open_time.as_ref()),
        external_id,
    })
}

fn line_request(line: &proto::OpportunityLine) -> Result<LineRequest, InvalidFields> {
    let proto::OpportunityLine {
        product,
        quantity,
        amount,
    } = line;
    let product = resource::required(PRODUCT, product);
    LineRequest::parse(product, *quantity, money(amount.as_ref()))
}

/// What a request says of a move.
pub(in crate::grpc) fn step(
    request: &proto::MoveOpportunityRequest,
) -> Result<Step, InvalidFields> {
    let proto::MoveOpportunityRequest {
        name: _,
        stage,
        time,
        amount,
        close_date,
        probability,
        forecast_category,
        close_reason,
        note,
        etag: _,
        request_id: _,
    } = request;
    Step::parse(StepParts {
        stage,
        time: instant(time.as_ref()),
        amount: money(amount.as_ref()),
        close_date: day(close_date.as_ref()),
        probability: *probability,
        category: *forecast_category,
        close_reason,
        note,
    })
}

/// What a row says of a move that took place.
pub(in crate::grpc) fn past_step(sent: &proto::OpportunityMove) -> Result<Step, InvalidFields> {
    let proto::OpportunityMove {
        stage,
        time,
        amount,
        close_date,
        probability,
        forecast_category,
        close_reason,
        note,
    } = sent;
    Step::parse(StepParts {
        stage,
        time: instant(time.as_ref()),
        amount: money(amount.as_ref()),
        close_date: day(close_date.as_ref()),
        probability: *probability,
        category: *forecast_category,
        close_reason,
        note,
    })
}

/// What a request says of going on.
pub(in crate::grpc) fn reopening(
    request: &proto::ReopenOpportunityRequest,
) -> Result<Reopening, InvalidFields> {
    let proto::ReopenOpportunityRequest {
        name: _,
        stage,
        time,
        close_date,
        note,
        etag: _,
        request_id: _,
    } = request;
    let (time, close_date) = (instant(time.as_ref()), day(close_date.as_ref()));
    Reopening::parse(stage, time, close_date, note)
}

/// The opportunity in a record, as it is `now`.
pub(in crate::grpc) fn to_proto(
    record: Record,
    now: Timestamp,
) -> Result<proto::Opportunity, Error> {
    let Record { row, lines } = record;
    let opportunity::Model {
        tenant_id: _,
        opportunity_id,
        external_id,
        display_name,
        customer_id,
        owner_id,
        pipeline_id,
        stage,
        state,
        amount: minor,
        currency,
        probability,
        category,
        close_date,
        next_step,
        close_reason,
        note,
        open_time,
        stage_enter_time,
        stall_time,
        change_time: _,
        close_time,
        version,
        create_time,
        update_time,
    } = row;
    let until = close_time.unwrap_or(now);
    let lines = lines.iter().map(|it| line(it, currency.as_deref()));
    Ok(proto::Opportunity {
        name: resource::opportunity(opportunity_id),
        display_name,
        customer: customer_id.map(resource::customer).unwrap_or_default(),
        owner: resource::seller(owner_id),
        pipeline: resource::pipeline(pipeline_id),
        stage,
        state: i32::from(state),
        amount: amount::read(minor, currency.as_deref())?.map(Into::into),
        lines: lines.collect::<Result<_, _>>()?,
        close_date: close_date.map(to_day),
        next_step: text(next_step),
        probability: Some(i32::from(probability)),
        forecast_category: i32::from(category),
        open_time: Some(open_time.into()),
        external_id: text(external_id),
        close_reason: text(close_reason),
        close_note: text(note.filter(|_| close_time.is_some())),
        close_time: close_time.map(Into::into),
        stage_enter_time: Some(stage_enter_time.into()),
        stall_time: stall_time.map(Into::into),
        stalled: stall_time.is_some_and(|time| time <= now),
        age_days: days_between(open_time, until),
        stage_age_days: days_between(stage_enter_time, now),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}

fn line(
    row: &opportunity_line::Model,
    currency: Option<&str>,
) -> Result<proto::OpportunityLine, Error> {
    Ok(proto::OpportunityLine {
        product: resource::product(row.product_id),
        quantity: row.quantity,
        amount: amount::read(Some(row.amount), currency)?.map(Into::into),
    })
}

/// An entry of the history.
pub(in crate::grpc) fn change(row: stage_change::Model) -> Result<proto::StageChange, Error> {
    let stage_change::Model {
        tenant_id: _,
        opportunity_id,
        version,
        from_stage,
        from_state,
        to_stage,
        from_enter_time: _,
        state,
        pipeline_id: _,
        owner_id,
        amount: minor,
        currency,
        probability,
        category,
        close_date,
        close_reason,
        note,
        actor,
        change_time,
        end_time: _,
        record_time,
    } = row;
    Ok(proto::StageChange {
        name: resource::stage_change(opportunity_id, version),
        from_stage: text(from_stage),
        to_stage,
        state: i32::from(state),
        change_time: Some(change_time.into()),
        record_time: Some(record_time.into()),
        actor,
        owner: resource::seller(owner_id),
        amount: amount::read(minor, currency.as_deref())?.map(Into::into),
        probability: i32::from(probability),
        forecast_category: i32::from(category),
        close_date: close_date.map(to_day),
        close_reason: text(close_reason),
        note: text(note),
        from_state: from_state.map_or(0, i32::from),
    })
}
