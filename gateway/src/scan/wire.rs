//! The protobuf wire format: tags, varints, lengths.

use super::ScanError;

/// A field's value as it lies on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum WireValue<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

/// Walks over the fields of one message.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field's number and value; `None` at the end of the message.
    pub(super) fn next_field(&mut self) -> Result<Option<(u32, WireValue<'a>)>, ScanError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = u32::try_from(self.varint()?).map_err(|_| ScanError::Malformed)?;
        let number = tag >> 3;
        if number == 0 {
            return Err(ScanError::Malformed);
        }
        let value = match tag & 7 {
            0 => WireValue::Varint(self.varint()?),
            1 => WireValue::Fixed64(self.array()?),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| ScanError::Malformed)?;
                WireValue::Bytes(self.take(length)?)
            }
            3 | 4 => return Err(ScanError::Group),
            5 => WireValue::Fixed32(self.array()?),
            _ => return Err(ScanError::Malformed),
        };
        Ok(Some((number, value)))
    }

    /// At most ten bytes and 64 bits; anything longer is refused, as decoders do.
    fn varint(&mut self) -> Result<u64, ScanError> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            // The tenth byte has room for the 64th bit alone.
            if index == 9 && *byte > 1 {
                return Err(ScanError::Malformed);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(ScanError::Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ScanError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(ScanError::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ScanError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(ScanError::Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u32, WireValue<'_>)>, ScanError> {
        let mut reader = Reader::new(bytes);
        let mut fields = Vec::new();
        while let Some(field) = reader.next_field()? {
            fields.push(field);
        }
        Ok(fields)
    }

    #[test]
    fn every_wire_type_is_read() {
        let bytes = [
            0x08, 0x96, 0x01, // 1: varint 150
            0x11, 1, 0, 0, 0, 0, 0, 0, 0, // 2: fixed64
            0x1a, 2, b'h', b'i', // 3: bytes
            0x25, 1, 0, 0, 0, // 4: fixed32
        ];
        let expected = vec![
            (1, WireValue::Varint(150)),
            (2, WireValue::Fixed64(1u64.to_le_bytes())),
            (3, WireValue::Bytes(b"hi")),
            (4, WireValue::Fixed32(1u32.to_le_bytes())),
        ];
        assert_eq!(fields(&bytes), Ok(expected));
    }

    #[test]
    fn the_largest_varint_is_read_and_a_longer_one_is_not() {
        let largest = [
            0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ];
        assert_eq!(fields(&largest), Ok(vec![(1, WireValue::Varint(u64::MAX))]));
        let mut wider = largest;
        wider[10] = 0x02;
        assert_eq!(fields(&wider), Err(ScanError::Malformed));
        let longer = [
            0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00,
        ];
        assert_eq!(fields(&longer), Err(ScanError::Malformed));
    }

    #[test]
    fn what_is_cut_short_or_impossible_is_refused() {
        for bytes in [
            &[0x08][..],                           // no value
            &[0x08, 0x80],                         // varint cut short
            &[0x0a, 0x05, b'h'],                   // length beyond the end
            &[0x11, 0, 0],                         // fixed64 cut short
            &[0x25, 0, 0],                         // fixed32 cut short
            &[0x00, 0x00],                         // field number 0
            &[0x0e, 0x00],                         // wire type 6
            &[0x88, 0x80, 0x80, 0x80, 0x10, 0x00], // tag wider than 32 bits
            &[
                0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ], // huge length
        ] {
            assert_eq!(fields(bytes), Err(ScanError::Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn groups_are_refused() {
        assert_eq!(fields(&[0x0b, 0x0c]), Err(ScanError::Group));
        assert_eq!(fields(&[0x0c]), Err(ScanError::Group));
    }
}
