//! What the ledger said at an instant.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_event::Scope;

use super::{Keeper, answer, fields, on, opt_in, opt_out, outcome, rule};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentOutcome;
use crate::domain::contact::policy::PurposeMode;

const HOUR: Duration = Duration::from_hours(1);

async fn state(
    keeper: &Keeper,
    customer: &str,
    as_of: Option<Timestamp>,
    contact_point: &str,
) -> proto::ConsentState {
    let request = proto::GetConsentStateRequest {
        customer: customer.to_owned(),
        as_of: as_of.map(Into::into),
        contact_point: contact_point.to_owned(),
    };
    answer(keeper.consents().get_consent_state(request).await)
}

on_each_engine! {
    async fn every_purpose_and_channel_has_a_verdict(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[rule(Purpose::Marketing, PurposeMode::Restrictive, false)]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let sms = proto::ConsentEvent { scope: on(Channel::Sms), ..opt_in(Purpose::Marketing) };
        let sms = keeper.record(&ada, sms).await;
        let out = keeper.record(&ada, opt_out(Purpose::Sales)).await;

        let state = state(&keeper, &ada, None, "").await;
        assert_eq!(state.verdicts.len(), Purpose::ALL.len() * Channel::ALL.len());
        let of = |purpose, channel| outcome(&state, purpose, channel, "");
        assert_eq!(of(Purpose::Marketing, Channel::Sms), ConsentOutcome::OptedIn);
        assert_eq!(of(Purpose::Marketing, Channel::Email), ConsentOutcome::Missing);
        assert_eq!(of(Purpose::Sales, Channel::Email), ConsentOutcome::OptedOut);
        assert_eq!(of(Purpose::Service, Channel::Email), ConsentOutcome::NotNeeded);
        assert_eq!(of(Purpose::Legal, Channel::Email), ConsentOutcome::NotNeeded);
        let deciding = |purpose: Purpose, channel: Channel| {
            let mut all = state.verdicts.iter();
            let it = all.find(|it| {
                (it.purpose, it.channel) == (purpose.number(), channel.number())
            });
            it.unwrap().consent_events.clone()
        };
        assert_eq!(deciding(Purpose::Marketing, Channel::Sms), [sms.name]);
        assert_eq!(deciding(Purpose::Sales, Channel::Email), [out.name]);
    }

    async fn a_topic_has_verdicts_of_its_own_once_something_is_said_about_it(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let news = proto::ConsentEvent {
            topic: "product-news".to_owned(),
            ..opt_out(Purpose::Marketing)
        };
        keeper.record(&ada, news).await;
        let state = state(&keeper, &ada, None, "").await;
        let of = |topic| outcome(&state, Purpose::Marketing, Channel::Email, topic);
        assert_eq!(of("product-news"), ConsentOutcome::OptedOut);
        assert_eq!(of(""), ConsentOutcome::NotNeeded);
        assert!(state.verdicts.iter().all(|it| it.topic != "events"));
    }

    async fn what_was_said_about_an_address_counts_at_that_address(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let home = keeper.email(&ada, "ada@example.com").await;
        let work = keeper.email(&ada, "ada@example.org").await;
        let not_there = proto::ConsentEvent {
            scope: Some(Scope::ContactPoint(work.clone())),
            ..opt_out(Purpose::Marketing)
        };
        keeper.record(&ada, not_there).await;
        let at = async |point: &str| {
            let state = state(&keeper, &ada, None, point).await;
            outcome(&state, Purpose::Marketing, Channel::Email, "")
        };
        assert_eq!(at(&work).await, ConsentOutcome::OptedOut);
        assert_eq!(at(&home).await, ConsentOutcome::NotNeeded);
        assert_eq!(at("").await, ConsentOutcome::NotNeeded);
    }

    async fn the_answer_about_a_past_instant_never_changes(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[rule(Purpose::Marketing, PurposeMode::Restrictive, false)]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let then = keeper.later(HOUR);
        then.record(&ada, opt_in(Purpose::Marketing)).await;
        let asked = then.ctx.now;
        let now = keeper.later(4 * HOUR);
        let first = state(&now, &ada, Some(asked), "").await;
        assert_eq!(outcome(&first, Purpose::Marketing, Channel::Email, ""), ConsentOutcome::OptedIn);

        // An opt-out dated back, another policy, and a topic nobody spoke of then.
        let later = keeper.later(2 * HOUR);
        let backdated = proto::ConsentEvent {
            capture_time: Some(keeper.ctx.now.into()),
            ..opt_out(Purpose::Marketing)
        };
        later.record(&ada, backdated).await;
        later.order(&[rule(Purpose::Marketing, PurposeMode::Disabled, false)]).await;
        let news = proto::ConsentEvent { topic: "events".into(), ..opt_in(Purpose::Marketing) };
        later.record(&ada, news).await;

        assert_eq!(state(&now, &ada, Some(asked), "").await, first);
        let before = state(&now, &ada, Some(keeper.ctx.now), "").await;
        assert_eq!(outcome(&before, Purpose::Marketing, Channel::Email, ""), ConsentOutcome::Missing);
        assert_eq!(now.outcome(&ada, Purpose::Marketing).await, ConsentOutcome::OptedOut);
    }

    async fn a_consent_ends_at_the_instant_of_its_expiry(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[rule(Purpose::Marketing, PurposeMode::Restrictive, false)]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let end = keeper.ctx.now.saturating_add(HOUR);
        let until = proto::ConsentEvent {
            expire_time: Some(end.into()),
            ..opt_in(Purpose::Marketing)
        };
        keeper.record(&ada, until).await;
        let just_before = keeper.later(HOUR - Duration::from_micros(1));
        assert_eq!(just_before.outcome(&ada, Purpose::Marketing).await, ConsentOutcome::OptedIn);
        assert_eq!(
            keeper.later(HOUR).outcome(&ada, Purpose::Marketing).await,
            ConsentOutcome::Missing
        );
    }

    async fn nobody_knows_the_future(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let request = proto::GetConsentStateRequest {
            customer: ada,
            as_of: Some(keeper.ctx.now.saturating_add(HOUR).into()),
            ..Default::default()
        };
        assert_eq!(fields(keeper.consents().get_consent_state(request).await), ["as_of"]);
    }
}
