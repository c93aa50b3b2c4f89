//! Reads a CSV file into batches, off the async threads.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use prost::Message as _;
use rapport_proto::rapport::customer::v1::ImportRow;
use tokio::sync::mpsc::Sender;

use super::mapping::Mapping;
use super::template::{Row, RowError};

/// A batch is sent when it has grown past this: with a row of the greatest size it is still
/// smaller than the 4 MiB that a message may have.
const MAX_BATCH_BYTES: usize = 1 << 20;
/// A row that is larger would break off the run, and every attempt to resume it.
const MAX_ROW_BYTES: usize = 2 << 20;

/// Rows to send together, and the rows between them that could not be mapped.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Rows in ascending order of line.
    pub(crate) rows: Vec<ImportRow>,
    /// Lines that could not be read or mapped.
    pub(crate) errors: Vec<(u64, RowError)>,
    /// Position in the file after the batch, in bytes.
    pub(crate) position: u64,
    bytes: usize,
}

impl Batch {
    fn is_full(&self, batch_size: usize) -> bool {
        self.rows.len() + self.errors.len() >= batch_size || self.bytes >= MAX_BATCH_BYTES
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.errors.is_empty()
    }
}

/// Sends the file's rows after line `after` in batches, and of the lines before that only those
/// that can't be mapped: nobody else knows them. Ends early when nobody listens.
pub(crate) fn read(
    path: &Path,
    mapping: &Mapping,
    after: u64,
    batch_size: usize,
    batches: &Sender<Batch>,
) -> anyhow::Result<()> {
    let mut reader = open(path, mapping)?;
    let columns = reader
        .headers()
        .context("the first line must name the columns")?;
    let columns = columns.iter().enumerate();
    let columns: HashMap<_, _> = columns
        .map(|(index, name)| (name.trim_start_matches('\u{feff}').trim().to_owned(), index))
        .collect();
    let columns = Arc::new(columns);
    let lag = line_lag(path, reader.position().byte())?;

    let mut batch = Batch::default();
    let mut records = reader.records();
    while let Some(record) = records.next() {
        let position = records.reader().position();
        let (line, record) = match record {
            Ok(record) => (
                record.position().map_or(0, csv::Position::line) + lag,
                Ok(record),
            ),
            Err(error) => {
                let line = error.position().map(csv::Position::line);
                // Without a position the file itself can't be read further.
                let Some(line) = line else {
                    return Err(error.into());
                };
                (line + lag, Err(RowError::new("row", unreadable(&error))))
            }
        };
        batch.position = position.byte();
        let row = record.and_then(|record| mapping.apply(&Row::new(columns.clone(), record, line)));
        match row {
            Err(error) => batch.errors.push((line, error)),
            Ok(_) if line <= after => {}
            Ok(row) if row.encoded_len() > MAX_ROW_BYTES => {
                batch.errors.push((
                    line,
                    RowError::new("row", "is larger than 2 MiB; shorten it"),
                ));
            }
            Ok(row) => {
                batch.bytes += row.encoded_len();
                batch.rows.push(row);
            }
        }
        if batch.is_full(batch_size) && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
            return Ok(());
        }
    }
    if !batch.is_empty() {
        let _ = batches.blocking_send(batch);
    }
    Ok(())
}

fn open(path: &Path, mapping: &Mapping) -> anyhow::Result<csv::Reader<File>> {
    csv::ReaderBuilder::new()
        .delimiter(mapping.delimiter)
        .from_path(path)
        .with_context(|| format!("can't read {}", path.display()))
}

/// How many lines the reader is behind. It ends a row at CR and counts the LF only with the
/// next one, so in files with CR LF every row would seem to be one line higher up.
fn line_lag(path: &Path, after_header: u64) -> anyhow::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(after_header))?;
    let mut next = [0];
    let length = file.read(&mut next)?;
    Ok(u64::from(length == 1 && next == *b"\n"))
}

/// What is wrong with a row, without quoting from it.
fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8; convert the file first".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("has {len} columns where the first line has {expected_len}")
        }
        _ => "can't be read as CSV".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str =
        "system = 'crm'\n[customer]\nexternal_id = '{{ id }}'\nfull_name = '{{ name }}'";

    fn batches(csv: &[u8], after: u64, size: usize) -> Vec<Batch> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), csv).unwrap();
        let mapping = Mapping::parse(MAPPING).unwrap();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(100);
        read(file.path(), &mapping, after, size, &sender).unwrap();
        drop(sender);
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
    }

    fn lines(batch: &Batch) -> Vec<i64> {
        batch.rows.iter().map(|row| row.line).collect()
    }

    #[test]
    fn rows_come_in_batches_with_the_line_they_start_on() {
        let found = batches(b"id,name\n1,Anna\n2,\"Two\nlines\"\n3,Zoe\n", 0, 2);
        assert_eq!(lines(&found[0]), [2, 3]);
        assert_eq!(lines(&found[1]), [5]);
    }

    #[test]
    fn lines_are_counted_the_same_whatever_ends_them() {
        let found = batches(b"id,name\r\n1,Anna\r\n2,Ben\r\n", 0, 100);
        assert_eq!(lines(&found[0]), [2, 3]);
    }

    #[test]
    fn bad_rows_are_reported_and_the_rest_goes_on() {
        let found = batches(b"id,name\n1\n2,An\xffna\n3,\n4,Zoe\n", 0, 100);
        let bad: Vec<_> = found[0].errors.iter().map(|(line, _)| *line).collect();
        assert_eq!(bad, [2, 3, 4]);
        assert_eq!(lines(&found[0]), [5]);
        assert!(
            !format!("{:?}", found[0].errors[1]).contains("An"),
            "quotes no data"
        );
    }

    #[test]
    fn a_resumed_file_starts_after_the_last_line() {
        let found = batches(b"id,name\n1,Anna\n2,Ben\n3,Zoe\n", 3, 100);
        assert_eq!(lines(&found[0]), [4]);
    }

    #[test]
    fn lines_that_can_not_be_mapped_are_reported_again_when_a_file_is_resumed() {
        let found = batches(b"id,name\n1,Anna\n2,\n3,Zoe\n4,Eve\n", 4, 100);
        assert_eq!(lines(&found[0]), [5]);
        let bad: Vec<_> = found[0].errors.iter().map(|(line, _)| *line).collect();
        assert_eq!(bad, [3]);
    }

    #[test]
    fn a_row_that_no_message_could_carry_is_reported() {
        let csv = format!("id,name\n1,{}\n2,Ben\n", "x".repeat(MAX_ROW_BYTES));
        let found = batches(csv.as_bytes(), 0, 100);
        assert_eq!(found[0].errors[0].0, 2);
        assert_eq!(lines(&found[0]), [3]);
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_first_column() {
        let found = batches("\u{feff}id,name\n1,Anna\n".as_bytes(), 0, 100);
        assert_eq!(lines(&found[0]), [2]);
    }
}
