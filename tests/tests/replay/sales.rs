//! Maven Analytics' sales: teams, products and 8,800 opportunities, each with its history.

use std::collections::BTreeMap;
use std::time::Instant;

use rapport::import::sales::{SalesArgs, Summary, import};
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::SalesDimension as By;
use rapport_proto::rapport::sales::v1::opportunity_service_client::OpportunityServiceClient;
use rapport_proto::rapport::sales::v1::product_service_client::ProductServiceClient;
use rapport_proto::rapport::sales::v1::sales_report_service_client::SalesReportServiceClient;
use rapport_proto::rapport::sales::v1::seller_service_client::SellerServiceClient;
use rapport_tests::{Engine, Suite};

use crate::{data, mapping, replay};

async fn run(suite: &Suite) -> Summary {
    let folder = data().join("maven_crm_sales");
    let begun = Instant::now();
    let arguments = SalesArgs {
        file: folder.join("sales_pipeline.csv"),
        mapping: mapping("pipeline.toml"),
        sellers: Some(folder.join("sales_teams.csv")),
        products: Some(folder.join("products.csv")),
        quarantine: Some(suite.folder().join("quarantine.csv")),
        batch_size: 500,
        connection: suite.connection(),
    };
    let summary = import(&arguments).await.unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "replay sales_pipeline.csv: 8800 rows in {seconds:.1} s, {} of them new: {:.0} rows/s",
        summary.created,
        8_800.0 / seconds
    );
    summary
}

async fn report(suite: &Suite, by: &[By]) -> Vec<proto::SalesRow> {
    let year = |year| {
        Some(Date {
            year,
            month: 1,
            day: 1,
        })
    };
    let request = proto::QuerySalesRequest {
        start_date: year(2016),
        end_date: year(2018),
        dimensions: by.iter().map(|it| i32::from(*it)).collect(),
        ..Default::default()
    };
    let mut reports = SalesReportServiceClient::new(suite.administrator().await);
    reports
        .query_sales(request)
        .await
        .unwrap()
        .into_inner()
        .rows
}

fn revenue(row: &proto::SalesRow) -> i64 {
    row.revenue.as_ref().map_or(0, |it| it.units)
}

/// Everybody who sells, by resource name.
async fn sellers(suite: &Suite) -> BTreeMap<String, String> {
    let request = proto::ListSellersRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let mut client = SellerServiceClient::new(suite.administrator().await);
    let sellers = client
        .list_sellers(request)
        .await
        .unwrap()
        .into_inner()
        .sellers;
    sellers
        .into_iter()
        .map(|it| (it.name, it.display_name))
        .collect()
}

/// Gives the product the code that the file has for it.
async fn map_alias(suite: &Suite) {
    let mut products = ProductServiceClient::new(suite.administrator().await);
    let codes = proto::LookUpProductsRequest {
        codes: vec!["GTX Pro".to_owned()],
    };
    let found = products
        .look_up_products(codes)
        .await
        .unwrap()
        .into_inner()
        .found;
    let mut product = found[0].product.clone().unwrap();
    product.aliases.push("GTXPro".to_owned());
    let request = proto::UpdateProductRequest {
        product: Some(product),
        ..Default::default()
    };
    products.update_product(request).await.unwrap();
}

async fn count(suite: &Suite, filter: &str) -> usize {
    let mut client = OpportunityServiceClient::new(suite.administrator().await)
        .max_decoding_message_size(16 << 20);
    let mut request = proto::ListOpportunitiesRequest {
        page_size: 1_000,
        filter: filter.to_owned(),
        ..Default::default()
    };
    let mut count = 0;
    loop {
        let page = client
            .list_opportunities(request.clone())
            .await
            .unwrap()
            .into_inner();
        count += page.opportunities.len();
        if page.next_page_token.is_empty() {
            return count;
        }
        request.page_token = page.next_page_token;
    }
}

async fn opportunities(engine: Engine) {
    let suite = Suite::start(engine).await;
    let accounts = data().join("maven_crm_sales/accounts.csv");
    replay(&suite, &accounts, "accounts.toml").await;

    let first = run(&suite).await;
    assert_eq!((first.created, first.known), (7_320, 0));
    let waiting: Vec<_> = first.waiting.iter().collect();
    let expected = "no product goes by the code `GTXPro`; give one this alias".to_owned();
    assert_eq!(waiting, [(&expected, &1_480)]);
    let quarantine = std::fs::read_to_string(suite.folder().join("quarantine.csv")).unwrap();
    assert_eq!(
        quarantine.lines().count(),
        1_481,
        "with the names of the columns"
    );

    map_alias(&suite).await;
    let rest = run(&suite).await;
    assert_eq!(
        (rest.created, rest.known, rest.waiting.len()),
        (1_480, 7_320, 0)
    );
    assert!(!suite.folder().join("quarantine.csv").exists());
    let again = run(&suite).await;
    assert_eq!((again.created, again.known), (0, 8_800), "each row once");

    let [all] = report(&suite, &[]).await.try_into().unwrap();
    assert_eq!((all.won_count, all.lost_count), (4_238, 2_473));
    assert_eq!(revenue(&all), 10_005_534);
    assert_eq!(format!("{:.4}", all.win_rate), "0.6315");
    assert_eq!(format!("{:.2}", all.mean_won_cycle_days), "51.78");
    assert_eq!(
        count(&suite, "state = OPEN AND stage = engaging").await,
        1_589
    );
    assert_eq!(
        count(&suite, "state = OPEN AND stage = prospecting").await,
        500
    );
    in_parts(&suite).await;
}

async fn in_parts(suite: &Suite) {
    let names = sellers(suite).await;
    assert_eq!(names.len(), 35 + 6, "and their managers");
    let owners = report(suite, &[By::Owner]).await;
    let darcel = owners
        .iter()
        .find(|it| names[&it.owner] == "Darcel Schlecht")
        .unwrap();
    assert_eq!((darcel.won_count, revenue(darcel)), (349, 1_153_214));

    let managers = report(suite, &[By::Manager]).await;
    let managers: BTreeMap<_, _> = managers
        .iter()
        .map(|it| (names[&it.manager].as_str(), revenue(it)))
        .collect();
    let expected = [
        ("Melvin Marxen", 2_251_930),
        ("Summer Sewald", 1_964_750),
        ("Rocco Neubert", 1_960_545),
        ("Celia Rouche", 1_603_897),
        ("Cara Losch", 1_130_049),
        ("Dustin Brinkmann", 1_094_363),
    ];
    assert_eq!(managers, expected.into());

    let regions = report(suite, &[By::Region]).await;
    let regions: BTreeMap<_, _> = regions
        .iter()
        .map(|it| (it.region.as_str(), revenue(it)))
        .collect();
    let expected = [
        ("West", 3_568_647),
        ("Central", 3_346_293),
        ("East", 3_090_594),
    ];
    assert_eq!(regions, expected.into());

    let quarters = report(suite, &[By::Quarter]).await;
    let quarters: Vec<_> = quarters.iter().map(revenue).collect();
    assert_eq!(quarters, [1_134_672, 3_086_111, 2_982_255, 2_802_496]);
    let products = report(suite, &[By::Product]).await;
    assert_eq!(
        (products.len(), products.iter().map(revenue).sum::<i64>()),
        (7, 10_005_534)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared/data; run by `cargo xtask replay`"]
async fn mavens_opportunities_on_sqlite() {
    opportunities(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared/data; run by `cargo xtask replay`"]
async fn mavens_opportunities_on_postgres() {
    opportunities(Engine::Postgres).await;
}
