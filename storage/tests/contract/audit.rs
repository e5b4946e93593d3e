//! The audit log tells the truth, or shows that it was made to lie.

use tenants::audit::{Chain, ChainVerdict};
use tenants::changes::Changes;
use tenants::ports::{AuditFilter, AuditLog, UnitOfWork};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::World;

contract! {
    entries_are_numbered_without_gaps_and_read_back_as_written
    entries_written_by_many_at_once_form_one_chain
    whoever_follows_a_log_gets_its_entries_and_no_others
    an_entry_that_cannot_be_read_stops_only_who_follows_its_log
    the_log_refuses_to_be_rewritten
    an_altered_entry_is_found
    an_altered_summary_is_found
    an_entry_removed_in_the_middle_is_found
    an_entry_removed_at_the_end_is_found
    an_inserted_entry_is_found
    a_lost_end_of_chain_is_found
    an_entry_moved_to_another_owner_is_found
    the_log_can_be_filtered
    an_agency_has_a_chain_of_its_own
    a_long_chain_is_checked_while_it_grows
}

async fn five_entries(database: &TestDatabase) -> World {
    let world = World::new(database).await;
    for number in 0..5 {
        world.commit([world.audit(&format!("decision.{number}"))]).await.unwrap();
    }
    assert_eq!(verdict(&world).await, ChainVerdict::Intact { entries: 5 });
    world
}

async fn verdict(world: &World) -> ChainVerdict {
    world.store.verify_chain(&world.chain()).await.unwrap()
}

/// Does what only somebody who owns the database can: takes the guard off the log.
async fn tamper(database: &TestDatabase, sql: &str) {
    let unlock = match database.is_sqlite() {
        true => "drop trigger audit_log_keeps_its_rows; drop trigger audit_log_is_not_rewritten;",
        false => "alter table audit_log disable trigger all;",
    };
    database.execute(&format!("{unlock} {sql}")).await.unwrap();
}

fn broken_at(verdict: ChainVerdict) -> i64 {
    match verdict {
        ChainVerdict::Broken { seq, .. } => seq,
        ChainVerdict::Intact { .. } => panic!("nobody noticed"),
    }
}

async fn entries_are_numbered_without_gaps_and_read_back_as_written(database: TestDatabase) {
    let world = World::new(&database).await;
    let (first, mut second) = (world.entry("decision.made"), world.entry("effect.failed"));
    second.success = false;
    second.error = Some("500".into());
    let list = [&first, &second].map(|entry| tenants::changes::Change::Audit(Box::new(entry.clone())));
    world.commit(list).await.unwrap();
    let found = world.store.audit_since(&world.chain(), 0, 10).await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(found[1].as_new(), second);
    assert_eq!(found[0].as_new(), first);
    assert_eq!(world.store.audit_since(&world.chain(), 1, 10).await.unwrap(), [found[1].clone()]);
    let newest = world.store.list_audit(&world.chain(), &AuditFilter::default(), None, 1).await.unwrap();
    assert_eq!(newest, [found[1].clone()]);
    let older = world.store.list_audit(&world.chain(), &AuditFilter::default(), Some(2), 9).await.unwrap();
    assert_eq!(older, [found[0].clone()]);
}

async fn entries_written_by_many_at_once_form_one_chain(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let commits = (0..200).map(|number| {
        let who = if number % 3 == 0 { &neighbour } else { &world };
        who.commit([who.audit("decision.made"), who.audit("effect.queued")])
    });
    assert!(futures::future::join_all(commits).await.iter().all(Result::is_ok));
    assert_eq!(verdict(&world).await, ChainVerdict::Intact { entries: 266 });
    assert_eq!(verdict(&neighbour).await, ChainVerdict::Intact { entries: 134 });
    assert_eq!(world.store.audit_chains().await.unwrap().len(), 2);
}

/// Their questions travel together.
async fn whoever_follows_a_log_gets_its_entries_and_no_others(database: TestDatabase) {
    let world = five_entries(&database).await;
    let neighbour = world.neighbour().await;
    for number in 0..3 {
        neighbour.commit([neighbour.audit(&format!("effect.{number}"))]).await.unwrap();
    }
    let followers = (0..300_u32).map(|number| {
        let (who, log) = if number % 2 == 0 { (&world, 5) } else { (&neighbour, 3) };
        let (after, limit) = (i64::from(number) % 7, number % 4 + 1);
        let expected: Vec<i64> = (after + 1..=log).take(limit as usize).collect();
        async move {
            let found = who.store.audit_since(&who.chain(), after, limit).await.unwrap();
            let start = if log == 5 { "decision." } else { "effect." };
            assert!(found.iter().all(|entry| entry.event_type.starts_with(start)));
            assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), expected);
        }
    });
    futures::future::join_all(followers).await;
}

async fn an_entry_that_cannot_be_read_stops_only_who_follows_its_log(database: TestDatabase) {
    let world = five_entries(&database).await;
    let neighbour = world.neighbour().await;
    neighbour.commit([neighbour.audit("decision.made")]).await.unwrap();
    tamper(&database, "update audit_log set details = 'no json' where seq = 5").await;
    let follow = async |who: &World| who.store.audit_since(&who.chain(), 0, 10).await;
    let both = (0..20).map(|_| async { (follow(&world).await, follow(&neighbour).await) });
    for (broken, whole) in futures::future::join_all(both).await {
        assert!(broken.is_err());
        assert_eq!(whole.unwrap().len(), 1);
    }
}

async fn the_log_refuses_to_be_rewritten(database: TestDatabase) {
    let world = five_entries(&database).await;
    for sql in ["update audit_log set actor = 'nobody'", "delete from audit_log where seq = 5"] {
        let refusal = database.execute(sql).await.unwrap_err();
        assert!(refusal.to_string().contains("append-only"), "{refusal}");
    }
    if !database.is_sqlite() {
        assert!(database.execute("truncate audit_log").await.is_err());
    }
    assert_eq!(verdict(&world).await, ChainVerdict::Intact { entries: 5 });
}

async fn an_altered_entry_is_found(database: TestDatabase) {
    for (seq, change) in [(2, "actor = 'nobody'"), (1, "details = '{}'"), (1, "details = 'no json'")] {
        let database = match database.is_sqlite() {
            true => TestDatabase::sqlite(),
            false => TestDatabase::postgres().await.unwrap(),
        };
        let world = five_entries(&database).await;
        tamper(&database, &format!("update audit_log set {change} where seq = {seq}")).await;
        assert_eq!(broken_at(verdict(&world).await), seq, "{change}");
    }
}

async fn an_altered_summary_is_found(database: TestDatabase) {
    let world = five_entries(&database).await;
    tamper(&database, "update audit_log set cost_micro_usd = 1 where seq = 3").await;
    assert_eq!(broken_at(verdict(&world).await), 3);
}

async fn an_entry_removed_in_the_middle_is_found(database: TestDatabase) {
    let world = five_entries(&database).await;
    tamper(&database, "delete from audit_log where seq = 3").await;
    assert_eq!(broken_at(verdict(&world).await), 3);
}

async fn an_entry_removed_at_the_end_is_found(database: TestDatabase) {
    let world = five_entries(&database).await;
    tamper(&database, "delete from audit_log where seq = 5").await;
    assert_eq!(broken_at(verdict(&world).await), 5);
    let world_too = world.clone();
    tamper_heads(&database).await;
    assert_eq!(broken_at(verdict(&world_too).await), 4, "a wound-back end does not fit its hash");
}

/// Winds the end of the chain back without knowing the right hash.
async fn tamper_heads(database: &TestDatabase) {
    database.execute("update audit_heads set seq = 4").await.unwrap();
}

async fn an_inserted_entry_is_found(database: TestDatabase) {
    let world = five_entries(&database).await;
    let columns = "chain_id, tenant_id, agency_id, event_type, action, resource_type, resource_id, actor, success, \
                   error, details, confidence, model, prompt_version, tokens_in, tokens_out, cost_micro_usd, \
                   latency_us, at, hash";
    let id = match database.is_sqlite() {
        true => "x'00112233445566778899aabbccddeeff'",
        false => "'00112233-4455-6677-8899-aabbccddeeff'::uuid",
    };
    let sql = format!(
        "insert into audit_log (id, seq, {columns}) select {id}, 6, {columns} from audit_log where seq = 5"
    );
    database.execute(&sql).await.unwrap();
    assert_eq!(broken_at(verdict(&world).await), 6);
}

async fn a_lost_end_of_chain_is_found(database: TestDatabase) {
    let world = five_entries(&database).await;
    database.execute("delete from audit_heads").await.unwrap();
    assert_eq!(world.store.audit_chains().await.unwrap(), [world.chain()]);
    assert_eq!(broken_at(verdict(&world).await), 1);
}

async fn an_entry_moved_to_another_owner_is_found(database: TestDatabase) {
    let world = five_entries(&database).await;
    tamper(&database, "update audit_log set agency_id = tenant_id, tenant_id = null where seq = 4").await;
    assert_eq!(broken_at(verdict(&world).await), 4);
    assert!(world.store.audit_chains().await.unwrap().contains(&world.chain()));
}

async fn the_log_can_be_filtered(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut entries =
        [world.entry("decision.made"), world.entry("decisions_made"), world.entry("effect.sent")];
    entries[1].actor = "key:1".into();
    entries[2].success = false;
    entries[2].resource_id = "9".into();
    for mut entry in entries {
        entry.at = world.now();
        world.commit([tenants::changes::Change::Audit(Box::new(entry))]).await.unwrap();
        world.pass(std::time::Duration::from_secs(1));
    }
    let start = tenants::clock::Timestamp::from_micros(crate::world::START);
    let second = std::time::Duration::from_secs(1);
    let any = AuditFilter::default();
    let cases = [
        (AuditFilter { event_type: Some("decision.".into()), ..any.clone() }, vec![1]),
        (AuditFilter { event_type: Some("decision.made".into()), ..any.clone() }, vec![1]),
        (AuditFilter { event_type: Some("decision".into()), ..any.clone() }, vec![]),
        (AuditFilter { actor: Some("key:1".into()), ..any.clone() }, vec![2]),
        (AuditFilter { resource_id: Some("9".into()), success: Some(false), ..any.clone() }, vec![3]),
        (AuditFilter { success: Some(true), ..any.clone() }, vec![2, 1]),
        (AuditFilter { from: Some(start + second), ..any.clone() }, vec![3, 2]),
        (AuditFilter { until: Some(start + second), ..any.clone() }, vec![1]),
        (any, vec![3, 2, 1]),
    ];
    for (filter, expected) in cases {
        let found = world.store.list_audit(&world.chain(), &filter, None, 10).await.unwrap();
        assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn an_agency_has_a_chain_of_its_own(database: TestDatabase) {
    let world = World::new(&database).await;
    let chain = Chain::Agency(world.agency);
    let changes = Changes { chain, list: vec![world.audit("agency.renamed")] };
    world.store.commit(changes).await.unwrap();
    world.commit([world.audit("decision.made")]).await.unwrap();
    assert_eq!(world.store.verify_chain(&chain).await.unwrap(), ChainVerdict::Intact { entries: 1 });
    assert_eq!(verdict(&world).await, ChainVerdict::Intact { entries: 1 });
    let mut chains = world.store.audit_chains().await.unwrap();
    chains.sort();
    assert_eq!(chains, [world.chain(), chain]);
}

async fn a_long_chain_is_checked_while_it_grows(database: TestDatabase) {
    let world = World::new(&database).await;
    let many = (0..2_500).map(|_| world.audit("decision.made"));
    world.commit(many).await.unwrap();
    let growing = async {
        for _ in 0..20 {
            world.commit([world.audit("decision.made")]).await.unwrap();
        }
    };
    let checking = async {
        for _ in 0..3 {
            assert!(matches!(verdict(&world).await, ChainVerdict::Intact { entries: 2_500.. }));
        }
    };
    tokio::join!(growing, checking);
    assert_eq!(verdict(&world).await, ChainVerdict::Intact { entries: 2_520 });
}
