//! Where an index lies: a folder named by the tenant's id and nothing else, in it one for each room, in that a folder per
//! build of the shard, and a note which build is in use and how far it has read.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tenants::ids::TenantId;
use tracing::warn;

use super::room::Room;

/// Raised whenever what stands in an index changes: indexes of other versions are built anew.
pub(super) const VERSION: u32 = 2;

const NOTE: &str = "index.json";
const NEW_NOTE: &str = "index.json.new";
const SET_ASIDE: &str = "broken";

/// What is known of the build in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) version: u32,
    /// The tenant, so that a folder that was moved is not taken for another's.
    pub(super) tenant: TenantId,
    /// The room, for the same reason.
    pub(super) room: Room,
    /// Name of the build's folder.
    pub(super) build: String,
    /// The embedding model whose vectors it holds.
    pub(super) model: Option<String>,
    /// Everything up to here in the tenant's sequence is in it, and durable.
    pub(super) read_to: i64,
    /// How often something had been forgotten when it was built.
    pub(super) forgotten: i64,
}

/// The folder of a room. No text from outside ever becomes a part of its path.
#[derive(Debug, Clone)]
pub(super) struct Place {
    folder: PathBuf,
    tenant: TenantId,
    room: Room,
}

impl Place {
    pub(super) fn of(root: &Path, tenant: &TenantId, room: Room) -> Self {
        let folder = root.join(tenant.0.simple().to_string()).join(room.name());
        Self { folder, tenant: *tenant, room }
    }

    /// True when something was ever put there.
    pub(super) fn exists(&self) -> bool {
        self.folder.exists()
    }

    /// The note, if there is one that can be used.
    pub(super) fn note(&self, model: Option<&str>) -> Option<Note> {
        let text = match fs::read(self.folder.join(NOTE)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                warn!(%error, tenant = %self.tenant, "the note of a memory index cannot be read; it is built anew");
                return None;
            }
        };
        let note: Note = serde_json::from_slice(&text)
            .inspect_err(|error| warn!(%error, tenant = %self.tenant, "a memory index has no valid note"))
            .ok()?;
        let is_ours = note.version == VERSION
            && (note.tenant, note.room) == (self.tenant, self.room)
            && is_build_name(&note.build);
        (is_ours && note.model.as_deref() == model).then_some(note)
    }

    /// The folder of a build.
    pub(super) fn build(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the note: from now on this build is in use.
    pub(super) fn write(&self, note: &Note) -> std::io::Result<()> {
        let (new, old) = (self.folder.join(NEW_NOTE), self.folder.join(NOTE));
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(note)?)?;
        file.sync_all()?;
        fs::rename(new, old)
    }

    /// Puts a build that does not work where a person can look at it, in place of an older one.
    pub(super) fn set_aside(&self, build: &str) {
        let aside = self.folder.join(SET_ASIDE);
        remove(&aside);
        if let Err(error) = fs::rename(self.build(build), &aside) {
            warn!(%error, tenant = %self.tenant, "a broken memory index could not be set aside");
        }
    }

    /// Removes every build but those named, and what was set aside when `with_broken`.
    pub(super) fn tidy(&self, keep: &[&str], with_broken: bool) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_stray = is_build_name(&name) && !keep.contains(&name.as_ref());
            if is_stray || (with_broken && name == SET_ASIDE) {
                remove(&entry.path());
            }
        }
    }

    /// Removes everything.
    pub(super) fn remove(&self) {
        remove(&self.folder);
        // The tenant's folder goes with its last room.
        if let Some(tenant) = self.folder.parent() {
            let _ = fs::remove_dir(tenant);
        }
    }
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            warn!(%error, folder = %folder.display(), "a folder of a memory index could not be removed");
        }
        _ => {}
    }
}

/// A build's name: `b` and 32 hexadecimal digits.
fn is_build_name(name: &str) -> bool {
    name.len() == 33 && name.starts_with('b') && name[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn note(tenant: TenantId) -> Note {
        let build = format!("b{}", Uuid::from_u128(7).simple());
        Note { version: VERSION, tenant, room: Room::Open, build, model: None, read_to: 12, forgotten: 1 }
    }

    #[test]
    fn a_note_is_read_back_and_one_that_names_another_path_is_not_believed() {
        let root = tempfile::tempdir().unwrap();
        let tenant = TenantId(Uuid::from_u128(1));
        let place = Place::of(root.path(), &tenant, Room::Open);
        let good = note(tenant);
        fs::create_dir_all(place.build(&good.build)).unwrap();
        place.write(&good).unwrap();
        assert_eq!(place.note(None), Some(good.clone()));
        for build in ["../../etc", "/etc", "b/../../x", "", "b0"] {
            place.write(&Note { build: build.into(), ..good.clone() }).unwrap();
            assert_eq!(place.note(None), None, "{build}");
        }
        place.write(&Note { tenant: TenantId(Uuid::from_u128(2)), ..good.clone() }).unwrap();
        assert_eq!(place.note(None), None);
        place.write(&Note { room: Room::House, ..good.clone() }).unwrap();
        assert_eq!(place.note(None), None);
        place.write(&Note { version: VERSION + 1, ..good.clone() }).unwrap();
        assert_eq!(place.note(None), None);
        place.write(&good).unwrap();
        assert_eq!(place.note(Some("other-model")), None);
        fs::write(place.folder.join(NOTE), b"{\"version\":1").unwrap();
        assert_eq!(place.note(None), None);
    }

    #[test]
    fn tidying_keeps_what_is_in_use_and_touches_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let tenant = TenantId(Uuid::from_u128(1));
        let place = Place::of(root.path(), &tenant, Room::Open);
        let kept = note(tenant).build;
        let stray = format!("b{}", Uuid::from_u128(8).simple());
        for name in [kept.as_str(), stray.as_str(), SET_ASIDE, "somebody's"] {
            fs::create_dir_all(place.build(name)).unwrap();
        }
        place.tidy(&[&kept], false);
        assert!(place.build(&kept).exists() && place.build(SET_ASIDE).exists());
        assert!(place.build("somebody's").exists() && !place.build(&stray).exists());
        place.tidy(&[&kept], true);
        assert!(!place.build(SET_ASIDE).exists());
    }
}
