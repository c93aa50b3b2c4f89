//! `CustomerService`.

mod read;
mod write;

pub(in crate::grpc) use read::filter_of;

use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;

/// Keeps the tenants' customers.
pub(crate) struct Customers(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.CustomerService" for Customers {
        create_customer(proto::CreateCustomerRequest) -> proto::Customer = create;
        get_customer(proto::GetCustomerRequest) -> proto::Customer = get;
        batch_get_customers(proto::BatchGetCustomersRequest)
            -> proto::BatchGetCustomersResponse = batch_get;
        update_customer(proto::UpdateCustomerRequest) -> proto::Customer = update;
        list_customers(proto::ListCustomersRequest) -> proto::ListCustomersResponse = list;
        search_customers(proto::SearchCustomersRequest) -> proto::SearchCustomersResponse = search;
        delete_customer(proto::DeleteCustomerRequest) -> proto::Customer = delete;
        undelete_customer(proto::UndeleteCustomerRequest) -> proto::Customer = undelete;
    }
}
