//! `SuggestionService`.

mod count;
mod decide;
mod present;

use std::collections::BTreeSet;

use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;

use super::convert::suggestion as convert;
use super::{SMALL_PAGE, Shared};
use crate::error::Error;
use crate::resource::{CUSTOMER, SUGGESTION_DECISION};
use crate::store::entity::suggestion_policy::Entity as Policies;
use crate::store::suggestion;

pub(crate) use count::worker;
#[cfg(test)]
pub(crate) use count::{count_all, count_some};
pub(super) use decide::worth_suggesting;

/// Decides what customers are offered next.
pub(crate) struct Suggestions(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.SuggestionService" for Suggestions {
        decide_suggestions(proto::DecideSuggestionsRequest) -> proto::SuggestionDecision = decide;
        get_suggestion_decision(proto::GetSuggestionDecisionRequest)
            -> proto::SuggestionDecision = get;
        list_suggestion_decisions(proto::ListSuggestionDecisionsRequest)
            -> proto::ListSuggestionDecisionsResponse = list;
        present_suggestions(proto::PresentSuggestionsRequest)
            -> proto::SuggestionDecision = present;
        respond_to_suggestion(proto::RespondToSuggestionRequest)
            -> proto::SuggestionResponse = respond;
        list_suggestion_responses(proto::ListSuggestionResponsesRequest)
            -> proto::ListSuggestionResponsesResponse = list_responses;
        get_suggestion_policy(proto::GetSuggestionPolicyRequest)
            -> proto::SuggestionPolicy = get_policy;
        set_suggestion_policy(proto::SetSuggestionPolicyRequest)
            -> proto::SuggestionPolicy = set_policy;
    }
}

impl Suggestions {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetSuggestionDecisionRequest,
    ) -> Result<proto::SuggestionDecision, Error> {
        let [id] = SUGGESTION_DECISION.parse("name", &request.name)?;
        let db = self.0.db.read();
        decide::told(&ctx, db, suggestion::get(&ctx, db, id).await?).await
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListSuggestionDecisionsRequest,
    ) -> Result<proto::ListSuggestionDecisionsResponse, Error> {
        let proto::ListSuggestionDecisionsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [customer] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.SuggestionService/ListSuggestionDecisions",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        let rows = suggestion::list(&ctx, db, customer, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.decision_id)?;
        let since = decide::since(&ctx, db, &BTreeSet::from([customer]), &rows).await?;
        let decisions = rows.into_iter().map(|row| convert::to_proto(row, &since));
        Ok(proto::ListSuggestionDecisionsResponse {
            suggestion_decisions: decisions.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn list_responses(
        &self,
        ctx: Context,
        request: proto::ListSuggestionResponsesRequest,
    ) -> Result<proto::ListSuggestionResponsesResponse, Error> {
        let proto::ListSuggestionResponsesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [customer] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.SuggestionService/ListSuggestionResponses",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        let rows = suggestion::responses(&ctx, db, customer, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.response_id)?;
        Ok(proto::ListSuggestionResponsesResponse {
            suggestion_responses: rows.into_iter().map(convert::response_to_proto).collect(),
            next_page_token,
        })
    }

    async fn get_policy(
        &self,
        ctx: Context,
        request: proto::GetSuggestionPolicyRequest,
    ) -> Result<proto::SuggestionPolicy, Error> {
        self.0.policy::<Policies>(&ctx, &request.name).await
    }

    async fn set_policy(
        &self,
        ctx: Context,
        request: proto::SetSuggestionPolicyRequest,
    ) -> Result<proto::SuggestionPolicy, Error> {
        let sent = request.suggestion_policy.as_ref();
        self.0.set_policy::<Policies, _>(&ctx, &request, sent).await
    }
}
