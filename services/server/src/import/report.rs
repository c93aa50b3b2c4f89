//! What the person at the terminal sees of an import, and the file of failed rows.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use rapport_proto::rapport::customer::v1::{ImportCustomersResponse, ImportError, ImportRun};

use super::Sent;
use super::template::RowError;
use crate::terminal::say;

/// Progress on the terminal and errors in a file.
pub(crate) struct Report {
    bar: ProgressBar,
    errors: csv::Writer<File>,
    path: PathBuf,
    begun: Instant,
    first_line: i64,
    unmapped: u64,
}

impl Report {
    pub(super) fn begin(
        file: &Path,
        errors: Option<&Path>,
        run: &ImportRun,
    ) -> anyhow::Result<Self> {
        let path = errors.map_or_else(|| errors_beside(file), Path::to_owned);
        let mut writer = csv::Writer::from_path(&path)
            .with_context(|| format!("can't write the error file {}", path.display()))?;
        writer.write_record(["line", "field", "description"])?;
        let bar = ProgressBar::new(std::fs::metadata(file)?.len());
        bar.set_style(ProgressStyle::with_template(
            "{bar:40} {percent:>3} %  {msg}  {elapsed} (about {eta} left)",
        )?);
        say(&format!("{} from {}", run.name, file.display()));
        Ok(Self {
            bar,
            errors: writer,
            path,
            begun: Instant::now(),
            first_line: run.last_line,
            unmapped: 0,
        })
    }

    /// Notes that a batch is durable; `sent` tells what it was.
    pub(super) fn acknowledge(
        &mut self,
        answer: &ImportCustomersResponse,
        sent: Option<Sent>,
    ) -> anyhow::Result<()> {
        self.refused(&answer.errors)?;
        self.errors.flush()?;
        if let Some(run) = &answer.run {
            self.bar.set_message(format!(
                "line {}, {} failed",
                run.last_line, run.failed_count
            ));
        }
        if let Some(sent) = sent {
            self.bar.set_position(sent.position);
            self.unmapped(&sent.unmapped)?;
        }
        Ok(())
    }

    /// Notes rows that the suite refused.
    pub(super) fn refused(&mut self, errors: &[ImportError]) -> anyhow::Result<()> {
        for error in errors {
            let line = error.line.to_string();
            self.errors
                .write_record([&line, &error.field, &error.description])?;
        }
        Ok(())
    }

    /// Notes rows that never left because the mapping does not fit them.
    pub(super) fn unmapped(&mut self, rows: &[(u64, RowError)]) -> anyhow::Result<()> {
        for (line, error) in rows {
            self.unmapped += 1;
            let line = line.to_string();
            self.errors
                .write_record([&line, &error.field, &error.description])?;
        }
        Ok(())
    }

    /// Sums up; the exit status tells whether rows failed.
    pub(super) fn finish(mut self, run: &ImportRun) -> anyhow::Result<ExitCode> {
        self.errors.flush()?;
        self.bar.finish_and_clear();
        let failed = run.failed_count.unsigned_abs() + self.unmapped;
        let seconds = self.begun.elapsed().as_secs_f64();
        let lines = (run.last_line - self.first_line).max(0) as f64;
        say(&format!(
            "{}{} created, {} updated, {} unchanged, {failed} failed; {} interactions",
            if run.dry_run { "dry run: " } else { "" },
            run.created_count,
            run.updated_count,
            run.unchanged_count,
            run.interaction_count,
        ));
        say(&format!(
            "{seconds:.1} s, {:.0} lines/s",
            lines / seconds.max(0.001)
        ));
        if failed == 0 {
            // An empty error file would only raise questions.
            std::fs::remove_file(&self.path)?;
            return Ok(ExitCode::SUCCESS);
        }
        say(&format!("failed rows: {}", self.path.display()));
        Ok(ExitCode::from(2))
    }
}

/// Tells what an undo did.
pub(super) fn undone(run: &ImportRun) {
    say(&format!(
        "{} taken back; {} customers kept because they were changed since",
        run.name, run.kept_count
    ));
}

fn errors_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".errors.csv");
    name.into()
}
