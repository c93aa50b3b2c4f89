//! What was said while records were one, or about an address that comes and goes.

mod alone;

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::google::r#type::TimeOfDay;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_event::Scope;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::explain_contact_request::Subject;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;

use super::{Keeper, answer, call, on, opt_in, opt_out, outcome};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentOutcome::{self, NotNeeded, OptedIn, OptedOut};
use crate::domain::preferences::ChannelChoice;

const MINUTE: Duration = Duration::from_mins(1);

impl Keeper {
    pub(super) async fn merge(&self, survivor: &str, merged: &str) -> String {
        let request = proto::MergeCustomersRequest {
            name: survivor.to_owned(),
            merged: merged.to_owned(),
            ..Default::default()
        };
        let mut merges = MergeServiceClient::new(self.link());
        answer(merges.merge_customers(request).await).name
    }

    async fn undo(&self, merge: &str) {
        let request = proto::UndoCustomerMergeRequest {
            name: merge.to_owned(),
            ..Default::default()
        };
        let mut merges = MergeServiceClient::new(self.link());
        answer(merges.undo_customer_merge(request).await);
    }

    async fn remove(&self, contact_point: &str) {
        let request = proto::DeleteContactPointRequest {
            name: contact_point.to_owned(),
            ..Default::default()
        };
        answer(self.contact_points().delete_contact_point(request).await);
    }

    /// What the ledger said at an instant about calls for marketing.
    async fn said(&self, customer: &str, as_of: Timestamp) -> ConsentOutcome {
        let request = proto::GetConsentStateRequest {
            customer: customer.to_owned(),
            as_of: Some(as_of.into()),
            ..Default::default()
        };
        let state = answer(self.consents().get_consent_state(request).await);
        outcome(&state, Purpose::Marketing, Channel::Phone, "")
    }

    async fn refuse_email(&self, customer: &str) {
        let request = proto::SetPreferencesRequest {
            name: format!("{customer}/preferences"),
            entries: vec![proto::Preference {
                channel: Channel::Email.number(),
                choice: ChannelChoice::Refused.number(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut preferences = PreferenceServiceClient::new(self.link());
        answer(preferences.set_preferences(request).await);
    }

    async fn be_quiet(&self, customer: &str, hours: (i32, i32)) {
        let time = |hours| {
            Some(TimeOfDay {
                hours,
                ..Default::default()
            })
        };
        let quiet = proto::QuietHours {
            start: time(hours.0),
            end: time(hours.1),
            ..Default::default()
        };
        let times = proto::ContactTimes {
            quiet_hours: vec![quiet],
            ..Default::default()
        };
        self.want(customer, times).await;
    }

    async fn live_in(&self, customer: &str, time_zone: &str) {
        let request = proto::UpdateCustomerRequest {
            customer: Some(proto::Customer {
                name: customer.to_owned(),
                time_zone: time_zone.to_owned(),
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["time_zone".to_owned()],
            }),
            ..Default::default()
        };
        answer(self.customers().update_customer(request).await);
    }

    /// A permit for a call.
    async fn reserve_call(&self, customer: &str) -> String {
        self.address(customer, Address::Phone("+41446681801".to_owned()))
            .await;
        let request = proto::ReserveContactRequest {
            contact: Some(call(customer)),
            ..Default::default()
        };
        answer(self.permits().reserve_contact(request).await).name
    }

    async fn may_call(&self, customer: &str) -> bool {
        answer(self.permits().check_contact(call(customer)).await).allowed
    }
}

fn about(contact_point: &str, entry: proto::ConsentEvent) -> proto::ConsentEvent {
    proto::ConsentEvent {
        scope: Some(Scope::ContactPoint(contact_point.to_owned())),
        ..entry
    }
}

on_each_engine! {
    async fn what_was_said_of_an_address_holds_when_it_comes_back(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let work = keeper.email(&ada, "lovelace@example.com").await;
        keeper.record(&ada, about(&home, opt_out(Purpose::Marketing))).await;
        keeper.remove(&home).await;
        let gone = proto::GetConsentStateRequest {
            customer: ada.clone(),
            contact_point: home.clone(),
            ..Default::default()
        };
        let state = answer(keeper.consents().get_consent_state(gone).await);
        assert_eq!(outcome(&state, Purpose::Marketing, Channel::Email, ""), OptedOut);

        keeper.remove(&work).await;
        keeper.email(&ada, "ADA@example.com").await;
        assert!(!keeper.may_write(&ada, Purpose::Marketing).await);
        assert!(keeper.may_write(&ada, Purpose::Service).await);
    }

    async fn a_link_of_a_removed_address_works_for_the_one_that_came_back(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let phone = Address::Phone("+41446681800".to_owned());
        let first = keeper.address(&ada, phone.clone()).await;
        keeper.record(&ada, about(&first, opt_out(Purpose::Marketing))).await;
        keeper.remove(&first).await;
        let second = keeper.address(&ada, phone).await;
        assert!(!keeper.may_call(&ada).await);
        keeper.later(MINUTE).record(&ada, about(&second, opt_in(Purpose::Marketing))).await;
        assert!(keeper.later(MINUTE).may_call(&ada).await, "she has changed her mind about the number");
    }

    async fn the_past_is_that_of_those_who_were_one_then(db: Database) {
        let keeper = Keeper::of(&db).await;
        let (ada, bob) = (keeper.person("Ada").await, keeper.person("Bob").await);
        keeper.record(&ada, opt_in(Purpose::Marketing)).await;
        keeper.record(&bob, opt_out(Purpose::Marketing)).await;
        let start = keeper.ctx.now.saturating_add(MINUTE);
        let merging = keeper.later(2 * MINUTE);
        let merge = merging.merge(&ada, &bob).await;
        let together = merging.ctx.now.saturating_add(MINUTE);
        let parting = keeper.later(4 * MINUTE);
        let history = [(start, OptedIn, OptedOut), (together, OptedOut, OptedOut)];

        for (at, hers, his) in history {
            assert_eq!((parting.said(&ada, at).await, parting.said(&bob, at).await), (hers, his));
        }
        parting.undo(&merge).await;
        let apart = keeper.later(5 * MINUTE);
        for (at, hers, his) in history.into_iter().chain([(apart.ctx.now, OptedIn, OptedOut)]) {
            assert_eq!((apart.said(&ada, at).await, apart.said(&bob, at).await), (hers, his));
        }
    }

    async fn the_past_of_a_chain_of_merges_is_told(db: Database) {
        let keeper = Keeper::of(&db).await;
        let (ada, bob) = (keeper.person("Ada").await, keeper.person("Bob").await);
        let cleo = keeper.person("Cleo").await;
        keeper.record(&bob, opt_out(Purpose::Marketing)).await;
        keeper.later(MINUTE).merge(&ada, &bob).await;
        let chained = keeper.later(3 * MINUTE);
        let top = chained.merge(&cleo, &ada).await;
        keeper.later(5 * MINUTE).undo(&top).await;

        let now = keeper.later(6 * MINUTE);
        let at = |minutes: u32| keeper.ctx.now.saturating_add(minutes * MINUTE);
        assert_eq!((now.said(&ada, at(0)).await, now.said(&ada, at(2)).await), (NotNeeded, OptedOut));
        for (minute, hers) in [(2, NotNeeded), (4, OptedOut), (6, NotNeeded)] {
            assert_eq!(now.said(&cleo, at(minute)).await, hers, "minute {minute}");
            assert_eq!(now.said(&bob, at(minute)).await, OptedOut);
        }
    }

    async fn to_a_clock_that_is_behind_they_are_one_already(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let byron = keeper.person("Ada Byron").await;
        let out = keeper.record(&byron, opt_out(Purpose::Marketing)).await;
        keeper.later(MINUTE).merge(&ada, &byron).await;

        assert_eq!(keeper.outcome(&ada, Purpose::Marketing).await, OptedOut);
        let request = proto::ExplainContactRequest { subject: Some(Subject::Contact(call(&ada))) };
        let told = answer(keeper.permits().explain_contact(request).await);
        assert!(!told.decision.unwrap().allowed);
        assert_eq!(told.consent_events, [out], "the entry that forbids is told");
    }

    async fn what_was_refused_by_two_who_were_one_is_refused_by_both(db: Database) {
        let keeper = Keeper::of(&db).await;
        let (ada, bob) = (keeper.person("Ada").await, keeper.person("Bob").await);
        for (name, mail, phone) in [(&ada, "ada@example.com", "+41446681800"), (&bob, "bob@example.com", "+41446681801")] {
            keeper.email(name, mail).await;
            keeper.address(name, Address::Phone(phone.to_owned())).await;
        }
        let merge = keeper.merge(&ada, &bob).await;
        let later = keeper.later(MINUTE);
        let calls = proto::ConsentEvent { scope: on(Channel::Phone), ..opt_out(Purpose::Marketing) };
        later.record(&ada, calls).await;
        later.refuse_email(&ada).await;
        let parting = keeper.later(2 * MINUTE);
        parting.undo(&merge).await;

        for name in [&ada, &bob] {
            assert!(!parting.may_call(name).await, "{name}");
            assert!(!parting.may_write(name, Purpose::Service).await, "{name}");
        }
        assert_eq!(parting.ledger(&bob).await.len(), 1);
        let anew = proto::ConsentEvent { scope: on(Channel::Phone), ..opt_in(Purpose::Marketing) };
        let after = keeper.later(3 * MINUTE);
        after.record(&bob, anew).await;
        assert!(after.may_call(&bob).await, "he can permit it again");
        assert!(!after.may_call(&ada).await);
    }

    async fn what_was_lifted_before_the_undo_is_refused_by_nobody(db: Database) {
        let keeper = Keeper::of(&db).await;
        let (ada, bob) = (keeper.person("Ada").await, keeper.person("Bob").await);
        for (name, phone) in [(&ada, "+41446681800"), (&bob, "+41446681801")] {
            keeper.address(name, Address::Phone(phone.to_owned())).await;
        }
        let merge = keeper.merge(&ada, &bob).await;
        keeper.later(MINUTE).record(&ada, opt_out(Purpose::Marketing)).await;
        keeper.later(2 * MINUTE).record(&ada, opt_in(Purpose::Marketing)).await;
        let parting = keeper.later(3 * MINUTE);
        parting.undo(&merge).await;
        assert!(parting.ledger(&bob).await.is_empty());
        assert!(parting.may_call(&bob).await);
    }

    async fn the_night_of_a_merged_record_is_where_it_was_told(db: Database) {
        let keeper = Keeper::of(&db).await;
        let (ada, bob) = (keeper.person("Ada").await, keeper.person("Bob").await);
        keeper.address(&ada, Address::Phone("+41446681800".to_owned())).await;
        keeper.live_in(&ada, "Asia/Tokyo").await;
        keeper.live_in(&bob, "Etc/UTC").await;
        // An hour of now, by Bob's clock; in Tokyo it is nine hours later.
        let hour = i32::try_from(keeper.ctx.now.to_jiff().as_second() / 3_600 % 24).unwrap();
        keeper.be_quiet(&bob, (hour, hour + 1)).await;
        assert!(keeper.may_call(&ada).await);
        keeper.merge(&ada, &bob).await;
        assert!(!keeper.may_call(&ada).await);
        assert!(keeper.later(60 * MINUTE).may_call(&ada).await);
    }

    async fn a_permit_is_explained_by_what_counted_then(db: Database) {
        let keeper = Keeper::of(&db).await;
        let (ada, bob) = (keeper.person("Ada").await, keeper.person("Bob").await);
        let reserved = keeper.reserve_call(&bob).await;
        keeper.later(MINUTE).record(&ada, opt_out(Purpose::Marketing)).await;
        keeper.later(2 * MINUTE).merge(&ada, &bob).await;
        let asked = proto::ExplainContactRequest {
            subject: Some(Subject::ContactPermit(reserved)),
        };
        let told = answer(keeper.later(3 * MINUTE).permits().explain_contact(asked).await);
        let decision = told.decision.unwrap();
        assert!(decision.allowed, "{decision:?}");
        assert!(told.consent_events.is_empty());
    }
}
