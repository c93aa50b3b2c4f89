//! Forecasts along the tree of territories.

use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::{Forecasts, convert, looked_at, rate_missing};
use crate::domain::forecast::{Member, Rates, currency, roll_up};
use crate::domain::territory::{Node, top_down};
use crate::error::{Error, faults_of};
use crate::grpc::report::period;
use crate::store::forecast::{self, rate};
use crate::store::territory;

impl Forecasts {
    pub(super) async fn query_by_territory(
        &self,
        ctx: Context,
        request: proto::QueryTerritoryForecastRequest,
    ) -> Result<proto::QueryTerritoryForecastResponse, Error> {
        let proto::QueryTerritoryForecastRequest {
            start_date,
            end_date,
            as_of_time,
            currency_code,
        } = request;
        let period = period(start_date.as_ref(), end_date.as_ref())?;
        let time = looked_at(&ctx, as_of_time.as_ref())?;
        let target = currency(&currency_code).map_err(faults_of("currency_code"))?;
        let db = self.0.db.read();
        let held = territory::held_at(&ctx, db, time).await?;
        let model = held.map_or(Uuid::nil(), |it| it.model_id);
        let nodes = territory::tree::nodes(&ctx, db, model).await?;
        let nodes: Vec<Node> = top_down(&nodes).into_iter().cloned().collect();
        let facts = forecast::facts_by_territory(&ctx, db, period, time, model).await?;
        let rates = rate::at(&ctx, db, target, time).await?;
        let rows = roll_up(&members(&nodes), &facts, &[], &Rates::into(target, rates));
        let mut rows = rows.map_err(|missing| rate_missing(missing, &currency_code))?;
        // What belongs to no territory stands at the end, if anything does.
        let rest = rows.iter().position(|row| row.member.seller.is_nil());
        let rest = rest.map(|place| rows.remove(place));
        rows.extend(rest.filter(|row| !row.own.is_nothing()));
        let rows = rows.iter().map(|row| {
            let node = nodes.iter().find(|node| node.id == row.member.seller);
            convert::territory_row(row, model, node, target)
        });
        Ok(proto::QueryTerritoryForecastResponse {
            rows: rows.collect::<Result<_, _>>()?,
        })
    }
}

/// The tree of the territories, and what belongs to none beside it.
fn members(nodes: &[Node]) -> Vec<Member> {
    let none = Member {
        seller: Uuid::nil(),
        manager: None,
    };
    let members = nodes.iter().map(|node| Member {
        seller: node.id,
        manager: node.parent,
    });
    members.chain([none]).collect()
}
