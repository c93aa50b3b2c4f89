//! How much of something is done in a second, compared: by the suite, and by PostgreSQL alone or by
//! another suite.
//!
//! A machine that is shared may be slow for minutes. So both are measured within seconds of each
//! other, and again: what counts is the median of the rounds.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rapport::client::{Caller, Connection};

use crate::postgres::pgbench;

const ROUNDS: usize = 7;
/// How long each is measured in a round.
const TURN: Duration = Duration::from_secs(3);

/// Medians of the rounds: things done in a second, and how many of the first come to one of the
/// second.
pub struct Compared {
    pub first: f64,
    pub second: f64,
    pub ratio: f64,
}

/// Measures one after the other, again and again. The first round only warms up.
pub async fn compare(
    mut first: impl AsyncFnMut() -> f64,
    mut second: impl AsyncFnMut() -> f64,
) -> Compared {
    let mut rounds = Vec::new();
    for _ in 0..=ROUNDS {
        rounds.push((first().await, second().await));
    }
    let of = |what: fn(&(f64, f64)) -> f64| median(rounds.iter().skip(1).map(what).collect());
    Compared {
        first: of(|round| round.0),
        second: of(|round| round.1),
        ratio: of(|round| round.0 / round.1),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Who calls at the same time, each on a connection of its own.
pub struct Callers(Vec<Caller>);

impl Callers {
    pub async fn open(connection: &Connection, count: usize) -> Self {
        let callers = join_all((0..count).map(|_| connection.open())).await;
        Self(callers.into_iter().map(Result::unwrap).collect())
    }

    /// Calls in a second, when each caller makes the next as soon as one is answered.
    pub async fn rate<Answer>(
        &self,
        call: impl Fn(Caller) -> Answer + Clone + Send + 'static,
    ) -> f64
    where
        Answer: Future<Output = ()> + Send + 'static,
    {
        let begun = Instant::now();
        let working = self.0.iter().map(|caller| {
            let (caller, call) = (caller.clone(), call.clone());
            tokio::spawn(async move {
                let mut count = 0_u32;
                while begun.elapsed() < TURN {
                    call(caller.clone()).await;
                    count += 1;
                }
                count
            })
        });
        let counts = join_all(working).await.into_iter().map(Result::unwrap);
        f64::from(counts.sum::<u32>()) / begun.elapsed().as_secs_f64()
    }
}

/// `pgbench` with a script, a file in `examples/`, on as many connections as there are callers.
///
/// The script's variable `i` begins elsewhere each time: keys that are made of it are new.
pub struct Pgbench {
    url: String,
    script: String,
    clients: usize,
    runs: u64,
}

impl Pgbench {
    pub fn new(url: &str, script: &str, clients: usize) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        Self {
            url: url.to_owned(),
            script: folder.join(script).display().to_string(),
            clients,
            runs: 0,
        }
    }

    /// Transactions in a second.
    pub fn rate(&mut self) -> f64 {
        let arguments = [
            "--no-vacuum".to_owned(),
            // As the suite does: each statement is planned once.
            "--protocol=prepared".to_owned(),
            "--jobs=2".to_owned(),
            format!("--client={}", self.clients),
            format!("--time={}", TURN.as_secs()),
            format!("--define=i={}", self.runs * 1_000_000_000),
            format!("--file={}", self.script),
        ];
        self.runs += 1;
        let text = pgbench(&self.url, &arguments);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split_whitespace().next());
        rate.unwrap().parse().unwrap()
    }
}
