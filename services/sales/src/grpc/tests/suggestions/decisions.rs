//! One answer on every channel, with its reasons, until it expires.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, counted, fields, reason};
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use tonic::Code;

use super::super::usd;
use super::{Market, State};
use proto::SuggestionKind as Kind;
use proto::SuggestionOutcome::{Accepted, Declined};

impl Market {
    /// Lets so many days go by: what was decided and said is so much older.
    pub(super) async fn wait(&self, days: u32) {
        let micros = i64::from(days) * 24 * 60 * 60 * 1_000_000;
        let older = [
            format!(
                "UPDATE suggestion_decision SET decide_time = decide_time - {micros}, expire_time = expire_time - {micros}"
            ),
            format!(
                "UPDATE suggestion_response SET respond_time = respond_time - {micros}, hold_until_time = hold_until_time - {micros}"
            ),
        ];
        let wait = |txn: Arc<DatabaseTransaction>| {
            let older = older.clone();
            async move {
                for sql in older {
                    txn.execute_unprepared(&sql).await?;
                }
                Ok::<_, crate::Error>(())
            }
        };
        self.sven().shared.db.write_txn(wait).await.unwrap();
    }
}

on_each_engine! {
    async fn what_goes_with_her_products_is_suggested_and_explained_without_naming_others(db: Database) {
        let market = Market::stocked(&db).await;
        let decision = market.decide("renewal").await;
        assert_eq!(decision.suggestions, [proto::Suggestion {
            product: market.ink.name.clone(),
            kind: Kind::CrossSell.into(),
            because: market.pen.name.clone(),
            explanation: "4 of 5 customers who own Pen own it too".to_owned(),
            owner_count: 5,
            common_count: 4,
            suggested_owner_count: 4,
            customer_count: 10,
            // (4 + 10 * 0.4) / 15, and that over 0.4.
            score_ppm: 533_333,
            lift_ppm: 1_333_333,
            price_step: None,
            state: State::Open.into(),
        }]);
        assert_eq!((decision.customer.as_str(), decision.policy_version), (market.her(), 0));
        let told = format!("{:?}", decision.suggestions);
        assert!(!told.contains("customers/"), "{told}");
    }

    async fn what_she_owns_or_nobody_can_buy_is_not_suggested(db: Database) {
        let market = Market::stocked(&db).await;
        let before = market.decide("renewal").await;
        market.wins(market.her(), &[&market.ink]).await;
        assert!(market.suggested("call").await.is_empty(), "not even before it is counted");
        assert_eq!(market.suggested("renewal").await, market.ink_is(State::Withdrawn));
        let other = market.another(&[&market.pen]).await;
        let fresh = market.sven().decide(&other, "renewal").await.unwrap();
        assert_eq!(market.named(&fresh), market.ink_is(State::Open));
        market.sven().retire(&market.ink).await;
        let same = market.sven().decision(&fresh.name).await.unwrap();
        assert_eq!(market.named(&same), market.ink_is(State::Withdrawn));
        assert!(market.sven().decide(&other, "call").await.unwrap().suggestions.is_empty());
        assert_eq!(before.suggestions.len(), 1);
    }

    async fn a_decision_stays_as_it_is_until_it_expires(db: Database) {
        let market = Market::stocked(&db).await;
        let first = market.decide("renewal").await;
        let hat = market.sven().sell("Hat", "", 10).await;
        for _ in 0..6 {
            market.another(&[&market.pen, &hat]).await;
        }
        market.count().await;
        let (sven, web) = (market.sven(), market.sven().acting_as("systems/web"));
        assert_eq!(web.decide(market.her(), "renewal").await.unwrap(), first);
        assert_eq!(market.suggested("call").await.len(), 2, "another situation is decided by what is known now");
        market.wait(29).await;
        assert_eq!(web.decide(market.her(), "renewal").await.unwrap().name, first.name);
        market.wait(1).await;
        let anew = web.decide(market.her(), "renewal").await.unwrap();
        assert_ne!(anew.name, first.name);
        assert_eq!(anew.suggestions.len(), 2);
        assert_eq!(sven.decision(&first.name).await.unwrap_err().code(), Code::NotFound);
        let request = proto::ListSuggestionDecisionsRequest { parent: market.her().to_owned(), page_size: 1, ..Default::default() };
        let page = answer(sven.suggestions().list_suggestion_decisions(request.clone()).await);
        assert_eq!(page.suggestion_decisions[0].name, anew.name);
        let request = proto::ListSuggestionDecisionsRequest { page_token: page.next_page_token, ..request };
        let page = answer(sven.suggestions().list_suggestion_decisions(request).await);
        assert_eq!((page.suggestion_decisions[0].situation.as_str(), page.next_page_token.as_str()), ("call", ""));
    }

    async fn of_many_who_decide_at_once_all_get_one_decision(db: Database) {
        let market = Market::stocked(&db).await;
        let (sven, her) = (market.sven(), market.her());
        let decisions = join_all((0..8).map(|_| sven.decide(her, "renewal"))).await;
        let first = decisions[0].as_ref().unwrap().clone();
        assert!(decisions.into_iter().all(|it| it.unwrap() == first));
        let told = sven.announced().await;
        assert_eq!(told.iter().filter(|it| *it == "SuggestionsDecided").count(), 1);
    }

    async fn what_she_declined_is_not_offered_anywhere_for_the_time_of_the_policy(db: Database) {
        let market = Market::stocked(&db).await;
        let (sven, decision) = (market.sven(), market.decide("renewal").await);
        let said = sven.respond(&decision, &market.ink, Declined).await.unwrap();
        assert_eq!((said.outcome(), said.reason.as_str(), said.author.as_str()), (Declined, "Has enough of it", "employees/sven"));
        assert_eq!(market.suggested("renewal").await, market.ink_is(State::Declined));
        assert!(market.suggested("call").await.is_empty());
        assert_eq!(sven.responses(market.her()).await, [said]);
        for (days, ink) in [(31, 0), (148, 0), (1, 1)] {
            market.wait(days).await;
            let situation = format!("after-{days}");
            assert_eq!(market.suggested(&situation).await.len(), ink, "{days}");
        }
    }

    async fn what_was_said_to_a_decision_counts_in_it_however_short_it_holds_elsewhere(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let request = proto::GetSuggestionPolicyRequest { name: "suggestionPolicy".to_owned() };
        let policy = answer(sven.suggestions().get_suggestion_policy(request).await);
        let policy = proto::SuggestionPolicy { declined_days: 0, accepted_days: 1, ..policy };
        let request = proto::SetSuggestionPolicyRequest { suggestion_policy: Some(policy), ..Default::default() };
        answer(sven.suggestions().set_suggestion_policy(request).await);
        let decision = market.decide("renewal").await;
        sven.respond(&decision, &market.ink, Accepted).await.unwrap();
        market.wait(2).await;
        assert_eq!(market.suggested("renewal").await, market.ink_is(State::Accepted));
        sven.respond(&decision, &market.ink, Declined).await.unwrap();
        assert_eq!(market.suggested("renewal").await, market.ink_is(State::Declined));
        market.wait(1).await;
        assert_eq!(market.suggested("call").await, market.ink_is(State::Open), "elsewhere it is suggested again");
        assert_eq!(market.suggested("renewal").await, market.ink_is(State::Declined));
    }

    async fn she_may_change_her_mind(db: Database) {
        let market = Market::stocked(&db).await;
        let decision = market.decide("renewal").await;
        market.sven().respond(&decision, &market.ink, Declined).await.unwrap();
        let later = market.sven().later(Duration::from_secs(1));
        let accepted = later.respond(&decision, &market.ink, Accepted).await.unwrap();
        assert_eq!(market.suggested("renewal").await, market.ink_is(State::Accepted));
        let responses = later.responses(market.her()).await;
        assert_eq!(responses.len(), 2);
        assert_eq!(responses[1].hold_until_time, accepted.respond_time, "what she said last holds alone");
        // Thirty days on she still has none: it is suggested again.
        market.wait(31).await;
        assert_eq!(market.suggested("call").await, market.ink_is(State::Open));
    }

    async fn answers_are_to_what_was_suggested_and_count_once(db: Database) {
        let market = Market::stocked(&db).await;
        let (sven, decision) = (market.sven(), market.decide("renewal").await);
        let refused = sven.respond(&decision, &market.cap, Declined).await.unwrap_err();
        assert_eq!(fields(&refused), ["product"]);
        let nothing = sven.respond(&decision, &market.ink, proto::SuggestionOutcome::Unspecified).await.unwrap_err();
        assert_eq!(fields(&nothing), ["outcome"]);
        let request = proto::RespondToSuggestionRequest {
            name: decision.name.clone(),
            product: market.ink.name.clone(),
            outcome: Declined.into(),
            request_id: new_id().to_string(),
            ..Default::default()
        };
        let first = answer(sven.suggestions().respond_to_suggestion(request.clone()).await);
        let again = answer(sven.suggestions().respond_to_suggestion(request).await);
        assert_eq!(first, again);
        assert_eq!(sven.responses(market.her()).await.len(), 1);
    }

    async fn the_next_dearer_product_of_the_series_is_an_up_sell(db: Database) {
        let market = Market::open(&db).await;
        let sven = market.sven();
        let basic = sven.sell("Basic", "GTX", 100).await;
        let plus = sven.sell("Plus", "GTX", 200).await;
        let pro = sven.sell("Pro", "GTX", 300).await;
        let _ultra = sven.sell("Ultra", "GTX", 400).await;
        let _other = sven.sell("Other", "MG", 250).await;
        market.wins(market.her(), &[&basic]).await;
        let decision = market.decide("renewal").await;
        assert_eq!(decision.suggestions.len(), 1);
        let step = &decision.suggestions[0];
        assert_eq!((&step.product, step.kind(), &step.because), (&plus.name, Kind::UpSell, &basic.name));
        assert_eq!((step.price_step.clone(), step.owner_count), (Some(usd(100)), 0));
        assert_eq!(step.explanation, "The next dearer product of the series GTX after Basic");
        // Never down from the dearest that she has, and past what is no longer sold.
        market.wins(market.her(), &[&plus]).await;
        sven.retire(&pro).await;
        let decision = market.decide("call").await;
        assert_eq!(decision.suggestions.len(), 1);
        assert_eq!(decision.suggestions[0].explanation, "The next dearer product of the series GTX after Plus");
        assert_eq!(decision.suggestions[0].price_step, Some(usd(200)));
    }

    async fn what_is_dearer_still_is_not_pushed_on_who_declined_the_next_dearer(db: Database) {
        let market = Market::open(&db).await;
        let sven = market.sven();
        let basic = sven.sell("Basic", "GTX", 100).await;
        let plus = sven.sell("Plus", "GTX", 200).await;
        sven.sell("Pro", "GTX", 300).await;
        market.wins(market.her(), &[&basic]).await;
        let decision = market.decide("renewal").await;
        sven.respond(&decision, &plus, Declined).await.unwrap();
        assert!(market.suggested("call").await.is_empty(), "Pro is not the next dearer one");
        sven.retire(&plus).await;
        let pro = market.decide("visit").await.suggestions.remove(0);
        assert_eq!(pro.explanation, "The next dearer product of the series GTX after Basic");
    }

    async fn the_policy_says_how_many_of_whom_and_how_long(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let request = proto::GetSuggestionPolicyRequest { name: "suggestionPolicy".to_owned() };
        let policy = answer(sven.suggestions().get_suggestion_policy(request).await);
        let set = async |policy: proto::SuggestionPolicy| {
            let request = proto::SetSuggestionPolicyRequest { suggestion_policy: Some(policy), ..Default::default() };
            super::inner(sven.suggestions().set_suggestion_policy(request).await)
        };
        let strict = set(proto::SuggestionPolicy { min_common_customers: 5, ..policy.clone() }).await.unwrap();
        assert!(strict.version == 1 && market.suggested("strict").await.is_empty());
        let stale = set(policy).await.unwrap_err();
        assert_eq!(reason(&stale), "ETAG_MISMATCH");
        let rare = set(proto::SuggestionPolicy { min_common_customers: 2, min_lift_ppm: 1_400_000, ..strict.clone() }).await.unwrap();
        assert!(market.suggested("rare").await.is_empty());
        set(proto::SuggestionPolicy { min_lift_ppm: 1_300_000, valid_days: 1, ..rare }).await.unwrap();
        let decision = market.decide("short").await;
        assert_eq!((market.named(&decision), decision.policy_version), (market.ink_is(State::Open), 3));
        market.wait(1).await;
        assert_ne!(market.decide("short").await.name, decision.name);
        let refused = set(proto::SuggestionPolicy { max_suggestions: 21, min_common_customers: 1, ..strict }).await.unwrap_err();
        assert_eq!(fields(&refused), ["suggestion_policy.max_suggestions", "suggestion_policy.min_common_customers"]);
    }

    async fn nobody_else_decides_or_sees_it(db: Database) {
        let market = Market::stocked(&db).await;
        let decision = market.decide("renewal").await;
        let stranger = market.sven().of_another_tenant();
        assert_eq!(stranger.decide(market.her(), "renewal").await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.decision(&decision.name).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.respond(&decision, &market.ink, Declined).await.unwrap_err().code(), Code::NotFound);
        assert!(stranger.responses(market.her()).await.is_empty());
    }

    async fn a_decision_takes_a_few_statements_however_much_there_is(db: Database) {
        let market = Market::stocked(&db).await;
        let (counted_db, count) = counted(&db);
        let mut caller = market.sven().clone();
        caller.shared.db = counted_db;
        caller.decide(market.her(), "renewal").await.unwrap();
        let few = count.swap(0, std::sync::atomic::Ordering::Relaxed);
        for _ in 0..3 {
            market.wins(market.her(), &[&market.cap, &market.pen]).await;
        }
        market.count().await;
        caller.decide(market.her(), "call").await.unwrap();
        assert_eq!(count.swap(0, std::sync::atomic::Ordering::Relaxed), few);
        caller.decide(market.her(), "call").await.unwrap();
        let read = count.load(std::sync::atomic::Ordering::Relaxed);
        assert!(few <= 16 && read <= 4, "{few} {read}");
    }
}
