//! An exponential function that gives the same bits on every machine.
//!
//! The library's differs between systems by a rounding; over a training such differences add up, and the
//! committed weights could no longer be compared with a fresh training. Addition, multiplication, division and
//! square root are exact by IEEE 754.

/// `e` to the power of `x`; zero below -87, finite for every finite `x`.
pub fn exp(x: f32) -> f32 {
    if x < -87.0 {
        return 0.0;
    }
    let x = x.min(88.0);
    let power = (x * std::f32::consts::LOG2_E).round();
    let rest = x - power * std::f32::consts::LN_2;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (1.0 / 2.0
                        + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0)))));
    let two_to_the_power = f32::from_bits(((power as i32 + 127) as u32) << 23);
    series * two_to_the_power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_library() {
        for step in -8_000..800 {
            let x = step as f32 / 100.0;
            let relative = (exp(x) - x.exp()).abs() / x.exp();
            assert!(relative < 1e-4, "{x}: {} instead of {}", exp(x), x.exp());
        }
        assert_eq!(exp(-1_000.0), 0.0);
        assert!(exp(1_000.0).is_finite());
    }
}
