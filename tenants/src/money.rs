//! Money, in integer micro-dollars.

use serde::{Deserialize, Serialize};

/// An amount in millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub i64);

impl std::fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        write!(f, "{sign}${}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

impl MicroUsd {
    /// The exact amount for people: whole cents, or as many digits as it has beyond them, such as `$4.05` or `$0.0012`.
    pub fn in_dollars(self) -> String {
        let full = self.to_string();
        let cents = full.find('.').map_or(full.len(), |point| point + 3);
        let (cents, beyond) = full.split_at(cents);
        format!("{cents}{}", beyond.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_in_cents_and_nothing_of_them_is_left_out() {
        let told = [0, 5_000_000, 4_050_000, 1_200, 1, -20_000, i64::MAX].map(|it| MicroUsd(it).in_dollars());
        let expected = ["$0.00", "$5.00", "$4.05", "$0.0012", "$0.000001", "-$0.02", "$9223372036854.775807"];
        assert_eq!(told, expected);
    }
}
