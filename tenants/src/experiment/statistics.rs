//! The little statistics that results of experiments need.

/// The standard normal quantile that leaves 2.5 % on either side.
const Z: f64 = 1.959_964;

/// Where the true rate lies with 95 % certainty when `hits` of `all` were seen (Wilson's score interval).
pub(super) fn rate_interval(hits: u32, all: u32) -> (f64, f64) {
    let (n, rate) = (f64::from(all), f64::from(hits) / f64::from(all.max(1)));
    if all == 0 {
        return (0.0, 1.0);
    }
    let centre = rate + Z * Z / (2.0 * n);
    let spread = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

/// The mean, and where the true one lies with 95 % certainty (Student's t); `None` of fewer than four numbers.
pub(super) fn mean_interval(numbers: &[f64]) -> Option<(f64, f64, f64)> {
    if numbers.len() < 4 {
        return None;
    }
    let n = numbers.len() as f64;
    let mean = mean(numbers)?;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let error = (squares / (n - 1.0) / n).sqrt() * t_quantile(n - 1.0);
    Some((mean, mean - error, mean + error))
}

/// The mean; `None` of nothing.
pub(super) fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// Student's quantile that leaves 2.5 % on either side, by its series in 1 / degrees of freedom: right to a percent
/// from three degrees of freedom on.
fn t_quantile(freedom: f64) -> f64 {
    let z = Z;
    z + (z.powi(3) + z) / (4.0 * freedom)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * freedom.powi(2))
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * freedom.powi(3))
}

/// How probable it is that the first rate is really higher than the second: each rate is taken for its estimate with
/// one hit and one miss added, and their difference for normal (Agresti and Caffo).
pub(super) fn is_higher(first: (u32, u32), second: (u32, u32)) -> f64 {
    let estimate = |(hits, all): (u32, u32)| {
        let n = f64::from(all) + 2.0;
        let rate = (f64::from(hits) + 1.0) / n;
        (rate, rate * (1.0 - rate) / n)
    };
    let ((first, first_error), (second, second_error)) = (estimate(first), estimate(second));
    normal((first - second) / (first_error + second_error).sqrt())
}

/// The share of a standard normal distribution below `z` (Abramowitz and Stegun 26.2.17; right to seven digits).
fn normal(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let series = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let tail = density * series.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    if z >= 0.0 { 1.0 - tail } else { tail }
}

/// The number below which `share` (0 to 1) of the sorted numbers lie: the nearest rank.
pub(super) fn percentile(sorted: &[i64], share: f64) -> Option<i64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 5e-4, "{found} instead of {expected}");
    }

    /// Wilson's interval by hand: 8 of 10 is 0.8; z²/n = 0.38415; centre 0.99207, spread 1.95996 ×
    /// √(0.016 + 0.0096036) = 0.31361; divided by 1.38415.
    #[test]
    fn a_rate_has_the_interval_of_wilson() {
        let (low, high) = rate_interval(8, 10);
        close(low, 0.4902);
        close(high, 0.9433);
        assert_eq!(rate_interval(0, 0), (0.0, 1.0));
        close(rate_interval(0, 20).1, 0.1611);
        close(rate_interval(20, 20).0, 0.8389);
    }

    /// 0, 0, 0.2, 0.4: mean 0.15, standard deviation 0.19149, error of the mean 0.09574, t(3) = 3.182.
    #[test]
    fn a_mean_has_the_interval_of_student() {
        let (mean, low, high) = mean_interval(&[0.0, 0.0, 0.2, 0.4]).unwrap();
        close(mean, 0.15);
        assert!((high - mean - 0.3047).abs() < 0.006, "{high}");
        close(mean - low, high - mean);
        assert_eq!(mean_interval(&[0.1, 0.2, 0.3]), None);
        for (freedom, quantile) in [(4.0, 2.776), (10.0, 2.228), (30.0, 2.042), (1_000.0, 1.962)] {
            assert!(
                (t_quantile(freedom) / quantile - 1.0).abs() < 0.01,
                "{freedom}: {}",
                t_quantile(freedom)
            );
        }
    }

    /// 45 of 50 against 30 of 50: 46/52 and 31/52, difference 0.28846, error √(0.0019626 + 0.0046296) = 0.08119.
    #[test]
    fn the_higher_of_two_rates_is_told_with_its_certainty() {
        close(is_higher((45, 50), (30, 50)), 0.9998);
        close(is_higher((30, 50), (30, 50)), 0.5);
        close(is_higher((1, 1), (0, 1)) + is_higher((0, 1), (1, 1)), 1.0);
        close(normal(1.0), 0.8413);
        close(normal(-1.96), 0.0250);
    }

    #[test]
    fn a_percentile_is_one_of_the_numbers() {
        let numbers: Vec<i64> = (1..=20).collect();
        assert_eq!(percentile(&numbers, 0.5), Some(10));
        assert_eq!(percentile(&numbers, 0.95), Some(19));
        assert_eq!(percentile(&[7], 0.5), Some(7));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
