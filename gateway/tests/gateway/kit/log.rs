//! What is logged on the thread of a test.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes to the log of the thread that logs: each test has a runtime on a thread of its own.
struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged. For the whole process, because `tracing` remembers of every
/// place in the code whether somebody listened when it was first passed, on any thread.
pub fn keep_log() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(|| ThisThread);
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    });
}

/// What was logged on this thread.
pub fn log() -> String {
    LOG.with_borrow(|log| String::from_utf8_lossy(log).into_owned())
}
