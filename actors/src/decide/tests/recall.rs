//! What memory gives a decision, and what a decision leaves in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use tenants::changes::Change;
use tenants::decision::Step;
use tenants::ids::{MemoryId, TenantId};
use tenants::memory::{MemoryFilter, MemoryItem, MemoryKind, MemoryStats, Recall, Recalled, Visibility};
use tenants::ports::{Memory, MemoryError, PageRequest};

use super::world::*;

/// A memory that answers as it is told, or not at all.
#[derive(Default)]
struct Told {
    items: Vec<MemoryItem>,
    is_silent: bool,
    asked: Mutex<Vec<(TenantId, Recall)>>,
}

#[async_trait]
impl Memory for Told {
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError> {
        self.asked.lock().unwrap().push((*tenant, recall.clone()));
        if self.is_silent {
            std::future::pending::<()>().await;
        }
        let told = |item: &MemoryItem| Recalled {
            item: item.clone(),
            score: 1.0,
            words_rank: Some(1),
            meaning_rank: None,
            decay: 1.0,
        };
        Ok(self.items.iter().map(told).collect())
    }

    async fn find(&self, _: &TenantId, _: &MemoryId) -> Result<Option<MemoryItem>, MemoryError> {
        panic!("deciding reads no single item")
    }

    async fn find_same(&self, _: &TenantId, _: &MemoryItem) -> Result<Option<MemoryItem>, MemoryError> {
        panic!("deciding reads no single item")
    }

    async fn list(
        &self,
        _: &TenantId,
        _: &MemoryFilter,
        _: PageRequest,
    ) -> Result<Vec<MemoryItem>, MemoryError> {
        panic!("deciding lists nothing")
    }

    async fn stats(&self, _: &TenantId) -> Result<MemoryStats, MemoryError> {
        panic!("deciding counts nothing")
    }

    async fn rebuild(&self, _: &TenantId) -> Result<(), MemoryError> {
        panic!("deciding builds nothing")
    }
}

fn item(world: &World, kind: MemoryKind, title: &str, text: &str) -> MemoryItem {
    let (id, tenant) = (MemoryId::new(&world.ports.ids), world.context.tenant.id);
    MemoryItem::new(id, tenant, kind, Visibility::Customer, text, "test", noon()).titled(Some(title.into()))
}

fn remembering(world: &mut World, memory: Told) -> Arc<Told> {
    let memory = Arc::new(memory);
    world.ports.memory = memory.clone();
    memory
}

fn remembered(list: &[Change]) -> Vec<&MemoryItem> {
    let mut items = Vec::new();
    for change in list {
        if let Change::Remember(item) = change {
            items.push(item.as_ref());
        }
    }
    items
}

#[tokio::test]
async fn memory_is_asked_on_behalf_of_the_customer_and_answers_the_question() {
    let mut world = World::new();
    let items = vec![
        item(&world, MemoryKind::BrandFact, "Do you ship to Spain?", "Yes, to Spain we ship in three days."),
        MemoryItem { person: Some(maria().id), ..item(&world, MemoryKind::Interaction, "hello", "hi") },
    ];
    let id = items[0].id;
    let memory = remembering(&mut world, Told { items, ..Told::default() });
    let decided = world.decides(&world.comment("Do you ship to Spain?")).await.unwrap();
    let (tenant, recall) = memory.asked.lock().unwrap().pop().unwrap();
    assert_eq!(tenant, world.context.tenant.id);
    assert_eq!(
        (recall.visibility, recall.person.as_deref()),
        (Visibility::Customer, Some(maria().id.as_str()))
    );
    let decision = decided.decision.unwrap();
    let step = decision.trace.iter().find(|step| step.step == Step::Memory).unwrap();
    assert_eq!(step.details["recalled"][0]["id"], json!(id));
    assert_eq!(step.details["recalled"].as_array().unwrap().len(), 2);
    let generated = decision.trace.iter().find(|step| step.step == Step::Generate).unwrap();
    assert!(generated.details["text"].as_str().unwrap().contains("three days"), "{generated:?}");
}

#[tokio::test]
async fn a_memory_that_fails_or_is_silent_is_noted_and_gone_on_without() {
    let world = World::new();
    let decision = world.decides(&world.comment("I love this!")).await.unwrap().decision.unwrap();
    let step = decision.trace.iter().find(|step| step.step == Step::Memory).unwrap();
    assert!(step.summary.contains("decided without memory"), "{}", step.summary);

    let mut world = World::new();
    remembering(&mut world, Told { is_silent: true, ..Told::default() });
    let clock = world.clock.clone();
    let event = world.comment("I love this!");
    let deciding = world.decides(&event);
    let waiting = async {
        // Time passes only when somebody waits for it.
        loop {
            tokio::task::yield_now().await;
            clock.advance(std::time::Duration::from_millis(50));
        }
    };
    let decided = tokio::select! {
        decided = deciding => decided,
        () = waiting => unreachable!(),
    };
    let decision = decided.unwrap().decision.unwrap();
    let step = decision.trace.iter().find(|step| step.step == Step::Memory).unwrap();
    assert!(step.summary.contains("longer than 500 ms"), "{}", step.summary);
}

#[tokio::test]
async fn a_text_that_is_answered_leaves_a_line_under_its_author() {
    let mut world = World::new();
    remembering(&mut world, Told::default());
    let decided = world.decides(&world.comment("I love this so much, beautiful!")).await.unwrap();
    let items = remembered(&decided.changes.list);
    assert_eq!(items.len(), 1, "{:?}", decided.decision);
    assert_eq!((items[0].kind, items[0].person.clone()), (MemoryKind::Interaction, Some(maria().id)));
    assert_eq!(items[0].title.as_deref(), Some("I love this so much, beautiful!"));
    // What is only drafted was not said.
    let decided = world.decides(&world.comment("Do you ship to Spain?")).await.unwrap();
    assert!(remembered(&decided.changes.list).is_empty());
}
