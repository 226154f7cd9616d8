//! Declarations of tables. Each key is declared once:
//!
//! ```text
//! /// How long one request may take: 1 to 120 seconds.
//! timeout: Duration = Duration::from_secs(30), duration('s', seconds(1, 120)) [Open] shown in_words;
//! ```
//!
//! - the field, with its documentation and type: an `Option` may be left unset;
//! - `= default`, where it has one;
//! - `=> help` instead, where it is needed: what to say where it is missing;
//! - the form that it is written in (below), with what the form wants to know;
//! - in brackets what it holds, see [`Holds`](super::schema::Holds); `Open` where nothing is said;
//! - `shown` a function that shows it, where it is not shown as its type is.
//!
//! The schema of the keys, the reader, the defaults and the effective form are made of that. What a single value must be
//! like is a function that its declaration names; which values go together is checked by code behind the reader.
//!
//! Forms:
//!
//! - `duration(unit, bounds)`: `unit` is what a bare number most probably meant;
//! - `count(bounds)`, `switch()`, `choice(Words)`;
//! - `text(wants, check)`: a text that passes a check; `secret(wants)`: a text that no message shows;
//! - `sealed(wants, read)`: a secret under `key`, or in the file that `key_file` names;
//! - `by(wants, read)`: whatever a function reads;
//! - `table(wants, read, schema)`, `tables(wants, read, schema)`: what a function makes of a table, or of a list of them.

/// An enum of words that a config may hold.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $Name:ident { $($(#[$doc:meta])* $Word:ident = $word:literal,)* }) => {
        $(#[$meta])*
        pub enum $Name { $($(#[$doc])* $Word,)* }

        impl $Name {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$Word),*];

            /// The config's words for them.
            pub(super) const NAMES: &[&str] = &[$($word),*];

            /// The config's word for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$Word => $word),* }
            }

            /// The one that this word means.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($word => Some(Self::$Word),)*
                    _ => None,
                }
            }
        }

        impl $crate::config::value::Value for $Name {
            fn text(&self) -> Option<String> {
                Some(self.name().to_owned())
            }
        }
    };
}

/// A struct of settings, one for each key. `raw` is what one table says of them; another may hold the defaults. `of` are
/// settings that are declared elsewhere and belong to it, `beside` what is no setting.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $Table:ident, raw $Raw:ident {$(
            $(#[$doc:meta])*
            $key:ident: $type:ty $(= $default:expr)?,
            $form:ident($($argument:tt)*) $([$holds:ident])? $(shown $shown:expr)?;
        )*}
        $(of {$(
            $(#[$of_doc:meta])*
            pub $of:ident: $of_type:ty,
        )*})?
        $(beside {$(
            $(#[$beside_doc:meta])*
            $beside_vis:vis $beside:ident: $beside_type:ty,
        )*})?
    ) => {
        $(#[$meta])*
        pub struct $Table {
            $($($(#[$beside_doc])* $beside_vis $beside: $beside_type,)*)?
            $($($(#[$of_doc])* pub $of: $of_type,)*)?
            $($(#[$doc])* pub $key: $type,)*
        }

        /// What one table sets of it.
        #[derive(Clone, Default)]
        pub(super) struct $Raw {
            $(pub(super) $key: raw!($type $(, $default)?),)*
        }

        impl $Raw {
            /// Reads what a table sets, and notes what is wrong with it; where there is no table, nothing is set.
            pub(super) fn read(table: Option<&$crate::config::reader::Table<'_>>) -> Self {
                table.map_or_else(Self::default, |table| Self {
                    $($key: read!(table, stringify!($key), $form($($argument)*)),)*
                })
            }

            /// The whole: what is set here, else what `defaults` set, else this program's own defaults.
            pub(super) fn complete(
                self,
                defaults: &Self
                $($(, $of: $of_type)*)?
                $($(, $beside: $beside_type)*)?
            ) -> $Table {
                $Table {
                    $($($beside,)*)?
                    $($($of,)*)?
                    $($key: or!(self.$key.or_else(|| defaults.$key.clone()) $(, $default)?),)*
                }
            }
        }

        impl $Table {
            pub(super) const KEYS: $crate::config::schema::Keys =
                &[$(keys!($key, $form($($argument)*) $(, $holds)?)),*];
        }

        impl $crate::config::value::Settings for $Table {
            fn each(&self, see: &mut dyn FnMut($crate::config::value::Setting<'_>)) {
                $($(self.$of.each(see);)*)?
                $(see(setting!($key: $type, ($($holds)?), ($($default)?), ($($shown)?), self.$key));)*
            }
        }
    };
}

/// An enum of which each variant has its own word, which is the value of the key `by`, and its own keys. A variant may
/// also be declared elsewhere, by [`variant!`].
macro_rules! variants {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident by $by:literal {$(
            $(#[$variant_doc:meta])*
            $Variant:ident $(($Inner:ident))? = $word:literal $({$(
                $(#[$doc:meta])*
                $key:ident: $type:ty $(= $default:expr)? $(=> $help:expr)?,
                $form:ident($($argument:tt)*) $([$holds:ident])? $(shown $shown:expr)?;
            )*})?,
        )*}
    ) => {
        $(#[$meta])*
        pub enum $Name {$(
            $(#[$variant_doc])*
            $Variant $(($Inner))? $({ $($(#[$doc])* $key: $type,)* })?,
        )*}

        impl $Name {
            /// The key that names the variant.
            pub(super) const BY: $crate::config::schema::Keys = &[&[$crate::config::schema::Key {
                wants: $crate::config::schema::Wants::OneOf(&[$($word),*]),
                ..$crate::config::schema::key($by, "", holds!())
            }]];

            pub(super) const KEYS: $crate::config::schema::Keys =
                &[$($($(keys!($key, $form($($argument)*) $(, $holds)?),)*)?)*];

            /// Which keys each variant takes.
            pub(super) const VARIANTS: $crate::config::variant::Variants = $crate::config::variant::Variants {
                by: $by,
                names: &[$($word),*],
                all: &[$(
                    $crate::config::variant::Variant {
                        name: $word,
                        keys: &[$($(takes!($key, $form $(, $help)?),)*)?],
                        others: &[$($Inner::TAKES)?],
                    },
                )*],
            };

            /// The config's word for it.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$Variant { .. } => $word,)* }
            }

            /// Reads the keys of this variant.
            pub(super) fn read(
                table: &$crate::config::reader::Table<'_>,
                variant: &$crate::config::variant::Variant,
            ) -> Option<Self> {
                match variant.name {
                    $($word => {
                        $($(let $key = read!(table, stringify!($key), $form($($argument)*));)*)?
                        Some(Self::$Variant
                            $(($Inner::read(table)?))?
                            $({ $($key: taken!($key $(, $default)? $(=> $help)?),)* })?
                        )
                    })*
                    _ => None,
                }
            }
        }

        impl $crate::config::value::Settings for $Name {
            fn each(&self, see: &mut dyn FnMut($crate::config::value::Setting<'_>)) {
                see($crate::config::value::Setting::open($by, &self.name().to_owned()));
                match self {$(
                    Self::$Variant $((inner @ $Inner { .. }))? $({ $($key,)* })? => {
                        $($Inner::each(inner, see);)?
                        $($(see(setting!($key: $type, ($($holds)?), ($($default)?), ($($shown)?), *$key));)*)?
                    }
                )*}
            }
        }
    };
}

/// A struct of which some settings are needed, such as one variant of an enum.
macro_rules! variant {
    (
        $(#[$meta:meta])*
        pub struct $Table:ident {$(
            $(#[$doc:meta])*
            $key:ident: $type:ty $(= $default:expr)? $(=> $help:expr)?,
            $form:ident($($argument:tt)*) $([$holds:ident])? $(shown $shown:expr)?;
        )*}
    ) => {
        $(#[$meta])*
        pub struct $Table { $($(#[$doc])* pub $key: $type,)* }

        impl $Table {
            pub(super) const KEYS: $crate::config::schema::Keys =
                &[$(keys!($key, $form($($argument)*) $(, $holds)?)),*];

            pub(super) const TAKES: &[$crate::config::variant::Takes] =
                &[$(takes!($key, $form $(, $help)?)),*];

            /// Reads its keys.
            pub(super) fn read(table: &$crate::config::reader::Table<'_>) -> Option<Self> {
                $(let $key = read!(table, stringify!($key), $form($($argument)*));)*
                Some(Self { $($key: taken!($key $(, $default)? $(=> $help)?),)* })
            }
        }

        impl $crate::config::value::Settings for $Table {
            fn each(&self, see: &mut dyn FnMut($crate::config::value::Setting<'_>)) {
                $(see(setting!($key: $type, ($($holds)?), ($($default)?), ($($shown)?), self.$key));)*
            }
        }
    };
}

/// A key as the schema has it: one spelling, or two.
macro_rules! keys {
    ($key:ident, sealed($wants:expr, $read:expr)) => {
        &[
            $crate::config::schema::key(stringify!($key), $wants, holds!(Secret)),
            $crate::config::schema::key(
                concat!(stringify!($key), "_file"),
                $crate::config::schema::FILE,
                holds!(SecretFile),
            ),
        ]
    };
    ($key:ident, table($wants:expr, $read:expr, $schema:expr)) => {
        &[$crate::config::schema::above(
            stringify!($key),
            $wants,
            $crate::config::schema::Below::Table($schema),
        )]
    };
    ($key:ident, tables($wants:expr, $read:expr, $schema:expr)) => {
        &[$crate::config::schema::above(
            stringify!($key),
            $wants,
            $crate::config::schema::Below::Tables($schema),
        )]
    };
    ($key:ident, $form:ident($($argument:tt)*) $(, $holds:ident)?) => {
        &[$crate::config::schema::Key {
            name: stringify!($key),
            wants: wants!($form($($argument)*)),
            holds: holds!($($holds)?),
            below: None,
        }]
    };
}

/// What the value of a form must be.
macro_rules! wants {
    (duration($($_:tt)*)) => {
        $crate::config::schema::Wants::Text($crate::config::schema::DURATION)
    };
    (count($($_:tt)*)) => {
        $crate::config::schema::Wants::Text($crate::config::schema::COUNT)
    };
    (switch()) => {
        $crate::config::schema::Wants::Text($crate::config::schema::SWITCH)
    };
    (choice($Words:ident)) => {
        $crate::config::schema::Wants::OneOf($Words::NAMES)
    };
    ($form:ident($wants:expr $(, $($_:tt)*)?)) => {
        $crate::config::schema::Wants::Text($wants)
    };
}

/// Reads a value of a form: `None` where the key is not there, or its value is of no use.
macro_rules! read {
    ($table:ident, $key:expr, duration($unit:literal, $bounds:expr)) => {
        $table.duration($key, $unit, $bounds)
    };
    ($table:ident, $key:expr, count($bounds:expr)) => {
        $table.count($key, $bounds)
    };
    ($table:ident, $key:expr, switch()) => {
        $table.boolean($key)
    };
    ($table:ident, $key:expr, choice($Words:ident)) => {
        $table.choice($key, $Words::NAMES, $Words::from_name)
    };
    ($table:ident, $key:expr, text($wants:expr, $check:expr)) => {
        $table.checked($key, $check)
    };
    ($table:ident, $key:expr, secret($wants:expr)) => {
        $table.secret($key)
    };
    ($table:ident, $key:expr, $form:ident($wants:expr, $read:expr $(, $schema:expr)?)) => {
        $read($table, $key)
    };
}

/// What a value holds.
macro_rules! holds {
    () => {
        $crate::config::schema::Holds::Open
    };
    ($holds:ident) => {
        $crate::config::schema::Holds::$holds
    };
}

/// What was read, or the default; a setting without one stays unset.
macro_rules! or {
    ($read:expr) => {
        $read
    };
    ($read:expr, $default:expr) => {
        $read.unwrap_or_else(|| $default)
    };
}

/// The same within a variant, where a key may also be needed.
macro_rules! taken {
    ($read:ident) => {
        $read
    };
    ($read:ident, $default:expr) => {
        $read.unwrap_or_else(|| $default)
    };
    ($read:ident => $help:expr) => {
        $read?
    };
}

/// The type of a setting that may be missing.
macro_rules! raw {
    ($type:ty) => {
        $type
    };
    ($type:ty, $default:expr) => {
        Option<$type>
    };
}

/// A setting of a valid config.
macro_rules! setting {
    ($key:ident: $type:ty, ($($holds:ident)?), (), ($($shown:expr)?), $value:expr) => {
        $crate::config::value::Setting {
            key: stringify!($key),
            holds: holds!($($holds)?),
            default: None,
            value: shown!($value $(, $shown)?),
        }
    };
    ($key:ident: $type:ty, ($($holds:ident)?), ($default:expr), ($($shown:expr)?), $value:expr) => {
        $crate::config::value::Setting {
            default: Some(shown!(
                {
                    let default: $type = $default;
                    default
                }
                $(, $shown)?
            )),
            ..setting!($key: $type, ($($holds)?), (), ($($shown)?), $value)
        }
    };
}

/// A value as it is shown.
macro_rules! shown {
    ($value:expr) => {
        &$value
    };
    ($value:expr, $shown:expr) => {
        &$crate::config::value::ShownAs($shown(&$value))
    };
}

/// A key of a variant.
macro_rules! takes {
    ($key:ident, $form:ident $(, $help:expr)?) => {
        $crate::config::variant::Takes {
            key: stringify!($key),
            or_file: takes!(@file $form),
            needed: takes!(@needed $($help)?),
        }
    };
    (@file sealed) => {
        true
    };
    (@file $form:ident) => {
        false
    };
    (@needed) => {
        None
    };
    (@needed $help:expr) => {
        Some($help)
    };
}
