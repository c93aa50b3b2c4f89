//! The scanner and a real decoder must never see two different messages in the same bytes.

use proptest::prelude::*;
use prost::{Message as _, Name as _};
use prost_reflect::{DynamicMessage, MessageDescriptor, Value as Decoded};
use rapport_proto::rapport::customer::v1::SendMessageRequest;

use super::{Plan, Scanned, Slot, Value};
use crate::testing::{compile, numbered};

/// A message type with a field of every kind, lists, a oneof and itself as sub-message.
pub(super) fn everything() -> MessageDescriptor {
    static POOL: std::sync::LazyLock<prost_reflect::DescriptorPool> =
        std::sync::LazyLock::new(|| {
            compile(
                r#"
            message Everything {
              string text = 1;
              int32 i32 = 2;
              int64 i64 = 3;
              uint32 u32 = 4;
              uint64 u64 = 5;
              sint32 s32 = 6;
              sint64 s64 = 7;
              bool flag = 8;
              fixed32 f32 = 9;
              sfixed32 sf32 = 10;
              fixed64 f64 = 11;
              float float = 12;
              double double = 13;
              Everything child = 14;
              repeated Everything children = 15;
              oneof choice {
                string first = 16;
                Everything second = 17;
                int32 third = 18;
              }
              repeated int32 numbers = 19;
              bytes raw = 20;
              optional string maybe = 21;
              sfixed64 sf64 = 22;
              map<string, int32> counts = 23;
            }
            "#,
            )
        });
    POOL.get_message_by_name("test.v1.Everything").unwrap()
}

/// An empty message of that type.
pub(super) fn sample() -> DynamicMessage {
    DynamicMessage::new(everything())
}

const PATHS: &[&str] = &[
    "text",
    "i32",
    "i64",
    "u32",
    "u64",
    "s32",
    "s64",
    "flag",
    "f32",
    "sf32",
    "f64",
    "sf64",
    "float",
    "double",
    "raw",
    "maybe",
    "child.text",
    "child.child.i32",
    "first",
    "second.text",
    "second.second.first",
    "third",
    "child.third",
    "child.first",
];

fn plan() -> (Plan, Vec<Slot>) {
    let mut plan = Plan::new(everything());
    let slots = PATHS
        .iter()
        .map(|path| plan.read(path).unwrap().0)
        .collect();
    (plan, slots)
}

/// The value at `path` as the decoder sees it; `None` when the protobuf default.
fn decoded(message: &DynamicMessage, path: &str) -> Option<Decoded> {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(f, r)| (f, Some(r)));
    if !message.has_field_by_name(first) {
        return None;
    }
    let value = message.get_field_by_name(first)?.into_owned();
    match rest {
        Some(rest) => decoded(value.as_message()?, rest),
        None => Some(value),
    }
}

/// The scanned value in the decoder's terms; `None` when it equals the protobuf default and
/// the field has no presence.
fn scanned(found: &Scanned<'_>, slot: Slot, like: Option<&Decoded>, path: &str) -> Option<Decoded> {
    let value = match (found.get(slot)?, like) {
        (Value::Text(text), _) => Decoded::String(text.to_owned()),
        (Value::Bytes(bytes), _) => Decoded::Bytes(bytes::Bytes::copy_from_slice(bytes)),
        (Value::Bool(flag), _) => Decoded::Bool(flag),
        (Value::Unsigned(n), _) => Decoded::U64(n),
        (Value::Float(x), Some(Decoded::F64(_))) => Decoded::F64(x),
        (Value::Float(x), _) => Decoded::F32(x as f32),
        (Value::Integer(n), Some(Decoded::I64(_))) => Decoded::I64(n),
        (Value::Integer(n), Some(Decoded::U32(_))) => Decoded::U32(n as u32),
        (Value::Integer(n), _) => Decoded::I32(n as i32),
    };
    let leaf = path.rsplit('.').next().unwrap_or(path);
    let has_presence = matches!(leaf, "first" | "third" | "maybe");
    let default = matches!(
        &value,
        Decoded::I32(0)
            | Decoded::I64(0)
            | Decoded::U32(0)
            | Decoded::U64(0)
            | Decoded::Bool(false)
    ) || matches!(&value, Decoded::String(s) if s.is_empty())
        || matches!(&value, Decoded::Bytes(b) if b.is_empty())
        || matches!(&value, Decoded::F32(x) if x.to_bits() == 0)
        || matches!(&value, Decoded::F64(x) if x.to_bits() == 0);
    (has_presence || !default).then_some(value)
}

/// Fails when the bytes mean one thing to the scanner and another to the decoder.
fn assert_agreement(bytes: &[u8]) {
    let (plan, slots) = plan();
    let decode = DynamicMessage::decode(everything(), bytes);
    match (plan.scan(bytes), decode) {
        (Ok(found), Ok(message)) => {
            for (path, slot) in PATHS.iter().zip(slots) {
                let theirs = decoded(&message, path);
                let ours = scanned(&found, slot, theirs.as_ref(), path);
                // NaN differs from itself; compare what is written.
                assert_eq!(
                    format!("{ours:?}"),
                    format!("{theirs:?}"),
                    "{path} in {bytes:02x?}"
                );
            }
        }
        // The decoder looks into fields that the plan does not name.
        (Ok(_), Err(_)) => {}
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => {
            assert_eq!(
                error,
                super::ScanError::Group,
                "refused what decodes: {bytes:02x?}"
            );
        }
    }
}

#[test]
fn the_last_occurrence_wins() {
    let (plan, slots) = plan();
    let bytes = [numbered(1, b"first"), numbered(1, b"last")].concat();
    assert_eq!(plan.scan(&bytes).unwrap().text(slots[0]), "last");
    assert_agreement(&bytes);
}

#[test]
fn occurrences_of_a_sub_message_merge() {
    let bytes = [
        numbered(14, &numbered(1, b"kept")),
        numbered(14, &[14 << 3 | 2, 2, 2 << 3, 7]),
    ]
    .concat();
    let (plan, slots) = plan();
    let found = plan.scan(&bytes).unwrap();
    assert_eq!(
        (found.text(slots[16]), found.number(slots[17])),
        ("kept", 7)
    );
    assert_agreement(&bytes);
}

#[test]
fn another_member_of_a_oneof_unsets_what_came_before() {
    let bytes = [
        numbered(16, b"first"),
        numbered(17, &numbered(1, b"second")),
    ]
    .concat();
    let (plan, slots) = plan();
    let found = plan.scan(&bytes).unwrap();
    assert_eq!(
        (found.get(slots[18]), found.text(slots[19])),
        (None, "second")
    );
    assert_agreement(&bytes);
    let back = [bytes, numbered(16, b"again")].concat();
    let found = plan.scan(&back).unwrap();
    assert_eq!(
        (found.text(slots[18]), found.get(slots[19])),
        ("again", None)
    );
    assert_agreement(&back);
}

#[test]
fn packed_lists_and_unknown_fields_are_passed_over() {
    let bytes = [
        numbered(19, &[1, 2, 3]),
        numbered(999, b"?"),
        numbered(1, b"here"),
    ]
    .concat();
    let (plan, slots) = plan();
    assert_eq!(plan.scan(&bytes).unwrap().text(slots[0]), "here");
    assert_agreement(&bytes);
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let (plan, _) = plan();
    assert!(plan.scan(&numbered(1, &[0xff])).is_err());
}

/// Fragments that are likely to collide: known numbers, right and wrong wire types, nesting.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        (1u32..25, any::<u64>()).prop_map(|(n, v)| {
            let mut bytes = Vec::new();
            prost::encoding::encode_varint(u64::from(n << 3), &mut bytes);
            prost::encoding::encode_varint(v, &mut bytes);
            bytes
        }),
        (1u32..25, "[a-z]{0,4}").prop_map(|(n, s)| numbered(n, s.as_bytes())),
        (1u32..25, any::<[u8; 4]>()).prop_map(|(n, b)| [tag(n, 5), b.to_vec()].concat()),
        (1u32..25, any::<[u8; 8]>()).prop_map(|(n, b)| [tag(n, 1), b.to_vec()].concat()),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        (
            prop_oneof![Just(14u32), Just(15), Just(17)],
            prop::collection::vec(inner, 0..6),
        )
            .prop_map(|(n, parts)| numbered(n, &parts.concat()))
    })
}

fn tag(number: u32, wire_type: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(u64::from(number << 3 | wire_type), &mut bytes);
    bytes
}

/// The generated types decode with other code than the reflection above.
#[derive(Clone, Debug)]
struct Part {
    customer: Option<String>,
    channel: Option<i32>,
    purpose: Option<i32>,
}

fn send_message() -> MessageDescriptor {
    let name = SendMessageRequest::full_name();
    rapport_proto::descriptor_pool()
        .get_message_by_name(&name)
        .unwrap()
}

fn part() -> impl Strategy<Value = Part> {
    use prop::option::of;
    (of("[a-z]{0,5}"), of(any::<i32>()), of(any::<i32>())).prop_map(
        |(customer, channel, purpose)| Part {
            customer,
            channel,
            purpose,
        },
    )
}

impl Part {
    /// On the wire, defaults included, which encoders leave out and others need not.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(customer) = &self.customer {
            bytes.extend(numbered(1, customer.as_bytes()));
        }
        for (number, value) in [(2, self.channel), (3, self.purpose)] {
            if let Some(value) = value {
                bytes.extend(tag(number, 0));
                prost::encoding::encode_varint(value as u64, &mut bytes);
            }
        }
        bytes
    }
}

proptest! {
    #[test]
    fn an_outreach_means_the_same_to_the_service(
        parts in prop::collection::vec(part(), 0..4),
        cut in 0usize..60,
    ) {
        let mut bytes: Vec<u8> = parts.iter().flat_map(Part::encode).collect();
        bytes.truncate(cut);
        let descriptor = send_message();
        let mut plan = Plan::new(descriptor);
        let slots = ["customer", "channel", "purpose"].map(|path| plan.read(path).unwrap().0);
        match (plan.scan(&bytes), SendMessageRequest::decode(bytes.as_slice())) {
            (Ok(found), Ok(message)) => {
                prop_assert_eq!(found.text(slots[0]), message.customer);
                prop_assert_eq!(found.number(slots[1]), message.channel);
                prop_assert_eq!(found.number(slots[2]), message.purpose);
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{ours:?} but {theirs:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn garbage_means_the_same_or_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        assert_agreement(&bytes);
    }

    #[test]
    fn duplicates_in_any_order_mean_the_same(parts in prop::collection::vec(fragment(), 0..12)) {
        assert_agreement(&parts.concat());
    }

    #[test]
    fn messages_cut_anywhere_mean_the_same(
        parts in prop::collection::vec(fragment(), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = parts.concat();
        assert_agreement(&bytes[..cut.index(bytes.len().max(1)).min(bytes.len())]);
    }

    #[test]
    fn encoded_messages_are_read_back(text in ".{0,20}", number: i32, inner in ".{0,20}") {
        let mut child = sample();
        child.set_field_by_name("text", Decoded::String(inner.clone()));
        let mut message = sample();
        message.set_field_by_name("text", Decoded::String(text.clone()));
        message.set_field_by_name("i32", Decoded::I32(number));
        message.set_field_by_name("child", Decoded::Message(child));
        let bytes = message.encode_to_vec();
        let (plan, slots) = plan();
        let found = plan.scan(&bytes).unwrap();
        prop_assert_eq!(found.text(slots[0]), text);
        prop_assert_eq!(found.number(slots[1]), number);
        prop_assert_eq!(found.text(slots[16]), inner);
        assert_agreement(&bytes);
    }
}
