//! Import runs: which rows count, how far a run is, and how it is taken back.

mod journal;

pub use journal::{JournalEntry, Undo};

use super::invalid::{Invalid, InvalidFields};
use super::text;
use rapport_platform::numbered;

/// Longest name of a source, in characters.
const MAX_SOURCE: usize = 200;

numbered! {
    /// How far an import run is.
    pub enum ImportState as "state of an import run" {
        /// Rows may come.
        Running = 1 "RUNNING",
        /// All rows are in.
        Completed = 2 "COMPLETED",
        /// It is being taken back.
        Undoing = 3 "UNDOING",
        /// It was taken back.
        Undone = 4 "UNDONE",
    }
}

numbered! {
    /// What became of a row.
    pub enum RowOutcome as "outcome of a row" {
        /// A customer was created.
        Created = 1 "CREATED",
        /// A customer was changed.
        Updated = 2 "UPDATED",
        /// The customer was the same already.
        Unchanged = 3 "UNCHANGED",
        /// The row was refused and reported.
        Failed = 4 "FAILED",
        /// The row was in already, and is acknowledged again without effect.
        Skipped = 5 "SKIPPED",
    }
}

/// How many rows and interactions a run brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Customers created.
    pub created: u64,
    /// Customers changed.
    pub updated: u64,
    /// Customers found to be the same already.
    pub unchanged: u64,
    /// Rows that failed, and rows that are in but for their parents.
    pub failed: u64,
    /// Interactions appended.
    pub interactions: u64,
    /// After an undo: customers kept because others had changed them since.
    pub kept: u64,
}

/// One import.
///
/// The checkpoint is the last line that is durable. It is stored in the transaction of the rows up
/// to it, so that after a crash a client sends its lines again from wherever it likes: those at or
/// before the checkpoint have no second effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRun {
    source: String,
    mode: Mode,
    state: ImportState,
    checkpoint: i64,
    counts: ImportCounts,
}

/// Whether a run writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Rows take effect.
    Write,
    /// Every row is checked and counted as if it were imported; no customer changes.
    DryRun,
}

/// The run is not in a state for this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RunRefused {
    /// Rows, or the end, came to a run that takes none.
    #[error("the run is {0} and takes no more rows: start a new one")]
    TakesNoRows(ImportState),
    /// A dry run changed nothing.
    #[error("the run was a dry run: there is nothing to take back")]
    DryRun,
    /// It was taken back before.
    #[error("the run was taken back already")]
    AlreadyUndone,
}

/// Why a batch is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefused {
    /// The run takes no rows.
    #[error(transparent)]
    Run(#[from] RunRefused),
    /// The lines are not numbered as they should be.
    #[error(transparent)]
    Lines(#[from] InvalidFields),
}

impl ImportRun {
    /// Opens a run over `source`, such as a file's name. A fault is one of the source.
    pub fn open(source: &str, mode: Mode) -> Result<Self, Invalid> {
        Ok(Self {
            source: text::line(source, MAX_SOURCE)?,
            mode,
            state: ImportState::Running,
            checkpoint: 0,
            counts: ImportCounts::default(),
        })
    }

    /// The run as it was stored.
    pub const fn stored(
        source: String,
        mode: Mode,
        state: ImportState,
        checkpoint: i64,
        counts: ImportCounts,
    ) -> Self {
        Self {
            source,
            mode,
            state,
            checkpoint,
            counts,
        }
    }

    /// Checks that the run takes rows: to resume it, and before each batch.
    pub const fn takes_rows(&self) -> Result<(), RunRefused> {
        match self.state {
            ImportState::Running => Ok(()),
            closed => Err(RunRefused::TakesNoRows(closed)),
        }
    }

    /// The number of rows at the start of a batch that are in already; the others are to be
    /// applied, in their order, and [noted](Self::note). `lines` must ascend from 1.
    pub fn already_in(&self, lines: &[i64]) -> Result<usize, BatchRefused> {
        self.takes_rows()?;
        refuse_unordered(lines)?;
        Ok(lines.partition_point(|&line| line <= self.checkpoint))
    }

    /// Notes what became of a row, with the number of interactions that came with it. A row at or
    /// before the checkpoint is skipped whatever it would have become.
    pub fn note(&mut self, line: i64, outcome: RowOutcome, interactions: u64) -> RowOutcome {
        if line <= self.checkpoint {
            return RowOutcome::Skipped;
        }
        self.checkpoint = line;
        match outcome {
            RowOutcome::Created => self.counts.created += 1,
            RowOutcome::Updated => self.counts.updated += 1,
            RowOutcome::Unchanged => self.counts.unchanged += 1,
            RowOutcome::Failed => self.counts.failed += 1,
            RowOutcome::Skipped => {}
        }
        // A refused row leaves nothing behind.
        if outcome != RowOutcome::Failed {
            self.counts.interactions += interactions;
        }
        outcome
    }

    /// Notes rows that are in, but whose parents could not be given to their customers.
    pub const fn note_without_parent(&mut self, rows: u64) {
        self.counts.failed += rows;
    }

    /// All rows are in.
    pub fn complete(&mut self) -> Result<(), RunRefused> {
        self.takes_rows()?;
        self.state = ImportState::Completed;
        Ok(())
    }

    /// Starts to take the run back, or goes on with it. A run that broke off can be taken back too;
    /// it takes no more rows then.
    pub fn undo(&mut self) -> Result<(), RunRefused> {
        match (self.mode, self.state) {
            (Mode::DryRun, _) => Err(RunRefused::DryRun),
            (Mode::Write, ImportState::Undone) => Err(RunRefused::AlreadyUndone),
            (Mode::Write, ImportState::Running | ImportState::Completed | ImportState::Undoing) => {
                self.state = ImportState::Undoing;
                Ok(())
            }
        }
    }

    /// Notes that one customer was taken back, or kept because others had changed it.
    pub const fn note_undo<B>(&mut self, undo: &Undo<B>) {
        if matches!(undo, Undo::Keep) {
            self.counts.kept += 1;
        }
    }

    /// The journal is empty: everything was taken back or kept.
    pub fn finish_undo(&mut self) {
        if self.state == ImportState::Undoing {
            self.state = ImportState::Undone;
        }
    }

    /// Where the rows come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it writes.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// How far it is.
    pub const fn state(&self) -> ImportState {
        self.state
    }

    /// The last line acknowledged; 0 before the first.
    pub const fn checkpoint(&self) -> i64 {
        self.checkpoint
    }

    /// How much it brought in.
    pub const fn counts(&self) -> ImportCounts {
        self.counts
    }
}

fn refuse_unordered(lines: &[i64]) -> Result<(), InvalidFields> {
    let mut faults = InvalidFields::default();
    let mut before = 0;
    for (index, &line) in lines.iter().enumerate() {
        if line <= before {
            let place = format!("rows[{index}].line");
            faults.push(
                &place,
                Invalid::new("must be greater than the line before it"),
            );
        }
        before = line.max(before);
    }
    faults.finish(Some(()))
}

#[cfg(test)]
mod tests;
