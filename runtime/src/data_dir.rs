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
    let entries = if configured.is_empty() { vec![key_file(dir, ids)?] } else { configured.to_vec() };
    entries
        .iter()
        .map(|entry| {
            let (id, key) = entry.expose_secret().split_once(':').context(
                "a vault key must be written as `id:base64`; make one with `openssl rand -base64 32`",
            )?;
            Ok((id.to_owned(), Secret::from(key.trim().to_owned())))
        })
        .collect()
}

fn key_file(dir: &Path, ids: &Ids) -> anyhow::Result<Secret> {
    let path = dir.join("vault.key");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Ok(Secret::from(text.trim().to_owned()));
    }
    let mut key = [0u8; 32];
    ids.fill(&mut key);
    let text = format!("local-1:{}", STANDARD.encode(key));
    write_private(&path, &text)
        .with_context(|| format!("cannot write the vault key {}; set vault.keys instead", path.display()))?;
    Ok(Secret::from(text))
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
