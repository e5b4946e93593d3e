//! The media library of an installation.

use std::sync::Arc;
use std::time::Duration;

use actors::supervision::Troupe;
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use storage::{BucketOptions, Database, LocalWake, MediaFiles};
use tenants::clock::Clock;
use tenants::ids::Ids;
use tenants::tasks::Tasks;

use super::Foundations;
use crate::media::{Clamd, LinkKeys, MediaDesk, MediaLinks, MediaParts, run_sweep};
use crate::people::sso::Tickets;
use crate::posts::PostLinks;
use crate::settings::Settings;

/// Folder of uploads under way, in the folder of files or (with a bucket) in the data folder.
const STAGING: &str = ".uploads";

/// What the library stands on.
pub(super) struct Around {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Ids,
    pub(super) tasks: Tasks,
    pub(super) database: Database,
    pub(super) wake: Arc<LocalWake>,
}

/// Keys for addresses, derived from those of the vault (id and base64), which the vault itself checks.
pub(super) fn link_keys(vault: &[(String, SecretString)]) -> LinkKeys {
    let keys: Vec<Vec<u8>> =
        vault.iter().filter_map(|(_, key)| STANDARD.decode(key.expose_secret().trim()).ok()).collect();
    LinkKeys::derived_from(keys.iter().map(Vec::as_slice))
}

/// Signs addresses about posts, with keys derived from the same.
pub(super) fn post_links(vault: &[(String, SecretString)], settings: &Settings) -> PostLinks {
    let keys: Vec<Vec<u8>> =
        vault.iter().filter_map(|(_, key)| STANDARD.decode(key.expose_secret().trim()).ok()).collect();
    PostLinks::derived_from(keys.iter().map(Vec::as_slice), settings.people_url())
}

/// Signs tickets of sign-ins, with keys derived from the same.
pub(super) fn tickets(vault: &[(String, SecretString)]) -> Tickets {
    let keys: Vec<Vec<u8>> =
        vault.iter().filter_map(|(_, key)| STANDARD.decode(key.expose_secret().trim()).ok()).collect();
    Tickets::derived_from(keys.iter().map(Vec::as_slice))
}

/// Opens the library. A bucket is not asked yet.
pub(super) fn open(settings: &Settings, keys: LinkKeys, around: Around) -> anyhow::Result<Arc<MediaDesk>> {
    let media = &settings.media;
    let bucket = &media.bucket;
    let folder = match media.folder.as_os_str().is_empty() {
        true => settings.data.dir.join("media"),
        false => media.folder.clone(),
    };
    let tasks = around.tasks.clone();
    let files = if bucket.name.is_empty() {
        MediaFiles::in_folder(&folder, tasks).with_context(|| {
            format!("cannot use {}: set media.folder to a folder you may write", folder.display())
        })?
    } else {
        let options = BucketOptions {
            name: bucket.name.clone(),
            region: bucket.region.clone(),
            endpoint: (!bucket.endpoint.is_empty()).then(|| bucket.endpoint.clone()),
            access_key_id: bucket.access_key_id.clone(),
            secret_access_key: bucket.secret_access_key.inner().clone(),
            is_virtual_hosted: bucket.virtual_hosted,
        };
        MediaFiles::in_bucket(&options, tasks).context("media.bucket cannot be used")?
    };
    let links = MediaLinks {
        keys,
        clock: around.clock.clone(),
        public_url: settings.media_url(),
        bucket: bucket.presign.then(|| files.clone()),
        sent_videos: settings.sent_videos(),
    };
    let scanner = (!media.clamd.is_empty())
        .then(|| Clamd { address: media.clamd.clone(), timeout: Duration::from_secs(media.clamd_timeout_s) });
    let staging = if bucket.name.is_empty() { folder } else { settings.data.dir.clone() }.join(STAGING);
    let Around { clock, ids, tasks, database, wake } = around;
    let parts = MediaParts {
        clock,
        ids,
        tasks,
        database,
        wake,
        files,
        staging: staging.clone(),
        scanner,
        links: Arc::new(links),
        limits: media.limits(),
    };
    let desk =
        MediaDesk::new(parts).with_context(|| format!("cannot make the folder {}", staging.display()))?;
    Ok(Arc::new(desk))
}

/// Puts the sweep under the root supervisor.
pub(super) fn supervise(troupe: &Troupe, foundations: &Foundations) {
    let desk = foundations.media.clone();
    troupe.supervise("media", move |part| {
        let desk = desk.clone();
        async move {
            run_sweep(desk, part).await;
            Ok(())
        }
    });
}
