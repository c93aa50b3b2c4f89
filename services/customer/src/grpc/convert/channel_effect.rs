//! Channels' costs, and how well channels work.

use rapport_proto::google::r#type::Money;
use rapport_proto::rapport::customer::v1 as proto;

use super::contact_times::duration;
use super::instant;
use crate::domain::channel_effect::{
    ChannelCost, CostParts, Effect, EffectQuery, Kind, Spent, UnitCostParts,
};
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::resource::CHANNEL_COST;
use crate::store::entity::channel_cost::Model;

/// Reads a cost.
pub(in crate::grpc) fn cost(sent: &proto::ChannelCost) -> Result<ChannelCost, InvalidFields> {
    let proto::ChannelCost {
        name: _,
        channel,
        per_contact,
        per_minute,
        effective_time,
        recorder: _,
        create_time: _,
    } = sent;
    let mut faults = InvalidFields::default();
    let effective = faults.take("effective_time", required(effective_time.as_ref()));
    let cost = effective.and_then(|effective| {
        let parts = CostParts {
            channel: *channel,
            per_contact: per_contact.as_ref().map(amount),
            per_minute: per_minute.as_ref().map(amount),
            effective,
        };
        faults.take("", ChannelCost::parse(&parts))
    });
    faults.finish(cost)
}

fn amount(money: &Money) -> UnitCostParts<'_> {
    UnitCostParts {
        currency: &money.currency_code,
        units: money.units,
        nanos: money.nanos,
    }
}

fn required(
    time: Option<&prost_types::Timestamp>,
) -> Result<rapport_platform::time::Timestamp, Invalid> {
    instant(time)?.ok_or_else(|| Invalid::new("is required"))
}

/// The cost in a row.
pub(in crate::grpc) fn cost_to_proto(row: Model) -> proto::ChannelCost {
    let Model {
        tenant_id: _,
        channel_cost_id,
        channel,
        currency,
        per_contact,
        per_minute,
        effective_time,
        recorder,
        create_time,
    } = row;
    let amount = |nanos: i64| {
        (nanos > 0).then(|| Money {
            currency_code: currency.clone(),
            units: nanos / 1_000_000_000,
            nanos: i32::try_from(nanos % 1_000_000_000).unwrap_or_default(),
        })
    };
    proto::ChannelCost {
        name: CHANNEL_COST.format(&[channel_cost_id]),
        channel: channel.into(),
        per_contact: amount(per_contact),
        per_minute: amount(per_minute),
        effective_time: Some(effective_time.into()),
        recorder,
        create_time: Some(create_time.into()),
    }
}

/// Reads what is asked.
pub(in crate::grpc) fn query(
    request: &proto::QueryChannelEffectRequest,
) -> Result<EffectQuery, InvalidFields> {
    let proto::QueryChannelEffectRequest {
        start_time,
        end_time,
        response_window,
        dimensions,
    } = request;
    let mut faults = InvalidFields::default();
    let start = faults.take("start_time", required(start_time.as_ref()));
    let end = faults.take("end_time", required(end_time.as_ref()));
    let window = response_window.as_ref().map(duration).transpose();
    let window = faults.take("response_window", window);
    let query = start
        .zip(end)
        .zip(window)
        .and_then(|((start, end), window)| {
            faults.take("", EffectQuery::parse(start, end, window, dimensions))
        });
    faults.finish(query)
}

/// How contacts of a kind worked; costs are in that currency, if there are any.
pub(in crate::grpc) fn effect_to_proto(
    kind: Kind,
    effect: &Effect,
    currency: Option<&str>,
) -> proto::ChannelEffect {
    let money = |spent: Spent| {
        let (units, nanos) = spent.parts();
        currency.map(|code| Money {
            currency_code: code.to_owned(),
            units,
            nanos,
        })
    };
    let refusals = effect.refusals.iter();
    proto::ChannelEffect {
        channel: kind.channel.map_or(0, |it| it.number()),
        purpose: kind.purpose.map_or(0, |it| it.number()),
        customer_kind: kind.customer.map_or(0, |it| it.number()),
        lifecycle_stage: kind.stage.map_or(0, |it| it.number()),
        local_hour: kind.hour,
        contact_count: effect.contacts,
        response_count: effect.responses,
        acceptance_count: effect.acceptances,
        response_rate: effect.response_rate(),
        cost: money(effect.spent),
        uncosted_contact_count: effect.uncosted,
        cost_per_response: effect.cost_per_response().and_then(money),
        refusal_count: effect.refused,
        refusals: refusals
            .map(|(reason, &count)| proto::RefusalCount {
                reason: reason.number(),
                count,
            })
            .collect(),
    }
}
