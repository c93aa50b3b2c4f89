//! When those who were one wanted to be left alone, when they come apart.

use rapport_platform::on_each_engine;
use rapport_proto::google::r#type::TimeOfDay;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;

use super::super::{Keeper, answer, opt_in, opt_out, policy};
use super::MINUTE;
use crate::domain::channel::Purpose;

impl Keeper {
    /// Two that can be called.
    async fn ada_and_bob(&self) -> [String; 2] {
        let (ada, bob) = (self.person("Ada").await, self.person("Bob").await);
        for (name, phone) in [(&ada, "+41446681800"), (&bob, "+41446681801")] {
            self.address(name, Address::Phone(phone.to_owned())).await;
        }
        [ada, bob]
    }

    pub(in super::super) async fn want(&self, customer: &str, times: proto::ContactTimes) {
        let request = proto::SetContactTimesRequest {
            name: format!("{customer}/preferences"),
            contact_times: Some(times),
            ..Default::default()
        };
        let mut preferences = PreferenceServiceClient::new(self.link());
        answer(preferences.set_contact_times(request).await);
    }

    async fn times(&self, customer: &str) -> proto::ContactTimes {
        let request = proto::GetPreferencesRequest {
            name: format!("{customer}/preferences"),
        };
        let mut preferences = PreferenceServiceClient::new(self.link());
        let told = answer(preferences.get_preferences(request).await);
        told.contact_times.unwrap_or_default()
    }
}

fn quiet(from: i32, to: i32) -> proto::QuietHours {
    let time = |hours| {
        Some(TimeOfDay {
            hours,
            ..Default::default()
        })
    };
    proto::QuietHours {
        start: time(from),
        end: time(to),
        ..Default::default()
    }
}

fn cap(most: i32, days: i64) -> proto::ContactCap {
    proto::ContactCap {
        max_contacts: most,
        window: Some(prost_types::Duration {
            seconds: days * 86_400,
            nanos: 0,
        }),
        ..Default::default()
    }
}

fn caps(caps: &[proto::ContactCap]) -> proto::ContactTimes {
    proto::ContactTimes {
        caps: caps.to_vec(),
        ..Default::default()
    }
}

fn nights(nights: &[proto::QuietHours]) -> proto::ContactTimes {
    proto::ContactTimes {
        quiet_hours: nights.to_vec(),
        ..Default::default()
    }
}

on_each_engine! {
    async fn a_pause_is_one_of_both(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        let merge = keeper.merge(&ada, &bob).await;
        let later = keeper.later(MINUTE);
        let pause = proto::Pause {
            start_time: Some(later.ctx.now.into()),
            end_time: Some(keeper.ctx.now.saturating_add(10 * MINUTE).into()),
            ..Default::default()
        };
        later.want(&ada, proto::ContactTimes { pauses: vec![pause], ..Default::default() }).await;
        keeper.later(2 * MINUTE).undo(&merge).await;
        for name in [&ada, &bob] {
            assert!(!keeper.later(3 * MINUTE).may_call(name).await, "{name}");
            assert!(keeper.later(10 * MINUTE).may_call(name).await, "{name}");
        }
    }

    async fn a_cap_is_one_of_both_besides_their_own(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        keeper.want(&bob, caps(&[cap(5, 30)])).await;
        let merge = keeper.merge(&ada, &bob).await;
        keeper.later(MINUTE).want(&ada, caps(&[cap(1, 7)])).await;
        keeper.later(2 * MINUTE).undo(&merge).await;
        assert_eq!(keeper.times(&ada).await, caps(&[cap(1, 7)]));
        assert_eq!(keeper.times(&bob).await, caps(&[cap(5, 30), cap(1, 7)]));
    }

    async fn what_was_said_again_while_they_were_one_is_said_for_both(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        keeper.want(&ada, caps(&[cap(1, 7)])).await;
        let merge = keeper.later(MINUTE).merge(&ada, &bob).await;
        // By a clock that is behind, too.
        keeper.want(&ada, caps(&[cap(1, 7)])).await;
        keeper.later(2 * MINUTE).undo(&merge).await;
        assert_eq!(keeper.times(&bob).await, caps(&[cap(1, 7)]));
    }

    async fn what_only_one_of_them_said_before_stays_with_it(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        keeper.want(&ada, caps(&[cap(1, 7)])).await;
        let merge = keeper.later(MINUTE).merge(&ada, &bob).await;
        keeper.later(2 * MINUTE).undo(&merge).await;
        assert_eq!(keeper.times(&bob).await, proto::ContactTimes::default());
    }

    async fn a_night_is_one_of_both_besides_that_of_the_policy(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        let policy = proto::ContactPolicy { quiet_hours: vec![quiet(20, 8)], ..policy() };
        answer(keeper.try_order(policy, "*").await);
        let merge = keeper.merge(&ada, &bob).await;
        keeper.later(MINUTE).want(&ada, nights(&[quiet(12, 13)])).await;
        keeper.later(2 * MINUTE).undo(&merge).await;
        assert_eq!(keeper.times(&ada).await, nights(&[quiet(12, 13)]));
        assert_eq!(keeper.times(&bob).await, nights(&[quiet(20, 8), quiet(12, 13)]));
    }

    async fn who_came_along_hears_of_it_when_it_parts_in_turn(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        let cleo = keeper.person("Cleo").await;
        // What Bob had said before Cleo joined him is said again, for all three.
        keeper.record(&bob, opt_out(Purpose::Marketing)).await;
        let bobs = keeper.later(MINUTE).merge(&bob, &cleo).await;
        let adas = keeper.later(2 * MINUTE).merge(&ada, &bob).await;
        let together = keeper.later(3 * MINUTE);
        together.record(&ada, opt_out(Purpose::Marketing)).await;
        together.record(&ada, opt_out(Purpose::Service)).await;
        together.want(&ada, caps(&[cap(1, 7)])).await;
        keeper.later(4 * MINUTE).undo(&adas).await;
        keeper.later(5 * MINUTE).undo(&bobs).await;
        assert_eq!(keeper.times(&cleo).await, caps(&[cap(1, 7)]));
        let refused = keeper.ledger(&cleo).await;
        let mut purposes: Vec<i32> = refused.iter().map(|it| it.purpose).collect();
        purposes.sort_unstable();
        let mut both = [Purpose::Marketing, Purpose::Service].map(Purpose::number);
        both.sort_unstable();
        assert_eq!(purposes, both);
    }

    async fn what_was_lifted_for_a_while_is_refused_by_both(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        let merge = keeper.merge(&ada, &bob).await;
        keeper.later(MINUTE).record(&ada, opt_out(Purpose::Marketing)).await;
        let for_a_while = proto::ConsentEvent {
            expire_time: Some(keeper.ctx.now.saturating_add(5 * MINUTE).into()),
            ..opt_in(Purpose::Marketing)
        };
        keeper.later(2 * MINUTE).record(&ada, for_a_while).await;
        assert!(keeper.later(3 * MINUTE).may_call(&ada).await);
        keeper.later(6 * MINUTE).undo(&merge).await;
        for name in [&ada, &bob] {
            assert!(!keeper.later(7 * MINUTE).may_call(name).await, "{name}");
        }
    }

    async fn what_others_had_said_before_is_nothing_to_who_came_and_went(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, bob] = keeper.ada_and_bob().await;
        let cleo = keeper.person("Cleo").await;
        keeper.later(MINUTE).merge(&ada, &bob).await;
        // By a clock that is behind: it is later than the merge all the same.
        keeper.record(&bob, opt_out(Purpose::Marketing)).await;
        let merge = keeper.merge(&ada, &cleo).await;
        keeper.undo(&merge).await;
        assert!(keeper.ledger(&cleo).await.is_empty());
    }
}
