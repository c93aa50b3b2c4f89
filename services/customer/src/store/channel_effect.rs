//! Counts contacts and refusals of a period.
//!
//! Each is one statement that reads the period once and answers a row for each combination.
//! The next interaction of the same customer tells whether a contact was answered. Clocks and
//! costs come as small tables with the statement: neither engine has to know time zones, and
//! amounts stay exact.

use std::fmt::Write as _;

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::domain::channel_effect::{
    ChannelCost, Contacts, EffectDimension, EffectQuery, Kind, Shift,
};
use crate::domain::contact::permit::PermitState;
use crate::domain::delivery::DeliveryState;
use crate::domain::interaction::{Direction, Outcome};
use crate::error::{Error, unreadable};

const READING: &str = "counting contacts";

/// A zone, as customers have it, and its clock in the period.
pub(crate) struct Clock {
    /// Its name; none for customers of whom no zone is known.
    pub(crate) zone: Option<String>,
    /// How its clock goes.
    pub(crate) shifts: Vec<Shift>,
}

/// The zones in which the tenant's customers live, none among them if one of them has none.
pub(crate) async fn zones(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Vec<Option<String>>, Error> {
    #[derive(FromQueryResult)]
    struct Zone {
        time_zone: Option<String>,
    }
    let sql = "SELECT DISTINCT time_zone FROM customer WHERE tenant_id = $1";
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql, [ctx.tenant.into()]);
    let zones = Zone::find_by_statement(statement).all(db).await?;
    Ok(zones.into_iter().map(|it| it.time_zone).collect())
}

/// What the rows of both statements have in common: 0 for what was not asked for or is unset.
#[derive(FromQueryResult)]
struct Common {
    channel: i16,
    purpose: i16,
    kind: i16,
    stage: i16,
    local_hour: i64,
}

impl Common {
    fn kind(&self, query: &EffectQuery) -> Result<Kind, Error> {
        let hour = i32::try_from(self.local_hour).map_err(unreadable(READING))?;
        Ok(Kind {
            channel: number(self.channel)?,
            purpose: number(self.purpose)?,
            customer: number(self.kind)?,
            stage: number(self.stage)?,
            hour: query.by(EffectDimension::LocalHour).then_some(hour),
        })
    }
}

fn number<T: TryFrom<i32>>(code: i16) -> Result<Option<T>, Error>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    let value = (code != 0).then(|| T::try_from(i32::from(code)));
    value.transpose().map_err(unreadable(READING))
}

/// Contacts that have a kind, and a cost, in common.
pub(crate) struct Counted {
    /// What they are.
    pub(crate) kind: Kind,
    /// Their cost, by its place in the list.
    pub(crate) cost: Option<usize>,
    /// How many.
    pub(crate) contacts: Contacts,
}

/// Counts the contacts of the period.
pub(crate) async fn contacts(
    ctx: &Context,
    db: &impl ConnectionTrait,
    query: &EffectQuery,
    clocks: &[Clock],
    costs: &[ChannelCost],
) -> Result<Vec<Counted>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        #[sea_orm(nested)]
        common: Common,
        cost: i64,
        contacts: i64,
        responses: i64,
        acceptances: i64,
        seconds: i64,
    }
    let mut values = Values::of(ctx, query);
    let with = [clock_table(clocks, &mut values), cost_table(costs)].concat();
    let last = values.push(query.end.saturating_add(query.window));
    let sql = contacts_sql(query, &with, &last);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values.0);
    let rows = Row::find_by_statement(statement).all(db).await?;
    let counted = rows.into_iter().map(|row| {
        Ok(Counted {
            kind: row.common.kind(query)?,
            cost: usize::try_from(row.cost).ok(),
            contacts: Contacts {
                contacts: row.contacts,
                responses: row.responses,
                acceptances: row.acceptances,
                seconds: row.seconds,
            },
        })
    });
    counted.collect()
}

/// Contacts that were refused for the same reasons.
pub(crate) struct Refused {
    /// What they would have been.
    pub(crate) kind: Kind,
    /// Why: bit `n` for `ContactRefusal` `n`.
    pub(crate) refusals: i32,
    /// How many.
    pub(crate) count: i64,
}

/// Counts the refusals of the period.
pub(crate) async fn refusals(
    ctx: &Context,
    db: &impl ConnectionTrait,
    query: &EffectQuery,
    clocks: &[Clock],
) -> Result<Vec<Refused>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        #[sea_orm(nested)]
        common: Common,
        refusals: i32,
        contacts: i64,
    }
    let mut values = Values::of(ctx, query);
    let clock = clock_table(clocks, &mut values);
    let sql = refusals_sql(query, &clock);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values.0);
    let rows = Row::find_by_statement(statement).all(db).await?;
    let refused = rows.into_iter().map(|row| {
        Ok(Refused {
            kind: row.common.kind(query)?,
            refusals: row.refusals,
            count: row.contacts,
        })
    });
    refused.collect()
}

/// The values of a statement: $1 is the tenant, $2 and $3 the period.
struct Values(Vec<Value>);

impl Values {
    fn of(ctx: &Context, query: &EffectQuery) -> Self {
        Self(vec![
            ctx.tenant.into(),
            query.start.into(),
            query.end.into(),
        ])
    }

    /// The placeholder of one more value.
    fn push(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}

/// Clocks as a table to join.
fn clock_table(clocks: &[Clock], values: &mut Values) -> String {
    let mut rows = Vec::new();
    for Clock { zone, shifts } in clocks {
        let zone = values.push(zone.clone().unwrap_or_default());
        for Shift {
            since,
            until,
            seconds,
        } in shifts
        {
            let (since, until) = (since.as_micros(), until.as_micros());
            let shift = i64::from(*seconds) * 1_000_000;
            rows.push(format!("(CAST({zone} AS TEXT), {since}, {until}, {shift})"));
        }
    }
    table("clock (zone, since, until, shift)", &rows)
}

/// Costs as a table to join: each holds until the next one of its channel.
fn cost_table(costs: &[ChannelCost]) -> String {
    let rows = costs.iter().enumerate().map(|(place, cost)| {
        let next = costs.get(place + 1).filter(|it| it.channel == cost.channel);
        let until = next.map_or(Timestamp::MAX, |it| it.effective).as_micros();
        let (channel, since) = (cost.channel.code(), cost.effective.as_micros());
        format!("({place}, {channel}, {since}, {until})")
    });
    table(
        "cost (place, channel, since, until)",
        &rows.collect::<Vec<_>>(),
    )
}

fn table(head: &str, rows: &[String]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("{head} AS (VALUES {}), ", rows.join(", "))
}

/// The columns of [`Common`] for contacts `t` of customers `r`, and what they need joined.
struct Dimensions {
    columns: String,
    joins: String,
}

fn dimensions(query: &EffectQuery, at: &str, clock: bool) -> Dimensions {
    let mut columns = String::new();
    let parts = [
        (EffectDimension::Channel, "t.channel", "channel"),
        (
            EffectDimension::Purpose,
            "COALESCE(t.purpose, 0)",
            "purpose",
        ),
        (EffectDimension::CustomerKind, "r.kind", "kind"),
    ];
    for (dimension, column, name) in parts {
        let column = if query.by(dimension) { column } else { "0" };
        let _ = write!(columns, "CAST({column} AS SMALLINT) AS {name}, ");
    }
    let stage = if query.by(EffectDimension::LifecycleStage) {
        format!(
            "COALESCE((SELECT s.to_stage FROM stage_change s WHERE s.tenant_id = $1 \
             AND s.customer_id = r.customer_id AND s.change_time <= {at} \
             ORDER BY s.change_time DESC, s.stage_change_id DESC LIMIT 1), r.lifecycle_stage)"
        )
    } else {
        "0".to_owned()
    };
    let _ = write!(columns, "CAST({stage} AS SMALLINT) AS stage, ");
    let (hour, joins) = if clock {
        let day = 86_400_000_000_i64;
        let hour = day / 24;
        let local = format!("({at} + COALESCE(k.shift, 0))");
        (
            format!("((({local} % {day}) + {day}) % {day}) / {hour}"),
            format!(
                " LEFT JOIN clock k ON k.zone = COALESCE(r.time_zone, '') \
                 AND k.since <= {at} AND {at} < k.until"
            ),
        )
    } else {
        ("0".to_owned(), String::new())
    };
    let _ = write!(columns, "CAST({hour} AS BIGINT) AS local_hour");
    Dimensions { columns, joins }
}

/// `last`: the end of the response window of the last contact.
fn contacts_sql(query: &EffectQuery, with: &str, last: &str) -> String {
    let clock = with.contains("clock (");
    let costed = with.contains("cost (");
    let Dimensions { columns, mut joins } = dimensions(query, "t.occur_time", clock);
    let mut cost = "-1";
    if costed {
        cost = "COALESCE(c.place, -1)";
        joins.push_str(
            " LEFT JOIN cost c ON c.channel = t.channel \
             AND c.since <= t.occur_time AND t.occur_time < c.until",
        );
    }
    let (inbound, outbound) = (Direction::Inbound.number(), Direction::Outbound.number());
    let (accepted, declined) = (Outcome::Accepted.number(), Outcome::Declined.number());
    let window = i64::try_from(query.window.as_micros()).unwrap_or(i64::MAX);
    let happened = happened();
    format!(
        "WITH {with}told AS ( \
           SELECT COALESCE(m.merged_into, m.customer_id) AS customer_id, i.channel, i.direction, \
             i.purpose, COALESCE(i.outcome, 0) AS outcome, i.occur_time, \
             COALESCE(i.duration_seconds, 0) AS seconds, \
             LEAD(i.direction) OVER turns AS next_direction, \
             LEAD(i.occur_time) OVER turns AS next_time \
           FROM interaction i JOIN customer m \
             ON m.tenant_id = i.tenant_id AND m.customer_id = i.customer_id \
           WHERE i.tenant_id = $1 AND i.occur_time >= $2 AND i.occur_time < {last} AND {happened} \
           WINDOW turns AS (PARTITION BY COALESCE(m.merged_into, m.customer_id) \
             ORDER BY i.occur_time, i.interaction_id)), \
         counted AS ( \
           SELECT {columns}, CAST({cost} AS BIGINT) AS cost, t.seconds, \
             CASE WHEN t.outcome = {accepted} THEN 1 ELSE 0 END AS accepted, \
             CASE WHEN t.outcome IN ({accepted}, {declined}) \
               OR (t.next_direction = {inbound} AND t.next_time - t.occur_time < {window}) \
               THEN 1 ELSE 0 END AS answered \
           FROM told t JOIN customer r ON r.tenant_id = $1 AND r.customer_id = t.customer_id\
           {joins} \
           WHERE t.direction = {outbound} AND t.occur_time < $3) \
         SELECT channel, purpose, kind, stage, local_hour, cost, COUNT(*) AS contacts, \
           SUM(answered) AS responses, SUM(accepted) AS acceptances, SUM(seconds) AS seconds \
         FROM counted GROUP BY channel, purpose, kind, stage, local_hour, cost"
    )
}

/// Whether interaction `i` took place: what came in, and what went out. Messages stay away that
/// were stopped before they left, and what became of a message, which is told once.
fn happened() -> String {
    let queued = Outcome::Queued.number();
    let stopped = [
        DeliveryState::Refused,
        DeliveryState::Failed,
        DeliveryState::Cancelled,
    ];
    let stopped: Vec<_> = stopped.iter().map(|it| it.number().to_string()).collect();
    let (stopped, outbound) = (stopped.join(", "), Direction::Outbound.number());
    format!(
        "(i.direction <> {outbound} OR (CAST(i.links AS TEXT) NOT LIKE '[\"deliveries/%' \
         AND (i.outcome IS NULL OR i.outcome <> {queued} OR NOT EXISTS ( \
           SELECT 1 FROM delivery d WHERE d.tenant_id = i.tenant_id \
           AND d.customer_id = i.customer_id AND d.interaction_id = i.interaction_id \
           AND d.state IN ({stopped})))))"
    )
}

fn refusals_sql(query: &EffectQuery, clock: &str) -> String {
    let joined = !clock.is_empty();
    let Dimensions { columns, joins } = dimensions(query, "t.reserve_time", joined);
    let refused = PermitState::Refused.code();
    format!(
        "WITH {clock}counted AS ( \
           SELECT {columns}, t.refusals \
           FROM contact_permit t JOIN customer m \
             ON m.tenant_id = t.tenant_id AND m.customer_id = t.customer_id \
           JOIN customer r ON r.tenant_id = t.tenant_id \
             AND r.customer_id = COALESCE(m.merged_into, m.customer_id){joins} \
           WHERE t.tenant_id = $1 AND t.reserve_time >= $2 AND t.reserve_time < $3 \
             AND t.state = {refused}) \
         SELECT channel, purpose, kind, stage, local_hour, refusals, COUNT(*) AS contacts \
         FROM counted GROUP BY channel, purpose, kind, stage, local_hour, refusals"
    )
}
