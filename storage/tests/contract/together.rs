//! Reads that many tenants make at the same moment travel together, and nobody notices but by the time it takes.

use tenants::changes::Change;
use tenants::ports::{Conversations, Inbox, Outbox, StoreError};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, hide};

contract! {
    everybody_who_asks_at_the_same_moment_gets_what_is_theirs
    a_flood_of_one_tenant_hides_nothing_of_another
    a_row_that_cannot_be_read_is_the_trouble_of_its_tenant_alone
    questions_of_one_tenant_are_answered_one_by_one
}

async fn two_tenants(database: &TestDatabase) -> (World, World) {
    let world = World::new(database).await;
    let neighbour = world.neighbour().await;
    (world, neighbour)
}

async fn everybody_who_asks_at_the_same_moment_gets_what_is_theirs(database: TestDatabase) {
    let (world, neighbour) = two_tenants(&database).await;
    for (who, ids) in [(&world, ["1", "2"]), (&neighbour, ["7", "8"])] {
        who.store.accept(who.delivery(&ids)).await.unwrap();
        let effects = ids.map(|id| Change::AddEffect(Box::new(who.effect(hide(id)))));
        who.commit(effects).await.unwrap();
        let thread = who.thread("same");
        who.commit([Change::PutConversation(Box::new(thread))]).await.unwrap();
    }
    let ask = |number: usize| {
        let who = if number.is_multiple_of(2) { &world } else { &neighbour };
        async move {
            let keys = [(who.account, "comment:same".to_owned())];
            let (events, effects, threads) = tokio::join!(
                who.store.pending_events(&who.tenant, &[], 10),
                who.store.due_effects(&who.tenant, who.now(), &[], &[], 10),
                who.store.load_conversations(&who.tenant, &keys),
            );
            let (events, effects, threads) = (events.unwrap(), effects.unwrap(), threads.unwrap());
            assert_eq!((events.len(), effects.len(), threads.len()), (2, 2, 1));
            assert!(events.iter().all(|event| event.tenant == who.tenant));
            assert!(effects.iter().all(|ready| ready.effect.tenant == who.tenant));
            assert_eq!(threads[0].account, who.account);
        }
    };
    futures::future::join_all((0..64).map(ask)).await;
}

async fn a_flood_of_one_tenant_hides_nothing_of_another(database: TestDatabase) {
    let (flooded, quiet) = two_tenants(&database).await;
    let names: Vec<String> = (0..300).map(|number| format!("f{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    flooded.store.accept(flooded.delivery(&names)).await.unwrap();
    quiet.store.accept(quiet.delivery(&["only"])).await.unwrap();
    let (many, one) = tokio::join!(
        flooded.store.pending_events(&flooded.tenant, &[], 256),
        quiet.store.pending_events(&quiet.tenant, &[], 5),
    );
    let (many, one) = (many.unwrap(), one.unwrap());
    assert_eq!((many.len(), one.len()), (256, 1));
    assert_eq!((many[0].external_id.as_str(), one[0].external_id.as_str()), ("f0", "only"));
}

async fn a_row_that_cannot_be_read_is_the_trouble_of_its_tenant_alone(database: TestDatabase) {
    let (broken, whole) = two_tenants(&database).await;
    for who in [&broken, &whole] {
        who.store.accept(who.delivery(&[&format!("of-{}", who.account)])).await.unwrap();
    }
    let sql =
        format!("update inbox_events set kind = 'nonsense' where external_id = 'of-{}'", broken.account);
    database.execute(&sql).await.unwrap();
    for _ in 0..8 {
        let (refused, found) = tokio::join!(
            broken.store.pending_events(&broken.tenant, &[], 10),
            whole.store.pending_events(&whole.tenant, &[], 10),
        );
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
        assert_eq!(found.unwrap().len(), 1);
    }
}

async fn questions_of_one_tenant_are_answered_one_by_one(database: TestDatabase) {
    let world = World::new(&database).await;
    world.store.accept(world.delivery(&["1", "2", "3"])).await.unwrap();
    let all = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    let except = [all[0].id];
    let (whole, rest, first) = tokio::join!(
        world.store.pending_events(&world.tenant, &[], 10),
        world.store.pending_events(&world.tenant, &except, 10),
        world.store.pending_events(&world.tenant, &[], 1),
    );
    assert_eq!((whole.unwrap().len(), rest.unwrap().len()), (3, 2));
    assert_eq!(first.unwrap(), all[..1]);
}
