use proptest::prelude::*;

use super::*;

fn run() -> ImportRun {
    ImportRun::open("accounts.csv", Mode::Write).unwrap()
}

/// Sends a batch as a client does and applies what is fresh, each row creating a customer.
fn send(run: &mut ImportRun, lines: &[i64]) -> Vec<i64> {
    let skip = run.already_in(lines).unwrap();
    let fresh = lines[skip..].to_vec();
    for &line in &fresh {
        assert_eq!(run.note(line, RowOutcome::Created, 1), RowOutcome::Created);
    }
    fresh
}

#[test]
fn a_row_sent_again_is_acknowledged_without_effect() {
    let mut run = run();

    assert_eq!(send(&mut run, &[2, 3, 5]), [2, 3, 5]);
    assert!(send(&mut run, &[2, 3, 5]).is_empty());
    assert_eq!(send(&mut run, &[3, 5, 6, 9]), [6, 9]);

    assert_eq!(run.checkpoint(), 9);
    assert_eq!((run.counts().created, run.counts().interactions), (5, 5));
    assert_eq!(run.note(9, RowOutcome::Created, 1), RowOutcome::Skipped);
    assert_eq!(run.counts().created, 5);
}

#[test]
fn a_bad_row_is_counted_and_passed() {
    let mut run = run();

    run.note(2, RowOutcome::Failed, 7);
    run.note(3, RowOutcome::Updated, 2);
    run.note(4, RowOutcome::Unchanged, 0);

    let counts = run.counts();
    assert_eq!((counts.failed, counts.updated, counts.unchanged), (1, 1, 1));
    assert_eq!(counts.interactions, 2);
    assert_eq!(run.already_in(&[2, 3, 4, 5]), Ok(3));
}

#[test]
fn lines_must_ascend_within_a_batch() {
    for (lines, field) in [
        (&[0][..], "batch.rows[0].line"),
        (&[-1], "batch.rows[0].line"),
        (&[1, 2, 2], "batch.rows[2].line"),
        (&[5, 4, 6], "batch.rows[1].line"),
    ] {
        let Err(BatchRefused::Lines(faults)) = run().already_in(lines) else {
            panic!("{lines:?} passed");
        };
        assert_eq!(faults.at("batch")[0].field, field);
    }
}

#[test]
fn a_completed_run_takes_nothing_more() {
    let mut run = run();
    send(&mut run, &[1]);
    run.complete().unwrap();

    let refused = RunRefused::TakesNoRows(ImportState::Completed);
    assert_eq!(run.already_in(&[2]), Err(BatchRefused::Run(refused)));
    assert_eq!(run.takes_rows(), Err(refused));
    assert_eq!(run.complete(), Err(refused));
}

#[test]
fn undo_works_in_steps_until_it_is_done() {
    for complete in [true, false] {
        let mut run = run();
        send(&mut run, &[1, 2]);
        if complete {
            run.complete().unwrap();
        }

        run.undo().unwrap();
        run.note_undo(&Undo::<()>::Delete);
        assert_eq!(
            run.takes_rows(),
            Err(RunRefused::TakesNoRows(ImportState::Undoing))
        );
        run.undo().unwrap();
        run.note_undo(&Undo::<()>::Keep);
        run.finish_undo();

        assert_eq!((run.state(), run.counts().kept), (ImportState::Undone, 1));
        assert_eq!(run.undo(), Err(RunRefused::AlreadyUndone));
    }
}

#[test]
fn a_dry_run_counts_and_has_nothing_to_take_back() {
    let mut run = ImportRun::open("accounts.csv", Mode::DryRun).unwrap();

    assert_eq!(send(&mut run, &[1, 2]), [1, 2]);

    assert_eq!(run.counts().created, 2);
    assert_eq!(run.undo(), Err(RunRefused::DryRun));
}

#[test]
fn a_run_has_a_source() {
    assert!(ImportRun::open(" ", Mode::Write).is_err());
}

#[test]
fn undo_touches_only_what_nobody_else_touched() {
    type Entry = JournalEntry<&'static str>;
    for (entry, now, undo) in [
        (Entry::created(1), Some(1), Undo::Delete),
        (Entry::created(1), Some(2), Undo::Keep),
        (Entry::created(1), None, Undo::Keep),
        (
            Entry::updated("before", 5),
            Some(5),
            Undo::Restore("before"),
        ),
        (Entry::updated("before", 5), Some(6), Undo::Keep),
        (Entry::updated("before", 5), None, Undo::Keep),
        (Entry::created(1).again(1, 2), Some(2), Undo::Delete),
        (Entry::created(1).again(2, 3), Some(3), Undo::Keep),
        (
            Entry::updated("before", 5).again(5, 6).again(6, 7),
            Some(7),
            Undo::Restore("before"),
        ),
        (
            Entry::updated("before", 5).again(6, 7).again(7, 8),
            Some(8),
            Undo::Keep,
        ),
    ] {
        assert_eq!(entry.undo(now), undo);
    }
}

proptest! {
    /// A client that breaks off anywhere and resumes from anywhere before brings in each line once.
    #[test]
    fn every_line_is_in_exactly_once_however_often_a_run_breaks_off(
        attempts in prop::collection::vec((0..100_usize, 1..40_usize, 1..10_usize), 1..20),
    ) {
        let lines: Vec<i64> = (2..102).collect();
        let mut run = run();
        let mut applied = Vec::new();
        let through = (0, lines.len(), 7);
        for (back, length, batch) in attempts.into_iter().chain([through]) {
            let done = lines.partition_point(|&line| line <= run.checkpoint());
            let from = if length == lines.len() { 0 } else { done.saturating_sub(back) };
            let to = (from + length).min(lines.len());
            for batch in lines[from..to].chunks(batch) {
                applied.extend(send(&mut run, batch));
            }
        }
        prop_assert_eq!(&applied, &lines);
        prop_assert_eq!(run.counts().created, 100);
    }
}
