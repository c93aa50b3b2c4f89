//! Reads declared fields straight from the bytes of a message, without decoding it.
//!
//! The answer must be the one that the service's decoder comes to, or a caller could show the
//! gateway one customer and the service another: the last occurrence of a field wins,
//! occurrences of a sub-message merge, and setting one field of a oneof clears the others.
//! Groups are refused, because no proto of ours has any and decoders differ in how they skip
//! them.

mod census;
mod plan;
mod wire;

#[cfg(test)]
mod agreement;

pub use census::Census;
pub use plan::{Kind, PathError, Plan, Slot};

use plan::{Entry, Step};
use wire::{Reader, WireValue};

/// The bytes are not a message that the declared fields can be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// A tag, length or varint is cut short, too long or impossible.
    #[error("the bytes are not a protobuf message")]
    Malformed,
    /// The message holds a group (wire types 3 and 4).
    #[error("groups are not accepted")]
    Group,
    /// The message holds more fields than a request may.
    #[error("the message holds too many fields")]
    TooManyFields,
}

/// The value of a scanned field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A `string`; valid UTF-8.
    Text(&'a str),
    /// A `bytes` field.
    Bytes(&'a [u8]),
    /// An enum's number, or any integer of at most 64 bits with a sign.
    Integer(i64),
    /// A `uint64` or `fixed64`.
    Unsigned(u64),
    /// A `bool`.
    Bool(bool),
    /// A `float` or `double`.
    Float(f64),
}

/// What a [`Plan`] found in one message.
#[derive(Debug)]
pub struct Scanned<'a>(Vec<Option<Value<'a>>>);

impl<'a> Scanned<'a> {
    /// The text in `slot`; `""`, the protobuf default, when it is absent.
    pub fn text(&self, slot: Slot) -> &'a str {
        match self.get(slot) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// The enum number in `slot`; 0, the protobuf default, when it is absent.
    pub fn number(&self, slot: Slot) -> i32 {
        match self.get(slot) {
            // Enums are 32 bits wide; decoders drop the rest, so do we.
            Some(Value::Integer(number)) => number as i32,
            _ => 0,
        }
    }

    /// The value in `slot`, if the message sets it.
    pub fn get(&self, slot: Slot) -> Option<Value<'a>> {
        self.0.get(slot.index()).copied().flatten()
    }
}

impl Plan {
    /// Reads the declared fields from `message` in one pass.
    ///
    /// # Errors
    /// When the bytes are malformed in a way that can be seen without entering the
    /// sub-messages that the plan does not name.
    pub fn scan<'a>(&self, message: &'a [u8]) -> Result<Scanned<'a>, ScanError> {
        let mut found = vec![None; self.slots()];
        read(message, self.entries(), &mut found)?;
        Ok(Scanned(found))
    }
}

fn read<'a>(
    bytes: &'a [u8],
    entries: &[Entry],
    found: &mut [Option<Value<'a>>],
) -> Result<(), ScanError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, value)) = reader.next_field()? {
        let Some(entry) = entries.iter().find(|entry| entry.number == number) else {
            continue;
        };
        for slot in &entry.clears {
            if let Some(value) = found.get_mut(slot.index()) {
                *value = None;
            }
        }
        match (&entry.step, value) {
            (Step::Skip, _) => {}
            (Step::Read(slot, kind), value) => {
                let value = kind.interpret(value)?;
                if let Some(place) = found.get_mut(slot.index()) {
                    *place = Some(value);
                }
            }
            (Step::Enter(inner), WireValue::Bytes(bytes)) => read(bytes, inner, found)?,
            (Step::Enter(_), _) => return Err(ScanError::Malformed),
        }
    }
    Ok(())
}
