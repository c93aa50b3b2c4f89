//! CSV files, row by row.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use csv::StringRecord;

use crate::import::template::Row;

/// A file that is being read. Its first line names the columns.
pub(super) struct Rows {
    reader: csv::Reader<File>,
    columns: Arc<HashMap<String, usize>>,
    header: StringRecord,
}

/// A row as it stands in the file, and as templates see it.
pub(super) struct RawRow {
    pub(super) record: StringRecord,
    pub(super) row: Row,
}

impl Rows {
    pub(super) fn open(path: &Path, delimiter: u8) -> anyhow::Result<Self> {
        let unreadable = || format!("can't read {}", path.display());
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_path(path)
            .with_context(unreadable)?;
        let header = reader.headers().with_context(unreadable)?.clone();
        let columns = header.iter().enumerate();
        let columns = columns
            .map(|(index, name)| (name.trim_start_matches('\u{feff}').trim().to_owned(), index))
            .collect();
        Ok(Self {
            reader,
            columns: Arc::new(columns),
            header,
        })
    }

    /// The names of the columns, as they stand in the file.
    pub(super) fn header(&self) -> &StringRecord {
        &self.header
    }

    /// The next rows, at most `count`; none at the end.
    pub(super) fn next(&mut self, count: usize) -> anyhow::Result<Vec<RawRow>> {
        let mut rows = Vec::with_capacity(count);
        for record in self.reader.records().take(count) {
            let record = record.context("the file is not CSV in UTF-8 from here on")?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = Row::new(self.columns.clone(), record.clone(), line);
            rows.push(RawRow { record, row });
        }
        Ok(rows)
    }
}
