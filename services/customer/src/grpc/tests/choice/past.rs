//! Past contacts are explained by what was chosen then, whatever is chosen now.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::explain_contact_request::Subject;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::past_choice::Choice;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::privacy_service_client::PrivacyServiceClient;

use super::{Keeper, answer, call, opt_out, person};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::preferences::ChannelChoice::{self, Allowed, Refused};

const MINUTE: Duration = Duration::from_mins(1);

impl Keeper {
    async fn with_phone(&self, name: &str, phone: &str) -> String {
        let customer = self.person(name).await;
        let phone = Address::Phone(phone.to_owned());
        self.address(&customer, phone).await;
        customer
    }

    /// Chooses something about calls, or withdraws it.
    async fn choose(&self, customer: &str, choice: Option<ChannelChoice>) {
        let request = proto::SetPreferencesRequest {
            name: format!("{customer}/preferences"),
            entries: vec![about_calls(choice)],
            ..Default::default()
        };
        let mut preferences = PreferenceServiceClient::new(self.link());
        answer(preferences.set_preferences(request).await);
    }

    /// A pause from now on.
    fn pause(&self) -> proto::ContactTimes {
        let long = 1_000 * 24 * 60 * MINUTE;
        let pause = proto::Pause {
            start_time: Some(self.ctx.now.into()),
            end_time: Some(self.ctx.now.saturating_add(long).into()),
            ..Default::default()
        };
        proto::ContactTimes {
            pauses: vec![pause],
            ..Default::default()
        }
    }

    /// Asks for a call, and tells the name of what was granted or refused.
    async fn call(&self, customer: &str) -> String {
        let request = proto::ReserveContactRequest {
            contact: Some(call(customer)),
            ..Default::default()
        };
        let _granted_or_refused = self.permits().reserve_contact(request).await;
        let request = proto::ListContactPermitsRequest {
            customer: customer.to_owned(),
            page_size: 1,
            ..Default::default()
        };
        let listed = answer(self.permits().list_contact_permits(request).await);
        listed.contact_permits[0].name.clone()
    }

    /// Why a call was refused; nothing if it was not.
    async fn reasons(&self, permit: &str) -> Vec<ContactRefusal> {
        let asked = proto::ExplainContactRequest {
            subject: Some(Subject::ContactPermit(permit.to_owned())),
        };
        let told = answer(self.permits().explain_contact(asked).await);
        let obstacles = told.decision.unwrap().obstacles.into_iter();
        obstacles
            .map(|it| ContactRefusal::try_from(it.reason).unwrap())
            .collect()
    }

    /// Imports Ada, who has a phone, with a choice about calls; answers the run's name.
    async fn import(&self, choice: ChannelChoice) -> String {
        let customer = proto::Customer {
            external_ids: vec![proto::ExternalId {
                system: "shop".to_owned(),
                id: "7".to_owned(),
            }],
            ..person("Ada")
        };
        let phone = proto::ContactPoint {
            address: Some(Address::Phone("+41446681800".to_owned())),
            ..Default::default()
        };
        let row = proto::ImportRow {
            line: 2,
            customer: Some(customer),
            contact_points: vec![phone],
            preferences: vec![about_calls(Some(choice))],
            ..Default::default()
        };
        let start = proto::ImportStart {
            source: "customers.csv".to_owned(),
            ..Default::default()
        };
        let steps = [
            Step::Start(start),
            Step::Batch(proto::ImportBatch { rows: vec![row] }),
            Step::Complete(proto::ImportComplete {}),
        ];
        let steps = steps.map(|step| proto::ImportCustomersRequest { step: Some(step) });
        let mut imports = ImportServiceClient::new(self.link());
        let mut answers = answer(imports.import_customers(tokio_stream::iter(steps)).await);
        let mut run = None;
        while let Some(answer) = answers.message().await.unwrap() {
            run = answer.run.or(run);
        }
        run.unwrap().name
    }

    async fn take_back(&self, run: &str) {
        let mut imports = ImportServiceClient::new(self.link());
        let request = proto::UndoImportRunRequest {
            name: run.to_owned(),
        };
        while answer(imports.undo_import_run(request.clone()).await).state()
            != proto::ImportState::Undone
        {}
    }

    async fn past_choices(&self, customer: &str) -> Vec<proto::PastChoice> {
        let request = proto::ExportPersonalDataRequest {
            name: customer.to_owned(),
        };
        let mut privacy = PrivacyServiceClient::new(self.link());
        let mut parts = answer(privacy.export_personal_data(request).await);
        let mut past = Vec::new();
        while let Some(part) = parts.message().await.unwrap() {
            past.extend(part.past_choices);
        }
        past
    }
}

fn about_calls(choice: Option<ChannelChoice>) -> proto::Preference {
    proto::Preference {
        channel: Channel::Phone.number(),
        choice: choice.map_or(0, ChannelChoice::number),
        ..Default::default()
    }
}

on_each_engine! {
    async fn what_was_chosen_then_explains_what_was_granted_and_refused(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.with_phone("Ada", "+41446681800").await;
        let before = keeper.call(&ada).await;
        keeper.later(MINUTE).choose(&ada, Some(Refused)).await;
        let refused = keeper.later(2 * MINUTE).call(&ada).await;
        keeper.later(3 * MINUTE).choose(&ada, Some(Allowed)).await;
        let granted = keeper.later(4 * MINUTE).call(&ada).await;
        keeper.later(5 * MINUTE).choose(&ada, Some(Refused)).await;
        let again = keeper.later(6 * MINUTE).call(&ada).await;
        keeper.later(7 * MINUTE).choose(&ada, None).await;
        let last = keeper.later(8 * MINUTE).call(&ada).await;
        let now = keeper.later(9 * MINUTE);
        now.record(&ada, opt_out(Purpose::Marketing)).await;

        for permit in [&before, &granted, &last] {
            assert_eq!(now.reasons(permit).await, []);
        }
        for permit in [&refused, &again] {
            assert_eq!(now.reasons(permit).await, [ContactRefusal::ChannelRefused]);
        }
    }

    async fn when_to_be_left_alone_explains_it_too(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.with_phone("Ada", "+41446681800").await;
        let before = keeper.call(&ada).await;
        let pausing = keeper.later(MINUTE);
        pausing.want(&ada, pausing.pause()).await;
        let refused = keeper.later(2 * MINUTE).call(&ada).await;
        let now = keeper.later(3 * MINUTE);
        now.want(&ada, proto::ContactTimes::default()).await;

        assert_eq!(now.reasons(&before).await, []);
        assert_eq!(now.reasons(&refused).await, [ContactRefusal::Paused]);
    }

    async fn a_choice_holds_until_the_next_one_also_where_clocks_differ(db: Database) {
        let keeper = Keeper::of(&db).await;
        let [ada, byron] = [keeper.with_phone("Ada", "+41446681800").await, keeper.person("Byron").await];
        keeper.want(&ada, keeper.pause()).await;
        // What is said after it, by whatever clock, is recorded as later than this.
        keeper.later(10 * MINUTE).merge(&ada, &byron).await;
        let refused = keeper.later(7 * MINUTE).call(&ada).await;
        keeper.later(5 * MINUTE).want(&ada, proto::ContactTimes::default()).await;

        let now = keeper.later(20 * MINUTE);
        assert_eq!(now.reasons(&refused).await, [ContactRefusal::Paused]);
    }

    async fn a_choice_that_was_imported_and_taken_back_was_in_force(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.import(Refused).await;
        let run = keeper.later(MINUTE).import(Allowed).await;
        let now = keeper.later(4 * MINUTE);
        let listed = now.customers().list_customers(proto::ListCustomersRequest::default()).await;
        let ada = answer(listed).customers.remove(0).name;
        let granted = keeper.later(2 * MINUTE).call(&ada).await;
        keeper.later(3 * MINUTE).take_back(&run).await;
        let refused = now.call(&ada).await;

        let later = keeper.later(5 * MINUTE);
        assert_eq!(later.reasons(&granted).await, []);
        assert_eq!(later.reasons(&refused).await, [ContactRefusal::ChannelRefused]);
    }

    async fn a_cap_of_then_is_used_by_the_contacts_of_then(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.with_phone("Ada", "+41446681800").await;
        let day = prost_types::Duration { seconds: 86_400, nanos: 0 };
        let once = proto::ContactCap { max_contacts: 1, window: Some(day), ..Default::default() };
        keeper.want(&ada, proto::ContactTimes { caps: vec![once], ..Default::default() }).await;
        let granted = keeper.later(MINUTE).call(&ada).await;
        let refused = keeper.later(2 * MINUTE).call(&ada).await;
        let now = keeper.later(3 * MINUTE);
        now.want(&ada, proto::ContactTimes::default()).await;
        now.call(&ada).await;

        assert_eq!(now.reasons(&granted).await, []);
        assert_eq!(now.reasons(&refused).await, [ContactRefusal::CapReached]);
    }

    async fn of_those_who_were_one_both_had_chosen(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.with_phone("Ada", "+41446681800").await;
        let bob = keeper.with_phone("Bob", "+41446681801").await;
        keeper.choose(&bob, Some(Refused)).await;
        let alone = keeper.later(MINUTE).call(&ada).await;
        keeper.later(2 * MINUTE).merge(&ada, &bob).await;
        let refused = keeper.later(3 * MINUTE).call(&ada).await;
        keeper.later(4 * MINUTE).choose(&ada, Some(Allowed)).await;
        let granted = keeper.later(5 * MINUTE).call(&ada).await;

        let now = keeper.later(6 * MINUTE);
        assert_eq!(now.reasons(&alone).await, [], "Bob was somebody else");
        assert_eq!(now.reasons(&refused).await, [ContactRefusal::ChannelRefused]);
        assert_eq!(now.reasons(&granted).await, [], "whoever they are chose anew");
    }

    async fn past_choices_belong_to_what_is_known_of_a_person(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.with_phone("Ada", "+41446681800").await;
        keeper.choose(&ada, Some(Refused)).await;
        keeper.want(&ada, keeper.pause()).await;
        assert_eq!(keeper.past_choices(&ada).await, []);

        let later = keeper.later(MINUTE);
        later.choose(&ada, Some(Refused)).await;
        assert_eq!(later.past_choices(&ada).await, [], "the same again is no change");
        later.choose(&ada, None).await;
        later.want(&ada, proto::ContactTimes::default()).await;
        let past = later.past_choices(&ada).await;
        let [Choice::ContactTimes(times), Choice::Preference(calls)] =
            [0, 1].map(|it: usize| past[it].choice.clone().unwrap())
        else {
            panic!("{past:?}")
        };
        assert_eq!(past.len(), 2);
        assert_eq!((times.pauses.len(), calls.choice), (1, Refused.number()));
        for it in past {
            assert_eq!(it.customer, ada);
            assert_eq!(it.record_time, Some(keeper.ctx.now.into()));
            assert_eq!(it.end_time, Some(later.ctx.now.into()));
        }
    }
}
