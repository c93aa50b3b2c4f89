//! `PriceBookService.LookUpPrices`: which price holds, and why the others do not.

use std::collections::{BTreeMap, BTreeSet};

use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::PriceBooks;
use crate::domain::price::{Asked, BookVerdict, Entry, choose};
use crate::domain::quantity::Quantity;
use crate::error::{Error, faults_of};
use crate::grpc::convert::{price_book as convert, to_money};
use crate::resource::{PRICE, PRICE_BOOK};
use crate::store::{price, price_book};

impl PriceBooks {
    pub(super) async fn look_up(
        &self,
        ctx: Context,
        request: proto::LookUpPricesRequest,
    ) -> Result<proto::LookUpPricesResponse, Error> {
        let (asked, lines) = convert::question(&request, ctx.now).map_err(faults_of(""))?;
        let db = self.0.db.read();
        let rows = price_book::list(&ctx, db, None, price_book::MOST).await?;
        let mut fitting = Vec::new();
        let mut price_books = Vec::with_capacity(rows.len());
        for row in rows {
            let book = price_book::from_row(&row)?;
            let verdict = book.judge(&asked);
            price_books.push(proto::PriceBookJudgement {
                price_book: PRICE_BOOK.format(&[row.price_book_id]),
                verdict: verdict.number(),
            });
            if verdict == BookVerdict::Fits {
                fitting.push((book.place(row.price_book_id), row.price_book_id));
            }
        }
        fitting.sort();
        let fitting: Vec<Uuid> = fitting.into_iter().map(|(_, id)| id).collect();
        let products: BTreeSet<Uuid> = lines.iter().map(|(product, _)| *product).collect();
        let found = price::among(&ctx, db, fitting.iter().copied(), products).await?;
        let prices = found.iter().map(|row| {
            let key = (row.price_book_id, row.product_id);
            Ok((key, price::from_row(row)?))
        });
        let prices: BTreeMap<(Uuid, Uuid), Entry> = prices.collect::<Result<_, Error>>()?;
        let lines = lines
            .into_iter()
            .map(|line| answer(&asked, &fitting, &prices, line));
        Ok(proto::LookUpPricesResponse {
            lines: lines.collect(),
            price_books,
        })
    }
}

/// The price of one line, among those of the fitting books, which stand in order.
fn answer(
    asked: &Asked,
    fitting: &[Uuid],
    prices: &BTreeMap<(Uuid, Uuid), Entry>,
    (product, quantity): (Uuid, Quantity),
) -> proto::PriceAnswer {
    let of = |book: &Uuid| prices.get(&(*book, product)).map(|entry| (*book, entry));
    let candidates: Vec<(Uuid, &Entry)> = fitting.iter().filter_map(of).collect();
    let entries: Vec<&Entry> = candidates.iter().map(|(_, entry)| *entry).collect();
    let (verdicts, winner) = choose(&entries, quantity);
    let name = |book: Uuid| PRICE.format(&[book, product]);
    let winner = winner.and_then(|(place, tier)| {
        let (book, entry) = candidates.get(place)?;
        let code = asked.currency.code();
        Some(proto::PriceFound {
            entry: name(*book),
            min_quantity: tier.min_quantity.to_string(),
            unit_price: to_money(tier.unit_price, code),
            floor_price: entry.floor_price().and_then(|floor| to_money(floor, code)),
        })
    });
    let considered = candidates.iter().zip(verdicts);
    proto::PriceAnswer {
        winner,
        considered: considered
            .map(|((book, _), verdict)| proto::PriceJudgement {
                entry: name(*book),
                verdict: verdict.number(),
            })
            .collect(),
    }
}
