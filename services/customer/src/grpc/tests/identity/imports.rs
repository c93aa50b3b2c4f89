//! Rows of imports reach the survivor by the ids of either record.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;

use super::{Desk, REFUSED, answer, billed, external_id, person};

impl Desk {
    /// Imports one row and answers the run as it ended.
    async fn import(&self, row: proto::ImportRow) -> proto::ImportRun {
        let steps = [
            Step::Start(proto::ImportStart {
                source: "billing".to_owned(),
                ..Default::default()
            }),
            Step::Batch(proto::ImportBatch { rows: vec![row] }),
            Step::Complete(proto::ImportComplete {}),
        ];
        let steps = steps.map(|step| proto::ImportCustomersRequest { step: Some(step) });
        let mut service = ImportServiceClient::new(self.link());
        let answers = service.import_customers(tokio_stream::iter(steps)).await;
        let (mut answers, mut last) = (answer(answers), proto::ImportRun::default());
        while let Some(answer) = answers.message().await.unwrap() {
            assert!(answer.errors.is_empty(), "{:?}", answer.errors);
            last = answer.run.unwrap_or_default();
        }
        last
    }
}

on_each_engine! {
    async fn a_row_with_the_id_of_a_merged_record_is_the_survivors(db: Database) {
        let desk = Desk::open(&db).await;
        let a = desk.record(billed("17", person("Ada"))).await;
        let b = desk.record(billed("18", person("Ada L"))).await;
        desk.choose(&b, REFUSED).await;
        let merge = desk.merge(&a, &b).await;

        let run = desk.import(proto::ImportRow {
            line: 1,
            customer: Some(proto::Customer {
                language_code: "de".to_owned(),
                ..billed("18", person("Ada Lovelace"))
            }),
            ..Default::default()
        }).await;
        assert_eq!((run.updated_count, run.failed_count, run.created_count), (1, 0, 0));
        let now = desk.get(&a).await;
        assert_eq!((now.display_name.as_str(), now.language_code.as_str()), ("Ada Lovelace", "de"));
        assert_eq!(now.external_ids, [external_id("17")]);
        assert_eq!(now.merged_external_ids, [external_id("18")]);
        assert_eq!(desk.chosen(&a).await, [REFUSED]);

        desk.undo(&merge).await;
        assert_eq!(desk.get(&b).await.external_ids, [external_id("18")]);
        assert_eq!(desk.get(&b).await.display_name, "Ada L");
    }
}
