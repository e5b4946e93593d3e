//! The data folder: made when missing, locked while a node uses it, and home of the vault key.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use tenants::ids::Ids;

use crate::settings::Secret;

/// A folder that no other node uses while this value lives.
#[derive(Debug)]
pub struct DataDirLock {
    // The lock ends when the file is closed, also when the process is killed.
    _file: File,
}

/// Makes the folder if it is missing.
///
/// # Errors
/// When it cannot be made.
pub fn create(dir: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // What people write to the brands is nobody else's business on this machine.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).with_context(|| {
        format!("cannot make the data folder {}: set data.dir to a folder you may write", dir.display())
    })
}

/// Locks the folder for one node.
///
/// # Errors
/// When another node runs on it.
pub fn lock(dir: &Path) -> anyhow::Result<DataDirLock> {
    let path = dir.join("troupe.lock");
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(&path).with_context(|| {
            format!("cannot write {}: set data.dir to a folder you may write", path.display())
        })?;
    match file.try_lock() {
        Ok(()) => Ok(DataDirLock { _file: file }),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another troupe node runs on the data folder {}: stop it, or choose another folder with --data-dir",
            dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// The vault's keys: those of the settings, or the key file of the data folder, which is made on first use.
///
/// # Errors
/// When the file cannot be read or written.
pub fn vault_keys(configured: &[Secret], dir: &Path, ids: &Ids) -> anyhow::Result<Vec<(String, Secret)>> {
    let entries = if configured.is_empty() { key_file(dir, ids)? } else { configured.to_vec() };
    entries.iter().map(id_and_key).collect()
}

fn id_and_key(entry: &Secret) -> anyhow::Result<(String, Secret)> {
    let (id, key) = entry
        .expose_secret()
        .split_once(':')
        .context("a vault key must be written as `id:base64`; make one with `openssl rand -base64 32`")?;
    Ok((id.trim().to_owned(), Secret::from(key.trim().to_owned())))
}

/// The key file: a key a line, the one that seals first.
const KEY_FILE: &str = "vault.key";

fn key_file(dir: &Path, ids: &Ids) -> anyhow::Result<Vec<Secret>> {
    let path = dir.join(KEY_FILE);
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Ok(lines_of(&text));
    }
    let entry = new_key("local-1", ids);
    write_private(&path, entry.expose_secret())
        .with_context(|| format!("cannot write the vault key {}; set vault.keys instead", path.display()))?;
    Ok(vec![entry])
}

fn lines_of(text: &str) -> Vec<Secret> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| Secret::from(line.to_owned())).collect()
}

fn new_key(id: &str, ids: &Ids) -> Secret {
    let mut key = [0u8; 32];
    ids.fill(&mut key);
    Secret::from(format!("{id}:{}", STANDARD.encode(key)))
}

/// The keys of the key file; only those, without making it.
///
/// # Errors
/// When there is no such file, or it cannot be read.
pub fn read_key_file(dir: &Path) -> anyhow::Result<Vec<(String, Secret)>> {
    let path = dir.join(KEY_FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    lines_of(&text).iter().map(id_and_key).collect()
}

/// Puts a new key in front of the others in the key file and tells its id. A running node finds it by itself.
///
/// # Errors
/// When the file cannot be replaced; then nothing has changed.
pub fn add_vault_key(dir: &Path, ids: &Ids) -> anyhow::Result<String> {
    let known = read_key_file(dir)?;
    let number = known.iter().filter_map(|(id, _)| id.strip_prefix("local-")?.parse::<u32>().ok()).max();
    let id = format!("local-{}", number.unwrap_or(0) + 1);
    let mut lines = vec![new_key(&id, ids).expose_secret().to_owned()];
    lines.extend(known.iter().map(|(id, key)| format!("{id}:{}", key.expose_secret())));
    replace_key_file(dir, &lines)?;
    Ok(id)
}

/// Takes an old key out of the key file.
///
/// # Errors
/// When it is not there, when it is the one that seals, or when the file cannot be replaced.
pub fn remove_vault_key(dir: &Path, id: &str) -> anyhow::Result<()> {
    let known = read_key_file(dir)?;
    let place = known.iter().position(|(known, _)| known == id);
    let place = place.with_context(|| format!("there is no key {id} in the key file"))?;
    anyhow::ensure!(
        place > 0,
        "{id} is the key that seals: make another one with `troupe vault rotate` first"
    );
    let rest = known.iter().filter(|(known, _)| known != id);
    let lines: Vec<String> = rest.map(|(id, key)| format!("{id}:{}", key.expose_secret())).collect();
    replace_key_file(dir, &lines)
}

/// Replaces the file as a whole: whoever reads it finds the old keys or the new ones, also after a crash.
fn replace_key_file(dir: &Path, lines: &[String]) -> anyhow::Result<()> {
    let (path, new) = (dir.join(KEY_FILE), dir.join("vault.key.new"));
    write_private(&new, &format!("{}\n", lines.join("\n"))).with_context(|| {
        format!(
            "cannot write {}: if nobody else changes the keys at this moment, remove that file and try again",
            new.display()
        )
    })?;
    std::fs::rename(&new, &path).with_context(|| format!("cannot replace {}", path.display()))?;
    // The name must be as durable as the bytes.
    File::open(dir).and_then(|folder| folder.sync_all()).context("the data folder cannot be made durable")
}

/// Writes a file that only its owner can read, and makes it durable: losing it loses every token.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenants::clock::SystemClock;

    use super::*;

    #[test]
    fn a_second_node_on_the_same_folder_is_refused_until_the_first_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = lock(dir.path()).unwrap();
        let refused = lock(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("another troupe node"), "{refused}");
        drop(first);
        lock(dir.path()).unwrap();
    }

    #[test]
    fn a_new_key_comes_first_and_an_old_one_can_be_taken_out_but_not_the_one_that_seals() {
        let dir = tempfile::tempdir().unwrap();
        let ids = Ids::system(Arc::new(SystemClock));
        let first = vault_keys(&[], dir.path(), &ids).unwrap();
        assert_eq!(add_vault_key(dir.path(), &ids).unwrap(), "local-2");
        let both = vault_keys(&[], dir.path(), &ids).unwrap();
        let names: Vec<&str> = both.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(names, ["local-2", "local-1"]);
        assert_eq!(both[1].1.expose_secret(), first[0].1.expose_secret(), "the old one is what it was");
        assert_ne!(both[0].1.expose_secret(), both[1].1.expose_secret());

        assert!(remove_vault_key(dir.path(), "local-2").unwrap_err().to_string().contains("seals"));
        assert!(remove_vault_key(dir.path(), "local-9").is_err());
        remove_vault_key(dir.path(), "local-1").unwrap();
        assert_eq!(read_key_file(dir.path()).unwrap().len(), 1);
        assert_eq!(add_vault_key(dir.path(), &ids).unwrap(), "local-3", "an id never means two keys");
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(dir.path().join("vault.key")).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
        }
    }

    #[test]
    fn the_vault_key_is_made_once_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let ids = Ids::system(Arc::new(SystemClock));
        let made = vault_keys(&[], dir.path(), &ids).unwrap();
        let read = vault_keys(&[], dir.path(), &ids).unwrap();
        assert_eq!(made[0].1.expose_secret(), read[0].1.expose_secret());
        #[cfg(unix)]
        {
            let mode = std::fs::metadata(dir.path().join("vault.key")).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
        }
    }
}
