//! Bounds what decoding a message would cost, before it is decoded.
//!
//! A field of two bytes on the wire can become hundreds of bytes of decoded message, so a
//! limit on bytes alone would let a 4 MiB request take a gigabyte. Counting costs a walk over
//! the bytes and allocates nothing.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::ScanError;
use super::wire::{Reader, WireValue};

/// Sub-messages may nest this deep; prost decodes no deeper either.
const DEPTH: usize = 100;

/// Counts the fields of messages of one type, at every depth.
#[derive(Clone, Debug)]
pub struct Census {
    /// The first is the type itself. Types refer to each other by index, because they may
    /// be recursive.
    types: Vec<Vec<(u32, Content)>>,
}

/// Fields that hold more than one value in one occurrence.
#[derive(Clone, Copy, Debug)]
enum Content {
    Message(usize),
    /// Packed values of at least so many bytes each.
    Packed(usize),
}

impl Census {
    /// Prepares to count in messages of this type.
    pub fn new(message: &MessageDescriptor) -> Self {
        let mut builder = Builder::default();
        builder.add(message);
        Self {
            types: builder.types,
        }
    }

    /// Refuses a message with more than `limit` values, sub-messages included.
    ///
    /// # Errors
    /// Also when the bytes are malformed or hold a group.
    pub fn check(&self, message: &[u8], limit: usize) -> Result<(), ScanError> {
        let mut left = limit;
        self.count(message, 0, DEPTH, &mut left)
    }

    fn count(
        &self,
        bytes: &[u8],
        message: usize,
        depth: usize,
        left: &mut usize,
    ) -> Result<(), ScanError> {
        let depth = depth.checked_sub(1).ok_or(ScanError::Malformed)?;
        let contents = self
            .types
            .get(message)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut reader = Reader::new(bytes);
        while let Some((number, value)) = reader.next_field()? {
            spend(left, 1)?;
            let WireValue::Bytes(bytes) = value else {
                continue;
            };
            match contents.iter().find(|(n, _)| *n == number) {
                Some((_, Content::Message(inner))) => self.count(bytes, *inner, depth, left)?,
                Some((_, Content::Packed(width))) => spend(left, bytes.len() / width)?,
                None => {}
            }
        }
        Ok(())
    }
}

fn spend(left: &mut usize, values: usize) -> Result<(), ScanError> {
    *left = left.checked_sub(values).ok_or(ScanError::TooManyFields)?;
    Ok(())
}

#[derive(Default)]
struct Builder {
    known: HashMap<String, usize>,
    types: Vec<Vec<(u32, Content)>>,
}

impl Builder {
    fn add(&mut self, message: &MessageDescriptor) -> usize {
        if let Some(index) = self.known.get(message.full_name()) {
            return *index;
        }
        let index = self.types.len();
        self.known.insert(message.full_name().to_owned(), index);
        self.types.push(Vec::new());
        let contents = message
            .fields()
            .filter_map(|field| self.content(&field))
            .collect();
        self.types[index] = contents;
        index
    }

    fn content(&mut self, field: &FieldDescriptor) -> Option<(u32, Content)> {
        let content = match field.kind() {
            Kind::Message(inner) => Content::Message(self.add(&inner)),
            kind if field.is_list() => Content::Packed(packed_width(&kind)?),
            _ => return None,
        };
        Some((field.number(), content))
    }
}

/// The least number of bytes that a packed value takes; `None` for what is never packed.
fn packed_width(kind: &Kind) -> Option<usize> {
    match kind {
        Kind::String | Kind::Bytes | Kind::Message(_) => None,
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Some(8),
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Some(4),
        _ => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::agreement::{everything, sample};
    use prost::Message as _;
    use prost_reflect::Value;

    #[test]
    fn fields_of_sub_messages_count() {
        let census = Census::new(&everything());
        let mut inner = sample();
        inner.set_field_by_name("text", Value::String("x".into()));
        let mut message = sample();
        message.set_field_by_name("children", Value::List(vec![Value::Message(inner); 10]));
        let bytes = message.encode_to_vec();
        // Ten children and the field of each.
        assert_eq!(census.check(&bytes, 20), Ok(()));
        assert_eq!(census.check(&bytes, 19), Err(ScanError::TooManyFields));
    }

    #[test]
    fn packed_values_count_one_by_one() {
        let census = Census::new(&everything());
        let mut message = sample();
        message.set_field_by_name("numbers", Value::List(vec![Value::I32(1); 1000]));
        let bytes = message.encode_to_vec();
        assert_eq!(census.check(&bytes, 1001), Ok(()));
        assert_eq!(census.check(&bytes, 1000), Err(ScanError::TooManyFields));
    }

    #[test]
    fn nesting_ends_where_decoders_end() {
        let census = Census::new(&everything());
        let nested = |depth: usize| {
            (0..depth).fold(sample(), |inner, _| {
                let mut outer = sample();
                outer.set_field_by_name("child", Value::Message(inner));
                outer
            })
        };
        assert_eq!(census.check(&nested(99).encode_to_vec(), 1000), Ok(()));
        assert_eq!(
            census.check(&nested(100).encode_to_vec(), 1000),
            Err(ScanError::Malformed)
        );
    }

    #[test]
    fn groups_are_refused_at_any_depth() {
        let census = Census::new(&everything());
        let child = everything().get_field_by_name("child").unwrap().number() as u8;
        assert_eq!(
            census.check(&[child << 3 | 2, 2, 0x0b, 0x0c], 1000),
            Err(ScanError::Group)
        );
    }
}
