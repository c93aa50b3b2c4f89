//! A customer's timeline, page by page in both directions.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Desk, answer, inbound, reason};
use crate::domain::channel::Channel;

fn list(customer: &str) -> proto::ListInteractionsRequest {
    proto::ListInteractionsRequest {
        parent: customer.to_owned(),
        page_size: 3,
        ..Default::default()
    }
}

impl Desk {
    /// Everything that pages answer, one after the other.
    async fn walk(&self, list: proto::ListInteractionsRequest) -> Vec<proto::Interaction> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let list = proto::ListInteractionsRequest {
                page_token,
                ..list.clone()
            };
            let page = answer(self.interactions().list_interactions(list).await);
            all.extend(page.interactions);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// Ten contacts, some of them at the same instant and recorded in no order.
    async fn ten_contacts(&self, customer: &str) {
        for (number, seconds) in [5, 3, 3, 9, 1, 3, 7, 5, 5, 2].into_iter().enumerate() {
            let channel = if number % 2 == 0 {
                Channel::Phone
            } else {
                Channel::Web
            };
            let occur_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
            let contact = inbound(channel, &number.to_string());
            self.log(
                customer,
                proto::Interaction {
                    occur_time,
                    ..contact
                },
            )
            .await;
        }
    }
}

fn place(interaction: &proto::Interaction) -> (i64, &str) {
    (interaction.occur_time.unwrap().seconds, &interaction.name)
}

on_each_engine! {
    async fn every_contact_is_on_one_page_in_both_directions(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.ten_contacts(&ada).await;

        let latest_first = desk.walk(list(&ada)).await;
        assert_eq!(latest_first.len(), 10);
        assert!(latest_first.is_sorted_by(|a, b| place(a) > place(b)));
        let order_by = "occur_time".to_owned();
        let mut oldest_first =
            desk.walk(proto::ListInteractionsRequest { order_by, ..list(&ada) }).await;
        oldest_first.reverse();
        assert_eq!(oldest_first, latest_first);
    }

    async fn a_filter_holds_on_every_page(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.ten_contacts(&ada).await;
        let of = async |filter: &str| {
            let filter = filter.to_owned();
            desk.walk(proto::ListInteractionsRequest { filter, page_size: 2, ..list(&ada) }).await
        };

        let phoned = of("channel = PHONE AND occur_time >= \"1970-01-01T00:00:03Z\"").await;
        let seconds: Vec<_> = phoned.iter().map(|it| place(it).0).collect();
        assert_eq!(seconds, [7, 5, 5, 3]);
        assert_eq!(of("direction = INBOUND AND -channel = PHONE").await.len(), 5);
        assert_eq!(of("purpose = SALES OR outcome = RESOLVED").await.len(), 0);
        assert_eq!(of("agent = \"employees/ada\"").await.len(), 10);
    }

    async fn a_token_is_good_for_its_own_list_only(db: Database) {
        let desk = Desk::open(&db).await;
        let (ada, bob) = (desk.person("Ada Lovelace").await, desk.person("Bob").await);
        desk.ten_contacts(&ada).await;
        let first = desk.interactions().list_interactions(list(&ada)).await;
        let page_token = answer(first).next_page_token;

        let with = async |list: proto::ListInteractionsRequest| {
            let list = proto::ListInteractionsRequest { page_token: page_token.clone(), ..list };
            desk.interactions().list_interactions(list).await
        };
        assert!(with(list(&ada)).await.is_ok());
        assert_eq!(reason(with(list(&bob)).await), "INVALID_PAGE_TOKEN");
        let order_by = "occur_time".to_owned();
        let other_way = proto::ListInteractionsRequest { order_by, ..list(&ada) };
        assert_eq!(reason(with(other_way).await), "INVALID_PAGE_TOKEN");
    }

    async fn only_a_customer_has_a_timeline(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        assert!(desk.walk(list(&ada)).await.is_empty());
        let nobody = list("customers/0190e5a4-0000-7000-8000-000000000000");
        let refused = desk.interactions().list_interactions(nobody).await;
        assert_eq!(reason(refused), "RESOURCE_NOT_FOUND");
        let filter = "mood = GOOD".to_owned();
        let by_mood = proto::ListInteractionsRequest { filter, ..list(&ada) };
        let refused = desk.interactions().list_interactions(by_mood).await;
        assert_eq!(reason(refused), "INVALID_FILTER");
    }
}
