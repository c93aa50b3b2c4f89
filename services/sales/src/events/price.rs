//! Facts about prices. The aggregate is the price book: its prices count as part of it.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// A price book was recorded or changed and has `version` since.
pub(crate) fn price_book_changed(book: &proto::PriceBook, version: i64) -> NewEvent {
    let fact = proto::PriceBookChanged {
        price_book: Some(book.clone()),
    };
    NewEvent::new(&book.name, version, &fact)
}

/// A price book that had `version` was removed.
pub(crate) fn price_book_deleted(name: &str, version: i64) -> NewEvent {
    let fact = proto::PriceBookDeleted {
        price_book: name.to_owned(),
    };
    NewEvent::new(name, version + 1, &fact)
}

/// Prices of a book were set, which has `version` since.
pub(crate) fn prices_set(book: &str, version: i64, entries: &[proto::PriceBookEntry]) -> NewEvent {
    let fact = proto::PricesSet {
        price_book: book.to_owned(),
        entries: entries.to_vec(),
    };
    NewEvent::new(book, version, &fact)
}

/// Prices of a book were removed, which has `version` since.
pub(crate) fn prices_removed(book: &str, version: i64, products: &[String]) -> NewEvent {
    let fact = proto::PricesRemoved {
        price_book: book.to_owned(),
        products: products.to_vec(),
    };
    NewEvent::new(book, version, &fact)
}
