//! The customer service, as far as the gateway asks it.

use std::sync::{Arc, Mutex};

use http::HeaderMap;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1::contact_permit_service_server::{
    ContactPermitService, ContactPermitServiceServer,
};
use rapport_proto::rapport::customer::v1::{
    BatchReserveContactsRequest, BatchReserveContactsResponse, CheckContactRequest,
    ConfirmContactRequest, ContactDecision, ContactExplanation, ContactPermit,
    ExplainContactRequest, GetContactPermitRequest, ListContactPermitsRequest,
    ListContactPermitsResponse, ReleaseContactRequest, ReserveContactRequest,
};
use tonic::{Request, Response, Status};

/// A customer who can be asked about.
pub const CUSTOMER: &str = "customers/0199a3c8-0000-7000-8000-000000000001";

/// Answers as it was told, and remembers what it was asked. Clones share both.
#[derive(Clone, Default)]
pub struct Customers(Arc<State>);

#[derive(Default)]
struct State {
    answer: Mutex<Option<Status>>,
    questions: Mutex<Vec<(ReserveContactRequest, Context, HeaderMap)>>,
    settled: Mutex<Vec<(&'static str, String)>>,
}

/// The permit that is always given.
pub const PERMIT: &str = "0199a3c8-0000-7000-8000-0000000000aa";

impl Customers {
    /// The refusal of every question from now on; without one, every contact is welcome.
    pub fn will_refuse(&self, answer: Status) {
        *self.0.answer.lock().unwrap() = Some(answer);
    }

    /// What was asked, by whom.
    pub fn questions(&self) -> Vec<(ReserveContactRequest, Context, HeaderMap)> {
        self.0.questions.lock().unwrap().clone()
    }

    /// Which permits were confirmed and released.
    pub fn settled(&self) -> Vec<(&'static str, String)> {
        self.0.settled.lock().unwrap().clone()
    }

    fn settle(&self, how: &'static str, name: String) -> Response<ContactPermit> {
        self.0.settled.lock().unwrap().push((how, name));
        Response::new(ContactPermit::default())
    }

    /// The service, to be linked.
    pub fn service(&self) -> ContactPermitServiceServer<Self> {
        ContactPermitServiceServer::new(self.clone())
    }
}

#[tonic::async_trait]
impl ContactPermitService for Customers {
    async fn reserve_contact(
        &self,
        request: Request<ReserveContactRequest>,
    ) -> Result<Response<ContactPermit>, Status> {
        let context = Context::of(&request).unwrap();
        let headers = request.metadata().clone().into_headers();
        let question = (request.into_inner(), context, headers);
        self.0.questions.lock().unwrap().push(question);
        if let Some(refusal) = self.0.answer.lock().unwrap().clone() {
            return Err(refusal);
        }
        let name = format!("{CUSTOMER}/contactPermits/{PERMIT}");
        Ok(Response::new(ContactPermit {
            name,
            ..Default::default()
        }))
    }

    async fn confirm_contact(
        &self,
        request: Request<ConfirmContactRequest>,
    ) -> Result<Response<ContactPermit>, Status> {
        Ok(self.settle("confirmed", request.into_inner().name))
    }

    async fn release_contact(
        &self,
        request: Request<ReleaseContactRequest>,
    ) -> Result<Response<ContactPermit>, Status> {
        Ok(self.settle("released", request.into_inner().name))
    }

    async fn check_contact(
        &self,
        _: Request<CheckContactRequest>,
    ) -> Result<Response<ContactDecision>, Status> {
        Err(Status::unimplemented("the gateway does not ask this"))
    }

    async fn batch_reserve_contacts(
        &self,
        _: Request<BatchReserveContactsRequest>,
    ) -> Result<Response<BatchReserveContactsResponse>, Status> {
        Err(Status::unimplemented("the gateway does not ask this"))
    }

    async fn get_contact_permit(
        &self,
        _: Request<GetContactPermitRequest>,
    ) -> Result<Response<ContactPermit>, Status> {
        Err(Status::unimplemented("the gateway does not ask this"))
    }

    async fn list_contact_permits(
        &self,
        _: Request<ListContactPermitsRequest>,
    ) -> Result<Response<ListContactPermitsResponse>, Status> {
        Err(Status::unimplemented("the gateway does not ask this"))
    }

    async fn explain_contact(
        &self,
        _: Request<ExplainContactRequest>,
    ) -> Result<Response<ContactExplanation>, Status> {
        Err(Status::unimplemented("the gateway does not ask this"))
    }
}
