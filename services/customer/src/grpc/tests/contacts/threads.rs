//! A matter is one conversation, whatever channel the customer turns to next.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Desk, answer, inbound, reason, refuses, welcomes};
use crate::domain::channel::Channel;

fn part_of(conversation: &str, channel: Channel, summary: &str) -> proto::Interaction {
    proto::Interaction {
        conversation: conversation.to_owned(),
        ..inbound(channel, summary)
    }
}

on_each_engine! {
    async fn a_problem_started_on_the_web_is_continued_by_the_call_centre(db: Database) {
        let shop = Desk::open(&db).await.colleague("systems/shop");
        let ada = shop.person("Ada Lovelace").await;
        shop.email(&ada, "ada@example.com").await;
        shop.phone(&ada, "+41446681800").await;
        shop.choose(&ada, &[refuses(Channel::Email), welcomes(Channel::Phone, 1)]).await;
        let matter = shop.converse(&ada, "Router broken").await;
        shop.log(&ada, part_of(&matter.name, Channel::Web, "Reset did not help")).await;

        let agent = shop.colleague("employees/bob");
        let seen = agent.context(&ada).await;
        assert_eq!(seen.customer.unwrap().display_name, "Ada Lovelace");
        assert_eq!(seen.contact_points.len(), 2);
        assert_eq!(seen.open_channels, [Channel::Phone, Channel::CallCentre].map(Channel::number));
        let thread = &seen.open_conversations[0];
        assert_eq!(thread.conversation.as_ref().unwrap().subject, "Router broken");
        assert_eq!(thread.recent_interactions[0].summary, "Reset did not help");

        agent.log(&ada, part_of(&matter.name, Channel::CallCentre, "Sends a new one")).await;
        let settled = answer(agent.settle(&matter.name).await);
        assert_eq!(settled.last_channel, Channel::CallCentre.number());
        assert_eq!(settled.interaction_count, 2);
        assert_eq!(settled.state, i32::from(proto::ConversationState::Closed));
        assert!(agent.context(&ada).await.open_conversations.is_empty());
        assert_eq!(agent.timeline(&ada).await, ["Sends a new one", "Reset did not help"]);
    }

    async fn a_settled_matter_takes_nothing_more(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let matter = desk.converse(&ada, "Router broken").await;
        answer(desk.settle(&matter.name).await);

        let late = desk.try_log(&ada, part_of(&matter.name, Channel::Phone, "again")).await;
        assert_eq!(reason(late), "INVALID_STATE");
        assert_eq!(reason(desk.settle(&matter.name).await), "INVALID_STATE");
        assert!(desk.timeline(&ada).await.is_empty());
        assert!(desk.full_view(&ada).await.channel_activity.is_empty());

        let follows = proto::Conversation {
            subject: "Router broken again".to_owned(),
            follows: matter.name.clone(),
            ..Default::default()
        };
        let open = proto::CreateConversationRequest {
            parent: ada,
            conversation: Some(follows),
            ..Default::default()
        };
        let next = answer(desk.conversations().create_conversation(open).await);
        assert_eq!(next.follows, matter.name);
        let events = desk.events_about(&matter.name).await;
        assert_eq!(events.len(), 2, "opened and closed");
    }

    async fn what_is_recorded_late_counts_but_is_not_the_latest(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let matter = desk.converse(&ada, "Router broken").await;
        desk.log(&ada, part_of(&matter.name, Channel::Phone, "call")).await;
        let letter = proto::Interaction {
            occur_time: Some(prost_types::Timestamp { seconds: 1_000, nanos: 0 }),
            ..part_of(&matter.name, Channel::Post, "letter, scanned later")
        };
        desk.log(&ada, letter).await;

        let get = proto::GetConversationRequest { name: matter.name };
        let now = answer(desk.conversations().get_conversation(get).await);
        assert_eq!((now.interaction_count, now.last_channel), (2, Channel::Phone.number()));
        assert_eq!(now.last_interaction_time, Some(desk.ctx.now.into()));
    }

    async fn settling_what_went_on_meanwhile_is_refused(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let seen = desk.converse(&ada, "Router broken").await;
        desk.log(&ada, part_of(&seen.name, Channel::Phone, "it is not settled")).await;

        let close = proto::CloseConversationRequest {
            name: seen.name,
            resolution: "settled".to_owned(),
            etag: seen.etag,
            ..Default::default()
        };
        let refused = desk.conversations().close_conversation(close).await;
        assert_eq!(reason(refused), "ETAG_MISMATCH");
    }

    async fn conversations_are_listed_by_state_page_by_page(db: Database) {
        let desk = Desk::open(&db).await;
        let ada = desk.person("Ada Lovelace").await;
        let mut names = Vec::new();
        for subject in ["one", "two", "three", "four"] {
            names.push(desk.converse(&ada, subject).await.name);
        }
        answer(desk.settle(&names[1]).await);

        let list = async |filter: &str, page_token: String| {
            let list = proto::ListConversationsRequest {
                parent: ada.clone(),
                page_size: 2,
                page_token,
                filter: filter.to_owned(),
            };
            answer(desk.conversations().list_conversations(list).await)
        };
        let first = list("state = OPEN", String::new()).await;
        let second = list("state = OPEN", first.next_page_token).await;
        let all: Vec<_> = first.conversations.into_iter().chain(second.conversations).collect();
        let subjects: Vec<_> = all.iter().map(|it| it.subject.as_str()).collect();
        assert_eq!(subjects, ["four", "three", "one"]);
        assert!(second.next_page_token.is_empty());
        assert_eq!(list("state = CLOSED", String::new()).await.conversations[0].subject, "two");
    }

    /// More of everything than a view may answer.
    async fn views_are_bounded_and_show_the_latest(db: Database) {
        let desk = Desk::open(&db).await;
        let (group, firm) = desk.group_of_organisations().await;
        for number in 0..7 {
            let matter = desk.converse(&firm, &format!("matter {number}")).await;
            for summary in 0..7 {
                let said = part_of(&matter.name, Channel::Phone, &format!("{number}.{summary}"));
                desk.log(&firm, said).await;
            }
        }

        let context = desk.context(&firm).await;
        assert_eq!(context.open_conversations.len(), 5);
        for (thread, number) in context.open_conversations.iter().zip([6, 5, 4, 3, 2]) {
            let said: Vec<_> = thread.recent_interactions.iter().map(|it| &it.summary).collect();
            let latest: Vec<_> = (2..7).rev().map(|it| format!("{number}.{it}")).collect();
            assert_eq!(said, latest.iter().collect::<Vec<_>>());
        }
        assert_eq!(context.recent_interactions.len(), 10);
        assert_eq!(context.recent_interactions[0].summary, "6.6");

        let full = desk.full_view(&firm).await;
        assert_eq!(full.open_conversations.len(), 7);
        assert_eq!(full.recent_interactions.len(), 20);
        let ancestors: Vec<_> = full.ancestors.iter().map(|it| &it.name).collect();
        assert_eq!(ancestors, group.iter().collect::<Vec<_>>());
        let above = desk.full_view(&group[0]).await;
        assert_eq!(above.subsidiaries.iter().map(|it| &it.name).collect::<Vec<_>>(), [&firm]);
        assert_eq!(above.ancestors.len(), 1);
    }
}

impl Desk {
    /// A firm, and the organisations above it, nearest first.
    async fn group_of_organisations(&self) -> ([String; 2], String) {
        let holding = self.organisation("Holding", "").await;
        let group = self.organisation("Group", &holding).await;
        let firm = self.organisation("Firm", &group).await;
        ([group, holding], firm)
    }
}
