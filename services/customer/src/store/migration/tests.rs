//! What is there before a step is there after it.

use rapport_platform::identity::Context;
use rapport_platform::on_each_engine;
use rapport_platform::testing::context;
use sea_orm::{ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _, Statement, Value};
use sea_orm_migration::MigrationTrait;
use serde_json::json;
use uuid::Uuid;

use super::migrations;
use crate::store::entity::{consent_event, contact_point, customer_merge, search_term};

const CUSTOMER: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const POINT: Uuid = Uuid::from_u128(3);
const GONE: Uuid = Uuid::from_u128(4);

const OLD_CONSENT: &str = "\
INSERT INTO consent_event (tenant_id, customer_id, consent_event_id, contact_point_id, status,
    legal_basis, source, capture_time, awaits_confirmation, effective_time, recorder, record_time)
VALUES ($1, $2, $3, $4, 2, 1, 'call', $5, false, $5, 'employees/ada', $5)";

const OLD_MERGE: &str = "\
INSERT INTO customer_merge (tenant_id, merge_id, survivor_id, merged_id, written, members,
    children, actor, merge_time)
VALUES ($1, $2, $3, $4, $5, $5, $5, 'employees/ada', $6)";

/// The steps before this one.
fn before(step: &str) -> Vec<Box<dyn MigrationTrait>> {
    let steps = migrations();
    steps
        .into_iter()
        .take_while(|it| it.name() != step)
        .collect()
}

fn consent(ctx: &Context, id: u128, point: Option<Uuid>) -> Vec<Value> {
    // Consents stay with the record that gave them; addresses move to whom it was merged into.
    let (tenant, id) = (ctx.tenant.into(), Uuid::from_u128(id).into());
    vec![tenant, OTHER.into(), id, point.into(), ctx.now.into()]
}

fn merge(ctx: &Context) -> Vec<Value> {
    let ids = [Uuid::from_u128(5), CUSTOMER, OTHER].map(Value::from);
    let rest = [json!([]).into(), ctx.now.into()];
    std::iter::once(ctx.tenant.into())
        .chain(ids)
        .chain(rest)
        .collect()
}

fn address(ctx: &Context) -> contact_point::Model {
    contact_point::Model {
        tenant_id: ctx.tenant,
        customer_id: CUSTOMER,
        contact_point_id: POINT,
        kind: 1,
        address: Some("ana@example.com".to_owned()),
        extension: None,
        line_kind: None,
        platform: None,
        postal: None,
        address_digest: vec![7; 32],
        label: None,
        channels: 0,
        rank: 1,
        valid_from_time: None,
        valid_to_time: None,
        state: 1,
        state_time: ctx.now,
        verify_time: None,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    }
}

on_each_engine! {
    async fn old_entries_of_the_ledger_learn_their_address_and_old_merges_their_instant(db: Database) {
        let ctx = context();
        db.migrate(before("m0009_addresses_and_joins")).await.unwrap();
        let old = |sql: &str, values| Statement::from_sql_and_values(db.backend(), sql, values);
        let olds = [
            old(OLD_CONSENT, consent(&ctx, 10, Some(POINT))),
            old(OLD_CONSENT, consent(&ctx, 11, Some(GONE))),
            old(OLD_CONSENT, consent(&ctx, 12, None)),
            old(OLD_MERGE, merge(&ctx)),
        ];
        db.write_txn(|txn| {
            let (olds, address) = (olds.clone(), address(&ctx).into_active_model());
            async move {
                contact_point::Entity::insert(address).exec_without_returning(&*txn).await?;
                for old in olds {
                    txn.execute_raw(old).await?;
                }
                Ok::<_, crate::Error>(())
            }
        })
        .await
        .unwrap();
        db.migrate(migrations()).await.unwrap();

        let entries = consent_event::Entity::find().all(db.read()).await.unwrap();
        let mut digests: Vec<_> = entries.into_iter().map(|it| (it.contact_point_id, it.address_digest)).collect();
        digests.sort_unstable();
        assert_eq!(digests, [(None, None), (Some(POINT), Some(vec![7; 32])), (Some(GONE), None)]);
        let [merge] = customer_merge::Entity::find().all(db.read()).await.unwrap().try_into().unwrap();
        assert_eq!(merge.join_time, Some(ctx.now));
        let rewritten = db.write_txn(|txn| async move {
            txn.execute_unprepared("UPDATE consent_event SET source = 'letter'").await?;
            Ok::<_, crate::Error>(())
        });
        assert!(rewritten.await.is_err(), "the ledger is appended only");
    }

    async fn old_terms_are_spelled_as_they_are_typed(db: Database) {
        let ctx = context();
        db.migrate(before("m0011_terms_as_typed")).await.unwrap();
        let old = ["ada", "각", "가", "철".repeat(64).as_str()].map(|term| search_term::Model {
            tenant_id: ctx.tenant,
            field: 1,
            term: term.to_owned(),
            customer_id: CUSTOMER,
        });
        // More of them than are read at once.
        let many = (0..1_200).map(|it| search_term::Model {
            customer_id: Uuid::from_u128(100 + it),
            ..old[1].clone()
        });
        let rows: Vec<_> = old.iter().cloned().chain(many).map(search_term::Model::into_active_model).collect();
        db.write_txn(|txn| {
            let rows = rows.clone();
            async move {
                search_term::Entity::insert_many(rows).exec_without_returning(&*txn).await?;
                Ok::<_, crate::Error>(())
            }
        })
        .await
        .unwrap();
        db.migrate(migrations()).await.unwrap();

        let terms = search_term::Entity::find().all(db.read()).await.unwrap();
        let of_one = terms.iter().filter(|it| it.customer_id == CUSTOMER);
        let mut spelled: Vec<_> = of_one.map(|it| it.term.as_str()).collect();
        spelled.sort_unstable();
        let long = "\u{110E}\u{1165}\u{11AF}".repeat(22);
        let long: String = long.chars().take(64).collect();
        assert_eq!(spelled, ["ada", "\u{1100}\u{1161}", "\u{1100}\u{1161}\u{11A8}", &long]);
        let others = terms.iter().filter(|it| it.term == "\u{1100}\u{1161}\u{11A8}");
        assert_eq!(others.count(), 1_201);
        assert_eq!(terms.len(), 1_204);
    }
}
