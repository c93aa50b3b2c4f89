//! `PrivacyService`.

mod export;

use rapport_platform::error::Answer as _;
use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox::{self, NewEvent};
use rapport_platform::rpcs;
use rapport_platform::server::{Messages, answering};
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;
use crate::error::Error;
use crate::resource::{self, CUSTOMER};
use crate::store::identity::{erase, group};

/// Serves customers' rights over what is kept of them.
pub(crate) struct Privacy(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.PrivacyService" for Privacy {
        erase_customer(proto::EraseCustomerRequest) -> proto::EraseCustomerResponse = erase;
        export_personal_data(proto::ExportPersonalDataRequest)
            -> stream proto::ExportPersonalDataResponse = export;
    }
}

impl Privacy {
    async fn export(
        &self,
        ctx: Context,
        request: proto::ExportPersonalDataRequest,
    ) -> Result<Messages<proto::ExportPersonalDataResponse>, Error> {
        let call_id = ctx.call_id;
        let export = export::Export::begin(&self.0, ctx, &request.name).await?;
        Ok(answering(move |answers| async move {
            let exported = export.run(&answers).await;
            exported.map_err(|error| error.into_status(call_id))
        }))
    }

    async fn erase(
        &self,
        ctx: Context,
        request: proto::EraseCustomerRequest,
    ) -> Result<proto::EraseCustomerResponse, Error> {
        let [id] = CUSTOMER.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let group = group::of(ctx, &*txn, id).await?;
                Etag::check(name, etag, group.root.version)?;
                let erased = erase::erase(ctx, &txn, &group).await?;
                let names: Vec<_> = erased.into_iter().map(resource::customer).collect();
                let customer = resource::customer(group.id());
                let fact = proto::CustomerErased {
                    customer: customer.clone(),
                    merged_names: names.iter().skip(1).cloned().collect(),
                };
                let event = NewEvent::new(customer, group.root.version + 1, &fact);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(proto::EraseCustomerResponse { names })
            })
            .await
    }
}
