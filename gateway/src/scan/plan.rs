//! Dotted field paths compiled to a tree of field numbers.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::wire::WireValue;
use super::{ScanError, Value};

/// Why a dotted path cannot be read from a message type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A segment names no field.
    #[error("`{message}` has no field `{field}`")]
    UnknownField {
        /// Full name of the message type.
        message: String,
        /// The segment.
        field: String,
    },
    /// A segment names a list or a map: there is no one value to read.
    #[error("`{0}` is repeated")]
    Repeated(String),
    /// A segment before the last names a field without sub-fields.
    #[error("`{0}` has no sub-fields")]
    NotAMessage(String),
    /// The last segment names a message.
    #[error("`{0}` is a message, not a value")]
    NotAValue(String),
    /// The path is empty.
    #[error("the path is empty")]
    Empty,
}

/// Names one value that a [`Plan`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

impl Slot {
    pub(super) fn index(self) -> usize {
        self.0
    }
}

/// How a field's bytes become a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `string`
    Text,
    /// `bytes`
    Bytes,
    /// `int32` and enums: a varint of which 32 bits count
    Varint32,
    /// `uint32`
    UnsignedVarint32,
    /// `int64`
    Varint64,
    /// `uint64`
    UnsignedVarint64,
    /// `sint32`
    ZigZag32,
    /// `sint64`
    ZigZag64,
    /// `bool`
    Bool,
    /// `fixed32`
    Fixed32,
    /// `sfixed32`
    SignedFixed32,
    /// `fixed64`
    Fixed64,
    /// `sfixed64`
    SignedFixed64,
    /// `float`
    Float,
    /// `double`
    Double,
}

impl Kind {
    fn of(field: &FieldDescriptor) -> Option<Self> {
        Some(match field.kind() {
            prost_reflect::Kind::Message(_) => return None,
            prost_reflect::Kind::String => Self::Text,
            prost_reflect::Kind::Bytes => Self::Bytes,
            prost_reflect::Kind::Int32 | prost_reflect::Kind::Enum(_) => Self::Varint32,
            prost_reflect::Kind::Uint32 => Self::UnsignedVarint32,
            prost_reflect::Kind::Int64 => Self::Varint64,
            prost_reflect::Kind::Uint64 => Self::UnsignedVarint64,
            prost_reflect::Kind::Sint32 => Self::ZigZag32,
            prost_reflect::Kind::Sint64 => Self::ZigZag64,
            prost_reflect::Kind::Bool => Self::Bool,
            prost_reflect::Kind::Fixed32 => Self::Fixed32,
            prost_reflect::Kind::Sfixed32 => Self::SignedFixed32,
            prost_reflect::Kind::Fixed64 => Self::Fixed64,
            prost_reflect::Kind::Sfixed64 => Self::SignedFixed64,
            prost_reflect::Kind::Float => Self::Float,
            prost_reflect::Kind::Double => Self::Double,
        })
    }

    /// Reads the value; any other wire type than the field's own is refused, as decoders do.
    pub(super) fn interpret(self, value: WireValue<'_>) -> Result<Value<'_>, ScanError> {
        Ok(match (self, value) {
            (Self::Text, WireValue::Bytes(bytes)) => {
                Value::Text(std::str::from_utf8(bytes).map_err(|_| ScanError::Malformed)?)
            }
            (Self::Bytes, WireValue::Bytes(bytes)) => Value::Bytes(bytes),
            // The casts drop the bits that the type has no room for, as decoders do.
            (Self::Varint32, WireValue::Varint(n)) => Value::Integer(i64::from(n as i32)),
            (Self::UnsignedVarint32, WireValue::Varint(n)) => Value::Integer(i64::from(n as u32)),
            (Self::Varint64, WireValue::Varint(n)) => Value::Integer(n as i64),
            (Self::UnsignedVarint64, WireValue::Varint(n)) => Value::Unsigned(n),
            (Self::ZigZag32, WireValue::Varint(n)) => {
                Value::Integer(i64::from(zigzag(u64::from(n as u32)) as i32))
            }
            (Self::ZigZag64, WireValue::Varint(n)) => Value::Integer(zigzag(n)),
            (Self::Bool, WireValue::Varint(n)) => Value::Bool(n != 0),
            (Self::Fixed32, WireValue::Fixed32(b)) => {
                Value::Integer(i64::from(u32::from_le_bytes(b)))
            }
            (Self::SignedFixed32, WireValue::Fixed32(b)) => {
                Value::Integer(i64::from(i32::from_le_bytes(b)))
            }
            (Self::Fixed64, WireValue::Fixed64(b)) => Value::Unsigned(u64::from_le_bytes(b)),
            (Self::SignedFixed64, WireValue::Fixed64(b)) => Value::Integer(i64::from_le_bytes(b)),
            (Self::Float, WireValue::Fixed32(b)) => Value::Float(f64::from(f32::from_le_bytes(b))),
            (Self::Double, WireValue::Fixed64(b)) => Value::Float(f64::from_le_bytes(b)),
            _ => return Err(ScanError::Malformed),
        })
    }
}

fn zigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// The fields that are read from one message type.
#[derive(Clone, Debug)]
pub struct Plan {
    message: MessageDescriptor,
    entries: Vec<Entry>,
    slots: usize,
}

/// What happens at one field number.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) number: u32,
    /// The values that this field, as another member of their oneof, unsets.
    pub(super) clears: Vec<Slot>,
    pub(super) step: Step,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Skip,
    Read(Slot, Kind),
    Enter(Vec<Entry>),
}

impl Plan {
    /// A plan that reads nothing yet from messages of this type.
    pub fn new(message: MessageDescriptor) -> Self {
        Self {
            message,
            entries: Vec::new(),
            slots: 0,
        }
    }

    /// Adds the value at `path`, such as `interaction.customer`, and returns where it will
    /// be found, with the field at its end.
    ///
    /// # Errors
    /// When the path does not lead to a single value.
    pub fn read(&mut self, path: &str) -> Result<(Slot, FieldDescriptor), PathError> {
        let fields = resolve(&self.message, path)?;
        let last = fields.last().ok_or(PathError::Empty)?;
        let kind =
            Kind::of(last).ok_or_else(|| PathError::NotAValue(last.full_name().to_owned()))?;
        let field = last.clone();
        if let Some(slot) = existing(&self.entries, &fields) {
            return Ok((slot, field));
        }
        let slot = Slot(self.slots);
        self.slots += 1;
        insert(&mut self.entries, &fields, slot, kind);
        Ok((slot, field))
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn slots(&self) -> usize {
        self.slots
    }
}

/// The fields that a dotted path passes through.
fn resolve(message: &MessageDescriptor, path: &str) -> Result<Vec<FieldDescriptor>, PathError> {
    let mut message = Some(message.clone());
    let mut fields: Vec<FieldDescriptor> = Vec::new();
    for segment in path.split('.') {
        if segment.is_empty() {
            return Err(PathError::Empty);
        }
        let parent = match (&message, fields.last()) {
            (Some(parent), _) => parent,
            (None, Some(value)) => {
                return Err(PathError::NotAMessage(value.full_name().to_owned()));
            }
            (None, None) => return Err(PathError::Empty),
        };
        let field = parent
            .get_field_by_name(segment)
            .ok_or_else(|| PathError::UnknownField {
                message: parent.full_name().to_owned(),
                field: segment.to_owned(),
            })?;
        if field.is_list() || field.is_map() {
            return Err(PathError::Repeated(field.full_name().to_owned()));
        }
        message = field.kind().as_message().cloned();
        fields.push(field);
    }
    Ok(fields)
}

fn existing(entries: &[Entry], fields: &[FieldDescriptor]) -> Option<Slot> {
    let (first, rest) = fields.split_first()?;
    match &entries
        .iter()
        .find(|entry| entry.number == first.number())?
        .step
    {
        Step::Read(slot, _) => Some(*slot),
        Step::Enter(inner) => existing(inner, rest),
        Step::Skip => None,
    }
}

fn insert(entries: &mut Vec<Entry>, fields: &[FieldDescriptor], slot: Slot, kind: Kind) {
    let Some((first, rest)) = fields.split_first() else {
        return;
    };
    for rival in rivals(first) {
        entry(entries, rival).clears.push(slot);
    }
    let step = &mut entry(entries, first.number()).step;
    if rest.is_empty() {
        *step = Step::Read(slot, kind);
        return;
    }
    if !matches!(step, Step::Enter(_)) {
        *step = Step::Enter(Vec::new());
    }
    if let Step::Enter(inner) = step {
        insert(inner, rest, slot, kind);
    }
}

/// The field numbers that share a oneof with `field`. The synthetic oneof around a proto3
/// `optional` field has no other member.
fn rivals(field: &FieldDescriptor) -> Vec<u32> {
    let Some(oneof) = field.containing_oneof() else {
        return Vec::new();
    };
    oneof
        .fields()
        .map(|member| member.number())
        .filter(|n| *n != field.number())
        .collect()
}

fn entry(entries: &mut Vec<Entry>, number: u32) -> &mut Entry {
    let index = match entries.iter().position(|entry| entry.number == number) {
        Some(index) => index,
        None => {
            entries.push(Entry {
                number,
                clears: Vec::new(),
                step: Step::Skip,
            });
            entries.len() - 1
        }
    };
    &mut entries[index]
}
