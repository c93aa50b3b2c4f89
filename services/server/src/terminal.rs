//! What commands say to the person who typed them.

/// Writes a line to standard output; a closed pipe is not our failure.
pub fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Writes to standard error why a command failed, cause by cause, on one line.
pub fn complain(error: &anyhow::Error) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "rapport: {error:#}");
}
