//! One file per proto service. A handler reads the message into the domain, runs one
//! transaction over the store, and writes the answer: rules live in the domain, statements in
//! the store.

mod approval_policy;
mod authority;
pub(crate) mod convert;
mod forecast;
mod opportunity;
mod pipeline;
mod price_book;
mod product;
pub(crate) mod quote;
mod report;
mod seller;
#[cfg(test)]
mod tests;
mod write;

use rapport_platform::db::Database;
use rapport_platform::paging::{PageSizes, PageTokens};
use rapport_platform::server::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use rapport_proto::rapport::sales::v1::{
    approval_policy_service_server::{self, ApprovalPolicyServiceServer},
    authority_service_server::{self, AuthorityServiceServer},
    forecast_service_server::{self, ForecastServiceServer},
    opportunity_service_server::{self, OpportunityServiceServer},
    pipeline_service_server::{self, PipelineServiceServer},
    price_book_service_server::{self, PriceBookServiceServer},
    product_service_server::{self, ProductServiceServer},
    quote_service_server::{self, QuoteServiceServer},
    sales_report_service_server::{self, SalesReportServiceServer},
    seller_service_server::{self, SellerServiceServer},
};
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

use crate::customers::Customers;
use approval_policy::ApprovalPolicies;
use authority::Authorities;
use forecast::Forecasts;
use opportunity::Opportunities;
use pipeline::Pipelines;
use price_book::PriceBooks;
use product::Products;
use quote::Quotes;
use report::SalesReports;
use seller::Sellers;

/// Pages of lists whose rows are small.
const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// What every handler works with. Clones share it.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The service's rows.
    pub(crate) db: Database,
    /// Makes and reads page tokens.
    pub(crate) page_tokens: PageTokens,
    /// Knows who the customers are.
    pub(crate) customers: Customers,
}

/// Full names of the proto services in [`routes`].
pub(crate) const PROTO_SERVICES: [&str; 10] = [
    approval_policy_service_server::SERVICE_NAME,
    authority_service_server::SERVICE_NAME,
    price_book_service_server::SERVICE_NAME,
    quote_service_server::SERVICE_NAME,
    forecast_service_server::SERVICE_NAME,
    opportunity_service_server::SERVICE_NAME,
    pipeline_service_server::SERVICE_NAME,
    product_service_server::SERVICE_NAME,
    sales_report_service_server::SERVICE_NAME,
    seller_service_server::SERVICE_NAME,
];

/// Every RPC of the service, without the layers that stand before them.
pub(crate) fn routes(shared: &Shared) -> Routes {
    /// A generated server with the suite's limits. Reads what callers compressed; answers are
    /// compressed, if at all, where they leave the suite.
    macro_rules! server {
        ($server:ident, $handlers:ident) => {
            $server::new($handlers(shared.clone()))
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_RESPONSE_BYTES)
                .accept_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Zstd)
        };
    }
    Routes::default()
        .add_service(server!(ApprovalPolicyServiceServer, ApprovalPolicies))
        .add_service(server!(AuthorityServiceServer, Authorities))
        .add_service(server!(PriceBookServiceServer, PriceBooks))
        .add_service(server!(QuoteServiceServer, Quotes))
        .add_service(server!(ForecastServiceServer, Forecasts))
        .add_service(server!(OpportunityServiceServer, Opportunities))
        .add_service(server!(PipelineServiceServer, Pipelines))
        .add_service(server!(ProductServiceServer, Products))
        .add_service(server!(SalesReportServiceServer, SalesReports))
        .add_service(server!(SellerServiceServer, Sellers))
}
