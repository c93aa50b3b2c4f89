//! Enums that the protos number.

/// Declares an enum whose values carry the number and the name they have in the protos, so that
/// the wire, the store and error texts agree.
///
/// A test beside each of them compares both: `testing::values_in_proto`.
#[macro_export]
macro_rules! numbered {
    (
        $(#[$meta:meta])*
        pub enum $name:ident as $noun:literal {
            $( $(#[$value_meta:meta])* $value:ident = $number:literal $label:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$value_meta])* $value = $number, )+
        }

        impl $name {
            /// Every value, by ascending number.
            pub const ALL: &'static [Self] = &[$( Self::$value, )+];

            /// The number in the protos and in the store.
            pub const fn number(self) -> i32 {
                self as i32
            }

            /// The number as the store keeps it.
            pub const fn code(self) -> i16 {
                self as i16
            }

            /// The name in the protos, without the enum's prefix.
            pub const fn label(self) -> &'static str {
                match self {
                    $( Self::$value => $label, )+
                }
            }
        }

        impl TryFrom<i32> for $name {
            type Error = $crate::invalid::Invalid;

            fn try_from(number: i32) -> Result<Self, Self::Error> {
                match number {
                    $( $number => Ok(Self::$value), )+
                    0 => Err($crate::invalid::Invalid::new(concat!(
                        "is required: set one of" $(, " ", $label)+
                    ))),
                    _ => Err($crate::invalid::Invalid::new(concat!(
                        "is not a known ", $noun, ": set one of" $(, " ", $label)+
                    ))),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::invalid::Invalid;

            fn from_str(label: &str) -> Result<Self, Self::Err> {
                match label {
                    $( $label => Ok(Self::$value), )+
                    _ => Err($crate::invalid::Invalid::new(concat!(
                        "is not a known ", $noun, ": write one of" $(, " ", $label)+
                    ))),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.label())
            }
        }
    };
}
