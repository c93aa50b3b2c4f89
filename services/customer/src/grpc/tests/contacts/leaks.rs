//! Ways in which other systems contacted people whom they should have left alone. Each is told here
//! as it happened there, and does not happen.

use std::sync::Arc;
use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::reserved_contact::Result as Outcome;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tonic::{Response, Status};

use super::topics::{offer, topics, weekly};
use super::{Desk, answer, contact, message, reason, refused};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentStatus;
use crate::testing;

impl Desk {
    /// Whether a campaign reaches the customer: by itself, by a list, and by a message.
    async fn reached_by(&self, customer: &str, topic: &str, campaign: &str) -> [bool; 3] {
        let contact = proto::CheckContactRequest {
            topic: topic.to_owned(),
            campaign: campaign.to_owned(),
            ..contact(customer, Channel::Email, Purpose::Marketing)
        };
        let alone = proto::ReserveContactRequest {
            contact: Some(contact),
            ..Default::default()
        };
        let alone = self.permits().reserve_contact(alone).await;
        let listed = proto::BatchReserveContactsRequest {
            customers: vec![customer.to_owned()],
            channel: Channel::Email.number(),
            purpose: Purpose::Marketing.number(),
            topic: topic.to_owned(),
            campaign: campaign.to_owned(),
            ..Default::default()
        };
        let listed = answer(self.permits().batch_reserve_contacts(listed).await);
        let listed = matches!(listed.results[0].result, Some(Outcome::ContactPermit(_)));
        let sent = self.try_send(offer(customer, topic, campaign)).await;
        [alone.is_ok(), listed, sent.is_ok()]
    }

    pub(super) async fn sets_times(&self, customer: &str, times: proto::ContactTimes) {
        answer(self.try_set_times(customer, times).await);
    }

    async fn try_set_times(
        &self,
        customer: &str,
        times: proto::ContactTimes,
    ) -> Result<Response<proto::Preferences>, Status> {
        let request = proto::SetContactTimesRequest {
            name: format!("{customer}/preferences"),
            contact_times: Some(times),
            ..Default::default()
        };
        self.preferences().set_contact_times(request).await
    }
}

on_each_engine! {
    /// A campaign's e-mails ignored the default frequency rule, which held only for those who had
    /// one of their own (mautic #6729).
    async fn a_campaign_obeys_the_companys_rule(db: Database) {
        let desk = Desk::open(&db).await;
        let of_campaign = proto::ContactCap { per_campaign: true, ..weekly(5) };
        let caps = vec![weekly(1), of_campaign];
        desk.order(proto::ContactPolicy { caps, ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        answer(desk.send(&ada, Channel::Email, Purpose::Marketing).await);

        assert_eq!(desk.reached_by(&ada, "", "campaigns/spring").await, [false; 3]);
        // And one that has a rule of its own has both.
        desk.sets_times(&ada, proto::ContactTimes { caps: vec![weekly(9)], ..Default::default() }).await;
        assert_eq!(desk.reached_by(&ada, "", "campaigns/spring").await, [false; 3]);
    }

    /// Limits that nobody had filled in were read as zero, or as none (mautic #10753).
    async fn a_limit_that_is_not_filled_in_is_none_of_its_own(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        desk.sets_times(&ada, proto::ContactTimes::default()).await;
        assert_eq!(desk.reached_by(&ada, "", "").await, [true; 3], "no cap is not a cap of zero");

        let without_window = proto::ContactCap { window: None, ..weekly(1) };
        for (cap, field) in [(weekly(0), "max_contacts"), (without_window, "window")] {
            let times = proto::ContactTimes { caps: vec![cap.clone()], ..Default::default() };
            let told = refused(desk.try_set_times(&ada, times).await);
            assert_eq!(testing::fields(&told), [format!("contact_times.caps[0].{field}")]);
            let policy = proto::ContactPolicy { caps: vec![cap], ..Default::default() };
            let told = refused(desk.try_order(policy).await);
            assert_eq!(testing::fields(&told), [format!("contact_policy.caps[0].{field}")]);
        }

        desk.order(proto::ContactPolicy { caps: vec![weekly(3)], ..Default::default() }).await;
        let her_caps_unset = proto::ContactTimes::default();
        desk.sets_times(&ada, her_caps_unset).await;
        assert_eq!(desk.reached_by(&ada, "", "").await, [false; 3], "the company's cap holds");
    }

    /// Who had unsubscribed from a category still got its e-mails (mautic #10879).
    async fn who_left_a_topic_gets_nothing_about_it(db: Database) {
        let desk = Desk::open(&db).await;
        desk.order(proto::ContactPolicy { topics: topics(), ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        assert_eq!(desk.reached_by(&ada, "news", "").await, [true; 3]);

        let desk = desk.later(Duration::from_secs(1));
        desk.says(&ada, ConsentStatus::OptOut, "news").await;

        assert_eq!(desk.reached_by(&ada, "news", "").await, [false; 3]);
        assert_eq!(desk.reached_by(&ada, "news", "campaigns/spring").await, [false; 3]);
        assert_eq!(reason(desk.try_send(offer(&ada, "news", "")).await), "OPTED_OUT");
        assert_eq!(desk.reached_by(&ada, "", "").await, [true; 3]);
    }

    /// The record that survived a merge kept its own consent, and the other's opt-out was gone.
    async fn an_opt_out_survives_a_merge(db: Database) {
        let desk = Desk::open(&db).await;
        desk.order(proto::ContactPolicy { topics: topics(), ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let other = desk.someone_with_email("A. Lovelace").await;
        desk.says(&other, ConsentStatus::OptOut, "").await;
        let desk = desk.later(Duration::from_secs(1));
        desk.says(&ada, ConsentStatus::OptIn, "").await;
        assert_eq!(desk.reached_by(&ada, "", "").await, [true; 3]);

        desk.merge_into(&ada, &other).await;

        for name in [&ada, &other] {
            assert_eq!(desk.reached_by(name, "", "").await, [false; 3]);
            assert_eq!(desk.reached_by(name, "news", "").await, [false; 3]);
        }
    }

    /// Contacts were counted once they were sent, so that whatever was asked for before that passed
    /// the limit.
    async fn a_contact_counts_before_it_is_sent(db: Database, storage: &Storage) {
        let desk = Desk::open(&db).await;
        let elsewhere = desk.in_another_process(storage.connect().await);
        desk.order(proto::ContactPolicy { caps: vec![weekly(1)], ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let ready = Arc::new(Barrier::new(8));
        let mut senders = JoinSet::new();
        for number in 0..8 {
            let desk = if number % 2 == 0 { &desk } else { &elsewhere };
            let (desk, ready, ada) = (desk.clone(), Arc::clone(&ready), ada.clone());
            senders.spawn(async move {
                ready.wait().await;
                desk.try_send(message(&ada, Channel::Email, Purpose::Marketing)).await.is_ok()
            });
        }

        let sent = senders.join_all().await.into_iter().filter(|sent| *sent).count();

        // No connector took it yet.
        assert_eq!(sent, 1);
        assert_eq!(desk.reached_by(&ada, "", "").await, [false; 3]);
    }
}
