//! Choices that look random to people and are always the same for the same event.

use tenants::event::InboxEvent;

/// A number made of what never changes about an event (FNV-1a), so that a second decision says the same words.
pub(super) fn seed_of(event: &InboxEvent) -> u64 {
    seed_from([
        event.tenant.0.as_bytes().as_slice(),
        event.kind.as_str().as_bytes(),
        event.external_id.as_bytes(),
    ])
}

/// A number made of some bytes.
pub(super) fn seed_from<const N: usize>(parts: [&[u8]; N]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.into_iter().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

/// One of the variations; `None` of none.
pub(super) fn choose(variations: &[String], seed: u64) -> Option<&str> {
    // The low bits of FNV depend on the low bits of the last bytes only: ids that count up would go in a circle.
    let spread = (seed ^ (seed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let index = (spread >> 32) as usize % variations.len().max(1);
    variations.get(index).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_steady_for_one_event_and_spread_over_many() {
        let variations: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let mut counts = [0; 3];
        for number in 0..3_000u32 {
            let seed = seed_from([b"comment".as_slice(), number.to_string().as_bytes()]);
            let chosen = choose(&variations, seed).unwrap();
            assert_eq!(choose(&variations, seed), Some(chosen));
            counts[usize::from(chosen.as_bytes()[0] - b'a')] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
        assert_eq!(choose(&[], 1), None);
    }
}
