//! What others did since is kept.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Importer, answered, emails, external, firm, refuses, row, welcomes};
use crate::domain::channel::Channel;

on_each_engine! {
    async fn a_customer_whom_others_changed_stays(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[row(2, "7", "Ada")]).await;
        let run = importer.import(&[row(2, "7", "Countess").email("c@example.com"), row(3, "8", "Bob")]).await;
        importer.rename(&importer.name_of("7").await, "Ada Lovelace").await;
        assert_eq!(importer.undo(&run).await.kept_count, 1);
        assert_eq!(importer.names().await, ["Ada Lovelace"]);
        assert_eq!(emails(&importer.known_as("7").await), ["c@example.com"]);
    }

    async fn a_change_between_two_batches_counts_too(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.begin(&[row(2, "7", "Ada")]).await;
        importer.rename(&importer.name_of("7").await, "Ada Lovelace").await;
        let run = importer.go_on(&run, &[row(3, "7", "Countess")]).await;
        assert_eq!(importer.undo(&run).await.kept_count, 1);
        assert_eq!(importer.names().await, ["Countess"]);
    }

    /// Everything that can be attached to a customer, each to another one.
    async fn a_new_customer_stays_who_has_anything_from_others(db: Database) {
        let importer = Importer::of(&db).await;
        let new = |line: i64, id: &str| row(line, id, id).email(&format!("{id}@example.com")).call(id);
        let ids = ["address", "swap", "verified", "choice", "contact", "behaviour", "thread", "role", "nobody"];
        let rows: Vec<_> = ids.iter().zip(2..).map(|(id, line)| new(line, id)).collect();
        let rows = [rows, vec![firm(20, "employer", "employer"), firm(21, "parent", "parent")]].concat();
        let run = importer.import(&rows).await;
        assert_eq!(run.failed_count, 0);

        importer.add_email(&importer.name_of("address").await, "more@example.com").await;
        let swap = importer.known_as("swap").await;
        importer.remove(&swap.contact_points[0].name).await;
        importer.add_email(&swap.customer.unwrap().name, "other@example.com").await;
        importer.verify(&importer.known_as("verified").await.contact_points[0].name).await;
        importer.choose(&importer.name_of("choice").await, refuses(Channel::Email)).await;
        importer.log(&importer.name_of("contact").await).await;
        importer.observe(&importer.name_of("behaviour").await).await;
        importer.converse(&importer.name_of("thread").await).await;
        importer.employ(&importer.name_of("role").await, &importer.name_of("employer").await).await;
        importer.found_subsidiary(&importer.name_of("parent").await).await;

        assert_eq!(importer.undo(&run).await.kept_count, 10);
        let names = importer.names().await;
        assert_eq!(names.len(), 11, "{names:?}");
        assert!(!names.contains(&"nobody".to_owned()));
        let choice = importer.known_as("choice").await;
        assert_eq!(choice.preferences.len(), 1, "an opt-out is never lost");
    }

    async fn a_choice_since_the_run_is_not_taken_back(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[row(2, "7", "Ada"), row(3, "8", "Bob").choosing(refuses(Channel::Sms))]).await;
        let run = importer.import(&[
            row(2, "7", "Ada").choosing(welcomes(Channel::Email)),
            row(3, "8", "Bob").choosing(welcomes(Channel::Sms)),
        ]).await;
        importer.choose(&importer.name_of("7").await, refuses(Channel::Email)).await;
        assert_eq!(importer.undo(&run).await.kept_count, 1);
        let choice = |one: proto::ExportedCustomer| one.preferences[0].choice();
        assert_eq!(choice(importer.known_as("7").await), proto::ChannelChoice::Refused);
        assert_eq!(choice(importer.known_as("8").await), proto::ChannelChoice::Refused, "as before the run");
    }

    async fn an_address_that_others_verified_stays(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[row(2, "7", "Ada"), row(3, "8", "Bob")]).await;
        let run = importer.import(&[
            row(2, "7", "Ada").email("ada@example.com"),
            row(3, "8", "Bob").email("bob@example.com"),
        ]).await;
        importer.verify(&importer.known_as("7").await.contact_points[0].name).await;
        importer.add_email(&importer.name_of("8").await, "bobby@example.com").await;
        assert_eq!(importer.undo(&run).await.kept_count, 1);
        assert_eq!(emails(&importer.known_as("7").await), ["ada@example.com"]);
        assert_eq!(emails(&importer.known_as("8").await), ["bobby@example.com"]);
        assert_eq!(importer.find("bob@example.com").await, [""; 0]);
        assert_eq!(importer.find("bobby@example.com").await, ["Bob"]);
    }

    async fn who_lost_an_id_to_somebody_else_stays(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[row(2, "7", "Ada").known_as("crm", "1")]).await;
        let run = importer.import(&[row(2, "7", "Countess").known_as("crm", "2")]).await;
        let bob = proto::Customer { external_ids: vec![external("crm", "1")], ..super::person("Bob") };
        let request = proto::CreateCustomerRequest { customer: Some(bob), ..Default::default() };
        answered(importer.customers().create_customer(request).await);
        assert_eq!(importer.undo(&run).await.kept_count, 1);
        assert_eq!(importer.names().await, ["Bob", "Countess"]);
    }

    async fn who_can_not_return_to_its_parent_stays(db: Database) {
        let importer = Importer::of(&db).await;
        importer.import(&[
            firm(2, "old", "Old"), firm(3, "new", "New"),
            firm(4, "7", "Gone parent").under("old"),
            firm(5, "upper", "Upper"), firm(6, "8", "Circle").under("upper"),
        ]).await;
        let run = importer.import(&[
            firm(2, "7", "Moved").under("new"),
            firm(3, "8", "Moved too").under("new"),
        ]).await;
        assert_eq!(run.failed_count, 0);
        importer.delete(&importer.name_of("old").await).await;
        importer.move_under(&importer.name_of("upper").await, &importer.name_of("8").await).await;
        assert_eq!(importer.undo(&run).await.kept_count, 2);
        let new = importer.name_of("new").await;
        for id in ["7", "8"] {
            assert_eq!(importer.known_as(id).await.customer.unwrap().parent, new);
        }
    }
}
