//! How much of something is done in a second: by the suite, and by PostgreSQL alone.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rapport::client::{Caller, Connection};

use crate::postgres::pgbench;

/// Callers at once, each on a connection of its own.
const CALLERS: usize = 8;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(15);

/// Calls in a second, when each caller makes the next as soon as one is answered.
pub async fn calls_per_second<Answer>(
    connection: Connection,
    call: impl Fn(Caller) -> Answer + Clone + Send + 'static,
) -> f64
where
    Answer: Future<Output = ()> + Send + 'static,
{
    let count = Arc::new(AtomicU64::new(0));
    let callers = futures::future::join_all((0..CALLERS).map(|_| connection.open())).await;
    let working: Vec<_> = callers
        .into_iter()
        .map(|caller| {
            let (caller, call, count) = (caller.unwrap(), call.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                loop {
                    call(caller.clone()).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(WARM_UP).await;
    let (before, begun) = (count.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(MEASURED).await;
    let done = count.load(Ordering::Relaxed) - before;
    let rate = done as f64 / begun.elapsed().as_secs_f64();
    for work in working {
        assert!(!work.is_finished(), "a call failed");
        work.abort();
    }
    rate
}

/// Transactions in a second that `pgbench` makes of `script`, a file in `examples/`, with as many
/// connections as there are callers.
///
/// The script's variable `i` begins at 0 for the warm-up and at 1,000,000,000 for the measurement:
/// keys that are made of it are new.
pub fn transactions_per_second(url: &str, script: &str) -> f64 {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(script);
    let run = |first_key: u64, time: Duration| {
        let arguments = [
            "--no-vacuum".to_owned(),
            // As the suite does: each statement is planned once.
            "--protocol=prepared".to_owned(),
            "--jobs=2".to_owned(),
            format!("--client={CALLERS}"),
            format!("--time={}", time.as_secs()),
            format!("--define=i={first_key}"),
            format!("--file={}", script.display()),
        ];
        let text = pgbench(url, &arguments);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split_whitespace().next());
        rate.unwrap().parse::<f64>().unwrap()
    };
    run(0, WARM_UP);
    run(1_000_000_000, MEASURED)
}
