//! What leaves is the document that was approved, once.

use rapport_platform::db::Database;
use rapport_platform::db::table::outbox;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::outbox::{Bus as _, Event};
use rapport_proto::rapport::customer::v1 as customers;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::contact_point_service_client::ContactPointServiceClient;
use rapport_proto::rapport::customer::v1::delivery_service_client::DeliveryServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::privacy_service_client::PrivacyServiceClient;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use tonic::Status;
use uuid::Uuid;

use super::{inner, of, offer};
use crate::domain::quote::hash::ContentHash;
use crate::grpc::tests::quotes::{Company, content};
use crate::testing::{Caller, fields, metadata, reason};

impl Company {
    /// Gives the customer an address.
    pub(in crate::grpc::tests) async fn with_email(&self) -> customers::ContactPoint {
        let request = customers::CreateContactPointRequest {
            parent: self.customer.clone(),
            contact_point: Some(customers::ContactPoint {
                address: Some(customers::contact_point::Address::Email(
                    "ada@example.com".to_owned(),
                )),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut service = ContactPointServiceClient::new(self.beside.service.link());
        let request = self.beside.signed(&self.sven.ctx, request);
        inner(service.create_contact_point(request).await).unwrap()
    }

    /// The leave that the gateway reserves for a call.
    pub(in crate::grpc::tests) async fn leave(&self) -> Uuid {
        let request = customers::ReserveContactRequest {
            contact: Some(customers::CheckContactRequest {
                customer: self.customer.clone(),
                channel: Channel::Email.into(),
                purpose: Purpose::Sales.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut service = ContactPermitServiceClient::new(self.beside.service.link());
        let request = self.beside.signed(&self.sven.ctx, request);
        let permit = inner(service.reserve_contact(request).await).unwrap();
        permit.name.rsplit('/').next().unwrap().parse().unwrap()
    }

    pub(in crate::grpc::tests) async fn send_with(
        &self,
        permit: Uuid,
        request: proto::SendQuoteRequest,
    ) -> Result<proto::Quote, Status> {
        let caller = self.sven.with(|ctx| ctx.permit = Some(permit));
        inner(caller.quotes().send_quote(request).await)
    }

    /// Lets the customer service have what was handed over; as often as a relay may.
    pub(in crate::grpc::tests) async fn hand_over(&self, db: &Database, times: usize) {
        let handed = outbox::Entity::find()
            .filter(outbox::Column::Kind.ends_with("MessageSubmitted"))
            .order_by_asc(outbox::Column::EventId);
        for row in handed.all(db.read()).await.unwrap() {
            let event = Event::decode(&row.payload).unwrap();
            for _ in 0..times {
                self.beside.bus.publish(&event).await.unwrap();
            }
        }
    }

    pub(in crate::grpc::tests) async fn deliveries(&self) -> Vec<customers::Delivery> {
        let filter = format!("customer = \"{}\"", self.customer);
        let request = customers::ListDeliveriesRequest {
            filter,
            ..Default::default()
        };
        let mut service = DeliveryServiceClient::new(self.beside.service.link());
        let request = self.beside.signed(&self.sven.ctx, request);
        inner(service.list_deliveries(request).await)
            .unwrap()
            .deliveries
    }

    pub(in crate::grpc::tests) async fn timeline(&self) -> Vec<customers::Interaction> {
        let request = customers::ListInteractionsRequest {
            parent: self.customer.clone(),
            ..Default::default()
        };
        let mut service = InteractionServiceClient::new(self.beside.service.link());
        let request = self.beside.signed(&self.sven.ctx, request);
        inner(service.list_interactions(request).await)
            .unwrap()
            .interactions
    }

    async fn documents(&self) -> Vec<customers::Attachment> {
        let request = customers::ExportPersonalDataRequest {
            name: self.customer.clone(),
        };
        let mut service = PrivacyServiceClient::new(self.beside.service.link());
        let request = self.beside.signed(&self.sven.ctx, request);
        let mut parts = inner(service.export_personal_data(request).await).unwrap();
        let mut documents = Vec::new();
        while let Some(part) = parts.message().await.unwrap() {
            documents.extend(part.attachments);
        }
        documents
    }
}

on_each_engine! {
    async fn a_proposal_reaches_its_customer_once(db: Database) {
        let company = Company::open(&db).await;
        let (sven, quote) = (&company.sven, company.approved(150_000).await);
        let point = company.with_email().await;
        let template = sven.template(offer()).await.unwrap();
        let made = sven.render(of(&quote, &template)).await.unwrap();
        let permit = company.leave().await;
        let request = proto::SendQuoteRequest {
            proposal: made.name.clone(), request_id: new_id().to_string(), ..Caller::sending(&quote)
        };
        let sent = company.send_with(permit, request.clone()).await.unwrap();
        assert_eq!((sent.state(), &sent.send_proposal, &sent.send_hash), (proto::QuoteState::Sent, &made.name, &made.pdf_sha256));
        assert_eq!(company.send_with(permit, request).await.unwrap(), sent, "a repeated request");
        company.hand_over(&db, 3).await;

        let deliveries = company.deliveries().await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].permit, format!("{}/contactPermits/{permit}", company.customer), "the leave that was given");
        assert_eq!(deliveries[0].contact_point, point.name);
        let said = company.timeline().await;
        assert_eq!((said.len(), said[0].summary.as_str(), &said[0].body), (1, "Offerte Pens", &made.message));
        assert_eq!((said[0].agent.as_str(), &said[0].links), ("employees/sven", &vec![quote.name.clone(), made.name.clone()]));
        let documents = company.documents().await;
        assert_eq!((documents.len(), documents[0].file_name.as_str()), (1, "Proposal-1.pdf"));
        assert_eq!(ContentHash::of_bytes(&documents[0].content).to_string(), sent.send_hash);
    }

    async fn without_a_proposal_the_quote_goes_as_text(db: Database) {
        let company = Company::open(&db).await;
        let quote = company.approved(150_000).await;
        company.with_email().await;
        let sent = company.send_with(company.leave().await, Caller::sending(&quote)).await.unwrap();
        let written = proto::SendQuoteRequest { subject: "Hello".to_owned(), message: "As agreed.".to_owned(), ..Caller::sending(&sent) };
        let again = company.send_with(company.leave().await, written).await.unwrap();
        company.hand_over(&db, 1).await;
        let said = company.timeline().await;
        let texts: Vec<_> = said.iter().map(|it| (it.summary.as_str(), it.body.as_str())).collect();
        assert_eq!((texts.len(), texts[0]), (2, ("Hello", "As agreed.")));
        assert_eq!(texts[1].0, "Pens");
        assert!(texts[1].1.contains("Total: ") && texts[1].1.contains("EUR"), "{}", texts[1].1);
        assert_eq!(sent.send_hash, ContentHash::of_bytes(texts[1].1.as_bytes()).to_string());
        assert_eq!((again.send_hash, again.send_proposal.as_str()), (ContentHash::of_bytes(b"As agreed.").to_string(), ""));
        assert!(company.documents().await.is_empty());
    }

    async fn only_a_document_of_what_binds_is_sent(db: Database) {
        let company = Company::open(&db).await;
        let (sven, draft) = (&company.sven, company.quote(150_000).await);
        let template = sven.template(offer()).await.unwrap();
        let early = sven.render(of(&draft, &template)).await.unwrap();
        assert!(early.draft);
        let quote = company.mona.approve(&sven.submit(&draft).await.unwrap()).await.unwrap();
        let with = |quote: &proto::Quote, proposal: &str| proto::SendQuoteRequest { proposal: proposal.to_owned(), ..Caller::sending(quote) };
        let refused = company.send_with(new_id(), with(&quote, &early.name)).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), metadata(&refused, "state").as_str()), ("QUOTE_NOT_BINDING", "DRAFT"));

        let good = sven.render(of(&quote, &template)).await.unwrap();
        // Within what was approved, so that it binds at once.
        let revised = sven.revise(&quote, proto::QuoteContent { title: "Nine pieces".to_owned(), ..content(140_000) }).await.unwrap();
        assert!(revised.binding);
        let refused = company.send_with(new_id(), with(&revised, &good.name)).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), metadata(&refused, "state").as_str()), ("QUOTE_NOT_BINDING", "OUTDATED"));

        let other = company.approved(150_000).await;
        assert_eq!(fields(&company.send_with(new_id(), with(&other, &good.name)).await.unwrap_err()), ["proposal"]);
        let unknown = format!("{}/proposals/{}", revised.name, new_id());
        assert_eq!(reason(&company.send_with(new_id(), with(&revised, &unknown)).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        let announced = company.sven.announced().await;
        assert!(!announced.iter().any(|it| it == "QuoteMessageSubmitted" || it == "QuoteSent"));
        let sent = company.send_with(new_id(), with(&revised, &sven.render(of(&revised, &template)).await.unwrap().name)).await.unwrap();
        let changed = sven.revise(&sent, content(130_000)).await.unwrap();
        assert_eq!((changed.send_proposal.as_str(), changed.send_hash.as_str()), ("", ""), "nothing of it was sent yet");
    }
}
