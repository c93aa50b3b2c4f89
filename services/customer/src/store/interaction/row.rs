//! Interactions as rows.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use uuid::Uuid;

use crate::domain::interaction::NewInteraction;
use crate::store::entity::interaction::{Links, Model};

/// The row of a contact that the caller records now.
pub(crate) fn new(ctx: &Context, customer: Uuid, interaction: &NewInteraction) -> Model {
    let external_id = interaction.external_id();
    let links = interaction
        .links()
        .iter()
        .map(|link| link.as_str().to_owned());
    Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        interaction_id: new_id(),
        channel: interaction.channel().code(),
        direction: interaction.direction().code(),
        purpose: interaction.purpose().map(|it| it.code()),
        conversation_id: interaction.conversation(),
        agent: interaction.agent().to_owned(),
        contact_point_id: interaction.contact_point(),
        summary: interaction.summary().to_owned(),
        body: interaction.body().map(str::to_owned),
        outcome: interaction.outcome().map(|it| it.code()),
        occur_time: interaction.occur_time(),
        // At most 7 days.
        duration_seconds: interaction
            .duration()
            .map(|it| it.as_secs().try_into().unwrap_or(i32::MAX)),
        links: Links(links.collect()),
        external_system: external_id.map(|it| it.system().to_owned()),
        external_id: external_id.map(|it| it.id().to_owned()),
        recorder: ctx.actor.to_string(),
        record_time: ctx.now,
    }
}
