//! Vectors for the memory, made by the models of the catalogue and paid from the tenant's budget.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use llm::{Catalogue, EmbedRequest, Payer, Router};
use storage::Database;
use tenants::clock::Clock;
use tenants::ids::TenantId;
use tenants::models::Task;
use tenants::ports::{BudgetOverview, Directory, Embedder, MemoryError, StoreError, TenantContext};

/// Asks the router, which is built after the memory: until then there are no vectors.
pub(super) struct ModelEmbedder {
    model: String,
    dimensions: usize,
    database: Database,
    clock: Arc<dyn Clock>,
    router: OnceLock<Router>,
}

impl ModelEmbedder {
    /// `None` when the catalogue names no model for vectors.
    pub fn of(catalogue: &Catalogue, database: Database, clock: Arc<dyn Clock>) -> Option<Arc<Self>> {
        let model = catalogue.embedding.models.first()?.to_string();
        let dimensions = catalogue.embedding.dimensions;
        Some(Arc::new(Self { model, dimensions, database, clock, router: OnceLock::new() }))
    }

    /// Who is asked from now on; only the first one counts.
    pub fn ask(&self, router: Router) {
        let _ = self.router.set(router);
    }

    async fn payer(&self, tenant: &TenantId) -> Result<Payer, MemoryError> {
        let known = self.context(tenant).await.map_err(|error| MemoryError::Embedding(error.to_string()))?;
        let known = known.ok_or_else(|| MemoryError::Embedding("there is no such tenant".to_owned()))?;
        let lines = known.budget().lines(Task::ShortReply, self.clock.now());
        Payer::new(*tenant, lines).map_err(|error| MemoryError::Embedding(error.to_string()))
    }

    /// As much of the tenant as its budget takes.
    async fn context(&self, tenant: &TenantId) -> Result<Option<TenantContext>, StoreError> {
        let Some(found) = self.database.find_tenant(tenant).await? else { return Ok(None) };
        let settings = self.database.find_settings(tenant).await?.unwrap_or_default();
        let agency_budget = self.database.agency_budget(&found.agency).await?;
        Ok(Some(TenantContext { agency_budget, ..TenantContext::new(found, settings) }))
    }
}

#[async_trait]
impl Embedder for ModelEmbedder {
    fn model(&self) -> &str {
        &self.model
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    async fn embed(&self, tenant: &TenantId, texts: &[String]) -> Result<Vec<Vec<f32>>, MemoryError> {
        let router = self.router.get();
        let router = router.ok_or_else(|| MemoryError::Embedding("models are not ready yet".to_owned()))?;
        let request = EmbedRequest {
            payer: self.payer(tenant).await?,
            task: Task::ShortReply,
            event: None,
            texts: texts.to_vec(),
            deadline: None,
        };
        let reply = router.embed(request).await.map_err(|error| MemoryError::Embedding(error.to_string()))?;
        let is_whole = |vector: &Vec<f32>| vector.len() == self.dimensions;
        if !reply.vectors.iter().all(is_whole) {
            let found = reply.vectors.first().map_or(0, Vec::len);
            return Err(MemoryError::Embedding(format!(
                "{} gave vectors of {found} numbers; set embedding.dimensions to that in models.file and restart",
                self.model
            )));
        }
        Ok(reply.vectors)
    }
}
