//! What PostgreSQL does to find what goes with what a customer owns: the work, not the time it takes.

use rapport_platform::testing::postgres;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use uuid::Uuid;

use super::super::plans::{most_work, plan};
use crate::store::suggestion::candidate::{Top, cross_sell, up_sell};
use crate::testing::Caller;

const PRODUCTS: &str = "
    INSERT INTO product (tenant_id, product_id, code, display_name, aliases, series, list_price,
        list_price_currency, retired, version, create_time, update_time)
    SELECT $1, ('00000000-0000-7000-9000-' || lpad(number::text, 12, '0'))::uuid, number::text, 'Product', '[]',
        'Series ' || number % 4, number, 'EUR', number % 7 = 0, 1, 0, 0
    FROM generate_series(1, 2000) AS number";

/// Everything with every fiftieth product.
const COUNTS: &str = "
    INSERT INTO co_ownership (tenant_id, product_id, other_id, owners)
    SELECT $1, one.product_id, other.product_id, 1 + other.list_price % 97
    FROM product AS one CROSS JOIN product AS other WHERE one.list_price % 50 = 0";

#[tokio::test]
async fn a_bounded_number_of_rows_is_looked_at_whatever_is_counted() {
    let (db, _storage) = postgres().await;
    let caller = Caller::of(&db).await;
    let tenant = caller.ctx.tenant;
    for (fill, analyse) in [(true, false), (false, true)] {
        db.write_txn(|txn| async move {
            for sql in [PRODUCTS, COUNTS].into_iter().filter(|_| fill) {
                let fill =
                    Statement::from_sql_and_values(DbBackend::Postgres, sql, [tenant.into()]);
                txn.execute_raw(fill).await?;
            }
            if analyse {
                txn.execute_unprepared("ANALYZE product; ANALYZE co_ownership")
                    .await?;
            }
            Ok::<_, crate::Error>(())
        })
        .await
        .unwrap();
        let owned: Vec<Uuid> = (1..=20_u32)
            .map(|number| {
                format!("00000000-0000-7000-9000-{:012}", number * 50)
                    .parse()
                    .unwrap()
            })
            .collect();
        let tops = (0..4).map(|series| Top {
            series: format!("Series {series}"),
            currency: "EUR".to_owned(),
            price: 1_000,
            product: owned[0],
        });
        let tops: Vec<Top> = tops.collect();
        let customers = [Uuid::nil()];
        let her = (customers.as_slice(), owned.as_slice());
        for (sql, values) in [
            cross_sell(&caller.ctx, her, 3),
            up_sell(&caller.ctx, her, &tops),
        ] {
            let plan = plan(&db, &sql, values).await;
            let work = most_work(&plan);
            assert!(
                work <= 5_000.0,
                "{work} rows, analysed: {analyse}: {plan:#}"
            );
        }
    }
}
