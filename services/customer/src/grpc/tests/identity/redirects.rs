//! Old names answer, and everything that belongs to either record is the survivor's.

use std::slice::from_ref;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tonic::{Response, Status};

use super::{Desk, answer, person, reason};

impl Desk {
    async fn filtered(&self, filter: &str) -> Vec<String> {
        let listed = answer(self.try_filter(filter).await).customers;
        listed.into_iter().map(|it| it.name).collect()
    }

    async fn try_filter(
        &self,
        filter: &str,
    ) -> Result<Response<proto::ListCustomersResponse>, Status> {
        let request = proto::ListCustomersRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        self.customers().list_customers(request).await
    }
}

on_each_engine! {
    async fn the_old_name_answers_with_the_survivor(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        desk.merge(&a, &b).await;
        assert_eq!(desk.get(&b).await.name, a);
        assert_eq!(desk.list().await, from_ref(&a));
        let renamed = proto::Customer {
            name: b.clone(),
            ..person("Ada King")
        };
        assert_eq!(desk.update(renamed, "person.full_name").await.name, a);
        assert_eq!(desk.get(&a).await.display_name, "Ada King");
        let both = proto::BatchGetCustomersRequest { names: vec![b.clone(), a.clone()] };
        let both = answer(desk.customers().batch_get_customers(both).await).customers;
        let names: Vec<_> = both.into_iter().map(|it| it.name).collect();
        assert_eq!(names, [a.clone(), a.clone()]);
        desk.delete(&b).await;
        assert!(desk.get(&a).await.delete_time.is_some());
        assert!(desk.list().await.is_empty());
        assert!(desk.find("Ada").await.is_empty());
        let undelete = proto::UndeleteCustomerRequest { name: b.clone(), ..Default::default() };
        answer(desk.customers().undelete_customer(undelete).await);
        assert_eq!(desk.find("Ada L").await, [a]);
    }

    async fn subsidiaries_are_found_by_every_name_of_their_parent(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.organisation("Acme", "").await, desk.organisation("Acme Ltd", "").await);
        let labs = desk.organisation("Labs", &b).await;
        desk.organisation("Other", "").await;
        desk.merge(&a, &b).await;
        for (filter, found) in [
            (format!("parent = \"{a}\""), vec![labs.clone()]),
            (format!("parent = \"{b}\""), vec![labs.clone()]),
            (format!("parent = \"{labs}\""), vec![]),
            ("parent:*".to_owned(), vec![labs.clone()]),
        ] {
            assert_eq!(desk.filtered(&filter).await, found, "{filter}");
        }
        let others = desk.filtered(&format!("NOT parent = \"{b}\"")).await;
        assert_eq!(others.len(), 2, "also those that belong to nobody: {others:?}");
        for malformed in ["parent = Acme", "parent = \"customers/*\"", "parent > \"a\""] {
            assert_eq!(reason(desk.try_filter(malformed).await), "INVALID_FILTER", "{malformed}");
        }
        let stranger = Desk(desk.of_another_tenant());
        assert!(stranger.filtered(&format!("parent = \"{b}\"")).await.is_empty());
    }

    async fn what_is_known_of_the_merged_one_finds_the_survivor(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada Lovelace").await, desk.person("Augusta King").await);
        desk.email(&b, "countess@example.com").await;
        desk.phone(&b, "+41446681800").await;
        desk.merge(&a, &b).await;
        for query in ["augusta", "countess@example.com", "6681800", "ada countess"] {
            assert_eq!(desk.find(query).await, from_ref(&a), "{query}");
        }
        // Changing the survivor leaves what leads to the other.
        let renamed = proto::Customer { name: a.clone(), ..person("Ada Byron") };
        desk.update(renamed, "person.full_name").await;
        for query in ["augusta", "byron", "countess"] {
            assert_eq!(desk.find(query).await, from_ref(&a), "{query}");
        }
        assert!(desk.find("lovelace").await.is_empty());
    }

    async fn contact_points_go_by_either_name(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        let old = desk.email(&b, "ada@example.com").await;
        let merge = desk.merge(&a, &b).await;
        let again = proto::CreateContactPointRequest {
            parent: a.clone(),
            contact_point: Some(proto::ContactPoint { name: String::new(), ..old.clone() }),
            ..Default::default()
        };
        let again = desk.contact_points().create_contact_point(again).await;
        assert_eq!(reason(again), "RESOURCE_EXISTS");
        let new = desk.phone(&b, "+41446681800").await;
        assert!(new.name.starts_with(&a));
        assert_eq!(desk.points(&a).await.len(), 2);
        let by_new_name = old.name.replace(&b, &a);
        let get = |name: &str| {
            let (desk, name) = (desk.clone(), name.to_owned());
            async move {
                let request = proto::GetContactPointRequest { name };
                desk.contact_points().get_contact_point(request).await
            }
        };
        assert_eq!(answer(get(&by_new_name).await), old);
        assert_eq!(answer(desk.send(&a).await).contact_point, by_new_name);

        let delete = proto::DeleteContactPointRequest {
            name: by_new_name.clone(),
            ..Default::default()
        };
        answer(desk.contact_points().delete_contact_point(delete).await);
        assert!(desk.find("ada@example.com").await.is_empty());
        assert_eq!(desk.find("1800").await, from_ref(&a));
        desk.undo(&merge).await;
        assert_eq!(desk.points(&a).await, [new.name]);
        assert!(desk.points(&b).await.is_empty());
    }

    async fn the_timeline_is_that_of_all_records_in_order(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        let c = desk.person("Ada M").await;
        for (index, name) in [&a, &b, &c, &b, &a].into_iter().enumerate() {
            let hour = std::time::Duration::from_secs(index as u64);
            Desk(desk.later(hour)).log(name, &format!("call {index}"), "").await;
        }
        let first = desk.merge(&a, &b).await;
        desk.merge(&a, &c).await;
        let calls: Vec<_> = (0..5).map(|index| format!("call {index}")).collect();
        assert_eq!(desk.timeline(&a).await, calls);
        assert_eq!(desk.timeline(&c).await, calls);
        let view = proto::GetCustomer360Request { customer: b.clone() };
        let view = answer(desk.views().get_customer360(view).await);
        assert_eq!(view.customer.unwrap().name, a);
        assert_eq!(view.recent_interactions.len(), 5);
        assert_eq!(view.channel_activity[0].inbound_count, 5);
        assert_eq!(view.stage_changes.len(), 3);
        desk.undo(&first).await;
        assert_eq!(desk.timeline(&b).await, ["call 1", "call 3"]);
        assert_eq!(desk.timeline(&a).await, ["call 0", "call 2", "call 4"]);
    }

    async fn a_thread_goes_on_and_stays_whole(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        let request = proto::CreateConversationRequest {
            parent: b.clone(),
            conversation: Some(proto::Conversation {
                subject: "broken".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let thread = answer(desk.conversations().create_conversation(request).await);
        let merge = desk.merge(&a, &b).await;
        let said = desk.log(&a, "still broken", &thread.name).await;
        assert_eq!(said.conversation, thread.name);
        let context = proto::GetCustomerContextRequest { customer: a.clone() };
        let context = answer(desk.views().get_customer_context(context).await);
        let open = &context.open_conversations[0];
        assert_eq!(open.conversation.as_ref().unwrap().name, thread.name);
        assert_eq!(open.recent_interactions, [said]);
        desk.undo(&merge).await;
        assert_eq!(desk.timeline(&b).await, ["still broken"]);
        assert!(desk.timeline(&a).await.is_empty());
    }
}
