//! The catalogue.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Code, Status};

use super::{mask, usd};
use crate::testing::{Caller, metadata};

pub(super) async fn product(caller: &Caller, code: &str, price: i64) -> proto::Product {
    create(caller, code, &[], price).await.unwrap()
}

async fn create(
    caller: &Caller,
    code: &str,
    aliases: &[&str],
    price: i64,
) -> Result<proto::Product, Status> {
    let request = proto::CreateProductRequest {
        product: Some(proto::Product {
            code: code.to_owned(),
            display_name: code.to_owned(),
            aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
            series: "GTX".to_owned(),
            list_price: Some(usd(price)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let answer = caller.products().create_product(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn alias(
    caller: &Caller,
    product: &proto::Product,
    aliases: &[&str],
) -> Result<proto::Product, Status> {
    let request = proto::UpdateProductRequest {
        product: Some(proto::Product {
            name: product.name.clone(),
            aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
            ..Default::default()
        }),
        update_mask: mask(&["aliases"]),
        ..Default::default()
    };
    let answer = caller.products().update_product(request).await;
    answer.map(tonic::Response::into_inner)
}

/// The codes that are found, with the products they mean.
async fn look_up(caller: &Caller, codes: &[&str]) -> Vec<(String, String)> {
    let request = proto::LookUpProductsRequest {
        codes: codes.iter().map(|it| (*it).to_owned()).collect(),
    };
    let found = caller
        .products()
        .look_up_products(request)
        .await
        .unwrap()
        .into_inner()
        .found;
    found
        .into_iter()
        .map(|it| (it.code, it.product.unwrap().name))
        .collect()
}

on_each_engine! {
    async fn a_code_or_alias_means_one_product(db: Database) {
        let caller = Caller::of(&db).await;
        let pro = product(&caller, "GTX Pro", 4_821).await;
        let basic = product(&caller, "GTX Basic", 550).await;
        assert_eq!(look_up(&caller, &["GTXPro"]).await, []);
        alias(&caller, &pro, &["GTXPro", "gtx-pro"]).await.unwrap();
        let found = look_up(&caller, &["GTXPro", "nothing", "GTX Pro", "GTX Basic"]).await;
        let expected = [("GTXPro", &pro), ("GTX Pro", &pro), ("GTX Basic", &basic)];
        assert_eq!(found, expected.map(|(code, product)| (code.to_owned(), product.name.clone())));
        for (code, aliases) in [("GTXPro", &[][..]), ("new", &["gtx-pro"])] {
            let taken = create(&caller, code, aliases, 1).await.unwrap_err();
            assert_eq!((taken.code(), metadata(&taken, "resource")), (Code::AlreadyExists, pro.name.clone()));
        }
        alias(&caller, &pro, &[]).await.unwrap();
        assert_eq!(look_up(&caller, &["GTXPro"]).await, []);
        assert_eq!(look_up(&caller.of_another_tenant(), &["GTX Pro"]).await, []);
    }

    async fn one_alias_is_given_once_however_many_ask(db: Database) {
        let caller = Caller::of(&db).await;
        let one = product(&caller, "one", 1).await;
        let other = product(&caller, "other", 1).await;
        let (first, second) = tokio::join!(
            alias(&caller, &one, &["both"]),
            alias(&caller, &other, &["both"]),
        );
        assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
    }

    async fn lists_are_filtered(db: Database) {
        let caller = Caller::of(&db).await;
        let pro = product(&caller, "GTX Pro", 4_821).await;
        for (filter, expected) in [("series = \"GTX\" AND retired = false", 1), ("series = MG", 0), ("code = \"GTX Pro\"", 1)] {
            let request = proto::ListProductsRequest { filter: filter.to_owned(), ..Default::default() };
            let found = caller.products().list_products(request).await.unwrap().into_inner().products;
            assert_eq!(found.len(), expected, "{filter}");
        }
        let request = proto::GetProductRequest { name: pro.name.clone() };
        assert_eq!(caller.products().get_product(request).await.unwrap().into_inner(), pro);
    }
}
