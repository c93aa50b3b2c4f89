//! Random histories of imports, colleagues' changes and undos, compared with a simple model.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Importer, Row, emails, row};

const HISTORIES: usize = 12;
const RUNS: usize = 3;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// A run goes on with a batch, which the client may send twice.
    Batch {
        run: usize,
        rows: Vec<Told>,
        twice: bool,
    },
    /// A colleague gives a customer another name, or an address.
    Rename {
        id: u8,
        name: u8,
    },
    Address {
        id: u8,
        email: u8,
    },
    /// A run is taken back, and another takes its place.
    Undo {
        run: usize,
    },
}

/// What a row tells: a customer's id and name, an address and a call.
#[derive(Clone, Debug)]
struct Told {
    id: u8,
    name: u8,
    email: Option<u8>,
    call: Option<u8>,
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let told = (
        0..5_u8,
        0..3_u8,
        prop::option::of(0..3_u8),
        prop::option::of(0..9_u8),
    )
        .prop_map(|(id, name, email, call)| Told {
            id,
            name,
            email,
            call,
        });
    let batch = (0..RUNS, prop::collection::vec(told, 1..6), any::<bool>())
        .prop_map(|(run, rows, twice)| Step::Batch { run, rows, twice });
    let step = prop_oneof![
        6 => batch,
        1 => (0..5_u8, 0..3_u8).prop_map(|(id, name)| Step::Rename { id, name }),
        1 => (0..5_u8, 0..3_u8).prop_map(|(id, email)| Step::Address { id, email }),
        2 => (0..RUNS).prop_map(|run| Step::Undo { run }),
    ];
    prop::collection::vec(step, 4..16)
}

/// Who did something: a run by its number, or a colleague.
type Author = Option<usize>;

/// A customer as the model knows it.
#[derive(Clone, Debug, Default)]
struct Known {
    name: u8,
    /// Grows whenever the name changes.
    stamp: u64,
    emails: BTreeMap<u8, Author>,
    calls: BTreeMap<u8, Author>,
}

/// What a run did to a customer: the name and stamp before, unless it created it, and the
/// stamp that it left, unless others came between.
#[derive(Clone, Debug)]
struct Noted {
    before: Option<(u8, u64)>,
    left: Option<u64>,
}

#[derive(Debug, Default)]
struct Model {
    customers: BTreeMap<u8, Known>,
    journals: BTreeMap<usize, BTreeMap<u8, Noted>>,
}

impl Model {
    fn import(&mut self, run: usize, told: &Told) {
        let called = |known: &Known| {
            told.call
                .is_some_and(|call| known.calls.contains_key(&call))
        };
        let new_call = told.call.filter(|_| !self.customers.values().any(called));
        let before = self
            .customers
            .get(&told.id)
            .map(|known| (known.name, known.stamp));
        let known = self.customers.entry(told.id).or_default();
        let mut touched = before.is_none();
        if known.name != told.name && before.is_some() {
            known.stamp += 1;
            touched = true;
        }
        known.name = told.name;
        if let Some(email) = told.email.filter(|email| !known.emails.contains_key(email)) {
            known.emails.insert(email, Some(run));
            touched = true;
        }
        if let Some(call) = new_call {
            known.calls.insert(call, Some(run));
            touched = true;
        }
        let stamp = known.stamp;
        if !touched {
            return;
        }
        let journal = self.journals.entry(run).or_default();
        let noted = journal.entry(told.id).or_insert(Noted {
            before,
            left: Some(before.map_or(stamp, |(_, stamp)| stamp)),
        });
        let found = before.map_or(stamp, |(_, stamp)| stamp);
        noted.left = noted.left.filter(|left| *left == found).map(|_| stamp);
    }

    /// Takes a run back; how many customers were kept.
    fn undo(&mut self, run: usize) -> i64 {
        let mut kept = 0;
        for (id, noted) in self.journals.remove(&run).unwrap_or_default() {
            let Some(known) = self.customers.get_mut(&id) else {
                kept += 1;
                continue;
            };
            let own = |author: &Author| *author == Some(run);
            let all_own = known.emails.values().all(own) && known.calls.values().all(own);
            match noted.before {
                _ if noted.left != Some(known.stamp) => kept += 1,
                None if !all_own => kept += 1,
                None => {
                    self.customers.remove(&id);
                }
                Some((name, stamp)) => {
                    known.stamp += u64::from(known.stamp != stamp);
                    known.name = name;
                    known.emails.retain(|_, author| !own(author));
                    known.calls.retain(|_, author| !own(author));
                }
            }
        }
        kept
    }

    /// What the service should export: names, addresses and calls.
    fn cards(&self) -> BTreeMap<String, Card> {
        let cards = self.customers.iter().map(|(id, known)| {
            let card = Card {
                name: name(known.name),
                emails: known.emails.keys().map(|&email| address(email)).collect(),
                calls: known
                    .calls
                    .keys()
                    .map(|call| format!("call {call}"))
                    .collect(),
            };
            (id.to_string(), card)
        });
        cards.collect()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Card {
    name: String,
    emails: BTreeSet<String>,
    calls: BTreeSet<String>,
}

fn name(name: u8) -> String {
    format!("Name {name}")
}

fn address(email: u8) -> String {
    format!("e{email}@example.com")
}

impl Told {
    fn row(&self, line: i64) -> Row {
        let mut row = row(line, &self.id.to_string(), &name(self.name));
        if let Some(email) = self.email {
            row = row.email(&address(email));
        }
        if let Some(call) = self.call {
            row = row.call(&call.to_string());
        }
        row
    }
}

impl Importer {
    async fn cards(&self) -> BTreeMap<String, Card> {
        let mut cards = BTreeMap::new();
        for one in self.export().await {
            let emails = emails(&one).into_iter().collect();
            let customer = one.customer.unwrap();
            let calls = self.timeline(&customer.name).await.into_iter().collect();
            let card = Card {
                name: customer.display_name,
                emails,
                calls,
            };
            cards.insert(customer.external_ids[0].id.clone(), card);
        }
        cards
    }
}

/// The runs under way, each with a number of its own.
struct Runs {
    open: Vec<(usize, proto::ImportRun)>,
    count: usize,
}

impl Runs {
    async fn begin(importer: &Importer) -> Self {
        let mut runs = Self {
            open: Vec::new(),
            count: 0,
        };
        for _ in 0..RUNS {
            let next = runs.next(importer).await;
            runs.open.push(next);
        }
        runs
    }

    async fn next(&mut self, importer: &Importer) -> (usize, proto::ImportRun) {
        self.count += 1;
        let opened = importer.call(super::start(), Vec::new()).await.unwrap();
        (self.count, super::last(opened))
    }
}

on_each_engine! {
    async fn random_histories_come_out_as_the_model_says(db: Database) {
        let mut runner = TestRunner::deterministic();
        let mut tenant = Importer::of(&db).await;
        for number in 0..HISTORIES {
            tenant.0.ctx.tenant = rapport_platform::identity::TenantId::new(uuid::Uuid::from_u128(100 + number as u128));
            let history = histories().new_tree(&mut runner).unwrap().current();
            live_through(&tenant, history).await;
        }
    }
}

async fn live_through(importer: &Importer, history: Vec<Step>) {
    let mut model = Model::default();
    let mut runs = Runs::begin(importer).await;
    for (at, step) in history.iter().enumerate() {
        let story = || format!("step {at} of {history:#?}\n{model:#?}");
        match step {
            Step::Batch { run, rows, twice } => {
                let (number, run) = &mut runs.open[*run];
                let lines = run.last_line + 1..;
                let batch: Vec<Row> = rows
                    .iter()
                    .zip(lines)
                    .map(|(told, line)| told.row(line))
                    .collect();
                *run = importer.go_on(run, &batch).await;
                if *twice {
                    *run = importer.go_on(run, &batch).await;
                }
                assert_eq!(run.failed_count, 0, "{}", story());
                rows.iter().for_each(|told| model.import(*number, told));
            }
            Step::Rename { id, name: new } => {
                let Some(known) = model.customers.get_mut(id) else {
                    continue;
                };
                importer
                    .rename(&importer.name_of(&id.to_string()).await, &name(*new))
                    .await;
                // A colleague's change counts also when it changes nothing.
                known.stamp += 1;
                known.name = *new;
            }
            Step::Address { id, email } => {
                let Some(known) = model.customers.get_mut(id) else {
                    continue;
                };
                if known.emails.contains_key(email) {
                    continue;
                }
                importer
                    .add_email(&importer.name_of(&id.to_string()).await, &address(*email))
                    .await;
                known.emails.insert(*email, None);
            }
            Step::Undo { run } => {
                let next = runs.next(importer).await;
                let (number, run) = std::mem::replace(&mut runs.open[*run], next);
                let undone = importer.undo(&run).await;
                assert_eq!(
                    undone.kept_count,
                    model.undo(number),
                    "step {at} of {history:#?}\n{model:#?}"
                );
            }
        }
        assert_eq!(
            importer.cards().await,
            model.cards(),
            "step {at} of {history:#?}\n{model:#?}"
        );
    }
}
