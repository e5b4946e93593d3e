//! How many items are asked for.

use std::fmt::{Formatter, Result as Formatted};

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A number of items: at least one, and at most `MOST`. Others are refused with what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<const MOST: u32>(u32);

impl<const MOST: u32> Limit<MOST> {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de, const MOST: u32> Deserialize<'de> for Limit<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(LimitVisitor::<MOST>)
    }
}

struct LimitVisitor<const MOST: u32>;

impl<const MOST: u32> Visitor<'_> for LimitVisitor<MOST> {
    type Value = Limit<MOST>;

    fn expecting(&self, f: &mut Formatter<'_>) -> Formatted {
        write!(f, "a whole number from 1 to {MOST}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match u32::try_from(number) {
            Ok(number) if (1..=MOST).contains(&number) => Ok(Limit(number)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }
}
