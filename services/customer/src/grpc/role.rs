//! `RoleService`.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;
use super::convert::role as convert;
use crate::domain::hierarchy::Member;
use crate::domain::names::CustomerKind;
use crate::error::{Error, faults_of};
use crate::resource::{CUSTOMER, ROLE};
use crate::store::identity::group;
use crate::store::{customer, role};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 100,
};

/// Keeps which person has which role in which organisation.
pub(crate) struct Roles(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.RoleService" for Roles {
        create_role(proto::CreateRoleRequest) -> proto::Role = create;
        get_role(proto::GetRoleRequest) -> proto::Role = get;
        list_roles(proto::ListRolesRequest) -> proto::ListRolesResponse = list;
        update_role(proto::UpdateRoleRequest) -> proto::Role = update;
        delete_role(proto::DeleteRoleRequest) -> () = delete;
    }
}

impl Roles {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateRoleRequest,
    ) -> Result<proto::Role, Error> {
        let [person] = CUSTOMER.parse("parent", &request.parent)?;
        let sent = request
            .role
            .as_ref()
            .ok_or_else(|| Error::missing("role"))?;
        let [organisation] = CUSTOMER.parse("role.organisation", &sent.organisation)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                // Claimed, so that two roles of one person see each other.
                let person = customer::member(&customer::claim_live(ctx, &txn, person).await?)?;
                let organisation = customer::require_live(ctx, &*txn, organisation).await?;
                let new = convert::parse(sent, person, customer::member(&organisation)?)
                    .map_err(faults_of("role"))?;
                Ok(convert::to_proto(
                    role::insert(ctx, &txn, person.id, &new).await?,
                ))
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetRoleRequest,
    ) -> Result<proto::Role, Error> {
        let ids = ROLE.parse("name", &request.name)?;
        Ok(convert::to_proto(
            role::get(&ctx, self.0.db.read(), ids).await?,
        ))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListRolesRequest,
    ) -> Result<proto::ListRolesResponse, Error> {
        let proto::ListRolesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [parent_id] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.RoleService/ListRoles",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let parent = group::of(&ctx, db, parent_id).await?;
        let kind = customer::member(&parent.root)?.kind;
        let members = parent.members();
        let rows = role::list(&ctx, db, kind, &members, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.role_id)?;
        let roles = rows.into_iter().map(convert::to_proto).collect();
        Ok(proto::ListRolesResponse {
            roles,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateRoleRequest,
    ) -> Result<proto::Role, Error> {
        let sent = request
            .role
            .as_ref()
            .ok_or_else(|| Error::missing("role"))?;
        let ids = ROLE.parse("role.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Role>(mask, &convert::CHANGEABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = role::get(ctx, &*txn, ids).await?;
                customer::claim_live(ctx, &txn, before.customer_id).await?;
                Etag::check(&sent.name, &sent.etag, before.version)?;
                let merged = mask.merge(&convert::to_proto(before.clone()), sent)?;
                let person = Member {
                    id: before.customer_id,
                    kind: CustomerKind::Person,
                };
                let organisation = Member {
                    id: before.organisation_id,
                    kind: CustomerKind::Organisation,
                };
                let changed =
                    convert::parse(&merged, person, organisation).map_err(faults_of("role"))?;
                Ok(convert::to_proto(
                    role::update(ctx, &txn, before, &changed).await?,
                ))
            })
            .await
    }

    async fn delete(&self, ctx: Context, request: proto::DeleteRoleRequest) -> Result<(), Error> {
        let ids = ROLE.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = role::get(ctx, &*txn, ids).await?;
                customer::require_live(ctx, &*txn, row.customer_id).await?;
                Etag::check(name, etag, row.version)?;
                role::delete(ctx, &txn, &row).await
            })
            .await
    }
}
