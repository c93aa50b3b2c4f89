//! Requests as nobody would write them.

#![allow(clippy::expect_used, reason = "a test without its message has to stop")]

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value};
use rapport_proto::descriptor_pool;
use tonic::{Code, Status};

use super::reason;

/// What no column, header or terminal should be given.
pub const HOSTILE: [&str; 5] = [
    "\u{0}",
    "a\u{0}b",
    "\u{1B}[2J",
    "'; DROP TABLE customer; --\u{0}",
    "\u{FFFF}\u{10FFFF}\u{0}",
];

/// `message` once for each of its strings, with that string hostile.
pub fn spoiled<M: Message + Name + Default>(message: &M, hostile: &str) -> Vec<M> {
    let descriptor = descriptor_pool()
        .get_message_by_name(&M::full_name())
        .expect("the message has a descriptor");
    let mut reflected = DynamicMessage::new(descriptor);
    reflected
        .transcode_from(message)
        .expect("the message is its descriptor's");
    let count = strings(&mut reflected, &mut 0, usize::MAX, hostile);
    let spoil = |at| {
        let mut copy = reflected.clone();
        strings(&mut copy, &mut 0, at, hostile);
        copy.transcode_to()
            .expect("another string is as good as the first")
    };
    (0..count).map(spoil).collect()
}

/// Refuses an answer that is a fault of ours, or that does not say why.
pub fn check(call: &str, refused: &Status) {
    assert!(!reason(refused).is_empty(), "{call}: {refused}");
    let ours = [Code::Internal, Code::Unknown, Code::Unavailable];
    assert!(!ours.contains(&refused.code()), "{call}: {refused}");
}

/// Calls an RPC with each string of its request hostile, in turn. Says how many calls that were.
#[macro_export]
macro_rules! spoil {
    ($client:expr, $rpc:ident, $message:expr) => {{
        let (message, mut calls) = ($message, 0);
        for hostile in $crate::testing::hostile::HOSTILE {
            for spoiled in $crate::testing::hostile::spoiled(&message, hostile) {
                let call = format!("{} {spoiled:?}", stringify!($rpc));
                calls += 1;
                if let Err(refused) = $client.$rpc(spoiled).await {
                    $crate::testing::hostile::check(&call, &refused);
                }
            }
        }
        calls
    }};
}

/// Counts the strings in a message from `seen` on and replaces the one at `at`.
fn strings(message: &mut DynamicMessage, seen: &mut usize, at: usize, hostile: &str) -> usize {
    let fields: Vec<_> = message.descriptor().fields().collect();
    for field in fields {
        let unset = !message.has_field(&field);
        if unset
            && (field.kind() != Kind::String
                || field.is_list()
                || field.containing_oneof().is_some())
        {
            continue;
        }
        let mut value = message.get_field(&field).into_owned();
        let before = *seen;
        spoil_value(&mut value, seen, at, hostile);
        if (before..*seen).contains(&at) {
            message.set_field(&field, value);
        }
    }
    *seen
}

fn spoil_value(value: &mut Value, seen: &mut usize, at: usize, hostile: &str) {
    match value {
        Value::String(text) => {
            if *seen == at {
                *text = hostile.to_owned();
            }
            *seen += 1;
        }
        Value::Message(message) => {
            strings(message, seen, at, hostile);
        }
        Value::List(values) => {
            for value in values {
                spoil_value(value, seen, at, hostile);
            }
        }
        Value::Map(entries) => {
            for value in entries.values_mut() {
                spoil_value(value, seen, at, hostile);
            }
        }
        _ => {}
    }
}
