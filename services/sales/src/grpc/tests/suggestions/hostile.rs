//! Whatever a caller sends gets an answer with a reason, and never a fault of ours.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::Channel;

use super::Market;

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let market = Market::stocked(&db).await;
        let (sven, her) = (market.sven(), market.her().to_owned());
        let decision = market.decide("renewal").await.name;
        let permitted = sven.with(|ctx| ctx.permit = Some(new_id()));
        let mut calls = 0;
        calls += spoil!(sven.suggestions(), decide_suggestions, DecideSuggestionsRequest { customer: her.clone(), situation: "call".into() });
        calls += spoil!(sven.suggestions(), get_suggestion_decision, GetSuggestionDecisionRequest { name: decision.clone() });
        calls += spoil!(sven.suggestions(), list_suggestion_decisions, ListSuggestionDecisionsRequest { parent: her.clone() });
        calls += spoil!(permitted.suggestions(), present_suggestions, PresentSuggestionsRequest {
            name: decision.clone(), customer: her.clone(), channel: Channel::Email.into(), subject: "a".into(),
        });
        calls += spoil!(sven.suggestions(), respond_to_suggestion, RespondToSuggestionRequest {
            name: decision, product: market.ink.name.clone(), outcome: proto::SuggestionOutcome::Declined.into(), reason: "a".into(),
        });
        calls += spoil!(sven.suggestions(), list_suggestion_responses, ListSuggestionResponsesRequest { parent: her });
        let policy = proto::SuggestionPolicy { max_suggestions: 1, valid_days: 1, min_common_customers: 2, ..Default::default() };
        calls += spoil!(sven.suggestions(), get_suggestion_policy, GetSuggestionPolicyRequest { name: "suggestionPolicy".into() });
        calls += spoil!(sven.suggestions(), set_suggestion_policy, SetSuggestionPolicyRequest { suggestion_policy: Some(policy) });
        assert!(calls > 110, "{calls}");
    }
}
