//! Random histories of consents, choices, merges, contacts and deliveries, compared with a simple
//! model of what must hold: no cap is exceeded, nobody is contacted after an opt-out that was
//! acknowledged, what the ledger said at an instant it says for good, a merge that is taken back
//! leaves no trace, and nothing is refused without a reason.

mod delivery;
mod life;
mod model;
mod office;
mod past;
mod step;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rapport_platform::db::Database;
use rapport_platform::on_each_engine;

use crate::domain::channel::{Channel, Purpose};
use life::Life;
use office::Office;
use step::{Step, histories};

/// Histories that are lived through on each engine; up to 255 with `RAPPORT_HISTORIES`, for those
/// who look for a rare one.
const HISTORIES: u8 = 16;

fn how_many() -> u8 {
    let more = std::env::var("RAPPORT_HISTORIES");
    more.map_or(HISTORIES, |it| it.parse().unwrap())
}

/// A record, by its number.
type Record = usize;
type Address = &'static str;

/// The records, each with its addresses: some are another's too.
const PEOPLE: [&[Address]; 5] = [
    &["ada@example.com", "home@example.com", "+41446681801"],
    &["lovelace@example.com", "home@example.com", "+41446681802"],
    &["bob@example.com", "+41446681803"],
    &["rob@example.com", "team@example.com", "+41446681803"],
    &["team@example.com", "+41446681804"],
];

const ADDRESSES: [Address; 9] = [
    "ada@example.com",
    "lovelace@example.com",
    "home@example.com",
    "bob@example.com",
    "rob@example.com",
    "team@example.com",
    "+41446681801",
    "+41446681803",
    "+41446681804",
];

/// At most so many contacts in so many seconds; of one channel or purpose, or of all.
#[derive(Clone, Copy, Debug)]
struct Limit {
    most: usize,
    window: i64,
    channel: Option<Channel>,
    purpose: Option<Purpose>,
}

const HOUR: i64 = 60 * 60;

/// The company's caps.
const CAPS: [Limit; 3] = [
    Limit {
        most: 4,
        window: 5 * HOUR,
        channel: None,
        purpose: None,
    },
    Limit {
        most: 3,
        window: 4 * HOUR,
        channel: Some(Channel::Email),
        purpose: None,
    },
    Limit {
        most: 2,
        window: 3 * HOUR,
        channel: None,
        purpose: Some(Purpose::Marketing),
    },
];

/// What a customer asks for who wants to be contacted seldom.
const OWN_CAP: Limit = Limit {
    most: 1,
    window: 2 * HOUR,
    channel: None,
    purpose: None,
};

/// How long a permit waits to be confirmed.
const TTL: i64 = 40 * 60;

fn channel_of(address: Address) -> Channel {
    match address.contains('@') {
        true => Channel::Email,
        false => Channel::Phone,
    }
}

on_each_engine! {
    async fn random_histories_break_no_promise(db: Database) {
        let (mut granted, mut refused) = (0, 0);
        for seed in 0..how_many() {
            let life = live_through(&db, seed).await;
            granted += life.model.contacts.0.len();
            refused += life.refused;
        }
        // Nothing would be told by histories in which nothing happens.
        assert!(granted > 100 && refused > 100, "{granted} granted, {refused} refused");
    }
}

/// The history of a number: always the same.
fn history(seed: u8) -> Vec<Step> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    histories().new_tree(&mut runner).unwrap().current()
}

async fn live_through(db: &Database, seed: u8) -> Life {
    // Marketing needs a consent in every second history.
    let restrictive = seed % 2 == 1;
    let office = Office::open(db, seed, restrictive).await;
    let mut story = Story {
        seed,
        steps: Vec::new(),
    };
    let mut life = Life::new(office, restrictive);
    for step in history(seed) {
        story.steps.push(step.clone());
        life.take(step).await;
    }
    life.ask_again().await;
    life
}

/// What is told when a history breaks a promise.
struct Story {
    seed: u8,
    steps: Vec<Step>,
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("history {}:", self.seed);
            for (number, step) in self.steps.iter().enumerate() {
                println!("{number:3} {step:?}");
            }
        }
    }
}
