//! Which message types a message can contain.

use std::collections::HashSet;

use prost_reflect::{Kind, MessageDescriptor};

/// The message type and those that it can contain, at any depth, each once. The entries of
/// maps count as messages.
pub(crate) fn reachable(message: &MessageDescriptor) -> Vec<MessageDescriptor> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut waiting = vec![message.clone()];
    while let Some(message) = waiting.pop() {
        if !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        waiting.extend(message.fields().filter_map(|field| match field.kind() {
            Kind::Message(inner) => Some(inner),
            _ => None,
        }));
        found.push(message);
    }
    found
}
