//! Keeps the state file up to date, and goes on from it at the start.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    core::{Core, lock},
    errors::SandboxError,
    state_file,
};

/// Pause between two saves: what a killed sandbox loses at most.
const PAUSE: Duration = Duration::from_secs(2);

/// What was saved last. Its lock is held while the file is written, so that saves do not get in each other's way.
#[derive(Default)]
pub(crate) struct Saver {
    last: Mutex<LastSave>,
}

#[derive(Default)]
struct LastSave {
    /// `Core::changes` at that time.
    changes: u64,
    checksum: String,
}

/// Loads the state file if there is one, and writes it, so that a file that cannot be kept is noticed at once and
/// ids left out by the load are never left in.
pub(crate) async fn open(core: &Arc<Core>) -> Result<(), SandboxError> {
    let Some(path) = core.options.state_file.clone() else { return Ok(()) };
    let loading = path.clone();
    let saved = core.tracker.spawn_blocking(move || state_file::read(&loading)).await;
    let saved = saved
        .map_err(|ended| SandboxError::StateUnreadable { path: path.clone(), source: ended.into() })??;
    if let Some(saved) = saved {
        let mut world = saved.world;
        world.reopen();
        core.clock.set_offset_micros(saved.clock_offset_micros);
        core.replace_world(world);
        // Sends what the outbox holds: updates that were not delivered before the end.
        core.act(|_, _| ());
    }
    save(core).await.map_err(|source| SandboxError::StateUnwritable { path, source })
}

/// Saves now and then while something changes, and once more when the sandbox stops.
pub(crate) async fn run(core: Arc<Core>) {
    if core.options.state_file.is_none() {
        return;
    }
    while !core.shutdown.is_cancelled() {
        tokio::select! {
            () = core.shutdown.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
        save_or_warn(&core).await;
    }
}

/// Saves; a failure is only told, because the next save may succeed.
pub(crate) async fn save_or_warn(core: &Arc<Core>) {
    if let Err(error) = save(core).await {
        let file = core.options.state_file.as_deref().unwrap_or(Path::new("")).display();
        tracing::warn!(%error, %file, "sandbox state not saved: check the disk");
    }
}

async fn save(core: &Arc<Core>) -> io::Result<()> {
    if core.options.state_file.is_none() {
        return Ok(());
    }
    let saving = Arc::clone(core);
    let saved = core.tracker.spawn_blocking(move || match &saving.options.state_file {
        Some(path) => saving.saver.save(&saving, path),
        None => Ok(()),
    });
    match saved.await {
        // The process ends: whoever stopped the sandbox has saved, and the disk is not to blame.
        Err(ended) if ended.is_cancelled() => Ok(()),
        saved => saved?,
    }
}

impl Saver {
    fn save(&self, core: &Core, path: &Path) -> io::Result<()> {
        let mut last = lock(&self.last);
        // Read before the state: a change in between is saved twice rather than never.
        let changes = core.changes();
        if changes == last.changes {
            return Ok(());
        }
        let offset = core.clock.offset_micros();
        // The world is locked while it is written to memory, not while that goes to the disk.
        let body = core.look(|world, _| state_file::body(offset, world))?;
        let checksum = state_file::checksum(&body);
        if checksum != last.checksum {
            state_file::write(path, &body, &checksum)?;
        }
        *last = LastSave { changes, checksum };
        Ok(())
    }
}
