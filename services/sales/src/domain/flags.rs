//! Several values of an enum as one number: a bit for each.

/// The bits of numbers from 1 to 15.
pub fn bits(numbers: impl IntoIterator<Item = i16>) -> i16 {
    numbers.into_iter().fold(0, |bits, it| bits | bit(it))
}

/// Whether a number is among [`bits`].
pub const fn has(bits: i16, number: i16) -> bool {
    bits & bit(number) != 0
}

const fn bit(number: i16) -> i16 {
    1 << (number - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_a_bit_of_its_own() {
        for numbers in [&[][..], &[1], &[1, 3], &[2, 15]] {
            let bits = bits(numbers.iter().copied());
            let read: Vec<i16> = (1..=15).filter(|it| has(bits, *it)).collect();
            assert_eq!(read, numbers);
        }
    }
}
