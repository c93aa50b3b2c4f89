//! Identifiers of rows, events and calls.

use uuid::Uuid;

/// A new UUIDv7 (RFC 9562): sorts by creation time, and within one process every
/// identifier is greater than the one before, so that pages keyed by id are ordered.
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_grow() {
        let ids: Vec<Uuid> = (0..100_000).map(|_| new_id()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(ids[0].get_version_num(), 7);
    }
}
