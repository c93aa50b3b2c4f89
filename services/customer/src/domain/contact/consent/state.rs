//! What the ledger says about every kind of contact.

use std::collections::BTreeSet;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::entry::Subject;
use super::{ConsentQuestion, ConsentVerdict, Ledger};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::policy::{ContactPolicy, TopicId};

/// What the ledger says about one kind of contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindVerdict {
    /// The purpose.
    pub purpose: Purpose,
    /// The topic; none in particular.
    pub topic: Option<TopicId>,
    /// The channel.
    pub channel: Channel,
    /// The verdict.
    pub verdict: ConsentVerdict,
}

impl Ledger {
    /// A verdict for each purpose and channel, and for each topic about which an entry speaks,
    /// with a contact at the address of this id.
    pub fn state(
        &self,
        policy: &ContactPolicy,
        address: Option<Uuid>,
        at: Timestamp,
    ) -> Vec<KindVerdict> {
        let whole = Purpose::ALL.iter().map(|&purpose| (purpose, None));
        let topics: BTreeSet<(Purpose, &TopicId)> = self
            .events
            .iter()
            .filter_map(|it| it.purpose.zip(it.topic.as_ref()))
            .collect();
        let topics = topics.into_iter().map(|(purpose, id)| (purpose, Some(id)));
        let kinds = whole.chain(topics).flat_map(|(purpose, topic)| {
            let channels = Channel::ALL.iter();
            channels.map(move |&channel| ConsentQuestion {
                channel,
                purpose,
                topic,
                address,
            })
        });
        kinds
            .map(|question| KindVerdict {
                purpose: question.purpose,
                topic: question.topic.cloned(),
                channel: question.channel,
                verdict: self.judge(policy, &question, at),
            })
            .collect()
    }

    /// Whether an opt-out of exactly this subject stands that was recorded under this name: one of
    /// another record goes with it when the two are taken apart.
    pub fn has_opted_out_itself(&self, member: Uuid, subject: &Subject) -> bool {
        self.opt_outs(subject).any(|out| out.member == member)
    }

    /// Whether an opt-out of exactly this subject stands that was recorded after that instant.
    pub fn has_opted_out_since(&self, since: Option<Timestamp>, subject: &Subject) -> bool {
        self.opt_outs(subject)
            .any(|out| Some(out.record_time) > since)
    }

    /// Whether an opt-out of exactly this subject stands.
    pub fn has_opted_out_of(&self, subject: &Subject) -> bool {
        self.opt_outs(subject).next().is_some()
    }

    /// The opt-outs of exactly this subject that stand.
    fn opt_outs(&self, subject: &Subject) -> impl Iterator<Item = &super::ConsentEvent> {
        let about = move |it: &&super::ConsentEvent| {
            let (scope, purpose, topic) = (subject.scope, subject.purpose, &subject.topic);
            (it.scope, it.purpose, &it.topic) == (scope, purpose, topic)
        };
        self.standing_opt_outs().filter(about)
    }
}
