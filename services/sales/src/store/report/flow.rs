//! How opportunities went through the stages of a pipeline.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

use super::group::{Group, Source, Values, sum};
use crate::domain::date;
use crate::domain::pipeline::OpportunityState;
use crate::domain::report::{Moves, Period, SalesDimension};
use crate::error::{Error, unreadable};

/// Which moves are counted, and by what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowQuery<'a> {
    /// Between the stages of which pipeline.
    pub(crate) pipeline: Uuid,
    /// When they took place.
    pub(crate) period: Period,
    /// By what.
    pub(crate) by: &'a [SalesDimension],
    /// The moment whose territories count; none: that of each move.
    pub(crate) territory_time: Option<Timestamp>,
    /// The moment whose organization counts; none: now.
    pub(crate) organization_time: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    group: Group,
    from_stage: Option<String>,
    to_stage: String,
    state: i16,
    count: i64,
    seconds: i64,
}

/// Counts the moves between the stages of a pipeline; those of a group follow each other.
pub(crate) async fn moves(
    ctx: &Context,
    db: &impl ConnectionTrait,
    query: FlowQuery<'_>,
) -> Result<Vec<(Group, Moves)>, Error> {
    let backend = db.get_database_backend();
    let mut values = Values::default();
    let tenant = values.bind(ctx.tenant);
    let pipeline = values.bind(query.pipeline);
    let start = values.bind(date::midnight(query.period.start()));
    let end = values.bind(date::midnight(query.period.end()));
    let moved = || "o.change_time".to_owned();
    let source = Source {
        table: "stage_change",
        key: "o.tenant_id, o.opportunity_id, o.version",
        wanted: format!(
            "o.tenant_id = {tenant} AND o.pipeline_id = {pipeline} \
             AND o.change_time >= {start} AND o.change_time < {end} \
             AND (o.from_stage IS NULL OR o.from_stage <> o.to_stage)"
        ),
        by: query.by,
        territory_time: query
            .territory_time
            .map_or_else(moved, |it| values.bind(it)),
        organization_time: query.organization_time.map(|it| values.bind(it)),
        month: month_of_move(backend).to_owned(),
    };
    let seconds = sum("(o.change_time - o.from_enter_time) / 1000000");
    let totals = format!("COUNT(*) AS count, {seconds} AS seconds");
    let sql = source.select(&["o.from_stage", "o.to_stage", "o.state"], &totals);
    let rows = Row::find_by_statement(values.statement(backend, sql));
    rows.all(db).await?.into_iter().map(read).collect()
}

fn read(row: Row) -> Result<(Group, Moves), Error> {
    let state = OpportunityState::try_from(i32::from(row.state));
    let moves = Moves {
        from: row.from_stage,
        to: row.to_stage,
        state: state.map_err(unreadable("counting moves"))?,
        count: row.count,
        seconds: row.seconds,
    };
    Ok((row.group, moves))
}

/// The number of the month in which a move took place, in UTC.
const fn month_of_move(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => {
            "CAST(strftime('%Y%m', o.change_time / 1000000, 'unixepoch') AS INTEGER)"
        }
        _ => {
            "CAST(to_char(to_timestamp(o.change_time / 1000000) AT TIME ZONE 'UTC', 'YYYYMM') \
             AS INTEGER)"
        }
    }
}
