//! Many rows and many values in one statement.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DbBackend, QueryOrder as _, QueryTrait as _};

use super::Statements;
use crate::db::{Database, bulk};
use crate::error::PlatformError;
use crate::on_each_engine;
use crate::testing::{plan, postgres};

/// A parcel with everything that a column can be.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parcel")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) seal: Vec<u8>,
    pub(super) grams: i32,
    pub(super) class: i16,
    pub(super) sent: i64,
    pub(super) fragile: bool,
    pub(super) note: Option<String>,
    pub(super) sender: Option<Uuid>,
    pub(super) returned: Option<i64>,
    pub(super) contents: Json,
    pub(super) customs: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Some say something of themselves, some do not; nobody was returned, and all are of one class.
fn parcel(number: u32) -> Model {
    let odd = number % 2 == 1;
    Model {
        id: Uuid::from_u128(u128::from(number)),
        seal: number.to_be_bytes().to_vec(),
        grams: i32::try_from(number).unwrap(),
        class: 7,
        sent: i64::from(number) << 33,
        fragile: odd,
        note: odd.then(|| format!("a \"note\", {{{number}}} \\ NULL")),
        sender: (!odd).then(|| Uuid::from_u128(7)),
        returned: None,
        contents: serde_json::json!([number, "a \"cup\"", null]),
        customs: odd.then(|| serde_json::json!({ "declared": number })),
    }
}

const ON_POSTGRES: &str = "CREATE TABLE parcel (id UUID PRIMARY KEY, seal BYTEA NOT NULL, \
    grams INTEGER NOT NULL, class SMALLINT NOT NULL, sent BIGINT NOT NULL, fragile BOOLEAN NOT NULL, \
    note TEXT, sender UUID, returned BIGINT, contents JSONB NOT NULL, customs JSONB)";
const ON_SQLITE: &str = "CREATE TABLE parcel (id BLOB PRIMARY KEY, seal BLOB NOT NULL, \
    grams INTEGER NOT NULL, class SMALLINT NOT NULL, sent BIGINT NOT NULL, fragile BOOLEAN NOT NULL, \
    note TEXT, sender BLOB, returned BIGINT, contents TEXT NOT NULL, customs TEXT)";

async fn with_parcels(db: &Database) {
    let create: &'static [&'static str] = match db.backend() {
        DbBackend::Postgres => &[ON_POSTGRES],
        _ => &[ON_SQLITE],
    };
    let parcel = Statements("m0001_create_parcel", create);
    db.migrate(vec![Box::new(parcel)]).await.unwrap();
}

async fn insert(db: &Database, parcels: &[Model], conflict: Option<OnConflict>) -> u64 {
    let (parcels, conflict) = (&parcels.to_vec(), &conflict);
    db.write_txn(|txn| async move {
        let rows = parcels.clone();
        Ok::<_, PlatformError>(bulk::insert::<Entity>(&*txn, rows, conflict.clone()).await?)
    })
    .await
    .unwrap()
}

async fn all(db: &Database) -> Vec<Model> {
    let all = Entity::find().order_by_asc(Column::Id);
    all.all(db.read()).await.unwrap()
}

on_each_engine! {
    async fn rows_are_there_as_they_were_sent_however_many(db: Database) {
        with_parcels(&db).await;
        let mut sent = Vec::new();
        // None, one, a few, and more than SQLite takes in one statement.
        for (from, to) in [(0, 0), (0, 1), (1, 4), (4, 10_000)] {
            let parcels: Vec<Model> = (from..to).map(parcel).collect();
            let written = insert(&db, &parcels, None).await;
            assert_eq!(written, parcels.len() as u64);
            sent.extend(parcels);
        }
        assert_eq!(all(&db).await, sent);
    }

    async fn rows_that_are_there_are_treated_as_one_asks(db: Database) {
        with_parcels(&db).await;
        let parcels: Vec<Model> = (0..20).map(parcel).collect();
        insert(&db, &parcels, None).await;

        let heavier = parcels.iter().map(|it| Model { grams: it.grams + 500, note: None, ..it.clone() });
        let heavier: Vec<Model> = heavier.collect();
        let by_weight = OnConflict::column(Column::Id).update_column(Column::Grams).to_owned();
        insert(&db, &heavier, Some(by_weight)).await;

        let after = all(&db).await;
        assert!(after.iter().zip(&parcels).all(|(it, before)| it.grams == before.grams + 500));
        assert!(after.iter().zip(&parcels).all(|(it, before)| it.note == before.note));
    }

    async fn rows_that_are_there_are_kept_and_the_new_ones_counted(db: Database) {
        with_parcels(&db).await;
        let parcels: Vec<Model> = (0..9_000).map(parcel).collect();
        assert_eq!(insert(&db, &parcels[..10], bulk::keep()).await, 10);
        let others = parcels.iter().map(|it| Model { grams: -1, ..it.clone() });
        let others: Vec<Model> = others.collect();

        assert_eq!(insert(&db, &others, bulk::keep()).await, 8_990);
        let after = all(&db).await;
        assert_eq!(after[..10], parcels[..10]);
        assert_eq!(after[10..], others[10..]);
    }

    async fn values_are_found_among_many(db: Database) {
        with_parcels(&db).await;
        let parcels: Vec<Model> = (0..50).map(parcel).collect();
        insert(&db, &parcels, None).await;

        for asked in [0..0, 3..4, 10..9_000] {
            let ids = asked.clone().map(Uuid::from_u128);
            let seals = asked.clone().map(|it| u32::try_from(it).unwrap().to_be_bytes().to_vec());
            let by_id = Entity::find().filter(bulk::among(db.read(), Column::Id, ids));
            let by_seal = Entity::find().filter(bulk::among(db.read(), Column::Seal, seals));
            let expected = asked.filter(|it| *it < 50).count();
            assert_eq!(by_id.all(db.read()).await.unwrap().len(), expected);
            assert_eq!(by_seal.all(db.read()).await.unwrap().len(), expected);
        }
    }
}

/// Whatever PostgreSQL believes of the table.
#[tokio::test]
async fn each_value_is_looked_up_by_itself() {
    let (db, _storage) = postgres().await;
    with_parcels(&db).await;
    let parcels: Vec<Model> = (0..10_000).map(parcel).collect();
    insert(&db, &parcels, None).await;
    db.write_txn(|txn| async move {
        Ok::<_, PlatformError>(txn.execute_unprepared("ANALYZE parcel").await?)
    })
    .await
    .unwrap();

    let half = parcels.iter().step_by(2).map(|it| it.id);
    let half = Entity::find().filter(bulk::among(db.read(), Column::Id, half));
    let plan = plan(&db, half.build(DbBackend::Postgres)).await;
    assert!(plan.contains("Index Scan using parcel_pkey"), "{plan}");
}
