//! What the ERP reports, and what becomes of that.

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::problem::FieldViolation;
use rapport_platform::text as texts;
use rapport_proto::rapport::sales::v1 as proto;

use crate::domain::edition::{Edition, ReportOutcome};

/// Faults that are answered for one report: enough to mend it.
const MOST_FAULTS: usize = 10;
/// Longest number of one of the ERP's documents.
const LONGEST_NUMBER: usize = 100;

/// What becomes of a report where another of its document may be known.
///
/// # Errors
/// When nobody can tell which of the two is right.
pub(in crate::grpc) fn outcome(
    report: &Edition,
    known: Option<Edition>,
) -> Result<ReportOutcome, InvalidFields> {
    match report.after(known.as_ref()) {
        ReportOutcome::Refused => {
            let why = "was another report's before: count on with every change of the document";
            Err(Invalid::new(why).within("sequence").into())
        }
        outcome => Ok(outcome),
    }
}

/// The answer to a report.
pub(in crate::grpc) fn result(
    outcome: Result<ReportOutcome, InvalidFields>,
) -> proto::ReportResult {
    let fault = |fault: FieldViolation| proto::ReportFault {
        field: fault.field,
        description: fault.description,
    };
    let refused = |faults: InvalidFields| proto::ReportResult {
        outcome: ReportOutcome::Refused.number(),
        faults: faults
            .at("")
            .into_iter()
            .take(MOST_FAULTS)
            .map(fault)
            .collect(),
    };
    outcome.map_or_else(refused, |outcome| proto::ReportResult {
        outcome: outcome.number(),
        faults: Vec::new(),
    })
}

/// The ERP's number of something.
pub(in crate::grpc) fn number(sent: &str) -> Result<String, Invalid> {
    texts::line(sent, LONGEST_NUMBER)
}

/// The ERP's number of something, if it is told.
pub(in crate::grpc) fn optional_number(sent: &str) -> Result<Option<String>, Invalid> {
    texts::optional_line(sent, LONGEST_NUMBER)
}

/// Which report of its document it is.
pub(in crate::grpc) fn edition(
    sequence: i64,
    report: &impl prost::Message,
) -> Result<Edition, Invalid> {
    if sequence < 1 {
        return Err(Invalid::new("must be 1 or more"));
    }
    Ok(Edition::new(sequence, &report.encode_to_vec()))
}
