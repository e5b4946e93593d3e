//! What tokens cost.

use serde::Deserialize;
use tenants::money::MicroUsd;

use crate::request::Usage;

/// Bytes of text that make a token, on average and on the safe side: English has about four, other languages fewer.
const BYTES_PER_TOKEN: usize = 3;

/// Highest price that is taken, in micro-dollars per million tokens: a dollar for each token.
pub(super) const MOST: i64 = 1_000_000_000_000;

/// Micro-dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Sent.
    pub input: i64,
    /// Sent and found in the provider's cache; like sent when left out.
    pub cached: Option<i64>,
    /// Sent and written to the provider's cache; like sent when left out.
    pub cache_write: Option<i64>,
    /// Received.
    pub output: i64,
}

impl Price {
    /// What a call costs; a part of a micro-dollar counts as one.
    pub fn cost(&self, usage: Usage) -> MicroUsd {
        let cached = usage.cached.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let parts = [
            (usage.input - cached - written, self.input),
            (cached, self.reading()),
            (written, self.writing()),
            (usage.output, self.output),
        ];
        let total: i128 = parts.iter().map(|(tokens, price)| i128::from(*tokens) * i128::from(*price)).sum();
        let micros = (total + 999_999) / 1_000_000;
        MicroUsd(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// The dearer of both in each respect.
    pub(super) fn dearer(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            cached: Some(self.reading().max(other.reading())),
            cache_write: Some(self.writing().max(other.writing())),
            output: self.output.max(other.output),
        }
    }

    pub(super) fn is_negative(&self) -> bool {
        self.all().iter().any(|price| *price < 0)
    }

    /// Above what any model will ever cost: a slip of the pen, whose bills could not be added up.
    pub(super) fn is_absurd(&self) -> bool {
        self.all().iter().any(|price| *price > MOST)
    }

    fn all(&self) -> [i64; 4] {
        [self.input, self.reading(), self.writing(), self.output]
    }

    fn reading(&self) -> i64 {
        self.cached.unwrap_or(self.input)
    }

    fn writing(&self) -> i64 {
        self.cache_write.unwrap_or(self.input)
    }
}

/// Tokens of so many bytes, as far as that can be told without the model's own tokenizer.
pub fn estimated_tokens(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_cheaper_and_never_counted_twice() {
        let price = Price { input: 5_000_000, cached: Some(500_000), output: 25_000_000, ..Price::default() };
        let usage = Usage { input: 1_000, cached: 800, output: 100, ..Usage::default() };
        assert_eq!(price.cost(usage), MicroUsd(1_000 + 400 + 2_500));
        let absurd = Usage { input: 10, cached: 1_000, cache_write: 1_000, output: 0 };
        assert_eq!(price.cost(absurd), MicroUsd(5));
        assert_eq!(price.cost(Usage::default()), MicroUsd(0));
    }

    #[test]
    fn tokens_written_to_the_cache_have_a_price_of_their_own() {
        let usage = Usage { input: 1_000, cached: 300, cache_write: 400, output: 0 };
        let plain = Price { input: 5_000_000, cached: Some(500_000), ..Price::default() };
        assert_eq!(plain.cost(usage), MicroUsd(3_500 + 150));
        let dearer = Price { cache_write: Some(6_250_000), ..plain };
        assert_eq!(dearer.cost(usage), MicroUsd(1_500 + 150 + 2_500));
    }

    #[test]
    fn a_part_of_a_micro_dollar_counts_as_one() {
        let price = Price { input: 100_000, ..Price::default() };
        assert_eq!(price.cost(Usage { input: 1, ..Usage::default() }), MicroUsd(1));
    }

    #[test]
    fn absurd_prices_do_not_overflow() {
        let (most, cache_write) = (i64::MAX, None);
        let price = Price { input: most, cached: Some(most), cache_write, output: most };
        let usage = Usage { input: u32::MAX, output: u32::MAX, ..Usage::default() };
        assert_eq!(price.cost(usage), MicroUsd(i64::MAX));
    }
}
