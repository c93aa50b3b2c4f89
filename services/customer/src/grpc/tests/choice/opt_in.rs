//! Opt-ins that the customer confirms once more.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tonic::{Response, Status};
use uuid::Uuid;

use super::{Keeper, answer, fields, on, opt_in, opt_out, reason, refused, rule};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentOutcome;
use crate::domain::contact::policy::PurposeMode;
use crate::testing::{self, metadata};

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);

impl Keeper {
    /// A company that demands a confirmed consent for marketing.
    async fn careful(db: &rapport_platform::db::Database) -> Self {
        let keeper = Self::of(db).await;
        keeper
            .order(&[rule(Purpose::Marketing, PurposeMode::Restrictive, true)])
            .await;
        keeper
    }

    async fn ask_to_confirm(&self, customer: &str) -> proto::RequestOptInResponse {
        let request = proto::RequestOptInRequest {
            parent: customer.to_owned(),
            consent_event: Some(opt_in(Purpose::Marketing)),
            ..Default::default()
        };
        answer(self.consents().request_opt_in(request).await)
    }

    async fn confirm(&self, token: &str) -> Result<Response<proto::ConsentEvent>, Status> {
        let token = token.to_owned();
        let request = proto::ConfirmOptInRequest { token };
        self.consents().confirm_opt_in(request).await
    }
}

on_each_engine! {
    async fn a_consent_counts_when_the_customer_has_confirmed_it(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let asked = keeper.ask_to_confirm(&ada).await;
        assert_eq!(asked.uri, format!("https://contact.example.com/c/{}", asked.token));
        assert_eq!(keeper.outcome(&ada, Purpose::Marketing).await, ConsentOutcome::Unconfirmed);

        let day_after = keeper.later(DAY);
        let confirmed = answer(day_after.confirm(&asked.token).await);
        let now = Some(day_after.ctx.now.into());
        assert_eq!(confirmed.double_opt_in_time, now);
        assert_eq!(confirmed.capture_time, now);
        assert_eq!(confirmed.source, "web/checkout");
        assert_eq!(day_after.outcome(&ada, Purpose::Marketing).await, ConsentOutcome::OptedIn);
        assert_eq!(keeper.events("ConsentRecorded").await.len(), 2);
    }

    async fn the_page_says_what_is_confirmed_and_changes_nothing(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let news = proto::ConsentEvent { topic: "events".into(), ..opt_in(Purpose::Marketing) };
        let request = proto::RequestOptInRequest {
            parent: ada.clone(),
            consent_event: Some(news),
            ..Default::default()
        };
        let asked = answer(keeper.consents().request_opt_in(request).await);
        let describe = async |keeper: &Keeper, token: &str| {
            let token = token.to_owned();
            let request = proto::DescribeOptInRequest { token };
            keeper.consents().describe_opt_in(request).await
        };
        let seen = answer(describe(&keeper, &asked.token).await);
        assert_eq!(seen.purpose, Purpose::Marketing.number());
        assert_eq!(seen.topic_display_name, "All <about> events");
        assert!(!seen.confirmed);
        assert_eq!(keeper.ledger(&ada).await.len(), 1);
        assert_eq!(fields(describe(&keeper, "token").await), ["token"]);
        let late = keeper.later(30 * DAY);
        assert_eq!(reason(describe(&late, &asked.token).await), "INVALID_STATE");

        answer(keeper.later(SECOND).confirm(&asked.token).await);
        assert!(answer(describe(&late, &asked.token).await).confirmed);
    }

    async fn confirming_again_changes_nothing(db: Database, storage: &Storage) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let asked = keeper.ask_to_confirm(&ada).await;
        let other = keeper.in_another_process(storage.connect().await);
        let (one, two) = tokio::join!(keeper.confirm(&asked.token), other.confirm(&asked.token));
        let first = answer(one);
        assert_eq!(answer(two), first);
        assert_eq!(keeper.ledger(&ada).await.len(), 2);

        keeper.later(SECOND).record(&ada, opt_out(Purpose::Marketing)).await;
        let again = keeper.later(2 * SECOND);
        assert_eq!(answer(again.confirm(&asked.token).await), first);
        assert_eq!(again.outcome(&ada, Purpose::Marketing).await, ConsentOutcome::OptedOut);
    }

    async fn it_waits_thirty_days(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let asked = keeper.ask_to_confirm(&ada).await;
        let told = refused(keeper.later(30 * DAY).confirm(&asked.token).await);
        assert_eq!(testing::reason(&told), "INVALID_STATE");
        assert_eq!(metadata(&told, "state"), "STALE");
        assert!(keeper.later(30 * DAY - SECOND).confirm(&asked.token).await.is_ok());
    }

    async fn an_opt_out_in_the_meantime_stands(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let asked = keeper.ask_to_confirm(&ada).await;
        let sms = proto::ConsentEvent { scope: on(Channel::Sms), ..opt_out(Purpose::Marketing) };
        keeper.later(SECOND).record(&ada, sms).await;
        let told = refused(keeper.later(2 * SECOND).confirm(&asked.token).await);
        assert_eq!(metadata(&told, "state"), "OPTED_OUT");

        let anew = keeper.later(3 * SECOND).ask_to_confirm(&ada).await;
        assert!(keeper.later(4 * SECOND).confirm(&anew.token).await.is_ok());
    }

    async fn an_opt_out_about_something_else_does_not_matter(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let asked = keeper.ask_to_confirm(&ada).await;
        keeper.later(SECOND).record(&ada, opt_out(Purpose::Sales)).await;
        assert!(keeper.later(2 * SECOND).confirm(&asked.token).await.is_ok());
    }

    async fn one_whose_term_is_over_is_not_confirmed(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let brief = proto::ConsentEvent {
            expire_time: Some(keeper.ctx.now.saturating_add(DAY).into()),
            ..opt_in(Purpose::Marketing)
        };
        let request = proto::RequestOptInRequest {
            parent: ada,
            consent_event: Some(brief),
            ..Default::default()
        };
        let asked = answer(keeper.consents().request_opt_in(request).await);
        let told = refused(keeper.later(DAY).confirm(&asked.token).await);
        assert_eq!(metadata(&told, "state"), "EXPIRED");
    }

    async fn a_repeated_request_has_the_same_token(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let request = proto::RequestOptInRequest {
            parent: ada.clone(),
            consent_event: Some(opt_in(Purpose::Marketing)),
            request_id: Uuid::from_u128(7).to_string(),
        };
        let first = answer(keeper.consents().request_opt_in(request.clone()).await);
        assert_eq!(answer(keeper.consents().request_opt_in(request).await), first);
        assert_eq!(keeper.ledger(&ada).await.len(), 1);
    }

    async fn only_what_is_not_confirmed_is_asked_for(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let ask = async |entry: proto::ConsentEvent| {
            let request = proto::RequestOptInRequest {
                parent: ada.clone(),
                consent_event: Some(entry),
                ..Default::default()
            };
            fields(keeper.consents().request_opt_in(request).await)
        };
        assert_eq!(ask(opt_out(Purpose::Marketing)).await, ["consent_event.status"]);
        let confirmed = proto::ConsentEvent {
            double_opt_in_time: Some(keeper.ctx.now.into()),
            ..opt_in(Purpose::Marketing)
        };
        assert_eq!(ask(confirmed).await, ["consent_event.double_opt_in_time"]);
    }

    async fn other_tokens_confirm_nothing(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let asked = keeper.ask_to_confirm(&ada).await;
        let mut altered = asked.token.clone();
        let last = altered.pop().unwrap();
        altered.push(if last == 'A' { 'B' } else { 'A' });
        for token in [altered.as_str(), "token", ""] {
            assert_eq!(fields(keeper.confirm(token).await), ["token"]);
        }
        let elsewhere = keeper.of_another_tenant();
        assert_eq!(fields(elsewhere.confirm(&asked.token).await), ["token"]);
        assert_eq!(keeper.ledger(&ada).await.len(), 1);
    }

    async fn nobody_confirms_for_one_who_is_gone(db: Database) {
        let keeper = Keeper::careful(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let asked = keeper.ask_to_confirm(&ada).await;
        keeper.delete(&ada).await;
        assert_eq!(reason(keeper.confirm(&asked.token).await), "RESOURCE_DELETED");
    }
}
