//! Worked cases of the ledger.
