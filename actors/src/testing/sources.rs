//! Knows from the sources which calls of the world there are, so that a crash story can tell whether it has all.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Point, Side};

/// Fails when a source file of this folder calls the store or Instagram where no process has died, before and after.
#[track_caller]
pub(crate) fn assert_died_at_every_call(
    folder: &str,
    ports: &[&str],
    beside_the_way: &[&str],
    deaths: &BTreeSet<Point>,
) {
    let calls = calls_of_the_world(folder, ports);
    assert!(calls.contains("commit"), "the sources in {folder} are read: {calls:?}");
    for call in calls.iter().filter(|call| !beside_the_way.contains(&call.as_str())) {
        for side in [Side::Before, Side::After] {
            let has_died = deaths.iter().any(|death| *death == (call.as_str(), side));
            assert!(has_died, "no process has died {side:?} `{call}`: tell a story that gets there");
        }
    }
}

/// Names of the calls of these ports.
fn calls_of_the_world(folder: &str, ports: &[&str]) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let sources = sources.map(|file| std::fs::read_to_string(file).unwrap());
    sources
        .flat_map(|source| ports.iter().flat_map(|port| calls_of(&source, port)).collect::<Vec<_>>())
        .collect()
}

/// `port.name(` in a source, also over a line's end.
fn calls_of(source: &str, port: &str) -> Vec<String> {
    let behind_port = source.match_indices(port).map(|(at, _)| source[at + port.len()..].trim_start());
    let names = behind_port.filter_map(|rest| {
        let rest = rest.strip_prefix('.')?.trim_start();
        let (name, _) = rest.split_once('(')?;
        let is_name = name.chars().all(|letter| letter == '_' || letter.is_ascii_alphanumeric());
        // A handle that is copied calls nobody.
        (is_name && name != "clone").then(|| name.to_owned())
    });
    names.collect()
}
