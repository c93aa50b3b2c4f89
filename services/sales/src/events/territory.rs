//! Facts about territories, and whose customers are.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// A model was recorded or changed and has `version` since.
pub(crate) fn model_changed(model: &proto::TerritoryModel, version: i64) -> NewEvent {
    let fact = proto::TerritoryModelChanged {
        territory_model: Some(model.clone()),
    };
    NewEvent::new(&model.name, version, &fact)
}

/// A model holds, which has `version` since, in place of another one.
pub(crate) fn model_activated(
    model: &proto::TerritoryModel,
    version: i64,
    previous: String,
) -> NewEvent {
    let fact = proto::TerritoryModelActivated {
        territory_model: Some(model.clone()),
        previous_model: previous,
    };
    NewEvent::new(&model.name, version, &fact)
}

/// Customers moved; it is the `number`th time that this is told under the model.
pub(crate) fn customers_moved(
    model: String,
    number: i64,
    moves: Vec<proto::TerritoryMove>,
) -> NewEvent {
    let aggregate = format!("{model}/moves");
    let fact = proto::CustomerTerritoriesChanged {
        territory_model: model,
        moves,
    };
    NewEvent::new(aggregate, number, &fact)
}

/// Somebody works a territory, or no longer; the note of it has `version` since.
pub(crate) fn seller_changed(seller: &proto::TerritorySeller, version: i64) -> NewEvent {
    let fact = proto::TerritorySellerChanged {
        territory_seller: Some(seller.clone()),
    };
    NewEvent::new(&seller.name, version, &fact)
}
