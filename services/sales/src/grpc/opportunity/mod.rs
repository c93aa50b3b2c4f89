//! `OpportunityService`.

mod import;
mod known;
mod read;
mod write;

use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::opportunity_service_server::OpportunityService;

use super::Shared;

#[cfg(test)]
pub(crate) use read::filter;

/// Keeps sales that may come about.
pub(crate) struct Opportunities(pub(crate) Shared);

rpcs! {
    OpportunityService for Opportunities {
        create_opportunity(proto::CreateOpportunityRequest) -> proto::Opportunity = create;
        get_opportunity(proto::GetOpportunityRequest) -> proto::Opportunity = get;
        list_opportunities(proto::ListOpportunitiesRequest)
            -> proto::ListOpportunitiesResponse = list;
        update_opportunity(proto::UpdateOpportunityRequest) -> proto::Opportunity = update;
        move_opportunity(proto::MoveOpportunityRequest) -> proto::Opportunity = step;
        reopen_opportunity(proto::ReopenOpportunityRequest) -> proto::Opportunity = reopen;
        list_stage_changes(proto::ListStageChangesRequest)
            -> proto::ListStageChangesResponse = list_changes;
        import_opportunities(proto::ImportOpportunitiesRequest)
            -> proto::ImportOpportunitiesResponse = import;
    }
}
