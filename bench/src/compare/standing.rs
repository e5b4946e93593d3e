//! How Troupe stands against the peer and the bare loop, beside what it aims at.

use super::Results;
use crate::measure::Figures;
use crate::report::{Table, median};
use crate::sides::Side;

const TROUPE: [Side; 2] = [Side::TroupeSqlite, Side::TroupePostgres];

/// A figure of Troupe by the same figure of another side.
struct Ratio {
    what: &'static str,
    of: fn(&Figures) -> f64,
    against: Side,
    /// The smallest that is aimed at, where this is the comparison that counts.
    aim: Option<f64>,
}

/// Troupe asks no model over the network yet: the variants without a model call do the same work, so they count.
const RATIOS: [Ratio; 8] = [
    ratio("accepted", accepted, Side::ExpressNoModel, Some(3.0)),
    ratio("accepted", accepted, Side::Express, None),
    ratio("accepted", accepted, Side::BareLoopNoModel, Some(0.75)),
    ratio("accepted", accepted, Side::BareLoop, None),
    ratio("finished", finished, Side::ExpressNoModel, Some(6.0)),
    ratio("finished", finished, Side::Express, None),
    ratio("finished", finished, Side::BareLoopNoModel, Some(0.6)),
    ratio("finished", finished, Side::BareLoop, None),
];

const P99_AIM_MS: f64 = 20.0;

const fn ratio(what: &'static str, of: fn(&Figures) -> f64, against: Side, aim: Option<f64>) -> Ratio {
    Ratio { what, of, against, aim }
}

fn accepted(figures: &Figures) -> f64 {
    figures.accepted_per_second
}

fn finished(figures: &Figures) -> f64 {
    figures.finished_per_second
}

/// Every ratio, and the time of the slowest hundredth.
pub(super) fn table(connections: u32, results: &Results) -> Table {
    let middle = |side: Side, of: fn(&Figures) -> f64| {
        let runs = results.get(&(connections, side))?;
        median(&runs.iter().map(of).collect::<Vec<_>>())
    };
    let mut table = Table::new(["ratio", "aim", TROUPE[0].label(), TROUPE[1].label()]);
    for ratio in &RATIOS {
        let other = middle(ratio.against, ratio.of).filter(|other| *other > 0.0);
        let shown = |side| {
            let value = middle(side, ratio.of).zip(other).map(|(own, other)| own / other);
            value.map_or_else(
                || "–".to_owned(),
                |value| marked(format!("{value:.2} ×"), ratio.aim.map(|aim| value >= aim)),
            )
        };
        table.row([
            format!("{}: {}", ratio.what, ratio.against.label()),
            ratio.aim.map_or_else(String::new, |aim| format!("≥ {aim} ×")),
            shown(TROUPE[0]),
            shown(TROUPE[1]),
        ]);
    }
    let p99 = |side| {
        let value = middle(side, |figures| figures.p99_ms);
        value.map_or_else(
            || "–".to_owned(),
            |value| marked(format!("{value:.1} ms"), Some(value < P99_AIM_MS)),
        )
    };
    table.row(["p99 of accepting".to_owned(), format!("< {P99_AIM_MS} ms"), p99(TROUPE[0]), p99(TROUPE[1])]);
    table
}

/// With a word when there is an aim.
fn marked(value: String, is_reached: Option<bool>) -> String {
    match is_reached {
        Some(true) => format!("{value}, reached"),
        Some(false) => format!("{value}, missed"),
        None => value,
    }
}
