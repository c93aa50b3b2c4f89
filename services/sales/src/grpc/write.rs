//! Requests that change something. A caller who is not sure that one arrived repeats it with the
//! same `request_id`, and it has one effect.

use std::sync::Arc;

use prost::{Message, Name};
use rapport_platform::idempotency;
use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Shared;
use crate::error::Error;

/// A request that changes something.
pub(crate) trait Write: Message + Name {
    /// Chosen by the caller; empty when he does without.
    fn request_id(&self) -> &str;
}

macro_rules! writes {
    ($($request:ident)+) => {
        $(impl Write for proto::$request {
            fn request_id(&self) -> &str {
                &self.request_id
            }
        })+
    };
}

// Prices.
writes! {
    BatchRemovePricesRequest BatchSetPricesRequest CreatePriceBookRequest DeletePriceBookRequest
    UpdatePriceBookRequest
}

// Quotes, and who approves them.
writes! {
    AcceptQuoteRequest ApproveQuoteRequest AssignDelegationRequest CreateQuoteRequest
    DeclineQuoteRequest DelegateAuthorityRequest GrantAuthorityRequest RejectQuoteRequest
    ReviseQuoteRequest RevokeAuthorityRequest RevokeDelegationRequest SendQuoteRequest
    SetApprovalPolicyRequest SubmitQuoteRequest SupersedeQuoteRequest
}

// Proposals.
writes! {
    CreateProposalTemplateRequest DeleteProposalTemplateRequest RenderProposalRequest
    UpdateProposalTemplateRequest
}

// Who sells what, and what will come of it.
writes! {
    AdjustForecastRequest CreateOpportunityRequest CreatePipelineRequest CreateProductRequest
    CreateSellerRequest DeactivateSellerRequest ImportOpportunitiesRequest MoveOpportunityRequest
    ReactivateSellerRequest ReopenOpportunityRequest SetExchangeRateRequest SetQuotaRequest
    UpdateOpportunityRequest UpdatePipelineRequest UpdateProductRequest UpdateSellerRequest
}

impl Shared {
    /// Runs `work` in one transaction and answers what it answers; a repeated request gets the
    /// first answer instead. Every RPC has a request of its own, whose name stands for it.
    ///
    /// # Errors
    /// Those of the work; `RequestIdReused` when the id came with another request before.
    pub(crate) async fn once<Req, Resp, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        work: W,
    ) -> Result<Resp, Error>
    where
        Req: Write,
        Resp: Message + Default,
        W: Fn(Arc<DatabaseTransaction>) -> F + Sync,
        F: Future<Output = Result<Resp, Error>> + Send,
    {
        let id = request.request_id();
        idempotency::once(&self.db, ctx, Req::NAME, id, request, work).await
    }
}
