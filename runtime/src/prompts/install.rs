//! Puts the prompts that come with the program into the database.

use serde_json::json;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::experiment::PromptVersion;
use tenants::ids::{AgencyId, PromptId};
use tenants::ports::{Prompts, StoreError, UnitOfWork};
use tenants::prompt::{Prompt, PromptKey};

use crate::administration::Act;

/// Nodes that start at the same moment with the same new text get in each other's way at most so often.
const TRIES: u32 = 5;

/// Makes the prompts built into this program those of the installation. A text that the database does not know becomes
/// a new version; one that it knows (an older program runs again) is used again. Nothing is overwritten.
///
/// # Errors
/// When the database does not answer.
pub async fn install_built_in(
    store: &(impl Prompts + UnitOfWork),
    act: &Act<'_>,
) -> Result<Vec<String>, StoreError> {
    let mut installed = Vec::new();
    for key in PromptKey::ALL {
        installed.extend(install(store, act, *key, llm::prompts::built_in_text(*key)).await?);
    }
    Ok(installed)
}

/// The label of the version that is the installation's from now on; `None` when it is already.
async fn install(
    store: &(impl Prompts + UnitOfWork),
    act: &Act<'_>,
    key: PromptKey,
    body: &str,
) -> Result<Option<String>, StoreError> {
    let mut tries = 0;
    loop {
        let Some(version) = wanted(store, act, key, body).await? else { return Ok(None) };
        let label = version.prompt.label();
        let audit =
            act.audit("prompt.installed", ("prompt", version.id.to_string()), json!({ "prompt": label }));
        let list = vec![Change::InstallPrompt(Box::new(version)), audit];
        tries += 1;
        match store.commit(Changes { chain: Chain::Agency(AgencyId::INSTALLATION), list }).await {
            Err(StoreError::Conflict(_)) if tries < TRIES => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(Some(label)),
        }
    }
}

/// The version to install; `None` when it is installed already.
async fn wanted(
    store: &impl Prompts,
    act: &Act<'_>,
    key: PromptKey,
    body: &str,
) -> Result<Option<PromptVersion>, StoreError> {
    // Before the list is read: what another node installs in between is then either in the list or has this number.
    let number = store.next_prompt_version(&AgencyId::INSTALLATION, key).await?;
    let known = store.list_prompts(&AgencyId::INSTALLATION, Some(key)).await?;
    let in_use = store.prompts_in_use(&AgencyId::INSTALLATION).await?;
    let current = in_use.iter().find(|it| it.key == key).map(|it| it.version);
    if let Some(version) = known.into_iter().find(|version| version.prompt.body == body) {
        return Ok((current != Some(version.prompt.version)).then_some(version));
    }
    Ok(Some(PromptVersion {
        id: PromptId::new(act.ids),
        agency: None,
        prompt: Prompt { key, version: number, body: body.to_owned() },
        note: format!("Comes with troupe {}", env!("CARGO_PKG_VERSION")),
        created_by: "troupe".to_owned(),
        created_at: act.at,
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use storage::Database;
    use storage::testing::TestDatabase;
    use tenants::account::Agency;
    use tenants::audit::ChainVerdict;
    use tenants::clock::{Clock, SystemClock};
    use tenants::ids::Ids;
    use tenants::ports::AuditLog;

    use super::*;

    struct Place {
        store: Database,
        ids: Ids,
        clock: SystemClock,
        _file: TestDatabase,
    }

    impl Place {
        async fn new() -> Self {
            let file = TestDatabase::sqlite();
            let store = file.open_with(Arc::new(SystemClock)).await;
            Self { store, ids: Ids::system(Arc::new(SystemClock)), clock: SystemClock, _file: file }
        }

        fn act(&self) -> Act<'_> {
            Act { by: "troupe".into(), at: self.clock.now(), ids: &self.ids }
        }

        async fn install(&self, body: &str) -> Option<String> {
            install(&self.store, &self.act(), PromptKey::Reply, body).await.unwrap()
        }
    }

    #[tokio::test]
    async fn prompts_are_installed_once_and_a_changed_text_is_a_new_version() {
        let place = Place::new().await;
        let labels = install_built_in(&place.store, &place.act()).await.unwrap();
        assert_eq!(labels, ["classify@1", "reply@1", "crisis@1"]);
        assert!(install_built_in(&place.store, &place.act()).await.unwrap().is_empty());
        assert_eq!(place.install("other words").await.as_deref(), Some("reply@2"));
        let kept =
            place.store.find_prompt(&AgencyId::INSTALLATION, PromptKey::Reply, 1).await.unwrap().unwrap();
        assert_eq!(kept.prompt.body, llm::prompts::built_in_text(PromptKey::Reply));
        // An older program starts again.
        let labels = install_built_in(&place.store, &place.act()).await.unwrap();
        assert_eq!(labels, ["reply@1"]);
        let chain = Chain::Agency(AgencyId::INSTALLATION);
        assert_eq!(place.store.verify_chain(&chain).await.unwrap(), ChainVerdict::Intact { entries: 5 });
    }

    #[tokio::test]
    async fn the_number_of_an_installed_version_is_free_in_every_agency() {
        let place = Place::new().await;
        place.install("the first words").await;
        let agency =
            Agency { id: AgencyId::new(&place.ids), name: "North".into(), created_at: place.clock.now() };
        let list = vec![Change::PutAgency(agency.clone())];
        place.store.commit(Changes { chain: Chain::Agency(agency.id), list }).await.unwrap();
        let version = place.store.next_prompt_version(&agency.id, PromptKey::Reply).await.unwrap();
        let prompt = Prompt { key: PromptKey::Reply, version, body: "our own words".into() };
        let (_, changes) = place.act().add_prompt(agency.id, prompt, "").unwrap();
        place.store.commit(changes).await.unwrap();
        assert_eq!(place.install("the next words").await.as_deref(), Some("reply@3"));
        let own = place.store.find_prompt(&agency.id, PromptKey::Reply, 2).await.unwrap().unwrap();
        assert_eq!(own.prompt.body, "our own words");
    }

    #[tokio::test]
    async fn nodes_that_start_together_install_one_version() {
        let place = Place::new().await;
        let starts = (0..8).map(|_| place.install("the same words"));
        futures::future::join_all(starts).await;
        let known = place.store.list_prompts(&AgencyId::INSTALLATION, Some(PromptKey::Reply)).await.unwrap();
        assert_eq!(known.len(), 1);
    }
}
