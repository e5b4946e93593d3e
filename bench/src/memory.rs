//! How much memory programs hold, as Linux tells in /proc.

use std::collections::HashMap;

use anyhow::Context;

const KIB: u64 = 1024;

/// Resident memory of a process now, in bytes.
pub fn resident(pid: u32) -> anyhow::Result<u64> {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The most that a process was resident with since it began, in bytes.
pub fn peak(pid: u32) -> anyhow::Result<u64> {
    field(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// Memory of everything that a process has started, in bytes. Pages that several of these processes share count once:
/// the sum of the resident sizes would count PostgreSQL's buffers for every connection.
pub fn of_descendants(pid: u32) -> anyhow::Result<u64> {
    let parents = parents()?;
    let is_below = |mut process: u32| loop {
        match parents.get(&process) {
            Some(parent) if *parent == pid => return true,
            Some(parent) => process = *parent,
            None => return false,
        }
    };
    let below = parents.keys().filter(|process| is_below(**process));
    // A process may end while it is looked at.
    Ok(below.filter_map(|process| field(&format!("/proc/{process}/smaps_rollup"), "Pss:").ok()).sum())
}

fn field(file: &str, name: &str) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes =
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok());
    kilobytes.map(|number: u64| number * KIB).with_context(|| format!("{file} has no {name}"))
}

/// The parent of every process.
fn parents() -> anyhow::Result<HashMap<u32, u32>> {
    let processes = std::fs::read_dir("/proc")?.flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    Ok(ids.filter_map(|id| Some((id, parent(id)?))).collect())
}

fn parent(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in brackets may hold anything; after it come the state and the parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_a_parent() {
        let own = std::process::id();
        assert!(resident(own).unwrap() > 0);
        assert!(peak(own).unwrap() > 0);
        assert!(parents().unwrap().contains_key(&own));
    }
}
