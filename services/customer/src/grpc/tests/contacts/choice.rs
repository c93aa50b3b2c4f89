//! The customer's choice is obeyed, and a refusal says what is open instead.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use tonic::Code;

use super::topics::weekly;
use super::{Desk, answer, contact, message, reason, refused, refuses, welcomes};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::refusal::ContactRefusal;
use crate::testing::{self, metadata};

on_each_engine! {
    async fn the_next_agent_sees_when_and_how_often_the_customer_wants_to_be_contacted(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.someone_with_email("Ada Lovelace").await;
        assert_eq!(desk.context(&ada).await.contact_times, None);
        assert_eq!(desk.full_view(&ada).await.contact_times, None);

        let time = |hours| Some(rapport_proto::google::r#type::TimeOfDay { hours, ..Default::default() });
        let times = proto::ContactTimes {
            quiet_hours: vec![proto::QuietHours { start: time(21), end: time(8), ..Default::default() }],
            caps: vec![weekly(2)],
            ..Default::default()
        };
        desk.sets_times(&ada, times.clone()).await;
        assert_eq!(desk.context(&ada).await.contact_times, Some(times.clone()));
        assert_eq!(desk.full_view(&ada).await.contact_times, Some(times));
    }

    async fn do_not_email_her_phone_her(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        let phone = desk.phone(&ada, "+41446681800").await;
        desk.choose(&ada, &[refuses(Channel::Email), welcomes(Channel::Phone, 1)]).await;

        let told = refused(desk.send(&ada, Channel::Email, Purpose::Marketing).await);
        assert_eq!(told.code(), Code::FailedPrecondition);
        assert_eq!(testing::reason(&told), "CHANNEL_REFUSED");
        assert_eq!(metadata(&told, "customer"), ada);
        assert_eq!(metadata(&told, "channel"), "EMAIL");
        assert_eq!(metadata(&told, "purpose"), "MARKETING");
        assert_eq!(metadata(&told, "open_channels"), "PHONE,CALL_CENTRE");

        let call = answer(desk.send(&ada, Channel::Phone, Purpose::Marketing).await);
        assert_eq!(call.contact_point, phone.name);
        assert_eq!(call.outcome, i32::from(proto::InteractionOutcome::Queued));
        assert_eq!(call.direction, i32::from(proto::Direction::Outbound));
        assert_eq!(desk.timeline(&ada).await, ["about MARKETING"]);
    }

    async fn the_question_and_the_deed_agree(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        desk.choose(&ada, &[refuses(Channel::Email).for_purpose(Purpose::Sales)]).await;

        for purpose in Purpose::ALL.iter().copied() {
            for channel in Channel::ALL.iter().copied() {
                let asked = desk.check(&ada, channel, purpose).await;
                let sent = desk.send(&ada, channel, purpose).await;
                assert_eq!(asked.allowed, sent.is_ok(), "{channel} for {purpose}");
                assert_eq!(asked.allowed, asked.obstacles.is_empty());
            }
        }
    }

    async fn a_receipt_is_sent_whatever_she_prefers(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        desk.choose(&ada, &[refuses(Channel::Email)]).await;

        assert!(desk.send(&ada, Channel::Email, Purpose::Transactional).await.is_ok());
        assert!(desk.send(&ada, Channel::Email, Purpose::Service).await.is_err());
    }

    async fn without_a_usable_address_another_channel_is_offered(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let email = desk.email(&ada, "ada@example.com").await;
        desk.phone(&ada, "+41446681800").await;
        desk.bounced(&email.name).await;

        let told = refused(desk.send(&ada, Channel::Email, Purpose::Service).await);
        assert_eq!(testing::reason(&told), "SUPPRESSED");
        assert_eq!(metadata(&told, "open_channels"), "PHONE,CALL_CENTRE");
        let asked = desk.check(&ada, Channel::Email, Purpose::Service).await;
        let reasons: Vec<i32> = asked.obstacles.iter().map(|it| it.reason).collect();
        let dead = [ContactRefusal::Suppressed, ContactRefusal::NoUsableContactPoint];
        assert_eq!(reasons, dead.map(ContactRefusal::number));
        assert!(desk.timeline(&ada).await.is_empty());
    }

    async fn the_best_address_is_used_unless_another_is_named(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let first = desk.email(&ada, "ada@example.com").await;
        let second = desk.email(&ada, "ada@example.org").await;
        let phone = desk.phone(&ada, "+41446681800").await;

        let to = async |contact_point: &str| {
            let contact_point = contact_point.to_owned();
            let message = message(&ada, Channel::Email, Purpose::Service);
            let message = proto::SendMessageRequest { contact_point, ..message };
            desk.try_send(message).await
        };
        assert_eq!(answer(to("").await).contact_point, first.name);
        assert_eq!(answer(to(&second.name).await).contact_point, second.name);
        assert_eq!(reason(to(&phone.name).await), "INVALID_FIELD");
        desk.bounced(&second.name).await;
        assert_eq!(reason(to(&second.name).await), "SUPPRESSED");
        let bob = desk.person("Bob").await;
        let his = desk.email(&bob, "bob@example.com").await;
        assert_eq!(reason(to(&his.name).await), "INVALID_FIELD");
    }

    async fn a_message_and_its_events_are_one(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        let sent = answer(desk.send(&ada, Channel::Email, Purpose::Service).await);

        let events = desk.events_about(&sent.name).await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(
            kinds,
            ["rapport.customer.v1.InteractionAppended", "rapport.customer.v1.MessageQueued"]
        );
        let queued: proto::MessageQueued = events[1].fact().unwrap();
        assert_eq!(queued.interaction, Some(sent));
        let address = queued.contact_point.unwrap().address;
        assert_eq!(address, Some(Address::Email("ada@example.com".into())));
    }

    async fn a_message_repeated_by_its_id_is_one_message(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        let message = proto::SendMessageRequest {
            request_id: "0190e5a4-0000-7000-8000-00000000000a".to_owned(),
            ..message(&ada, Channel::Email, Purpose::Service)
        };

        let first = answer(desk.try_send(message.clone()).await);
        let again = answer(desk.try_send(message).await);
        assert_eq!(first, again);
        assert_eq!(desk.timeline(&ada).await.len(), 1);
    }

    async fn choices_are_kept_in_her_order_with_who_recorded_them(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let first = desk.choose(&ada, &[welcomes(Channel::Sms, 2), refuses(Channel::Email)]).await;
        let shop = desk.colleague("systems/shop");
        let then = shop.choose(&ada, &[welcomes(Channel::Phone, 1)]).await;

        let channels: Vec<_> = then.entries.iter().map(|entry| entry.channel).collect();
        assert_eq!(channels, [Channel::Phone, Channel::Sms, Channel::Email].map(Channel::number));
        let recorders: Vec<_> = then.entries.iter().map(|it| it.recorder.as_str()).collect();
        assert_eq!(recorders, ["systems/shop", "employees/ada", "employees/ada"]);
        assert_ne!(first.etag, then.etag);

        let again = shop.choose(&ada, &[welcomes(Channel::Phone, 1)]).await;
        assert_eq!(again, then, "stating the same again changes nothing");
        let events = desk.events_about(&then.name).await;
        assert_eq!(events.iter().map(|event| event.version).collect::<Vec<_>>(), [1, 2]);
    }

    async fn a_lost_update_of_choices_is_refused(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let name = format!("{ada}/preferences");
        let read = proto::GetPreferencesRequest { name: name.clone() };
        let seen = answer(desk.preferences().get_preferences(read).await);
        assert!(seen.entries.is_empty() && seen.update_time.is_none());
        desk.choose(&ada, &[refuses(Channel::Fax)]).await;

        let stale = proto::SetPreferencesRequest {
            name,
            entries: vec![welcomes(Channel::Fax, 1).entry()],
            etag: seen.etag,
            ..Default::default()
        };
        let refused = desk.preferences().set_preferences(stale).await;
        assert_eq!(reason(refused), "ETAG_MISMATCH");
        assert!(!desk.check(&ada, Channel::Fax, Purpose::Sales).await.allowed);
    }

    async fn one_choice_stated_twice_is_refused(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let twice = [refuses(Channel::Email), welcomes(Channel::Email, 1)];
        assert_eq!(reason(desk.try_choose(&ada, &twice).await), "INVALID_FIELD");
        assert!(desk.context(&ada).await.preferences.is_empty());
    }

    async fn who_is_gone_is_not_contacted(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        desk.email(&ada, "ada@example.com").await;
        desk.delete(&ada).await;

        let sent = desk.send(&ada, Channel::Email, Purpose::Legal).await;
        assert_eq!(reason(sent), "RESOURCE_DELETED");
        let asked = contact(&ada, Channel::Email, Purpose::Legal);
        let asked = desk.permits().check_contact(asked).await;
        assert_eq!(reason(asked), "RESOURCE_NOT_FOUND");
        let chosen = desk.try_choose(&ada, &[refuses(Channel::Fax)]).await;
        assert_eq!(reason(chosen), "RESOURCE_DELETED");
    }
}
