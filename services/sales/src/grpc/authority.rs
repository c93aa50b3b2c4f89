//! `AuthorityService`.

use std::sync::LazyLock;

use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::{Actor, Context};
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_platform::time::Timestamp;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;

use super::Shared;
use super::convert::authority as convert;
use crate::domain::authority::{Action, Delegation};
use crate::error::{Error, faults_of};
use crate::events::authority as events;
use crate::resource::{AUTHORITY_DELEGATION, AUTHORITY_GRANT};
use crate::store::authority;
use crate::store::entity::{authority_delegation, authority_grant};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 200,
};

/// Keeps who may do what.
pub(crate) struct Authorities(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.AuthorityService" for Authorities {
        grant_authority(proto::GrantAuthorityRequest) -> proto::AuthorityGrant = grant;
        revoke_authority(proto::RevokeAuthorityRequest) -> proto::AuthorityGrant = revoke;
        get_authority_grant(proto::GetAuthorityGrantRequest) -> proto::AuthorityGrant = get;
        list_authority_grants(proto::ListAuthorityGrantsRequest)
            -> proto::ListAuthorityGrantsResponse = list;
        delegate_authority(proto::DelegateAuthorityRequest)
            -> proto::AuthorityDelegation = delegate;
        assign_delegation(proto::AssignDelegationRequest) -> proto::AuthorityDelegation = assign;
        revoke_delegation(proto::RevokeDelegationRequest)
            -> proto::AuthorityDelegation = revoke_delegation;
        get_authority_delegation(proto::GetAuthorityDelegationRequest)
            -> proto::AuthorityDelegation = get_delegation;
        list_authority_delegations(proto::ListAuthorityDelegationsRequest)
            -> proto::ListAuthorityDelegationsResponse = list_delegations;
        query_authority(proto::QueryAuthorityRequest) -> proto::QueryAuthorityResponse = query;
    }
}

/// What `ListAuthorityGrants` filters by.
static GRANTS: LazyLock<FilterSchema> = LazyLock::new(|| {
    use authority_grant::Column;
    let actions = Action::ALL.iter().map(|it| (it.label(), it.number()));
    FilterSchema::new()
        .text("grantee", Column::Grantee)
        .enumeration("action", Column::Action, actions)
        .integer("level", Column::Level)
});

/// What `ListAuthorityDelegations` filters by.
static DELEGATIONS: LazyLock<FilterSchema> = LazyLock::new(|| {
    FilterSchema::new()
        .text("delegator", authority_delegation::Column::Delegator)
        .text("delegate", authority_delegation::Column::Delegate)
});

impl Authorities {
    async fn grant(
        &self,
        ctx: Context,
        request: proto::GrantAuthorityRequest,
    ) -> Result<proto::AuthorityGrant, Error> {
        let sent = request.authority_grant.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("authority_grant"))?;
        let grant = convert::grant(sent, ctx.now).map_err(faults_of("authority_grant"))?;
        if grant.grantee == ctx.actor {
            return Err(Error::SelfApproval("authorityGrants".to_owned()));
        }
        let (ctx, grant) = (&ctx, &grant);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = authority::insert_grant(ctx, &txn, grant).await?;
                let granted = convert::grant_to_proto(row);
                outbox::append(&txn, ctx, &[events::grant_changed(&granted)]).await?;
                Ok(granted)
            })
            .await
    }

    async fn revoke(
        &self,
        ctx: Context,
        request: proto::RevokeAuthorityRequest,
    ) -> Result<proto::AuthorityGrant, Error> {
        let [id] = AUTHORITY_GRANT.parse("name", &request.name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let (row, ended) = authority::revoke_grant(ctx, &txn, id).await?;
                let grant = convert::grant_to_proto(row);
                if ended {
                    outbox::append(&txn, ctx, &[events::grant_changed(&grant)]).await?;
                }
                Ok(grant)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetAuthorityGrantRequest,
    ) -> Result<proto::AuthorityGrant, Error> {
        let [id] = AUTHORITY_GRANT.parse("name", &request.name)?;
        let row = authority::grant(&ctx, self.0.db.read(), id).await?;
        Ok(convert::grant_to_proto(row))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListAuthorityGrantsRequest,
    ) -> Result<proto::ListAuthorityGrantsResponse, Error> {
        let proto::ListAuthorityGrantsRequest {
            filter,
            page_size,
            page_token,
            effective_time,
        } = request;
        let at = effective(effective_time)?;
        let list = ListRequest {
            method: "rapport.sales.v1.AuthorityService/ListAuthorityGrants",
            query: Fingerprint::of(&[&filter, &told(at)]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let wanted = GRANTS.parse(self.0.db.backend(), &filter)?;
        let wanted = wanted.add_option(at.map(authority::grant_holds));
        let db = self.0.db.read();
        let rows = authority::grants(&ctx, db, wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.grant_id)?;
        Ok(proto::ListAuthorityGrantsResponse {
            authority_grants: rows.into_iter().map(convert::grant_to_proto).collect(),
            next_page_token,
        })
    }

    async fn delegate(
        &self,
        ctx: Context,
        request: proto::DelegateAuthorityRequest,
    ) -> Result<proto::AuthorityDelegation, Error> {
        let people = (ctx.actor.as_str(), request.delegate.as_str());
        let (from, to) = (
            request.valid_from_time.as_ref(),
            request.valid_to_time.as_ref(),
        );
        let lent = convert::delegation(people, from, to, ctx.now).map_err(faults_of(""))?;
        self.lend(&ctx, &request, &lent).await
    }

    async fn assign(
        &self,
        ctx: Context,
        request: proto::AssignDelegationRequest,
    ) -> Result<proto::AuthorityDelegation, Error> {
        let sent = request.authority_delegation.as_ref();
        let proto::AuthorityDelegation {
            name: _,
            delegator,
            delegate,
            valid_from_time: from,
            valid_to_time: to,
            creator: _,
            create_time: _,
            revoke_time: _,
        } = sent.ok_or_else(|| Error::missing("authority_delegation"))?;
        if from.is_none() {
            return Err(Error::missing("authority_delegation.valid_from_time"));
        }
        let (people, now) = ((delegator.as_str(), delegate.as_str()), ctx.now);
        let lent = convert::delegation(people, from.as_ref(), to.as_ref(), now)
            .map_err(faults_of("authority_delegation"))?;
        if lent.delegate == ctx.actor {
            return Err(Error::SelfApproval("authorityDelegations".to_owned()));
        }
        self.lend(&ctx, &request, &lent).await
    }

    async fn lend<Req: RequestId>(
        &self,
        ctx: &Context,
        request: &Req,
        lent: &Delegation,
    ) -> Result<proto::AuthorityDelegation, Error> {
        self.0
            .once(ctx, request, |txn| async move {
                let row = authority::insert_delegation(ctx, &txn, lent).await?;
                let delegation = convert::delegation_to_proto(row);
                let event = events::delegation_changed(&delegation);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(delegation)
            })
            .await
    }

    async fn revoke_delegation(
        &self,
        ctx: Context,
        request: proto::RevokeDelegationRequest,
    ) -> Result<proto::AuthorityDelegation, Error> {
        let [id] = AUTHORITY_DELEGATION.parse("name", &request.name)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let (row, ended) = authority::revoke_delegation(ctx, &txn, id).await?;
                let delegation = convert::delegation_to_proto(row);
                if ended {
                    let event = events::delegation_changed(&delegation);
                    outbox::append(&txn, ctx, &[event]).await?;
                }
                Ok(delegation)
            })
            .await
    }

    async fn get_delegation(
        &self,
        ctx: Context,
        request: proto::GetAuthorityDelegationRequest,
    ) -> Result<proto::AuthorityDelegation, Error> {
        let [id] = AUTHORITY_DELEGATION.parse("name", &request.name)?;
        let row = authority::delegation(&ctx, self.0.db.read(), id).await?;
        Ok(convert::delegation_to_proto(row))
    }

    async fn list_delegations(
        &self,
        ctx: Context,
        request: proto::ListAuthorityDelegationsRequest,
    ) -> Result<proto::ListAuthorityDelegationsResponse, Error> {
        let proto::ListAuthorityDelegationsRequest {
            filter,
            page_size,
            page_token,
            effective_time,
        } = request;
        let at = effective(effective_time)?;
        let list = ListRequest {
            method: "rapport.sales.v1.AuthorityService/ListAuthorityDelegations",
            query: Fingerprint::of(&[&filter, &told(at)]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let wanted = DELEGATIONS.parse(self.0.db.backend(), &filter)?;
        let wanted = wanted.add_option(at.map(authority::delegation_holds));
        let db = self.0.db.read();
        let rows = authority::delegations(&ctx, db, wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.delegation_id)?;
        let delegations = rows.into_iter().map(convert::delegation_to_proto);
        Ok(proto::ListAuthorityDelegationsResponse {
            authority_delegations: delegations.collect(),
            next_page_token,
        })
    }

    async fn query(
        &self,
        ctx: Context,
        request: proto::QueryAuthorityRequest,
    ) -> Result<proto::QueryAuthorityResponse, Error> {
        let proto::QueryAuthorityRequest {
            grantee,
            effective_time,
        } = request;
        let holder = Actor::parse(&grantee);
        let holder = holder.map_err(|fault| Error::invalid("grantee", fault.to_string()))?;
        let at = effective(effective_time)?.unwrap_or(ctx.now);
        let held = authority::held(&ctx, self.0.db.read(), holder.as_str(), at).await?;
        Ok(proto::QueryAuthorityResponse {
            held: held.into_iter().map(convert::held_to_proto).collect(),
        })
    }
}

/// The instant that a request asks about.
fn effective(time: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>, Error> {
    let time = time.map(|it| Timestamp::from_proto("effective_time", &it));
    Ok(time.transpose()?)
}

/// An instant as part of what chooses the rows of a list.
fn told(at: Option<Timestamp>) -> String {
    at.map(|it| it.to_string()).unwrap_or_default()
}
