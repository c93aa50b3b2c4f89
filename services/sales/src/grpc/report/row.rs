//! Rows of reports as they are sent.

use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::sales::v1 as proto;

use crate::domain::report::{Flow, mean_days, share, velocity, weighted};
use crate::error::Error;
use crate::resource;
use crate::store::amount;
use crate::store::report::{Content, Group, Sales};

pub(super) fn sales(row: Sales) -> Result<proto::SalesRow, Error> {
    let Sales {
        group: common,
        currency,
        won_count,
        lost_count,
        revenue,
        lost_amount,
        won_seconds,
        lost_seconds,
    } = row;
    let proto::SalesGroup {
        owner,
        manager,
        team,
        region,
        product,
        period,
        territory_code,
        pipeline,
        close_reason,
    } = group(&common);
    let currency = currency.as_deref();
    let per_day = revenue.and_then(|it| velocity(won_count, it, won_seconds));
    Ok(proto::SalesRow {
        owner,
        manager,
        team,
        region,
        product,
        territory_code,
        pipeline,
        close_reason,
        period,
        won_count,
        lost_count,
        revenue: amount::read(revenue, currency)?.map(Into::into),
        lost_amount: amount::read(lost_amount, currency)?.map(Into::into),
        win_rate: share(won_count, won_count + lost_count),
        mean_won_cycle_days: mean_days(won_seconds, won_count),
        mean_lost_cycle_days: mean_days(lost_seconds, lost_count),
        velocity_per_day: amount::read(per_day, currency)?.map(Into::into),
    })
}

pub(super) fn flow(key: &str, common: &Group, flow: &Flow) -> proto::StageFlow {
    proto::StageFlow {
        stage: key.to_owned(),
        group: Some(group(common)),
        entered_count: flow.entered,
        advanced_count: flow.advanced,
        returned_count: flow.returned,
        won_count: flow.won,
        lost_count: flow.lost,
        conversion: share(flow.advanced + flow.won, flow.left()),
        mean_days: mean_days(flow.seconds, flow.left()),
    }
}

pub(super) fn content(row: Content) -> Result<proto::PipelineRow, Error> {
    let Content {
        group: common,
        stage,
        currency,
        open_count,
        amount,
        weighted: whole,
        weighted_rest,
        stalled_count,
        age_seconds,
    } = row;
    let currency = currency.as_deref();
    let expected = whole.zip(weighted_rest);
    let expected = expected.and_then(|(whole, rest)| weighted(whole, rest));
    Ok(proto::PipelineRow {
        stage,
        group: Some(group(&common)),
        open_count,
        amount: amount::read(amount, currency)?.map(Into::into),
        weighted_amount: amount::read(expected, currency)?.map(Into::into),
        stalled_count,
        mean_age_days: mean_days(age_seconds, open_count),
    })
}

fn group(group: &Group) -> proto::SalesGroup {
    let Group {
        owner_id,
        manager_id,
        team,
        region,
        product_id,
        territory,
        month,
        quarter,
        pipeline_id,
        close_reason,
    } = group.clone();
    let first_day = |month: i32| Date {
        year: month / 100,
        month: month % 100,
        day: 1,
    };
    proto::SalesGroup {
        owner: owner_id.map(resource::seller).unwrap_or_default(),
        manager: manager_id.map(resource::seller).unwrap_or_default(),
        team: team.unwrap_or_default(),
        region: region.unwrap_or_default(),
        product: product_id.map(resource::product).unwrap_or_default(),
        territory_code: territory.unwrap_or_default(),
        period: month.or(quarter).map(first_day),
        pipeline: pipeline_id.map(resource::pipeline).unwrap_or_default(),
        close_reason: close_reason.unwrap_or_default(),
    }
}
