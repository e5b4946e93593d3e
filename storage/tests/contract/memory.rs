//! What tenants remember, as rows.

use std::time::Duration;

use tenants::changes::Change;
use tenants::ids::MemoryId;
use tenants::memory::{Forgetting, MemoryFilter, MemoryItem, MemoryKind, Visibility};
use tenants::ports::{Memory, PageRequest, StoreError};
use troupe_storage::testing::TestDatabase;
use troupe_storage::{MemoryOptions, TenantMemory};

use crate::contract;
use crate::world::World;

contract! {
    an_item_is_read_back_as_it_was_remembered
    the_same_words_are_remembered_once_and_counted
    the_same_item_twice_in_one_unit_is_one_item
    an_item_of_another_tenant_finds_nothing_and_cannot_be_written
    a_person_is_forgotten_in_every_kind_and_nobody_else_is
    an_item_that_is_not_there_cannot_be_forgotten
    a_source_is_replaced_in_one_unit
    of_a_surplus_the_least_useful_talk_goes_and_facts_stay
    what_cannot_be_remembered_leaves_nothing_of_its_unit
    a_memory_tells_how_large_it_is
    imports_side_by_side_do_not_pass_the_limit_together
}

const HOUR: Duration = Duration::from_secs(3_600);

pub fn memory_of(world: &World) -> (TenantMemory, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = MemoryOptions {
        folder: folder.path().to_owned(),
        max_open: 8,
        max_items: 0,
        embedder: None,
        clock: std::sync::Arc::new(world.clock.clone()),
        ids: world.ids.clone(),
        tasks: tenants::tasks::Tasks::default(),
    };
    (TenantMemory::new(world.store.clone(), options).unwrap(), folder)
}

impl World {
    pub fn item(&self, kind: MemoryKind, text: &str) -> MemoryItem {
        let id = MemoryId::new(&self.ids);
        MemoryItem::new(id, self.tenant, kind, Visibility::Customer, text, "test", self.now())
    }

    pub fn fact(&self, text: &str) -> MemoryItem {
        self.item(MemoryKind::BrandFact, text)
    }

    pub fn note(&self, text: &str) -> MemoryItem {
        MemoryItem { visibility: Visibility::Internal, ..self.fact(text) }
    }

    pub fn said_by(&self, person: &str, text: &str) -> MemoryItem {
        MemoryItem { person: Some(person.into()), ..self.item(MemoryKind::Interaction, text) }
    }

    pub async fn remember(&self, items: impl IntoIterator<Item = MemoryItem>) {
        let changes = items.into_iter().map(|item| Change::Remember(Box::new(item)));
        self.commit(changes).await.unwrap();
    }

    pub async fn forget(&self, what: Forgetting) {
        self.commit([Change::Forget(what)]).await.unwrap();
    }
}

async fn texts(memory: &TenantMemory, world: &World) -> Vec<String> {
    let items = memory.list(&world.tenant, &MemoryFilter::default(), PageRequest::first(100)).await.unwrap();
    items.into_iter().map(|item| item.text).collect()
}

async fn an_item_is_read_back_as_it_was_remembered(database: TestDatabase) {
    let world = World::new(&database).await;
    let (memory, _folder) = memory_of(&world);
    let item = MemoryItem {
        title: Some("Do you ship to Spain?".into()),
        person: Some("17".into()),
        account: Some(world.account),
        media: Some("m1".into()),
        language: Some(tenants::intent::Language::Spanish),
        weight: 1.5,
        ..world.fact("Sí, en 3 días 🚚")
    };
    world.remember([item.clone()]).await;
    assert_eq!(memory.find(&world.tenant, &item.id).await.unwrap(), Some(item.clone()));
    assert_eq!(memory.find_same(&world.tenant, &item).await.unwrap(), Some(item));
}

async fn the_same_words_are_remembered_once_and_counted(database: TestDatabase) {
    let world = World::new(&database).await;
    let (memory, _folder) = memory_of(&world);
    let first = world.fact("We ship to Spain");
    world.remember([first.clone()]).await;
    world.pass(HOUR);
    world.remember([world.fact("we  SHIP to spain"), world.note("We ship to Spain")]).await;
    let found = memory.find(&world.tenant, &first.id).await.unwrap().unwrap();
    assert_eq!((found.seen, found.created_at, found.updated_at), (2, first.created_at, world.now()));
    assert_eq!(found.text, "We ship to Spain");
    assert_eq!(memory.stats(&world.tenant).await.unwrap().total(), 2, "a note is no fact");
}

async fn the_same_item_twice_in_one_unit_is_one_item(database: TestDatabase) {
    let world = World::new(&database).await;
    let (memory, _folder) = memory_of(&world);
    world.remember((0..5).map(|_| world.fact("Open on Sundays"))).await;
    assert_eq!(texts(&memory, &world).await, ["Open on Sundays"]);
    // A commit whose answer was lost is repeated.
    let item = world.fact("Closed in August");
    world.remember([item.clone()]).await;
    world.remember([item]).await;
    assert_eq!(texts(&memory, &world).await.len(), 2);
}

async fn an_item_of_another_tenant_finds_nothing_and_cannot_be_written(database: TestDatabase) {
    let world = World::new(&database).await;
    let rival = world.neighbour().await;
    let (memory, _folder) = memory_of(&world);
    let item = world.fact("We ship to Spain");
    world.remember([item.clone()]).await;
    assert_eq!(memory.find(&rival.tenant, &item.id).await.unwrap(), None);
    assert_eq!(memory.find_same(&rival.tenant, &item).await.unwrap(), None);
    assert!(texts(&memory, &rival).await.is_empty());
    assert_eq!(memory.stats(&rival.tenant).await.unwrap().total(), 0);
    let foreign = rival.commit([Change::Remember(Box::new(world.fact("planted")))]).await;
    assert!(matches!(foreign, Err(StoreError::Conflict(_))), "{foreign:?}");
    let foreign = rival.commit([Change::Forget(Forgetting::Item(item.id))]).await;
    assert!(matches!(foreign, Err(StoreError::Conflict(_))), "{foreign:?}");
    rival.forget(Forgetting::Source("test".into())).await;
    rival.forget(Forgetting::Surplus { keep: 0 }).await;
    assert_eq!(texts(&memory, &world).await, ["We ship to Spain"]);
}

async fn a_person_is_forgotten_in_every_kind_and_nobody_else_is(database: TestDatabase) {
    let world = World::new(&database).await;
    let rival = world.neighbour().await;
    let (memory, _folder) = memory_of(&world);
    let answer =
        MemoryItem { person: Some("anna".into()), ..world.item(MemoryKind::ApprovedAnswer, "Yes, gladly") };
    let known = MemoryItem { person: Some("anna".into()), ..world.item(MemoryKind::Person, "vegan") };
    world.remember([world.said_by("anna", "size 38"), answer, known, world.said_by("bert", "size 40")]).await;
    rival.remember([rival.said_by("anna", "hello")]).await;
    world.forget(Forgetting::Person("anna".into())).await;
    assert_eq!(texts(&memory, &world).await, ["size 40"]);
    assert_eq!(texts(&memory, &rival).await, ["hello"]);
}

async fn an_item_that_is_not_there_cannot_be_forgotten(database: TestDatabase) {
    let world = World::new(&database).await;
    let gone = world.commit([Change::Forget(Forgetting::Item(MemoryId::new(&world.ids)))]).await;
    assert!(matches!(gone, Err(StoreError::Conflict(_))), "{gone:?}");
    // A person of whom nothing is remembered is forgotten already.
    world.forget(Forgetting::Person("nobody".into())).await;
}

async fn a_source_is_replaced_in_one_unit(database: TestDatabase) {
    let world = World::new(&database).await;
    let (memory, _folder) = memory_of(&world);
    let from = |source: &str, text: &str| MemoryItem { source: source.into(), ..world.fact(text) };
    world.remember([from("import:a", "old"), from("import:a", "stays"), from("import:b", "other")]).await;
    let list = [
        Change::Forget(Forgetting::Source("import:a".into())),
        Change::Remember(Box::new(from("import:a", "stays"))),
        Change::Remember(Box::new(from("import:a", "new"))),
    ];
    world.commit(list).await.unwrap();
    let mut texts = texts(&memory, &world).await;
    texts.sort();
    assert_eq!(texts, ["new", "other", "stays"]);
}

async fn of_a_surplus_the_least_useful_talk_goes_and_facts_stay(database: TestDatabase) {
    let world = World::new(&database).await;
    let (memory, _folder) = memory_of(&world);
    let old_fact = world.fact("since 1912");
    let light = MemoryItem { weight: 0.5, ..world.said_by("anna", "light") };
    let talk: Vec<_> = (0..4)
        .map(|number| {
            world.pass(HOUR);
            world.said_by("anna", &format!("talk {number}"))
        })
        .collect();
    let answer = world.item(MemoryKind::ApprovedAnswer, "Yes, gladly");
    world.remember([old_fact, answer]).await;
    world.remember(talk).await;
    world.remember([light]).await;
    world.forget(Forgetting::Surplus { keep: 4 }).await;
    let mut left = texts(&memory, &world).await;
    left.sort();
    assert_eq!(left, ["Yes, gladly", "since 1912", "talk 2", "talk 3"]);
    world.forget(Forgetting::Surplus { keep: 0 }).await;
    assert_eq!(texts(&memory, &world).await, ["since 1912"]);
    world.forget(Forgetting::Surplus { keep: 10 }).await;
    assert_eq!(texts(&memory, &world).await, ["since 1912"]);
}

async fn what_cannot_be_remembered_leaves_nothing_of_its_unit(database: TestDatabase) {
    let world = World::new(&database).await;
    let (memory, _folder) = memory_of(&world);
    let list = [world.fact("fine"), world.fact("  ")].map(|item| Change::Remember(Box::new(item)));
    let refused = world.commit(list).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert!(texts(&memory, &world).await.is_empty());
    world.remember([world.fact("with a nul \0 in it")]).await;
    assert_eq!(texts(&memory, &world).await, ["with a nul \u{fffd} in it"]);
}

async fn a_memory_tells_how_large_it_is(database: TestDatabase) {
    let world = World::new(&database).await;
    let (memory, _folder) = memory_of(&world);
    let titled = world.fact("äb").titled(Some("c".into()));
    world.remember([titled, world.fact("d"), world.said_by("anna", "e")]).await;
    let stats = memory.stats(&world.tenant).await.unwrap();
    assert_eq!(stats.items, [(MemoryKind::BrandFact, 2), (MemoryKind::Interaction, 1)]);
    assert_eq!(stats.bytes, 6);
}

async fn imports_side_by_side_do_not_pass_the_limit_together(database: TestDatabase) {
    let world = World::new(&database).await;
    let rival = world.neighbour().await;
    let import = |world: &World, name: &str, facts: u32| {
        let fact = |number| Change::Remember(Box::new(world.fact(&format!("{name} {number}"))));
        let mut changes: Vec<Change> = (0..facts).map(fact).collect();
        changes.push(Change::LimitMemory { most: 10 });
        changes
    };
    // Talk counts for nothing here: it is dropped by itself.
    world.remember((0..20).map(|number| world.said_by("anna", &format!("talk {number}")))).await;
    let imports: Vec<_> = (0..8).map(|file| import(&world, &format!("file {file}"), 4)).collect();
    let done = futures::future::join_all(imports.into_iter().map(|changes| world.commit(changes))).await;
    assert_eq!(done.iter().filter(|it| it.is_ok()).count(), 2, "{done:?}");
    for refused in done.into_iter().filter_map(Result::err) {
        assert!(
            matches!(&refused, StoreError::Conflict(problem) if problem.contains("no room")),
            "{refused}"
        );
    }
    let kept = |stats: tenants::memory::MemoryStats| {
        stats.items.into_iter().find(|(kind, _)| *kind == MemoryKind::BrandFact).map(|(_, count)| count)
    };
    let (memory, _folder) = memory_of(&world);
    assert_eq!(kept(memory.stats(&world.tenant).await.unwrap()), Some(8));
    world.commit(import(&world, "file 9", 2)).await.unwrap();
    world.commit(import(&world, "file 9", 2)).await.expect("what is there already takes no room");
    rival.commit(import(&rival, "file", 10)).await.expect("each memory has a limit of its own");
}
