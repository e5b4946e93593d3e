//! How often people agreed, and between which bounds the true share lies.

use serde::{Deserialize, Serialize};

/// Standard deviations that leave 5 % of a normal distribution on one side.
const ONE_SIDED_95: f64 = 1.645;

/// How many of some cases were right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Right ones.
    pub agreed: u32,
    /// All of them.
    pub of: u32,
}

impl Agreement {
    /// Counts the cases.
    pub fn count(cases: impl IntoIterator<Item = bool>) -> Self {
        let mut found = Self::default();
        for is_right in cases {
            found.agreed += u32::from(is_right);
            found.of += 1;
        }
        found
    }

    /// The share that was right, 0 to 1; 0 of nothing.
    pub fn share(self) -> f64 {
        f64::from(self.agreed) / f64::from(self.of.max(1))
    }

    /// The true share is at least this with 95 % confidence (Wilson's score interval, one side); 0 of nothing.
    pub fn lower(self) -> f64 {
        self.bound(-1.0).unwrap_or(0.0)
    }

    /// The true share is at most this with 95 % confidence; 1 of nothing.
    pub fn upper(self) -> f64 {
        self.bound(1.0).unwrap_or(1.0)
    }

    fn bound(self, side: f64) -> Option<f64> {
        if self.of == 0 {
            return None;
        }
        let (n, share, z) = (f64::from(self.of), self.share(), ONE_SIDED_95);
        let spread = (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        let bound = (share + z * z / (2.0 * n) + side * z * spread) / (1.0 + z * z / n);
        Some(bound.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_wilson_and_close_in_with_more_cases() {
        let bounds = |agreed, of| {
            let found = Agreement { agreed, of };
            (format!("{:.3}", found.lower()), format!("{:.3}", found.upper()))
        };
        assert_eq!(bounds(0, 0), ("0.000".to_owned(), "1.000".to_owned()));
        assert_eq!(bounds(20, 20), ("0.881".to_owned(), "1.000".to_owned()));
        assert_eq!(bounds(58, 60), ("0.904".to_owned(), "0.989".to_owned()));
        assert_eq!(bounds(580, 600), ("0.952".to_owned(), "0.977".to_owned()));
        assert_eq!(bounds(0, 20), ("0.000".to_owned(), "0.119".to_owned()));
    }
}
