//! Enums whose values have stable names, which stand in the database, in JSON and in logs: each name is said once, beside its
//! value.

/// Declares such an enum: `name` tells the name of a value, `from_name` finds the value of a name, `ALL` lists them in the
/// order of their declaration.
macro_rules! words {
    (
        $(#[$about:meta])*
        $visible:vis enum $name:ident {
            $($(#[$of_value:meta])* $value:ident = $word:literal,)+
        }
    ) => {
        $(#[$about])*
        $visible enum $name {
            $($(#[$of_value])* $value,)+
        }

        // Not every one of these enums is read back, or listed.
        #[allow(dead_code)]
        impl $name {
            /// Every value, in the order of declaration.
            $visible const ALL: [Self; [$($word),+].len()] = [$(Self::$value),+];

            /// The stable name.
            $visible const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            /// The value of that name, if there is one.
            $visible fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.name() == name)
            }
        }
    };
}
pub(crate) use words;
