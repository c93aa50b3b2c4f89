//! Lives through a history: every step is taken with the service and with the model, and what the
//! service answers is held against what the model knows.

use rapport_platform::id::new_id;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::reserved_contact::Result as Outcome;
use tonic::Status;

use super::delivery::Parcel;
use super::model::{Clocks, Contact, Leave, Model, Progress, Second, Speaker};
use super::office::{Office, second};
use super::past::Remembered;
use super::step::{Asked, Step};
use super::{ADDRESSES, PEOPLE, Record, TTL};
use crate::domain::contact::permit::{PermitState, Settlement};
use crate::testing::{answer, reason};

pub(super) struct Life {
    pub(super) office: Office,
    pub(super) model: Model,
    pub(super) parcels: Vec<Parcel>,
    pub(super) remembered: Vec<Remembered>,
    /// How many contacts were refused.
    pub(super) refused: usize,
}

impl Life {
    pub(super) fn new(office: Office, restrictive: bool) -> Self {
        Self {
            office,
            model: Model::new(restrictive),
            parcels: Vec::new(),
            remembered: Vec::new(),
            refused: 0,
        }
    }

    pub(super) async fn take(&mut self, step: Step) {
        match step {
            Step::Pass { minutes } => self.move_clock(minutes * 60),
            Step::Back { seconds } => self.move_clock(-seconds),
            Step::Consent(consent) => {
                self.office.record_consent(&consent).await;
                let by = self.model.speaker(consent.record);
                let now = self.model.clocks.now;
                self.model.choices.consent(by, &consent, now);
            }
            Step::Prefer(wish) => {
                self.office.prefer(wish).await;
                let by = self.customer(wish.record);
                self.model.choices.prefer(by, wish);
            }
            Step::Times(times) => {
                self.office.set_times(times).await;
                let by = self.customer(times.record);
                let now = self.model.clocks.now;
                self.model.choices.alone(by, times, now);
            }
            Step::Suppress { address, purpose } => {
                let address = ADDRESSES[address];
                let name = self.office.suppress(address, purpose).await;
                self.model.choices.suppress(name, address, purpose);
            }
            Step::Lift { which } => self.lift(which).await,
            Step::Merge { survivor, merged } => self.merge(survivor, merged).await,
            Step::Undo { which } => self.undo(which).await,
            Step::ThereAndBack { survivor, merged } => self.there_and_back(survivor, merged).await,
            Step::Reserve {
                record,
                asked,
                again,
            } => self.reserve(record, asked, again).await,
            Step::Batch { records, asked } => {
                self.reserve_many(&Vec::from_iter(records), asked).await;
            }
            Step::Confirm { which } => self.settle(which, Settlement::Confirm).await,
            Step::Release { which } => self.settle(which, Settlement::Release).await,
            Step::Send { record, purpose } => self.send(record, purpose).await,
            Step::Deliver { ends } => self.deliver(&ends).await,
            Step::Ask { record, point } => self.ask(record, point).await,
        }
        let exceeded = self.model.contacts.exceeded();
        assert!(exceeded.is_none(), "a cap was exceeded: {exceeded:?}");
    }

    fn move_clock(&mut self, seconds: Second) {
        let Clocks { now, latest } = self.model.clocks;
        let now = (now + seconds).max(0);
        let latest = latest.max(now);
        self.model.clocks = Clocks { now, latest };
        self.office.set(now);
        // Who comes with a clock that is behind may still change what was at that instant.
        self.remembered.retain(|it| it.as_of < now);
    }

    /// The record that stands for a customer: it keeps what the customer wishes.
    fn customer(&mut self, record: Record) -> Speaker {
        let root = self.model.groups.root(record);
        self.model.speaker(root)
    }

    async fn lift(&mut self, which: usize) {
        let suppressed = &mut self.model.choices.suppressed;
        if suppressed.is_empty() {
            return;
        }
        let suppression = suppressed.remove(which % suppressed.len());
        self.office.lift(&suppression.name).await;
    }

    async fn merge(&mut self, survivor: Record, merged: Record) {
        let groups = &mut self.model.groups;
        let (root, merged) = (groups.root(survivor), groups.root(merged));
        if root != merged {
            let name = self.office.merge(survivor, merged).await;
            groups.merge(name, root, merged);
            self.find_everybody().await;
            self.ask_of(root).await;
        }
    }

    async fn undo(&mut self, which: usize) {
        let merges = self.model.groups.merges();
        if merges.is_empty() {
            return;
        }
        let which = which % merges.len();
        let merge = merges[which].clone();
        let undone = self.office.undo(&merge.name).await;
        if !self.model.groups.can_undo(&merge) {
            assert_eq!(reason(&undone.unwrap_err()), "INVALID_STATE");
            return;
        }
        undone.unwrap();
        let both = self.model.groups.members(merge.survivor);
        self.model.choices.part(self.model.clocks, &merge, &both);
        self.model.groups.undo(which);
        self.find_everybody().await;
        self.ask_of(merge.survivor).await;
        self.ask_of(merge.merged).await;
    }

    /// Asks about every kind of contact with a customer whether it may be made.
    async fn ask_of(&self, record: Record) {
        for asked in Asked::every() {
            let leave = self.model.leave(record, asked);
            let told = self.office.check(record, asked).await;
            let story = || format!("{record} {asked:?} is {leave:?} in {:#?}", self.model);
            match told.allowed {
                true => assert!(!matches!(leave, Leave::Refused(_)), "allowed: {}", story()),
                false => assert!(leave != Leave::Granted, "{told:?}: {}", story()),
            }
        }
    }

    /// Every record answers by the name of the one that stands for it.
    async fn find_everybody(&self) {
        for record in 0..PEOPLE.len() {
            let root = self.model.groups.root(record);
            let found = self.office.customer(record).await;
            assert_eq!(found.name, self.office.names[root], "{record}");
        }
    }

    async fn reserve(&mut self, record: Record, asked: Asked, again: bool) {
        let leave = self.model.leave(record, asked);
        let request_id = new_id();
        let reserved = self.office.reserve(record, asked, request_id).await;
        let story = || format!("{record} {asked:?} is {leave:?} in {:#?}", self.model);
        match reserved {
            Ok(permit) => {
                assert!(!matches!(leave, Leave::Refused(_)), "granted: {}", story());
                if again {
                    let same = self.office.reserve(record, asked, request_id).await;
                    assert_eq!(same.unwrap(), permit);
                }
                self.granted(record, asked, &permit);
            }
            Err(status) => {
                assert!(leave != Leave::Granted, "{status:?}: {}", story());
                self.refused += 1;
            }
        }
    }

    async fn reserve_many(&mut self, records: &[Record], asked: Asked) {
        let results = self.office.reserve_many(records, asked).await;
        for (&record, reserved) in records.iter().zip(results) {
            let leave = self.model.leave(record, asked);
            let story = || format!("{record} {asked:?} is {leave:?} in {:#?}", self.model);
            match reserved.result.unwrap() {
                Outcome::ContactPermit(name) => {
                    assert!(!matches!(leave, Leave::Refused(_)), "granted: {}", story());
                    let permit = self.office.permit(&name).await;
                    self.granted(record, asked, &permit);
                }
                Outcome::Refused(refused) => {
                    assert!(leave != Leave::Granted, "{refused:?}: {}", story());
                    self.refused += 1;
                }
            }
        }
    }

    fn granted(&mut self, record: Record, asked: Asked, permit: &proto::ContactPermit) {
        let until = second(permit.expire_time.as_ref());
        let Clocks { now, latest } = self.model.clocks;
        assert!((now + TTL..=latest + TTL + 1).contains(&until), "{until}");
        self.count(record, asked, permit.name.clone(), Progress::Granted(until));
    }

    /// Counts a contact that was granted to the customer who goes by that name; answers its place.
    pub(super) fn count(
        &mut self,
        record: Record,
        asked: Asked,
        permit: String,
        progress: Progress,
    ) -> usize {
        let record = self.model.groups.root(record);
        assert!(permit.starts_with(&self.office.names[record]), "{permit}");
        self.model.contacts.0.push(Contact {
            permit,
            record,
            asked,
            progress,
        });
        self.model.contacts.0.len() - 1
    }

    async fn settle(&mut self, which: usize, settlement: Settlement) {
        let contacts = &mut self.model.contacts.0;
        if contacts.is_empty() {
            return;
        }
        let which = which % contacts.len();
        let contact = &mut contacts[which];
        let settled = settled(&self.office, &contact.permit, settlement).await;
        let clocks = self.model.clocks;
        if let Some(expected) = expected(clocks, contact.progress, settlement) {
            assert_eq!(settled.is_ok(), expected, "{contact:?} {settled:?}");
        }
        let Progress::Granted(until) = contact.progress else {
            return;
        };
        match (settled, settlement) {
            (Err(status), _) => assert_eq!(reason(&status), "INVALID_STATE"),
            (Ok(permit), Settlement::Confirm) => {
                let made = second(permit.contact_time.as_ref());
                assert!((clocks.now..=clocks.latest + 1).contains(&made), "{made}");
                contact.progress = Progress::Made(made);
            }
            (Ok(permit), Settlement::Release) => {
                let released = permit.state == PermitState::Released.number();
                assert!(released || clocks.latest >= until, "{permit:?}");
                if released {
                    contact.progress = Progress::Gone;
                }
            }
        }
    }
}

/// Whether a permit can be settled so; none where that depends on the clock.
fn expected(clocks: Clocks, progress: Progress, settlement: Settlement) -> Option<bool> {
    let confirm = settlement == Settlement::Confirm;
    match progress {
        Progress::Granted(until) if clocks.now >= until => Some(!confirm),
        Progress::Granted(until) => (clocks.latest < until).then_some(true),
        Progress::Waiting | Progress::Made(_) => Some(confirm),
        Progress::Gone => Some(!confirm),
    }
}

async fn settled(
    office: &Office,
    permit: &str,
    settlement: Settlement,
) -> Result<proto::ContactPermit, Status> {
    let name = permit.to_owned();
    let settled = match settlement {
        Settlement::Confirm => {
            let request = proto::ConfirmContactRequest { name };
            office.permits().confirm_contact(request).await
        }
        Settlement::Release => {
            let request = proto::ReleaseContactRequest { name };
            office.permits().release_contact(request).await
        }
    };
    match settled {
        Ok(response) => Ok(answer(Ok(response))),
        Err(status) => Err(status),
    }
}
