//! What rows become.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::everything::everything;
use super::{Importer, emails, firm, refuses, row, start, welcomes};
use crate::domain::channel::Channel;
use crate::testing::reason;

on_each_engine! {
    async fn rows_become_customers_with_what_belongs_to_them(db: Database) {
        let importer = Importer::of(&db).await;
        let ada = row(2, "7", "Ada").email("ada@example.com").call("c1").choosing(refuses(Channel::Email));
        let run = importer.import(&[ada, row(3, "8", "Bob")]).await;

        assert_eq!(run.state(), proto::ImportState::Completed);
        assert_eq!((run.created_count, run.interaction_count, run.failed_count), (2, 1, 0));
        let ada = importer.known_as("7").await;
        assert_eq!(emails(&ada), ["ada@example.com"]);
        assert_eq!(ada.preferences[0].channel, Channel::Email.number());
        let name = ada.customer.unwrap().name;
        assert_eq!(importer.timeline(&name).await, ["call c1"]);
        assert_eq!(importer.find("ada@example").await, ["Ada"]);
    }

    async fn a_row_changes_only_what_it_tells(db: Database) {
        let importer = Importer::of(&db).await;
        let told = row(2, "7", "Ada").known_as("crm", "9").with(|it| it.language_code = "de".into());
        importer.import(&[told]).await;
        let run = importer.import(&[row(2, "7", "Ada Lovelace")]).await;

        assert_eq!((run.created_count, run.updated_count), (0, 1));
        let ada = importer.known_as("7").await.customer.unwrap();
        assert_eq!((ada.display_name.as_str(), ada.language_code.as_str()), ("Ada Lovelace", "de"));
        assert_eq!(ada.external_ids.len(), 2, "the id in the other system stays");
    }

    async fn a_whole_batch_may_change_its_ids(db: Database) {
        let importer = Importer::of(&db).await;
        let numbered = |crm: &str| -> Vec<_> {
            let row = |it: i64| row(it, &it.to_string(), "Ada").known_as("crm", &format!("{crm}{it}"));
            (1..=1_000).map(row).collect()
        };
        importer.import(&numbered("old-")).await;
        let run = importer.import(&numbered("new-")).await;

        assert_eq!((run.updated_count, run.failed_count), (1_000, 0));
        let ada = importer.known_as("1000").await.customer.unwrap();
        let crm = ada.external_ids.iter().find(|it| it.system == "crm").unwrap();
        assert_eq!(crm.id, "new-1000");
    }

    async fn the_same_rows_again_change_nothing(db: Database) {
        let importer = Importer::of(&db).await;
        let rows = [row(2, "7", " Ada ").email("ada@example.com").call("c1"), firm(3, "8", "Acme")];
        importer.import(&rows).await;
        let before = everything(&db).await;
        let again = importer.begin(&rows).await;
        assert_eq!((again.unchanged_count, again.updated_count, again.interaction_count), (2, 0, 0));
        assert_eq!(everything(&db).await, before);
    }

    async fn a_customer_may_come_several_times_in_a_batch(db: Database) {
        let importer = Importer::of(&db).await;
        let rows = [
            row(2, "7", "Ada").email("ada@example.com").call("c1"),
            row(3, "7", " Ada").email("ADA@example.com").call("c1").call("c2"),
            row(4, "7", "Ada Lovelace").choosing(refuses(Channel::Sms)),
            row(5, "7", "Ada Lovelace").choosing(welcomes(Channel::Sms)),
        ];
        let run = importer.import(&rows).await;

        let counts = (run.created_count, run.updated_count, run.unchanged_count);
        assert_eq!(counts, (1, 1, 2), "another spelling of a name is no change");
        assert_eq!(run.interaction_count, 2);
        let ada = importer.known_as("7").await;
        assert_eq!(emails(&ada), ["ada@example.com"]);
        assert_eq!(ada.preferences.len(), 1);
        assert_eq!(ada.preferences[0].choice(), proto::ChannelChoice::Allowed, "the last word counts");
    }

    async fn a_contact_is_that_of_the_first_row_that_tells_of_it(db: Database) {
        let importer = Importer::of(&db).await;
        let rows = [row(2, "7", "Ada"), row(3, "8", "Bob").call("c1"), row(4, "7", "Ada").call("c1")];
        let run = importer.import(&rows).await;
        assert_eq!(run.interaction_count, 1);
        assert_eq!(importer.timeline(&importer.name_of("8").await).await, ["call c1"]);
        assert_eq!(importer.timeline(&importer.name_of("7").await).await, [""; 0]);
    }

    async fn an_id_of_another_system_can_be_given_up_and_taken(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[row(2, "7", "Ada").known_as("crm", "1"), row(3, "8", "Bob")]).await;
        let rows = [
            row(2, "7", "Ada").known_as("crm", "2"),
            row(3, "8", "Bob").known_as("crm", "1"),
            row(4, "9", "Cyd").known_as("crm", "2"),
        ];
        let run = importer.import(&rows).await;
        assert_eq!(importer.errors(&run).await, [(4, "customer.external_ids[1]".to_owned())]);
        let ids = |one: proto::ExportedCustomer| one.customer.unwrap().external_ids[0].id.clone();
        assert_eq!(ids(importer.known_as("7").await), "2");
        assert_eq!(ids(importer.known_as("8").await), "1");
    }

    async fn bad_rows_are_listed_and_the_others_are_in(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[row(2, "7", "Ada"), row(3, "8", "Bob").known_as("crm", "1")]).await;
        importer.delete(&importer.name_of("7").await).await;
        let rows = [
            row(2, "7", "Ada, who was deleted"),
            row(3, "9", "Eve, who is not Bob").known_as("crm", "1"),
            firm(4, "8", "Bob & Sons"),
            row(5, "10", ""),
            row(6, "11", "Cyd").email("nowhere"),
            row(7, "12", "Dan"),
            row(8, "13", "Fay").with(|it| it.external_ids.clear()),
        ];
        let run = importer.import(&rows).await;

        assert_eq!((run.created_count, run.failed_count), (1, 6));
        let expected = [
            (2, "customer.external_ids[0]"),
            (3, "customer.external_ids[1]"),
            (4, "customer.profile"),
            (5, "customer.person.full_name"),
            (6, "contact_points[0].email"),
            (8, "customer.external_ids"),
        ];
        assert_eq!(importer.errors(&run).await, expected.map(|(line, field)| (line, field.to_owned())));
        assert_eq!(importer.names().await, ["Bob", "Dan"]);
    }

    async fn nobody_gets_more_than_a_hundred_addresses(db: Database) {
        let importer = Importer::of(&db).await;
        let many = |line, from: u32, to: u32| {
            (from..to).fold(row(line, "7", "Ada"), |row, n| row.email(&format!("a{n}@example.com")))
        };
        let run = importer.begin(&[many(2, 0, 60), many(3, 30, 90)]).await;
        assert_eq!(run.failed_count, 0, "those that she has are not counted twice");
        let run = importer.go_on(&run, &[many(4, 85, 101), many(5, 0, 100), many(6, 99, 101)]).await;
        assert_eq!((run.unchanged_count, run.failed_count), (2, 2));
        assert_eq!(emails(&importer.known_as("7").await).len(), 100);
    }

    async fn a_dry_run_counts_and_changes_nothing(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[row(2, "7", "Ada").call("c1")]).await;
        let before = everything(&db).await;
        let rows = [
            row(2, "7", "Ada").call("c1").call("c2"),
            row(3, "8", "Bob").call("c2").under("7"),
            row(4, "8", "Bobby"),
            row(5, "9", ""),
        ];
        let run = importer.dry_run(&rows).await;
        let counts = (run.created_count, run.updated_count, run.unchanged_count, run.failed_count);
        assert_eq!(counts, (1, 1, 1, 1));
        assert_eq!(run.interaction_count, 1);
        let ended = importer.complete(&run).await;
        assert_eq!((ended.dry_run, ended.state()), (true, proto::ImportState::Completed));
        assert_eq!(everything(&db).await, before);
        assert_eq!(reason(&importer.undo_step(&run).await.unwrap_err()), "INVALID_STATE");
    }

    async fn a_run_goes_on_where_it_broke_off(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.begin(&[row(2, "7", "Ada").call("c1"), row(3, "8", "Bob")]).await;
        let run = importer.go_on(&run, &[row(3, "8", "Bob"), row(4, "9", "Cyd")]).await;
        assert_eq!((run.created_count, run.unchanged_count, run.last_line), (3, 0, 4));
        let done = importer.complete(&run).await;
        assert_eq!(done.created_count, 3);
        let refused = importer.try_to_go_on(&run, &[row(5, "10", "Dan")]).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_STATE");
    }

    async fn a_run_is_opened_once_however_often_it_is_asked_for(db: Database) {
        let importer = Importer::of(&db).await;
        let start = proto::ImportStart { request_id: uuid::Uuid::now_v7().to_string(), ..start() };
        let first = importer.call(start.clone(), Vec::new()).await.unwrap();
        let again = importer.call(start, Vec::new()).await.unwrap();
        assert_eq!(first, again);
        let all = proto::ListImportRunsRequest::default();
        let runs = importer.imports().list_import_runs(all).await.unwrap().into_inner();
        assert_eq!(runs.import_runs.len(), 1);
    }
}
