//! `ConversationService`.

use std::sync::LazyLock;

use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Shared;
use super::convert::conversation as convert;
use crate::domain::conversation::{ConversationState, Resolution};
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::{CONVERSATION, CUSTOMER};
use crate::store::conversation;
use crate::store::entity::conversation::{Column, Model};
use crate::store::identity::group;

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// What conversations can be filtered by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    let states = ConversationState::ALL
        .iter()
        .map(|it| (it.label(), it.number()));
    FilterSchema::new().enumeration("state", Column::State, states)
});

/// Keeps threads of interactions.
pub(crate) struct Conversations(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ConversationService" for Conversations {
        create_conversation(proto::CreateConversationRequest) -> proto::Conversation = create;
        get_conversation(proto::GetConversationRequest) -> proto::Conversation = get;
        list_conversations(proto::ListConversationsRequest)
            -> proto::ListConversationsResponse = list;
        close_conversation(proto::CloseConversationRequest) -> proto::Conversation = close;
    }
}

impl Conversations {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateConversationRequest,
    ) -> Result<proto::Conversation, Error> {
        let [customer_id] = CUSTOMER.parse("parent", &request.parent)?;
        let sent = request
            .conversation
            .as_ref()
            .ok_or_else(|| Error::missing("conversation"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let group = group::of_live(ctx, &*txn, customer_id).await?;
                let opened = &convert::parse(ctx, &group.members(), sent)
                    .map_err(faults_of("conversation"))?;
                if let Some(earlier) = opened.follows() {
                    conversation::get(ctx, &*txn, [group.id(), earlier]).await?;
                }
                let row = conversation::insert(ctx, &txn, group.id(), opened).await?;
                changed(ctx, &txn, row).await
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetConversationRequest,
    ) -> Result<proto::Conversation, Error> {
        let ids = CONVERSATION.parse("name", &request.name)?;
        Ok(convert::to_proto(
            conversation::get(&ctx, self.0.db.read(), ids).await?,
        ))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListConversationsRequest,
    ) -> Result<proto::ListConversationsResponse, Error> {
        let proto::ListConversationsRequest {
            parent,
            page_size,
            page_token,
            filter,
        } = request;
        let [customer_id] = CUSTOMER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.customer.v1.ConversationService/ListConversations",
            query: Fingerprint::of(&[&parent, &filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let filter = FILTER.parse(self.0.db.backend(), &filter)?;
        let db = self.0.db.read();
        let members = group::of(&ctx, db, customer_id).await?.members();
        let rows = conversation::list(&ctx, db, &members, filter, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.conversation_id)?;
        let conversations = rows.into_iter().map(convert::to_proto).collect();
        Ok(proto::ListConversationsResponse {
            conversations,
            next_page_token,
        })
    }

    async fn close(
        &self,
        ctx: Context,
        request: proto::CloseConversationRequest,
    ) -> Result<proto::Conversation, Error> {
        let ids = CONVERSATION.parse("name", &request.name)?;
        let resolution =
            &Resolution::parse(&request.resolution).map_err(|fault| fault.at("resolution"))?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = conversation::get(ctx, &*txn, ids).await?;
                Etag::check(name, etag, row.version)?;
                let mut settled = conversation::from_row(&row)?;
                settled
                    .close(resolution.clone(), ctx.now)
                    .map_err(|_| Error::ConversationClosed(name.clone()))?;
                changed(ctx, &txn, conversation::close(&txn, row, &settled).await?).await
            })
            .await
    }
}

/// Tells of a conversation that was opened or closed.
async fn changed(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
) -> Result<proto::Conversation, Error> {
    let version = row.version;
    let conversation = convert::to_proto(row);
    outbox::append(
        txn,
        ctx,
        &[events::conversation_changed(&conversation, version)],
    )
    .await?;
    Ok(conversation)
}
