//! Messages about a topic and in a campaign.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Desk, answer, contact, message, reason, refused};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentStatus;
use crate::testing;

const DAY: Duration = Duration::from_hours(24);

/// Marketing about news, which needs nobody's consent, and about health, which does.
pub(super) fn topics() -> Vec<proto::Topic> {
    [("news", false), ("health", true)]
        .map(|(id, restrictive)| proto::Topic {
            id: id.to_owned(),
            purpose: Purpose::Marketing.number(),
            display_name: id.to_owned(),
            restrictive,
        })
        .to_vec()
}

/// At most so many contacts a week.
pub(super) fn weekly(most: i32) -> proto::ContactCap {
    proto::ContactCap {
        max_contacts: most,
        window: Some((7 * DAY).try_into().unwrap()),
        ..Default::default()
    }
}

/// A marketing e-mail.
pub(super) fn offer(customer: &str, topic: &str, campaign: &str) -> proto::SendMessageRequest {
    proto::SendMessageRequest {
        topic: topic.to_owned(),
        campaign: campaign.to_owned(),
        ..message(customer, Channel::Email, Purpose::Marketing)
    }
}

on_each_engine! {
    async fn a_message_needs_the_consent_that_its_topic_needs(db: Database) {
        let desk = Desk::open(&db).await;
        desk.order(proto::ContactPolicy { topics: topics(), ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;

        assert_eq!(reason(desk.try_send(offer(&ada, "health", "")).await), "CONSENT_MISSING");
        answer(desk.try_send(offer(&ada, "news", "")).await);

        let desk = desk.later(Duration::from_secs(1));
        desk.says(&ada, ConsentStatus::OptIn, "health").await;
        answer(desk.later(Duration::from_secs(1)).try_send(offer(&ada, "health", "")).await);
    }

    async fn a_topic_is_one_of_the_purpose(db: Database) {
        let desk = Desk::open(&db).await;
        desk.order(proto::ContactPolicy { topics: topics(), ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let faults = async |message| testing::fields(&refused(desk.try_send(message).await));

        assert_eq!(faults(offer(&ada, "cats", "")).await, ["topic"]);
        assert_eq!(faults(offer(&ada, "No topic", "")).await, ["topic"]);
        assert_eq!(faults(offer(&ada, "", "not a name")).await, ["campaign"]);
        let service = proto::SendMessageRequest {
            purpose: Purpose::Service.number(),
            ..offer(&ada, "news", "")
        };
        assert_eq!(faults(service).await, ["topic"]);

        desk.contacts(&ada).await;
        let contact = proto::CheckContactRequest { topic: "news".into(), ..contact(&ada, Channel::Email, Purpose::Service) };
        let request = proto::ReserveContactRequest { contact: Some(contact), ..Default::default() };
        let reserved = desk.permits().reserve_contact(request).await;
        assert_eq!(reason(reserved), "INVALID_FIELD", "also where it might be granted at once");
    }

    async fn a_message_counts_toward_the_cap_of_its_campaign(db: Database) {
        let desk = Desk::open(&db).await;
        let of_campaign = proto::ContactCap { per_campaign: true, ..weekly(1) };
        desk.order(proto::ContactPolicy { caps: vec![of_campaign], ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;

        answer(desk.try_send(offer(&ada, "", "campaigns/spring")).await);

        let again = desk.try_send(offer(&ada, "", "campaigns/spring")).await;
        assert_eq!(reason(again), "CONTACT_CAP_REACHED");
        answer(desk.try_send(offer(&ada, "", "campaigns/summer")).await);
        answer(desk.try_send(offer(&ada, "", "")).await);
    }

    async fn a_permit_for_another_topic_is_not_the_messages(db: Database) {
        let desk = Desk::open(&db).await;
        let caps = vec![weekly(2)];
        desk.order(proto::ContactPolicy { topics: topics(), caps, ..Default::default() }).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        let of_news = proto::CheckContactRequest {
            topic: "news".to_owned(),
            ..contact(&ada, Channel::Email, Purpose::Marketing)
        };
        let request = proto::ReserveContactRequest { contact: Some(of_news), ..Default::default() };
        let permit = answer(desk.permits().reserve_contact(request).await);
        let mut gateway = desk.clone();
        gateway.0.ctx.permit = Some(super::permits::permit_id(&permit));

        assert_eq!(reason(gateway.try_send(offer(&ada, "health", "")).await), "CONSENT_MISSING");
        answer(gateway.try_send(offer(&ada, "news", "")).await);

        let name = permit.name;
        let taken = answer(desk.permits().get_contact_permit(proto::GetContactPermitRequest { name }).await);
        assert_eq!(taken.state(), proto::ContactPermitState::Confirmed);
    }
}
