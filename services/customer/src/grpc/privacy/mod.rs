//! `PrivacyService`.

mod export;

use std::pin::Pin;

use rapport_platform::error::Answer as _;
use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox::{self, NewEvent};
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::privacy_service_server::PrivacyService;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Shared, answer};
use crate::error::Error;
use crate::resource::{self, CUSTOMER};
use crate::store::identity::{erase, group};

/// Serves customers' rights over what is kept of them.
pub(crate) struct Privacy(pub(crate) Shared);

type Exported =
    Pin<Box<dyn Stream<Item = Result<proto::ExportPersonalDataResponse, Status>> + Send>>;

#[tonic::async_trait]
impl PrivacyService for Privacy {
    type ExportPersonalDataStream = Exported;

    async fn export_personal_data(
        &self,
        request: Request<proto::ExportPersonalDataRequest>,
    ) -> Result<Response<Self::ExportPersonalDataStream>, Status> {
        let ctx = Context::of(&request).map_err(|problem| problem.into_status(Uuid::nil()))?;
        let (call_id, shared) = (ctx.call_id, self.0.clone());
        let export = export::Export::begin(&shared, ctx, &request.into_inner().name).await;
        let export = export.map_err(|error| error.into_status(call_id))?;
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            // The export ends by itself when the caller is gone: nobody takes what it sends.
            if let Err(error) = export.run(&sender).await {
                let _ = sender.send(Err(error.into_status(call_id))).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn erase_customer(
        &self,
        request: Request<proto::EraseCustomerRequest>,
    ) -> Result<Response<proto::EraseCustomerResponse>, Status> {
        answer(request, |ctx, request| self.erase(ctx, request)).await
    }
}

impl Privacy {
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
