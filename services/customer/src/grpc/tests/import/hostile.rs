//! What no honest client sends.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use tonic::Code;

use super::{Importer, batch, firm, resume, row, start};
use crate::testing::{fields, reason};

on_each_engine! {
    /// PostgreSQL stores no NUL: a row with one must fail by itself, not with its batch.
    async fn control_characters_spoil_their_row_only(db: Database) {
        let importer = Importer::of(&db).await;
        let with = |line: i64, spoil: fn(&mut proto::ImportRow)| {
            let id = line.to_string();
            let mut row = row(line, &id, "Ada").email("ada@example.com").call(&id).under("1");
            spoil(&mut row.0);
            row
        };
        let spoilt: [fn(&mut proto::ImportRow); 9] = [
            |row| row.customer.as_mut().unwrap().external_ids[0].id.push('\0'),
            |row| row.customer.as_mut().unwrap().external_ids[0].system.push('\0'),
            |row| row.customer.as_mut().unwrap().language_code.push('\0'),
            |row| row.customer.as_mut().unwrap().parent.push('\0'),
            |row| {
                row.customer.as_mut().unwrap().attributes.insert("\0".repeat(9_000), Default::default());
            },
            |row| row.contact_points[0].label = "\0".to_owned() + "home",
            |row| row.interactions[0].summary = "a\0b".to_owned(),
            |row| row.interactions[0].external_id.as_mut().unwrap().id.insert(0, '\0'),
            |row| row.parent_external_id.as_mut().unwrap().id = "1\0".to_owned() + "2",
        ];
        let mut rows = vec![firm(1, "1", "Acme")];
        rows.extend(spoilt.iter().zip(2..).map(|(spoil, line)| with(line, *spoil)));
        rows[4].0.parent_external_id = None;
        let run = importer.begin(&rows).await;
        assert_eq!((run.created_count, run.failed_count), (1, 9));
        let errors = importer.errors(&run).await;
        let lines: std::collections::BTreeSet<i64> = errors.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines.len(), 9);
        assert!(errors.iter().all(|(_, field)| field.len() <= 800));
    }

    async fn a_row_of_nothing_but_faults_is_listed_with_a_few_of_them(db: Database) {
        let importer = Importer::of(&db).await;
        let mut bad = row(2, "7", "Ada");
        bad.0.interactions = vec![proto::Interaction::default(); 40_000];
        bad.0.preferences = vec![proto::Preference::default(); 40_000];
        let run = importer.begin(&[bad, row(3, "8", "Bob")]).await;
        assert_eq!((run.created_count, run.failed_count), (1, 1));
        assert_eq!(importer.errors(&run).await.len(), 10);
    }

    async fn lines_out_of_order_are_refused_with_their_batch(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.begin(&[row(5, "7", "Ada")]).await;
        let refused = importer.try_to_go_on(&run, &[row(7, "8", "Bob"), row(6, "9", "Cyd")]).await;
        assert_eq!(fields(&refused.unwrap_err()), ["batch.rows[1].line"]);
        assert_eq!(importer.names().await, ["Ada"]);
        importer.go_on(&run, &[row(6, "8", "Bob")]).await;
    }

    async fn steps_come_in_their_order(db: Database) {
        let importer = Importer::of(&db).await;
        let step = |step| proto::ImportCustomersRequest { step };
        for (first, field) in [
            (step(None), "start"),
            (step(Some(batch(&[row(2, "7", "Ada")]))), "start"),
        ] {
            let mut imports = importer.imports();
            let mut answers = imports.import_customers(tokio_stream::iter([first])).await.unwrap().into_inner();
            assert_eq!(fields(&answers.message().await.unwrap_err()), [field]);
        }
        let again = importer.call(start(), vec![Step::Start(start())]).await.unwrap_err();
        assert_eq!(fields(&again), ["batch"]);
        let nameless = proto::ImportStart { source: "a\0".to_owned() + "b", ..start() };
        assert_eq!(fields(&importer.call(nameless, Vec::new()).await.unwrap_err()), ["start.source"]);
    }

    async fn another_companys_run_is_not_there(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.begin(&[row(2, "7", "Ada")]).await;
        let stranger = Importer(importer.of_another_tenant());
        let resumed = stranger.call(resume(&run), Vec::new()).await.unwrap_err();
        let undone = stranger.undo_step(&run).await.unwrap_err();
        for refused in [resumed, undone] {
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
        }
        let theirs = stranger.import(&[row(2, "7", "Eve").call("c1")]).await;
        assert_eq!(theirs.created_count, 1);
        assert_eq!(importer.names().await, ["Ada"]);
        stranger.undo(&theirs).await;
        assert_eq!(importer.names().await, ["Ada"]);
    }
}
