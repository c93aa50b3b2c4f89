//! Who may take which delivery. A claim is one conditional statement, so that two processes never
//! hold the same delivery.

use std::time::Duration;

use rapport_platform::id::new_id;
use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, FromQueryResult, Statement, Value,
};
use uuid::Uuid;

use crate::domain::channel::Channel;
use crate::domain::delivery::{Connector, DeliveryState};

/// Deliveries that wait for one connector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    /// Of this tenant.
    pub(crate) tenant: TenantId,
    /// For this connector.
    pub(crate) connector: Connector,
    /// On this channel; none: on any.
    pub(crate) channel: Option<Channel>,
    /// So many at most.
    pub(crate) limit: u64,
}

/// A delivery that was claimed. Nothing else of the row is read with it, so that one that can't be
/// read stops none of those that were claimed together.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(crate) struct Claimed {
    /// Whose.
    pub(crate) tenant_id: TenantId,
    /// The delivery.
    pub(crate) delivery_id: Uuid,
    /// The lease under which it is held.
    pub(crate) lease_id: Uuid,
}

impl Claimed {
    /// The delivery and the lease.
    pub(crate) const fn key(&self) -> (Uuid, Uuid) {
        (self.delivery_id, self.lease_id)
    }
}

/// Tenants for whom something is due for a connector, from behind `after` on. Steps from tenant to
/// tenant through the index, however much each has waiting.
///
/// No caller's tenant limits this: a worker serves them all in turn.
pub(crate) async fn tenants_waiting(
    db: &impl ConnectionTrait,
    connector: Connector,
    after: Option<TenantId>,
    (now, limit): (Timestamp, u64),
) -> Result<Vec<TenantId>, DbErr> {
    let first = "SELECT tenant_id FROM delivery WHERE connector = $1 AND due_time IS NOT NULL \
                 AND tenant_id > $2 ORDER BY tenant_id LIMIT 1";
    let next = "SELECT d.tenant_id FROM delivery d WHERE d.connector = $1 \
                AND d.due_time IS NOT NULL AND d.tenant_id > w.tenant_id \
                ORDER BY d.tenant_id LIMIT 1";
    let due = "SELECT 1 FROM delivery d WHERE d.connector = $1 \
               AND d.tenant_id = waiting.tenant_id AND d.due_time <= $3";
    let sql = format!(
        "WITH RECURSIVE waiting (tenant_id) AS (SELECT tenant_id FROM ({first}) f \
         UNION ALL SELECT ({next}) FROM waiting w WHERE w.tenant_id IS NOT NULL) \
         SELECT tenant_id FROM waiting WHERE tenant_id IS NOT NULL AND EXISTS ({due}) LIMIT $4"
    );
    let values: [Value; 4] = [
        connector.code().into(),
        after.unwrap_or(TenantId::new(Uuid::nil())).into(),
        now.into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = db.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Whether anything is due in the lanes: a question that costs no transaction.
pub(crate) async fn is_due(
    db: &impl ConnectionTrait,
    lanes: &[Lane],
    now: Timestamp,
) -> Result<bool, DbErr> {
    let mut values = Values::default();
    let due: Vec<String> = lanes
        .iter()
        .enumerate()
        .map(|(number, lane)| {
            let rows = due_in(&Lane { limit: 1, ..*lane }, now, &mut values);
            format!("SELECT delivery_id FROM ({rows}) lane{number}")
        })
        .collect();
    let sql = format!("{} LIMIT 1", due.join(" UNION ALL "));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values.0);
    Ok(db.query_one_raw(statement).await?.is_some())
}

/// Takes up to `limit` of what is due in the lanes, the longest due first, for a while from `now`.
///
/// What another process claims at the same instant is passed over (PostgreSQL) or not there any
/// more (SQLite, which has one writer at a time).
pub(crate) async fn claim(
    txn: &DatabaseTransaction,
    (lanes, limit): (&[Lane], u64),
    now: Timestamp,
    lease: Duration,
) -> Result<Vec<Claimed>, DbErr> {
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    let backend = txn.get_database_backend();
    let skip = match backend {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    let mut values = Values::default();
    let assignments = format!(
        "state = {}, lease_id = {}, due_time = {}, version = version + 1, update_time = {}",
        values.add(DeliveryState::Leased.code()),
        values.add(new_id()),
        values.add(now.saturating_add(lease)),
        values.add(now),
    );
    let due: Vec<String> = lanes
        .iter()
        .enumerate()
        .map(|(number, lane)| {
            let rows = due_in(lane, now, &mut values) + skip;
            format!("SELECT tenant_id, delivery_id, due_time FROM ({rows}) lane{number}")
        })
        .collect();
    let limit = values.add(i64::try_from(limit).unwrap_or(i64::MAX));
    let sql = format!(
        "WITH due AS ({}) UPDATE delivery SET {assignments} \
         WHERE (tenant_id, delivery_id) IN (SELECT tenant_id, delivery_id FROM due \
         ORDER BY due_time, delivery_id LIMIT {limit}) RETURNING tenant_id, delivery_id, lease_id",
        due.join(" UNION ALL ")
    );
    let claim = Statement::from_sql_and_values(backend, sql, values.0);
    let mut claimed = Claimed::find_by_statement(claim).all(txn).await?;
    // The ids are in the order in which the messages were queued.
    claimed.sort_by_key(|row| row.delivery_id);
    Ok(claimed)
}

fn due_in(lane: &Lane, now: Timestamp, values: &mut Values) -> String {
    let channel = match lane.channel {
        Some(channel) => format!(" AND channel = {}", values.add(channel.code())),
        None => String::new(),
    };
    format!(
        "SELECT tenant_id, delivery_id, due_time FROM delivery WHERE tenant_id = {} AND connector = {}\
         {channel} AND due_time <= {} ORDER BY due_time, delivery_id LIMIT {}",
        values.add(lane.tenant),
        values.add(lane.connector.code()),
        values.add(now),
        values.add(i64::try_from(lane.limit).unwrap_or(i64::MAX)),
    )
}

/// The values of a statement, each with the name of its place.
#[derive(Default)]
struct Values(Vec<Value>);

impl Values {
    fn add(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}
