//! Customers get to know what is kept of them, and have it erased.

use std::collections::BTreeSet;

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::privacy_service_client::PrivacyServiceClient;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use tonic::{Response, Status};

use super::{Desk, REFUSED, answer, billed, born, person, reason};
use crate::store::identity::erase::TABLES;
use crate::testing::Link;

/// Tables that tell of a customer only what another exported table tells, or nothing that a
/// person could read.
const DERIVED: [&str; 4] = [
    "search_term",
    "blocking_key",
    "interaction_link",
    "contact_clearance",
];
/// Tables that a run of an import fills and empties by itself.
const PASSING: [&str; 1] = ["pending_parent"];
/// Tables of which the customer is a part under another name.
const EXPORTED: [&str; 20] = [
    "past_choice",
    "delivery",
    "delivery_attachment",
    "consent_event",
    "contact_permit",
    "contact_times",
    "behaviour_event",
    "channel_activity",
    "contact_point",
    "conversation",
    "customer",
    "customer_external_id",
    "customer_merge",
    "duplicate_candidate",
    "import_journal",
    "interaction",
    "preference",
    "preference_set",
    "role",
    "stage_change",
];

impl Desk {
    fn privacy(&self) -> PrivacyServiceClient<Link> {
        PrivacyServiceClient::new(self.link())
    }

    async fn try_erase(
        &self,
        name: &str,
    ) -> Result<Response<proto::EraseCustomerResponse>, Status> {
        let request = proto::EraseCustomerRequest {
            name: name.to_owned(),
            ..Default::default()
        };
        self.privacy().erase_customer(request).await
    }

    /// Everything that is exported, as one message.
    async fn exported(&self, name: &str) -> proto::ExportPersonalDataResponse {
        let request = proto::ExportPersonalDataRequest {
            name: name.to_owned(),
        };
        let mut parts = answer(self.privacy().export_personal_data(request).await);
        let mut all = proto::ExportPersonalDataResponse::default();
        while let Some(part) = parts.message().await.unwrap() {
            all.records.extend(part.records);
            all.contact_points.extend(part.contact_points);
            all.preferences.extend(part.preferences);
            all.interactions.extend(part.interactions);
            all.stage_changes.extend(part.stage_changes);
            all.channel_activity.extend(part.channel_activity);
            all.customer_merges.extend(part.customer_merges);
        }
        all
    }

    /// The values of all rows of all tables, as text.
    async fn everything_stored(&self) -> String {
        let db = self.shared.db.read();
        let mut stored = String::new();
        for table in self.tables().await {
            let columns = self.columns(&table).await;
            let texts = columns.iter().map(|column| match self.shared.db.backend() {
                DbBackend::Postgres => format!("COALESCE(\"{column}\"::text, '')"),
                _ => format!("COALESCE(hex(\"{column}\"), '')"),
            });
            let sql = format!(
                "SELECT {} FROM {table}",
                texts.collect::<Vec<_>>().join(" || ' ' || ")
            );
            let query = Statement::from_string(self.shared.db.backend(), sql);
            for row in db.query_all_raw(query).await.unwrap() {
                let text: String = row.try_get_by_index(0).unwrap();
                stored.push_str(&text.to_lowercase());
                stored.push('\n');
            }
        }
        stored
    }

    async fn tables(&self) -> Vec<String> {
        let sql = match self.shared.db.backend() {
            DbBackend::Postgres => {
                "SELECT table_name::text FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
            }
            _ => "SELECT name FROM sqlite_master WHERE type = 'table'",
        };
        self.names(sql.to_owned()).await
    }

    async fn columns(&self, table: &str) -> Vec<String> {
        let sql = match self.shared.db.backend() {
            DbBackend::Postgres => format!(
                "SELECT column_name::text FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = '{table}'"
            ),
            _ => format!("SELECT name FROM pragma_table_info('{table}')"),
        };
        self.names(sql).await
    }

    async fn names(&self, sql: String) -> Vec<String> {
        let query = Statement::from_string(self.shared.db.backend(), sql);
        let rows = self.shared.db.read().query_all_raw(query).await.unwrap();
        let names = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
        names.collect()
    }
}

/// A text as the engine shows stored values: bytes in hexadecimal.
fn traces(text: &str) -> [String; 2] {
    let hex = text.bytes().map(|byte| format!("{byte:02x}"));
    [text.to_lowercase(), hex.collect()]
}

/// Two records of one person, with something in every corner.
async fn ada(desk: &Desk) -> [String; 2] {
    let a = desk
        .record(billed("Z17-Unique", born("Ada Lovelace", 1815, 12, 10)))
        .await;
    let b = desk.person("Augusta Lovelace").await;
    for (name, email) in [
        (&a, "ada@analytical.example"),
        (&b, "augusta@analytical.example"),
    ] {
        desk.email(name, email).await;
        desk.choose(name, REFUSED).await;
        desk.log(name, "asked about the engine", "").await;
    }
    desk.merge(&a, &b).await;
    [a, b]
}

on_each_engine! {
    async fn everything_kept_of_all_records_is_told(db: Database) {
        let desk = Desk::open(&db).await;
        let [a, b] = ada(&desk).await;
        for index in 0..60 {
            desk.log(&a, &format!("call {index}"), "").await;
        }
        desk.person("Somebody Else").await;
        let told = desk.exported(&b).await;
        let names: Vec<_> = told.records.iter().map(|it| it.name.clone()).collect();
        assert_eq!(names, [a, b]);
        assert_eq!(told.records[0].external_ids[0].id, "Z17-Unique");
        assert_eq!(told.records[1].display_name, "Augusta Lovelace");
        assert_eq!(told.contact_points.len(), 2);
        assert_eq!(told.preferences.len(), 2);
        assert_eq!(told.interactions.len(), 62);
        assert_eq!(told.stage_changes.len(), 2);
        assert_eq!(told.channel_activity[0].inbound_count, 62);
        assert_eq!(told.customer_merges.len(), 1);
        let request = proto::ExportPersonalDataRequest { name: told.records[0].name.clone() };
        let stranger = Desk(desk.of_another_tenant());
        let refused = stranger.privacy().export_personal_data(request).await;
        assert_eq!(reason(refused), "RESOURCE_NOT_FOUND");
    }

    async fn nothing_of_an_erased_customer_remains_anywhere(db: Database) {
        let desk = Desk::open(&db).await;
        let request = proto::CreateCustomerRequest {
            customer: Some(person("Lovelace Babbage")),
            request_id: new_id().to_string(),
        };
        let other = answer(desk.customers().create_customer(request).await).name;
        let [a, b] = ada(&desk).await;
        desk.merge(&a, &other).await;
        let bob = desk.person("Bob Byron").await;
        desk.log(&bob, "said hello", "").await;
        let words = ["lovelace", "augusta", "analytical", "z17-unique", "engine"];
        let stored = desk.everything_stored().await;
        for word in words {
            assert!(traces(word).iter().any(|trace| stored.contains(trace)), "{word}");
        }

        let erased = answer(desk.try_erase(&b).await);
        assert_eq!(erased.names[0], a);
        assert_eq!(erased.names.len(), 3);
        // Also spelt with a capital, in events.
        let stored = desk.everything_stored().await;
        for word in words.iter().copied().chain(["Lovelace", "Augusta", "Z17-Unique"]) {
            assert!(traces(word).iter().all(|trace| !stored.contains(trace)), "{word}");
        }
        for name in [&a, &b, &other] {
            assert_eq!(reason(desk.try_erase(name).await), "RESOURCE_NOT_FOUND");
        }
        assert_eq!(desk.get(&bob).await.display_name, "Bob Byron");
        assert_eq!(desk.timeline(&bob).await, ["said hello"]);
        let left = desk.names("SELECT aggregate FROM outbox ORDER BY event_id".to_owned()).await;
        assert_eq!(left.last(), Some(&a));
        assert_eq!(desk.list().await, [bob]);
    }

    async fn what_others_depend_on_is_not_erased(db: Database) {
        let desk = Desk::open(&db).await;
        let acme = desk.organisation("Acme", "").await;
        let paint = desk.organisation("Acme Paint", &acme).await;
        assert_eq!(reason(desk.try_erase(&acme).await), "RESOURCE_IN_USE");
        desk.delete(&paint).await;
        assert!(desk.try_erase(&acme).await.is_ok());
        assert_eq!(desk.get(&paint).await.parent, "");
        let stale = proto::EraseCustomerRequest {
            name: paint.clone(),
            etag: "77".to_owned(),
            ..Default::default()
        };
        assert_eq!(reason(desk.privacy().erase_customer(stale).await), "ETAG_MISMATCH");
        assert_eq!(
            reason(Desk(desk.of_another_tenant()).try_erase(&paint).await),
            "RESOURCE_NOT_FOUND"
        );
    }

    async fn an_erasure_is_answered_again_by_its_request_id(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada").await;
        let request = proto::EraseCustomerRequest {
            name: ada,
            request_id: new_id().to_string(),
            ..Default::default()
        };
        let first = answer(desk.privacy().erase_customer(request.clone()).await);
        assert_eq!(answer(desk.privacy().erase_customer(request).await), first);
    }

    async fn no_table_of_customers_is_forgotten(db: Database) {
        let desk = Desk::open(&db).await;
        let mut with_customers = BTreeSet::new();
        for table in desk.tables().await {
            let columns = desk.columns(&table).await;
            let of_customers = [
                "customer_id", "survivor_id", "merged_id", "organisation_id", "other_id",
            ];
            if columns.iter().any(|column| of_customers.contains(&column.as_str())) {
                with_customers.insert(table);
            }
        }
        let set = |tables: &[&str]| {
            tables.iter().map(|&table| table.to_owned()).collect::<BTreeSet<_>>()
        };
        // A new table has to be added to `of_customers!` in store/identity/erase.rs.
        assert_eq!(set(TABLES), with_customers);
        // And to what grpc/privacy/export.rs tells, unless it says nothing new.
        let told = [&EXPORTED[..], &DERIVED, &PASSING].concat();
        assert_eq!(set(&told), with_customers);
    }
}
