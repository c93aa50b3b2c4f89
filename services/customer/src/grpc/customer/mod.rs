//! `CustomerService`.

mod read;
mod write;

pub(in crate::grpc) use read::FILTER;

use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::customer_service_server::CustomerService;
use tonic::{Request, Response, Status};

use super::{Shared, answer};

/// Keeps the tenants' customers.
pub(crate) struct Customers(pub(crate) Shared);

#[tonic::async_trait]
impl CustomerService for Customers {
    async fn create_customer(
        &self,
        request: Request<proto::CreateCustomerRequest>,
    ) -> Result<Response<proto::Customer>, Status> {
        answer(request, |ctx, request| self.create(ctx, request)).await
    }

    async fn get_customer(
        &self,
        request: Request<proto::GetCustomerRequest>,
    ) -> Result<Response<proto::Customer>, Status> {
        answer(request, |ctx, request| self.get(ctx, request)).await
    }

    async fn batch_get_customers(
        &self,
        request: Request<proto::BatchGetCustomersRequest>,
    ) -> Result<Response<proto::BatchGetCustomersResponse>, Status> {
        answer(request, |ctx, request| self.batch_get(ctx, request)).await
    }

    async fn update_customer(
        &self,
        request: Request<proto::UpdateCustomerRequest>,
    ) -> Result<Response<proto::Customer>, Status> {
        answer(request, |ctx, request| self.update(ctx, request)).await
    }

    async fn list_customers(
        &self,
        request: Request<proto::ListCustomersRequest>,
    ) -> Result<Response<proto::ListCustomersResponse>, Status> {
        answer(request, |ctx, request| self.list(ctx, request)).await
    }

    async fn search_customers(
        &self,
        request: Request<proto::SearchCustomersRequest>,
    ) -> Result<Response<proto::SearchCustomersResponse>, Status> {
        answer(request, |ctx, request| self.search(ctx, request)).await
    }

    async fn delete_customer(
        &self,
        request: Request<proto::DeleteCustomerRequest>,
    ) -> Result<Response<proto::Customer>, Status> {
        answer(request, |ctx, request| self.delete(ctx, request)).await
    }

    async fn undelete_customer(
        &self,
        request: Request<proto::UndeleteCustomerRequest>,
    ) -> Result<Response<proto::Customer>, Status> {
        answer(request, |ctx, request| self.undelete(ctx, request)).await
    }
}
