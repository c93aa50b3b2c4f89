//! What opportunities refer to: looked up by the names that files know, and recorded where it is
//! missing.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::Context as _;
use rapport_proto::rapport::customer::v1::SearchCustomersRequest;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::pipeline_service_client::PipelineServiceClient;
use rapport_proto::rapport::sales::v1::product_service_client::ProductServiceClient;
use rapport_proto::rapport::sales::v1::seller_service_client::SellerServiceClient;

use super::file::Rows;
use super::mapping::{SalesMapping, SellerRow};
use crate::client::Caller;

/// Rows of a small file that are read at once.
const CHUNK: usize = 500;

/// What is known under which name.
pub(super) struct Catalogue {
    caller: Caller,
    system: String,
    /// The pipeline's name.
    pub(super) pipeline: String,
    sellers: HashMap<String, String>,
    products: HashMap<String, Option<String>>,
    customers: HashMap<String, Option<String>>,
}

impl Catalogue {
    /// Looks up, or records, the pipeline, and reads who sells.
    pub(super) async fn open(caller: &Caller, mapping: &SalesMapping) -> anyhow::Result<Self> {
        Ok(Self {
            caller: caller.clone(),
            system: mapping.system.clone(),
            pipeline: pipeline(caller, mapping.pipeline()?).await?,
            sellers: sellers(caller).await?,
            products: HashMap::new(),
            customers: HashMap::new(),
        })
    }

    /// Records those sellers of the file that are not known yet, and their managers.
    pub(super) async fn add_sellers(
        &mut self,
        path: &Path,
        mapping: &SalesMapping,
    ) -> anyhow::Result<()> {
        let mut rows = Rows::open(path, mapping.delimiter)?;
        loop {
            let chunk = rows.next(CHUNK)?;
            if chunk.is_empty() {
                return Ok(());
            }
            for raw in chunk {
                let seller = mapping.seller(&raw.row);
                let seller =
                    seller.map_err(|it| anyhow::anyhow!("{}: {}", it.field, it.description));
                let seller = seller.with_context(|| place(path, raw.row.line()))?;
                let added = self.add_seller(seller).await;
                added.with_context(|| place(path, raw.row.line()))?;
            }
        }
    }

    async fn add_seller(&mut self, row: SellerRow) -> anyhow::Result<()> {
        let manager = match &row.manager {
            Some(principal) => {
                let manager = proto::Seller {
                    display_name: row.manager_display_name.clone(),
                    principal: principal.clone(),
                    region: row.region.clone(),
                    ..Default::default()
                };
                self.record_seller(manager).await?
            }
            None => String::new(),
        };
        let seller = proto::Seller {
            display_name: row.display_name,
            principal: row.principal,
            team: row.team,
            region: row.region,
            manager,
            ..Default::default()
        };
        self.record_seller(seller).await.map(drop)
    }

    async fn record_seller(&mut self, seller: proto::Seller) -> anyhow::Result<String> {
        if let Some(name) = self.sellers.get(&seller.principal) {
            return Ok(name.clone());
        }
        let principal = seller.principal.clone();
        let request = proto::CreateSellerRequest {
            seller: Some(seller),
            request_id: uuid::Uuid::now_v7().to_string(),
        };
        let mut client = SellerServiceClient::new(self.caller.clone());
        let name = client.create_seller(request).await?.into_inner().name;
        self.sellers.insert(principal, name.clone());
        Ok(name)
    }

    /// Records those products of the file that are not known yet.
    pub(super) async fn add_products(
        &mut self,
        path: &Path,
        mapping: &SalesMapping,
    ) -> anyhow::Result<()> {
        let mut client = ProductServiceClient::new(self.caller.clone());
        let mut rows = Rows::open(path, mapping.delimiter)?;
        loop {
            let chunk = rows.next(CHUNK)?;
            if chunk.is_empty() {
                return Ok(());
            }
            let products = chunk.iter().map(|raw| mapping.product(&raw.row));
            let products = products.collect::<Result<Vec<_>, _>>();
            let products =
                products.map_err(|it| anyhow::anyhow!("{}: {}", it.field, it.description))?;
            self.find_products(products.iter().map(|it| it.code.as_str()))
                .await?;
            for product in products {
                if self.product(&product.code).is_some() {
                    continue;
                }
                let code = product.code.clone();
                let request = proto::CreateProductRequest {
                    product: Some(product),
                    request_id: uuid::Uuid::now_v7().to_string(),
                };
                let created = client.create_product(request).await?.into_inner();
                self.products.insert(code, Some(created.name));
            }
        }
    }

    /// Looks up those of the codes that nobody asked for yet, in one call.
    pub(super) async fn find_products(
        &mut self,
        codes: impl Iterator<Item = &str>,
    ) -> anyhow::Result<()> {
        let codes = codes.filter(|code| !self.products.contains_key(*code));
        let codes: BTreeSet<String> = codes.map(str::to_owned).collect();
        if codes.is_empty() {
            return Ok(());
        }
        let request = proto::LookUpProductsRequest {
            codes: codes.iter().cloned().collect(),
        };
        let mut client = ProductServiceClient::new(self.caller.clone());
        let found = client.look_up_products(request).await?.into_inner().found;
        self.products
            .extend(codes.into_iter().map(|code| (code, None)));
        let found = found.into_iter();
        self.products
            .extend(found.map(|it| (it.code, it.product.map(|product| product.name))));
        Ok(())
    }

    /// Looks up those of the customers that nobody asked for yet.
    pub(super) async fn find_customers(
        &mut self,
        ids: impl Iterator<Item = &str>,
    ) -> anyhow::Result<()> {
        let ids = ids.filter(|id| !self.customers.contains_key(*id));
        let ids: BTreeSet<String> = ids.map(str::to_owned).collect();
        for id in ids {
            let found = self.find_customer(&id).await?;
            self.customers.insert(id, found);
        }
        Ok(())
    }

    /// The customer that the mapping's system knows by this id.
    async fn find_customer(&self, id: &str) -> anyhow::Result<Option<String>> {
        let mut client = CustomerServiceClient::new(self.caller.clone());
        let mut page_token = String::new();
        loop {
            let request = SearchCustomersRequest {
                query: id.to_owned(),
                page_size: 100,
                page_token,
            };
            let page = client.search_customers(request).await?.into_inner();
            let customers = page.results.into_iter().filter_map(|it| it.customer);
            let known = |ids: &[rapport_proto::rapport::customer::v1::ExternalId]| {
                ids.iter().any(|it| it.system == self.system && it.id == id)
            };
            let mut found =
                customers.filter(|it| known(&it.external_ids) || known(&it.merged_external_ids));
            if let Some(customer) = found.next() {
                return Ok(Some(customer.name));
            }
            if page.next_page_token.is_empty() {
                return Ok(None);
            }
            page_token = page.next_page_token;
        }
    }

    /// The seller who is this principal.
    pub(super) fn seller(&self, principal: &str) -> Option<&str> {
        self.sellers.get(principal).map(String::as_str)
    }

    /// The product that goes by this code, once it was looked up.
    pub(super) fn product(&self, code: &str) -> Option<&str> {
        self.products.get(code)?.as_deref()
    }

    /// The customer with this external id, once it was looked up.
    pub(super) fn customer(&self, id: &str) -> Option<&str> {
        self.customers.get(id)?.as_deref()
    }
}

/// The pipeline of this name; recorded if there is none.
async fn pipeline(caller: &Caller, pipeline: proto::Pipeline) -> anyhow::Result<String> {
    let mut client = PipelineServiceClient::new(caller.clone());
    let all = proto::ListPipelinesRequest {
        page_size: 100,
        ..Default::default()
    };
    let known = client.list_pipelines(all).await?.into_inner().pipelines;
    let mut known = known.into_iter();
    if let Some(known) = known.find(|it| it.display_name == pipeline.display_name) {
        return Ok(known.name);
    }
    let request = proto::CreatePipelineRequest {
        pipeline: Some(pipeline),
        request_id: uuid::Uuid::now_v7().to_string(),
    };
    let created = client.create_pipeline(request).await;
    Ok(created.context("the mapping's pipeline")?.into_inner().name)
}

/// Everybody who sells, by principal.
async fn sellers(caller: &Caller) -> anyhow::Result<HashMap<String, String>> {
    let mut client = SellerServiceClient::new(caller.clone());
    let mut known = HashMap::new();
    let mut page_token = String::new();
    loop {
        let request = proto::ListSellersRequest {
            page_size: 1_000,
            page_token,
            ..Default::default()
        };
        let page = client.list_sellers(request).await?.into_inner();
        let sellers = page.sellers.into_iter();
        known.extend(sellers.map(|it| (it.principal, it.name)));
        if page.next_page_token.is_empty() {
            return Ok(known);
        }
        page_token = page.next_page_token;
    }
}

fn place(path: &Path, line: u64) -> String {
    format!("{}, line {line}", path.display())
}
