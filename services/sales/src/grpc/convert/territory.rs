//! Territories, and whose customers are.

use rapport_platform::etag::Etag;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{day, required_day, text, to_day};
use crate::domain::date;
use crate::domain::territory::{Cause, TerritoryParts, check_days, key};
use crate::resource::{self, SELLER, TERRITORY, TERRITORY_MODEL, TERRITORY_SELLER};
use crate::store::entity::{
    customer_territory, territory, territory_model, territory_pin, territory_seller,
};
use crate::store::territory::assign::Move;
use crate::store::territory::cover::Stay;

/// What callers may name in an update of a model.
pub(in crate::grpc) const MODEL_UPDATABLE: [&str; 2] = ["display_name", "description"];
/// What callers may name in an update of a territory. That the code stays is told as a fault.
pub(in crate::grpc) const UPDATABLE: [&str; 5] = [
    "code",
    "display_name",
    "parent_territory",
    "rule",
    "priority",
];

/// The model in a row.
pub(in crate::grpc) fn model(row: territory_model::Model) -> proto::TerritoryModel {
    let territory_model::Model {
        tenant_id: _,
        model_id,
        display_name,
        description,
        state,
        preparation,
        place: _,
        processed,
        activating,
        activator,
        announcing: _,
        announce_place: _,
        announced: _,
        clearing: _,
        activate_time,
        archive_time,
        moved,
        lost_pins,
        progress: _,
        version,
        create_time,
        update_time,
    } = row;
    proto::TerritoryModel {
        name: TERRITORY_MODEL.format(&[model_id]),
        display_name,
        description: text(description),
        state: i32::from(state),
        preparation_state: i32::from(preparation),
        processed_count: processed,
        activating,
        activator: text(activator),
        activate_time: activate_time.map(Into::into),
        archive_time: archive_time.map(Into::into),
        moved_count: moved,
        lost_pin_count: lost_pins,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}

/// What a message says of a territory of the model.
pub(in crate::grpc) fn parts(sent: &proto::Territory, model: Uuid) -> TerritoryParts<'_> {
    let proto::Territory {
        name: _,
        code,
        display_name,
        parent_territory,
        rule,
        priority,
        create_time: _,
        update_time: _,
        etag: _,
    } = sent;
    let parent = match (parent_territory.as_str(), TERRITORY.ids(parent_territory)) {
        ("", _) => Ok(None),
        (_, Some([of, id])) if of == model => Ok(Some(id)),
        _ => Err(crate::domain::territory::TreeFault::Unknown.into()),
    };
    TerritoryParts {
        code,
        display_name,
        parent,
        rule,
        priority: *priority,
    }
}

/// The territory in a row.
pub(in crate::grpc) fn territory(row: territory::Model) -> proto::Territory {
    let territory::Model {
        tenant_id: _,
        territory_id,
        model_id,
        code,
        display_name,
        parent_id,
        rule,
        priority,
        version,
        create_time,
        update_time,
    } = row;
    let name = |id: Uuid| TERRITORY.format(&[model_id, id]);
    proto::Territory {
        name: name(territory_id),
        code,
        display_name,
        parent_territory: parent_id.map(name).unwrap_or_default(),
        rule: text(rule),
        priority,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}

/// Who works a territory, by a message.
pub(in crate::grpc) fn new_seat(
    ctx: &Context,
    sent: &proto::TerritorySeller,
    territory: Uuid,
) -> Result<territory_seller::Model, InvalidFields> {
    let proto::TerritorySeller {
        name: _,
        seller,
        role,
        start_date,
        end_date,
        actor: _,
        create_time: _,
    } = sent;
    let mut faults = InvalidFields::default();
    let seller = faults.take("seller", resource::required(SELLER, seller));
    let role = faults.take("role", key(role));
    let start = required_day(start_date.as_ref()).map(date::number);
    let start = faults.take("start_date", start);
    let end = day(end_date.as_ref()).map(|it| it.map(date::number));
    let end = faults.take("end_date", end);
    if let Some((start, end)) = start.zip(end) {
        faults.take("end_date", check_days(start, end));
    }
    let read = seller.zip(role).zip(start.zip(end));
    faults.finish(read.map(
        |((seller_id, role), (start_date, end_date))| territory_seller::Model {
            tenant_id: ctx.tenant,
            seat_id: new_id(),
            territory_id: territory,
            seller_id,
            role,
            start_date,
            end_date,
            actor: ctx.actor.to_string(),
            version: 1,
            create_time: ctx.now,
        },
    ))
}

/// Who works a territory of the model, in a row.
pub(in crate::grpc) fn seat(row: territory_seller::Model, model: Uuid) -> proto::TerritorySeller {
    let territory_seller::Model {
        tenant_id: _,
        seat_id,
        territory_id,
        seller_id,
        role,
        start_date,
        end_date,
        actor,
        version: _,
        create_time,
    } = row;
    proto::TerritorySeller {
        name: TERRITORY_SELLER.format(&[model, territory_id, seat_id]),
        seller: resource::seller(seller_id),
        role,
        start_date: Some(to_day(start_date)),
        end_date: end_date.map(to_day),
        actor,
        create_time: Some(create_time.into()),
    }
}

/// The pin in a row.
pub(in crate::grpc) fn pin(row: territory_pin::Model) -> proto::TerritoryPin {
    let territory_pin::Model {
        tenant_id: _,
        customer_id,
        code,
        reason,
        actor,
        create_time,
        dormant_by: _,
        copied_by: _,
    } = row;
    proto::TerritoryPin {
        customer: resource::customer(customer_id),
        territory_code: code,
        reason: text(reason),
        actor,
        create_time: Some(create_time.into()),
    }
}

/// Where a customer belongs or belonged.
pub(in crate::grpc) fn stay(stay: Stay) -> proto::CustomerTerritory {
    let Stay {
        customer_id,
        model_id,
        territory_id,
        code,
        cause,
        start_time,
        end_time,
    } = stay;
    // What is only planned has not begun.
    let begun = start_time > Timestamp::from_micros(0);
    proto::CustomerTerritory {
        customer: resource::customer(customer_id),
        territory: territory_name(model_id, territory_id),
        territory_code: text(code),
        cause: cause.map(i32::from).unwrap_or_default(),
        start_time: begun.then(|| start_time.into()),
        end_time: end_time.map(Into::into),
    }
}

fn territory_name(model: Uuid, territory: Option<Uuid>) -> String {
    let name = |id: Uuid| TERRITORY.format(&[model, id]);
    territory.map(name).unwrap_or_default()
}

/// A move by an activation, or one that would be: then without a time.
pub(in crate::grpc) fn planned_move(
    row: customer_territory::Model,
    rule: Option<String>,
    time: Option<Timestamp>,
) -> proto::TerritoryMove {
    let customer_territory::Model {
        tenant_id: _,
        model_id,
        customer_id,
        start_time: _,
        end_time: _,
        territory_id,
        code,
        cause,
        from_code,
        moves: _,
    } = row;
    let by_rule = cause == Some(Cause::Rule.code());
    proto::TerritoryMove {
        customer: resource::customer(customer_id),
        from_territory_code: text(from_code),
        to_territory_code: text(code),
        to_territory: territory_name(model_id, territory_id),
        cause: cause.map(i32::from).unwrap_or_default(),
        rule: text(rule.filter(|_| by_rule)),
        change_time: time.map(Into::into),
    }
}

/// A move of a single customer.
pub(in crate::grpc) fn single_move(moved: Move) -> proto::TerritoryMove {
    let Move {
        customer,
        from,
        to,
        time,
    } = moved;
    let to = to.map(|row| planned_move(row, None, None));
    proto::TerritoryMove {
        customer: resource::customer(customer),
        from_territory_code: text(from),
        change_time: Some(time.into()),
        ..to.unwrap_or_default()
    }
}
