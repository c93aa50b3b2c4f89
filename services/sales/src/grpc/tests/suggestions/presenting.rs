//! What was decided reaches her as she lets it.

use prost::Message as _;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, fields, metadata};
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use tonic::{Code, Status};

use super::super::announcements::told_of;
use super::{Market, inner};
use crate::testing::Caller;
use proto::SuggestionOutcome::Declined;

fn by_phone(decision: &proto::SuggestionDecision) -> proto::PresentSuggestionsRequest {
    proto::PresentSuggestionsRequest {
        name: decision.name.clone(),
        customer: decision.customer.clone(),
        channel: Channel::Phone.into(),
        subject: "Your renewal".to_owned(),
        ..Default::default()
    }
}

impl Caller {
    /// Presents with the leave that the gateway gets.
    async fn present(
        &self,
        request: proto::PresentSuggestionsRequest,
    ) -> Result<proto::SuggestionDecision, Status> {
        let permitted = self.with(|ctx| ctx.permit = Some(new_id()));
        inner(permitted.suggestions().present_suggestions(request).await)
    }
}

on_each_engine! {
    async fn presenting_hands_a_message_over_under_the_permit(db: Database) {
        let market = Market::stocked(&db).await;
        let decision = market.decide("renewal").await;
        let leave = new_id();
        let permitted = market.sven().with(|ctx| ctx.permit = Some(leave));
        let request = proto::PresentSuggestionsRequest { request_id: new_id().to_string(), ..by_phone(&decision) };
        let presented = answer(permitted.suggestions().present_suggestions(request.clone()).await);
        assert_eq!(answer(permitted.suggestions().present_suggestions(request).await), presented, "a repeated request");
        assert_eq!((presented.present_channel(), presented.present_time.is_some()), (Channel::Phone, true));
        assert_eq!(presented.suggestions, decision.suggestions);

        let permit = format!("{}/contactPermits/{leave}", decision.customer);
        let told = told_of(&db, &permit).await;
        assert_eq!((told.len(), told[0].0.as_str()), (1, "SuggestionMessageSubmitted"));
        let message = proto::SuggestionMessageSubmitted::decode(told[0].2.as_slice()).unwrap().message.unwrap();
        assert_eq!((message.contact_permit.as_str(), message.purpose(), message.body.as_str()), (permit.as_str(), Purpose::Sales, "Ink"));
        assert_eq!(message.links, [decision.name.clone(), market.ink.name.clone()]);
        let kinds: Vec<_> = told_of(&db, &decision.name).await.into_iter().map(|(kind, version, _)| (kind, version)).collect();
        assert_eq!(kinds, [("SuggestionsDecided".to_owned(), 1), ("SuggestionsPresented".to_owned(), 2)]);
    }

    async fn it_reaches_her_once_however_often_the_message_is_handed_over(db: Database) {
        let market = Market::stocked(&db).await;
        let decision = market.decide("renewal").await;
        let point = market.company.with_email().await;
        let permit = market.company.leave().await;
        let permitted = market.sven().with(|ctx| ctx.permit = Some(permit));
        let by_email = proto::PresentSuggestionsRequest { channel: Channel::Email.into(), message: "Ink for your pen?".to_owned(), ..by_phone(&decision) };
        answer(permitted.suggestions().present_suggestions(by_email).await);
        market.company.hand_over(&db, 3).await;
        let deliveries = market.company.deliveries().await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].permit, format!("{}/contactPermits/{permit}", decision.customer), "the leave that was given");
        assert_eq!(deliveries[0].contact_point, point.name);
        let said = market.company.timeline().await;
        assert_eq!((said.len(), said[0].summary.as_str(), said[0].body.as_str()), (1, "Your renewal", "Ink for your pen?"));
        assert_eq!((said[0].agent.as_str(), &said[0].links), ("employees/sven", &vec![decision.name.clone(), market.ink.name.clone()]));
    }

    async fn nothing_is_presented_without_leave_or_that_is_not_to_be_offered(db: Database) {
        let market = Market::stocked(&db).await;
        let (sven, decision) = (market.sven(), market.decide("renewal").await);
        let unasked = sven.suggestions().present_suggestions(by_phone(&decision)).await;
        assert_eq!(unasked.unwrap_err().code(), Code::Internal, "the gateway lets none through");
        let other = market.company.another_customer().await;
        let wrong = sven.present(proto::PresentSuggestionsRequest { customer: other, ..by_phone(&decision) }).await.unwrap_err();
        assert_eq!(fields(&wrong), ["customer"]);
        sven.respond(&decision, &market.ink, Declined).await.unwrap();
        let declined = sven.present(by_phone(&decision)).await.unwrap_err();
        assert_eq!(metadata(&declined, "state"), "NOTHING_OPEN");
        market.wait(31).await;
        let expired = sven.present(by_phone(&decision)).await.unwrap_err();
        assert_eq!(metadata(&expired, "state"), "EXPIRED");
        let told = sven.announced().await;
        assert!(!told.iter().any(|it| it == "SuggestionMessageSubmitted" || it == "SuggestionsPresented"));
    }

    async fn what_a_merge_left_behind_is_not_presented_and_its_answers_are_the_survivors(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let ada = market.another(&[&market.pen]).await;
        market.count().await;
        let left = market.decide("renewal").await;
        let own = sven.decide(&ada, "renewal").await.unwrap();
        let merge = market.company.beside.merge(&sven.ctx, &ada, market.her()).await;
        let name = merge.name.clone();
        let fact = customer::CustomersMerged { customer_merge: Some(merge), ..Default::default() };
        sven.hear(&name, 1, &fact).await;
        let both = proto::PresentSuggestionsRequest { customer: ada.clone(), ..by_phone(&left) };
        let refused = sven.present(both).await.unwrap_err();
        assert_eq!(metadata(&refused, "state"), "SUPERSEDED");
        let said = sven.respond(&left, &market.ink, Declined).await.unwrap();
        assert_eq!(said.customer, ada);
        let declined = sven.present(by_phone(&own)).await.unwrap_err();
        assert_eq!(metadata(&declined, "state"), "NOTHING_OPEN");
    }

    async fn what_either_owns_is_not_presented_before_a_merge_is_heard_of(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let ada = market.company.another_customer().await;
        let hers = market.decide("renewal").await;
        market.company.beside.merge(&sven.ctx, &ada, market.her()).await;
        let request = proto::PresentSuggestionsRequest { customer: ada.clone(), ..by_phone(&hers) };
        let presented = sven.present(request.clone()).await.unwrap();
        assert_eq!((&presented.customer, presented.suggestions.len()), (&ada, 1));
        market.wins(&ada, &[&market.ink]).await;
        let owned = sven.present(request).await.unwrap_err();
        assert_eq!(metadata(&owned, "state"), "NOTHING_OPEN");
    }
}
