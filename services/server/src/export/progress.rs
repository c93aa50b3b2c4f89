//! The export file and how far it is, kept beside it so that an export can go on.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

/// An export file that is being written.
pub(crate) struct Progress {
    file: File,
    note_path: PathBuf,
    note: Note,
    bar: ProgressBar,
}

/// What is durable: everything up to `length`, ending with the customer `after`.
#[derive(Default, Deserialize, Serialize)]
struct Note {
    after: String,
    length: u64,
    count: u64,
}

impl Progress {
    pub(super) fn begin(path: &Path, head: &[u8]) -> anyhow::Result<Self> {
        let mut file =
            File::create(path).with_context(|| format!("can't write {}", path.display()))?;
        file.write_all(head)?;
        let note = Note {
            length: head.len() as u64,
            ..Note::default()
        };
        Self::new(file, path, note)
    }

    /// Goes on where an export of this file broke off; what it wrote after its last note
    /// is cut off.
    pub(super) fn resume(path: &Path) -> anyhow::Result<Self> {
        let note = std::fs::read_to_string(note_path(path))
            .with_context(|| format!("there is no unfinished export of {}", path.display()))?;
        let note: Note = toml::from_str(&note)?;
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.set_len(note.length)?;
        file.seek(SeekFrom::End(0))?;
        Self::new(file, path, note)
    }

    fn new(file: File, path: &Path, note: Note) -> anyhow::Result<Self> {
        let style =
            ProgressStyle::with_template("{spinner} {pos} customers  {per_sec}  {elapsed}")?;
        let bar = ProgressBar::no_length()
            .with_style(style)
            .with_position(note.count);
        let progress = Self {
            file,
            note_path: note_path(path),
            note,
            bar,
        };
        progress.keep_note()?;
        Ok(progress)
    }

    /// The last customer in the file; empty before the first.
    pub(super) fn after(&self) -> &str {
        &self.note.after
    }

    pub(super) fn append(&mut self, lines: &[u8], last: &str, count: usize) -> anyhow::Result<()> {
        self.file.write_all(lines)?;
        self.file.sync_data()?;
        self.note.length += lines.len() as u64;
        self.note.count += count as u64;
        last.clone_into(&mut self.note.after);
        self.bar.set_position(self.note.count);
        self.keep_note()
    }

    /// Written aside and renamed, so that a crash leaves the old or the new note.
    fn keep_note(&self) -> anyhow::Result<()> {
        let aside = self.note_path.with_extension("new");
        std::fs::write(&aside, toml::to_string(&self.note)?)?;
        std::fs::rename(aside, &self.note_path)?;
        Ok(())
    }

    /// Ends the export; the number of customers in the file.
    pub(super) fn finish(self) -> anyhow::Result<u64> {
        self.bar.finish_and_clear();
        std::fs::remove_file(&self.note_path)?;
        Ok(self.note.count)
    }
}

fn note_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".progress");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_export_goes_on_after_the_last_noted_customer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let mut export = Progress::begin(&path, b"name\n").unwrap();
        export.append(b"Anna\n", "customers/1", 1).unwrap();
        export.file.write_all(b"half a li").unwrap();
        drop(export);

        let mut export = Progress::resume(&path).unwrap();
        assert_eq!(export.after(), "customers/1");
        export.append(b"Ben\n", "customers/2", 1).unwrap();
        assert_eq!(export.finish().unwrap(), 2);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "name\nAnna\nBen\n");
        assert!(
            Progress::resume(&path).is_err(),
            "a finished export can't be resumed"
        );
    }
}
