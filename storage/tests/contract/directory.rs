//! Who is who, and that nobody takes what is another's.

use std::time::Duration;

use tenants::access::UserRole;
use tenants::account::{AccountStatus, ApiKey, KeyScope, MetaApp, SealedSecret, TenantStatus};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes, Expected};
use tenants::ids::{AccountId, AgencyId, AppId, EventId, KeyId, TenantId};
use tenants::intent::Intent;
use tenants::ports::{Directory, PageRequest, UnitOfWork};
use tenants::rule::{Rule, RuleHit};
use tenants::settings::{Mode, TenantSettings};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_tenant_is_found_by_id_and_by_slug_and_its_context_holds_everything
    every_change_of_a_tenant_raises_its_version
    a_slug_is_unique_in_its_agency
    an_external_account_belongs_to_one_tenant
    a_token_is_kept_when_none_is_given_and_goes_with_its_account
    rules_come_by_priority_and_disabled_ones_are_not_in_the_context
    rules_of_another_tenant_cannot_be_touched
    of_two_who_change_what_both_have_read_one_is_told
    a_rule_hit_counts_once_per_event_and_dry_runs_do_not_count
    keys_are_found_by_hash_and_listed_by_agency
    a_key_is_touched_at_most_once_a_minute
    a_key_of_the_installation_is_withdrawn_by_the_installation_only
    apps_keep_their_secret_and_belong_to_one_agency
    tenants_are_listed_in_pages_newest_first
    suspended_tenants_and_tenants_without_account_are_not_served
}

async fn a_tenant_is_found_by_id_and_by_slug_and_its_context_holds_everything(database: TestDatabase) {
    let world = World::new(&database).await;
    let found = world.store.find_tenant(&world.tenant).await.unwrap().unwrap();
    assert_eq!(found.name, "ACME");
    let by_slug = world.store.find_tenant_by_slug(&world.agency, "acme").await.unwrap();
    assert_eq!(by_slug, Some(found.clone()));
    let context = world.store.load_context(&world.tenant, "2025-11-17").await.unwrap().unwrap();
    assert_eq!(context.tenant, found);
    assert_eq!(context.settings, TenantSettings::default());
    assert_eq!(context.accounts, world.store.list_accounts(&world.tenant).await.unwrap());
    assert_eq!(context.accounts[0], world.account_row("1784acme"));
    let nobody = TenantId::new(&world.ids);
    assert!(world.store.load_context(&nobody, "2025-11-17").await.unwrap().is_none());
    assert_eq!(world.store.list_agencies().await.unwrap().len(), 1);
    assert!(world.store.find_agency(&world.agency).await.unwrap().is_some());
}

async fn every_change_of_a_tenant_raises_its_version(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let rule = world.rule("prices", 1);
    let settings =
        TenantSettings { modes: [(Intent::Praise, Mode::Draft)].into(), ..TenantSettings::default() };
    let changes = [
        Change::PutTenant(world.tenant_row("acme")),
        Change::PutSettings(Box::new(settings.clone())),
        Change::PutRule(Box::new(rule.clone())),
        Change::DeleteRule(rule.id),
        world.put_account("1784acme"),
        Change::SetAccountStatus { account: world.account, status: AccountStatus::Disconnected },
        Change::DeleteAccount(world.account),
    ];
    let version = async || {
        let versions = world.store.tenant_versions(&[world.tenant, neighbour.tenant]).await.unwrap();
        let of = |tenant| versions.iter().find(|(found, _)| *found == tenant).unwrap().1;
        (of(world.tenant), of(neighbour.tenant))
    };
    let (mut before, others) = version().await;
    for change in changes {
        let told = format!("{change:?}");
        world.commit([change]).await.unwrap();
        let (after, others_after) = version().await;
        assert!(after > before, "{told}");
        assert_eq!(others_after, others);
        before = after;
    }
    assert_eq!(world.store.find_settings(&world.tenant).await.unwrap(), Some(settings));
}

async fn a_slug_is_unique_in_its_agency(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let answer = neighbour.commit([Change::PutTenant(neighbour.tenant_row("acme"))]).await;
    assert!(answer.unwrap_err().to_string().contains("`acme` is taken"));
    assert_eq!(world.store.find_tenant(&neighbour.tenant).await.unwrap().unwrap().slug, "rival");
}

async fn an_external_account_belongs_to_one_tenant(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    assert!(is_conflict(&neighbour.commit([neighbour.put_account("1784acme")]).await));
    let mut stolen = neighbour.clone();
    stolen.account = world.account;
    assert!(is_conflict(&stolen.commit([stolen.put_account("1784other")]).await));
    let mut foreign = world.account_row("1784acme");
    foreign.username = "mine.now".into();
    let change = Change::PutAccount { account: Box::new(foreign), token: None };
    assert!(is_conflict(&neighbour.commit([change]).await));
    assert_eq!(
        world.store.find_account(&world.tenant, &world.account).await.unwrap().unwrap().username,
        "acme.shop"
    );
    assert!(world.store.find_account(&neighbour.tenant, &world.account).await.unwrap().is_none());
}

async fn a_token_is_kept_when_none_is_given_and_goes_with_its_account(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let sealed = SealedSecret { key_id: "k1".into(), sealed: vec![1, 2, 3] };
    let account = Box::new(world.account_row("1784acme"));
    world.commit([Change::PutAccount { account, token: None }]).await.unwrap();
    assert_eq!(world.store.sealed_token(&world.tenant, &world.account).await.unwrap(), Some(sealed));
    assert!(world.store.sealed_token(&neighbour.tenant, &world.account).await.unwrap().is_none());
    neighbour.commit([Change::DeleteAccount(world.account)]).await.unwrap();
    assert_eq!(world.store.all_accounts().await.unwrap().len(), 2);
    let found = world.store.find_account_by_external_id("1784acme").await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(world.account));
    assert_eq!(world.store.find_account_by_external_id("1784").await.unwrap(), None);
    world.commit([Change::DeleteAccount(world.account)]).await.unwrap();
    assert!(world.store.sealed_token(&world.tenant, &world.account).await.unwrap().is_none());
    assert_eq!(world.store.all_accounts().await.unwrap().len(), 1);
}

async fn rules_come_by_priority_and_disabled_ones_are_not_in_the_context(database: TestDatabase) {
    let world = World::new(&database).await;
    let (low, high, older) = (world.rule("low", -5), world.rule("high", 9), world.rule("older", 0));
    let mut off = world.rule("off", 0);
    off.enabled = false;
    let put = |rule: &tenants::rule::Rule| Change::PutRule(Box::new(rule.clone()));
    world.commit([put(&low), put(&off), put(&high), put(&older)]).await.unwrap();
    let listed = world.store.list_rules(&world.tenant).await.unwrap();
    assert_eq!(listed, [high.clone(), older.clone(), off.clone(), low.clone()]);
    let context = world.store.load_context(&world.tenant, "2025-11-17").await.unwrap().unwrap();
    assert_eq!(context.rules, [high, older, low]);
    assert_eq!(world.store.find_rule(&world.tenant, &off.id).await.unwrap(), Some(off));
}

async fn rules_of_another_tenant_cannot_be_touched(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let rule = world.rule("prices", 1);
    world.commit([Change::PutRule(Box::new(rule.clone()))]).await.unwrap();
    assert!(is_conflict(&neighbour.commit([Change::PutRule(Box::new(rule.clone()))]).await));
    assert!(is_conflict(&neighbour.commit([Change::DeleteRule(rule.id)]).await));
    assert!(neighbour.store.find_rule(&neighbour.tenant, &rule.id).await.unwrap().is_none());
    world.commit([Change::DeleteRule(rule.id)]).await.unwrap();
    assert!(is_conflict(&world.commit([Change::DeleteRule(rule.id)]).await));
}

/// All of them at the same moment, so that they share transactions.
async fn of_two_who_change_what_both_have_read_one_is_told(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let read = world.rule("prices", 1);
    world.commit([Change::PutRule(Box::new(read.clone()))]).await.unwrap();
    let expected = Change::Expect(Expected::Rule(read.id, read.updated_at));
    let changes = (0..40).map(|number| {
        let changed_at = read.updated_at + Duration::from_micros(1 + number);
        let rule = Rule { priority: number as i32, updated_at: changed_at, ..read.clone() };
        world.commit([expected.clone(), Change::PutRule(Box::new(rule))])
    });
    let told = futures::future::join_all(changes).await;
    assert_eq!(told.iter().filter(|it| it.is_ok()).count(), 1);
    assert!(told.iter().filter(|it| it.is_err()).all(is_conflict));
    let stored = world.store.find_rule(&world.tenant, &read.id).await.unwrap().unwrap();
    assert!(told[stored.priority as usize].is_ok());

    let version = world.store.find_tenant(&world.tenant).await.unwrap().unwrap().version;
    let expected = Change::Expect(Expected::Tenant { version });
    let settings = Change::PutSettings(Box::default());
    let changes = (0..40).map(|_| world.commit([expected.clone(), settings.clone()]));
    let told = futures::future::join_all(changes).await;
    assert_eq!(told.iter().filter(|it| it.is_ok()).count(), 1);

    let present = Change::Expect(Expected::Rule(read.id, stored.updated_at));
    assert!(is_conflict(&neighbour.commit([present]).await));
}

async fn a_rule_hit_counts_once_per_event_and_dry_runs_do_not_count(database: TestDatabase) {
    let world = World::new(&database).await;
    let rule = world.rule("prices", 1);
    let event = EventId::new(&world.ids);
    let hit = |event, day: &str, dry_run| Change::AddRuleHit {
        event,
        hit: RuleHit { rule: rule.id, day: day.into(), dry_run },
    };
    let today = "2025-11-17";
    world.commit([Change::PutRule(Box::new(rule.clone()))]).await.unwrap();
    world.commit([hit(event, today, false), hit(EventId::new(&world.ids), today, false)]).await.unwrap();
    world.commit([hit(event, today, false), hit(EventId::new(&world.ids), today, true)]).await.unwrap();
    world.commit([hit(EventId::new(&world.ids), "2025-11-16", false)]).await.unwrap();
    let context = world.store.load_context(&world.tenant, today).await.unwrap().unwrap();
    assert_eq!(context.rule_hits_today, [(rule.id, 2)].into());
}

fn key(world: &World, scope: KeyScope) -> ApiKey {
    ApiKey {
        id: KeyId::new(&world.ids),
        name: "dashboard".into(),
        scope,
        role: UserRole::Operator,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        created_at: world.now(),
    }
}

async fn keys_are_found_by_hash_and_listed_by_agency(database: TestDatabase) {
    let world = World::new(&database).await;
    let (agency, tenant) = (world.agency, world.tenant);
    let of_agency = key(&world, KeyScope::Agency { agency });
    let of_tenant = key(&world, KeyScope::Tenant { agency, tenant });
    let of_all = key(&world, KeyScope::Installation);
    let add = |key: &ApiKey, hash: &str| Change::AddKey { key: Box::new(key.clone()), hash: hash.into() };
    let list = vec![add(&of_agency, "h1"), add(&of_all, "h3")];
    world.store.commit(Changes { chain: Chain::Agency(agency), list }).await.unwrap();
    world.commit([add(&of_tenant, "h2")]).await.unwrap();
    for (hash, expected) in [("h1", &of_agency), ("h2", &of_tenant), ("h3", &of_all)] {
        assert_eq!(world.store.find_key(hash).await.unwrap().as_ref(), Some(expected));
    }
    assert!(world.store.find_key("h4").await.unwrap().is_none());
    assert_eq!(world.store.list_keys(&agency).await.unwrap(), [of_tenant.clone(), of_agency.clone()]);
    let of_installation = world.store.list_keys(&AgencyId::INSTALLATION).await.unwrap();
    assert_eq!(of_installation, std::slice::from_ref(&of_all));

    let neighbour = world.neighbour().await;
    assert!(is_conflict(
        &neighbour.commit([add(&key(&world, KeyScope::Tenant { agency, tenant }), "h5")]).await
    ));
    neighbour.commit([Change::RevokeKey { key: of_tenant.id, at: world.now() }]).await.unwrap();
    assert!(world.store.find_key("h2").await.unwrap().unwrap().revoked_at.is_none());
    world.commit([Change::RevokeKey { key: of_tenant.id, at: world.now() }]).await.unwrap();
    assert_eq!(world.store.find_key("h2").await.unwrap().unwrap().revoked_at, Some(world.now()));
}

async fn a_key_of_the_installation_is_withdrawn_by_the_installation_only(database: TestDatabase) {
    let world = World::new(&database).await;
    let key = key(&world, KeyScope::Installation);
    let installation = Chain::Agency(AgencyId::INSTALLATION);
    let add = Change::AddKey { key: Box::new(key.clone()), hash: "h".into() };
    world.store.commit(Changes { chain: installation, list: vec![add] }).await.unwrap();
    let revoke = |chain| Changes { chain, list: vec![Change::RevokeKey { key: key.id, at: world.now() }] };
    world.store.commit(revoke(Chain::Agency(world.agency))).await.unwrap();
    assert_eq!(world.store.find_key("h").await.unwrap().unwrap().revoked_at, None);
    world.store.commit(revoke(installation)).await.unwrap();
    assert!(world.store.find_key("h").await.unwrap().unwrap().revoked_at.is_some());
}

async fn a_key_is_touched_at_most_once_a_minute(database: TestDatabase) {
    let world = World::new(&database).await;
    let key = key(&world, KeyScope::Agency { agency: world.agency });
    let list = vec![Change::AddKey { key: Box::new(key.clone()), hash: "h".into() }];
    world.store.commit(Changes { chain: Chain::Agency(world.agency), list }).await.unwrap();
    let first = world.now();
    for (wait, expected) in [(0, first), (59, first), (1, first + std::time::Duration::from_secs(60))] {
        world.pass(std::time::Duration::from_secs(wait));
        world.store.touch_key(&key.id, world.now()).await.unwrap();
        assert_eq!(world.store.find_key("h").await.unwrap().unwrap().last_used_at, Some(expected));
    }
}

async fn apps_keep_their_secret_and_belong_to_one_agency(database: TestDatabase) {
    let world = World::new(&database).await;
    let app = MetaApp {
        id: AppId::new(&world.ids),
        agency: world.agency,
        tenant: None,
        external_id: "4711".into(),
        verify_token: "hush".into(),
        created_at: world.now(),
    };
    let secret = SealedSecret { key_id: "k1".into(), sealed: vec![9] };
    let put = |app: &MetaApp, secret: Option<SealedSecret>| Changes {
        chain: Chain::Agency(world.agency),
        list: vec![Change::PutApp { app: Box::new(app.clone()), secret }],
    };
    world.store.commit(put(&app, Some(secret.clone()))).await.unwrap();
    let renamed = MetaApp { verify_token: "other".into(), ..app.clone() };
    world.store.commit(put(&renamed, None)).await.unwrap();
    assert_eq!(world.store.all_apps().await.unwrap(), [(renamed.clone(), Some(secret))]);
    let same_external_id = MetaApp { id: AppId::new(&world.ids), ..app.clone() };
    assert!(is_conflict(&world.store.commit(put(&same_external_id, None)).await));
    assert_eq!(world.store.list_apps(&world.agency).await.unwrap(), std::slice::from_ref(&renamed));
    assert_eq!(world.store.find_app(&world.agency, &app.id).await.unwrap(), Some(renamed));
    let stranger = tenants::ids::AgencyId::new(&world.ids);
    assert!(world.store.find_app(&stranger, &app.id).await.unwrap().is_none());
}

async fn tenants_are_listed_in_pages_newest_first(database: TestDatabase) {
    let world = World::new(&database).await;
    let second = world.neighbour().await;
    let page = PageRequest::first(1);
    let newest = world.store.list_tenants(&world.agency, page).await.unwrap();
    assert_eq!(newest[0].id, second.tenant);
    let next = PageRequest { before: Some(newest[0].id.0), ..page };
    assert_eq!(world.store.list_tenants(&world.agency, next).await.unwrap()[0].id, world.tenant);
}

async fn suspended_tenants_and_tenants_without_account_are_not_served(database: TestDatabase) {
    let world = World::new(&database).await;
    let second = world.neighbour().await;
    let third =
        World { tenant: TenantId::new(&world.ids), account: AccountId::new(&world.ids), ..world.clone() };
    third.commit([Change::PutTenant(third.tenant_row("third"))]).await.unwrap();
    let mut suspended = second.tenant_row("rival");
    suspended.status = TenantStatus::Suspended;
    second.commit([Change::PutTenant(suspended)]).await.unwrap();
    let served: Vec<TenantId> =
        world.store.served_tenants().await.unwrap().into_iter().map(|tenant| tenant.id).collect();
    assert_eq!(served, [world.tenant]);
}
