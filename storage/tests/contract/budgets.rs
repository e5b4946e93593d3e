//! Budgets that are set, counted and warned about.

use std::time::Duration;

use serde_json::json;
use tenants::alert::{AlertType, NewAlert, Severity};
use tenants::audit::Chain;
use tenants::budget::ShareCeilings;
use tenants::changes::{Change, Changes};
use tenants::ids::AlertId;
use tenants::models::{BudgetLevel, BudgetLine, BudgetScope, Share};
use tenants::ports::{
    Alerts, BudgetKind, BudgetLedger, BudgetOverview, Directory, PageRequest, StoreError, UnitOfWork,
};
use tenants::settings::TenantSettings;
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::ledger::{DAY, call, granted, line, of_agency, of_share, of_tenant, usd, wanted};
use crate::world::{World, is_conflict};

contract! {
    an_agencys_budget_is_set_changed_and_lifted_and_its_tenants_hear_of_it
    an_agencys_budget_is_set_on_its_own_chain_and_never_below_nothing
    a_tenants_budget_is_set_without_touching_its_other_settings
    budgets_of_many_tenants_are_read_at_once
    budgets_that_are_nearly_or_wholly_used_up_are_counted
    alerts_about_budgets_are_found_again
}

async fn set_agency_budget(world: &World, daily: Option<i64>) -> Result<(), StoreError> {
    let list = vec![Change::SetAgencyBudget { daily: daily.map(usd) }];
    world.store.commit(Changes { chain: Chain::Agency(world.agency), list }).await
}

async fn version(world: &World) -> i64 {
    world.store.find_tenant(&world.tenant).await.unwrap().unwrap().version
}

async fn an_agencys_budget_is_set_changed_and_lifted_and_its_tenants_hear_of_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let (neighbour, elsewhere) = (world.neighbour().await, world.another_agency().await);
    assert_eq!(world.store.agency_budget(&world.agency).await.unwrap(), None);
    for daily in [Some(2_000_000), Some(0), None] {
        let before = (version(&world).await, version(&neighbour).await, version(&elsewhere).await);
        set_agency_budget(&world, daily).await.unwrap();
        let after = (version(&world).await, version(&neighbour).await, version(&elsewhere).await);
        assert_eq!(after, (before.0 + 1, before.1 + 1, before.2));
        assert_eq!(world.store.agency_budget(&world.agency).await.unwrap(), daily.map(usd));
        let context = world.store.load_context(&neighbour.tenant, DAY).await.unwrap().unwrap();
        assert_eq!(context.budget().agency_daily, daily.map(usd));
    }
    assert_eq!(world.store.agency_budget(&elsewhere.agency).await.unwrap(), None);
    // Whoever renames the agency leaves its budget alone.
    set_agency_budget(&world, Some(7)).await.unwrap();
    let agency = world.store.find_agency(&world.agency).await.unwrap().unwrap();
    let list = vec![Change::PutAgency(agency)];
    world.store.commit(Changes { chain: Chain::Agency(world.agency), list }).await.unwrap();
    assert_eq!(world.store.agency_budget(&world.agency).await.unwrap(), Some(usd(7)));
}

async fn an_agencys_budget_is_set_on_its_own_chain_and_never_below_nothing(database: TestDatabase) {
    let world = World::new(&database).await;
    assert!(is_conflict(&world.commit([Change::SetAgencyBudget { daily: Some(usd(1)) }]).await));
    assert!(is_conflict(&set_agency_budget(&world, Some(-1)).await));
    let nobody = World { agency: tenants::ids::AgencyId::new(&world.ids), ..world.clone() };
    assert!(is_conflict(&set_agency_budget(&nobody, Some(1)).await));
    assert_eq!(world.store.agency_budget(&world.agency).await.unwrap(), None);
}

async fn a_tenants_budget_is_set_without_touching_its_other_settings(database: TestDatabase) {
    let world = World::new(&database).await;
    let shares = ShareCeilings { routine: 50, planning: 0, care: 100 };
    let set = |daily: Option<i64>, shares| Change::SetTenantBudget { daily: daily.map(usd), shares };
    // A tenant without a row of settings has the defaults of all others.
    world.commit([set(Some(9_000_000), None)]).await.unwrap();
    let found = world.store.find_settings(&world.tenant).await.unwrap().unwrap();
    assert_eq!(found, TenantSettings { daily_budget: usd(9_000_000), ..TenantSettings::default() });

    let own = TenantSettings { blocked_words: vec!["cheap".into()], min_confidence: 0.7, ..found };
    world.commit([Change::PutSettings(Box::new(own.clone()))]).await.unwrap();
    let before = version(&world).await;
    world.commit([set(None, Some(shares))]).await.unwrap();
    let found = world.store.find_settings(&world.tenant).await.unwrap().unwrap();
    assert_eq!(found, TenantSettings { budget_shares: shares, ..own });
    assert_eq!(version(&world).await, before + 1);
    let context = world.store.load_context(&world.tenant, DAY).await.unwrap().unwrap();
    let limits = context.budget().tenant_lines(world.now()).into_iter().map(|line| line.limit.0);
    assert_eq!(limits.collect::<Vec<_>>(), [9_000_000, 4_500_000, 0, 9_000_000]);
}

async fn budgets_of_many_tenants_are_read_at_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let (neighbour, elsewhere) = (world.neighbour().await, world.another_agency().await);
    for (who, amount) in [(&world, 10), (&neighbour, 20), (&elsewhere, 30)] {
        let lines = vec![
            line(who, of_agency(who), 1_000),
            line(who, of_tenant(who), 500),
            line(who, of_share(who, Share::Care), 400),
        ];
        granted(who, &wanted(who, amount, lines)).await;
    }
    let old = BudgetLine { day: "2025-11-16".into(), ..line(&world, of_tenant(&world), 500) };
    granted(&world, &wanted(&world, 5, vec![old])).await;
    let tenants = [world.tenant, neighbour.tenant];
    let found = world.store.tenant_budgets(&tenants, DAY).await.unwrap();
    let mut told: Vec<(BudgetScope, i64)> =
        found.iter().map(|state| (state.line.scope, state.reserved.0)).collect();
    told.sort();
    let mut expected = vec![
        (of_tenant(&world), 10),
        (of_share(&world, Share::Care), 10),
        (of_tenant(&neighbour), 20),
        (of_share(&neighbour, Share::Care), 20),
    ];
    expected.sort();
    assert_eq!(told, expected);
    assert_eq!(world.store.tenant_budgets(&tenants, "2025-11-16").await.unwrap().len(), 5);
    assert_eq!(world.store.tenant_budgets(&[], DAY).await.unwrap(), []);
}

async fn budgets_that_are_nearly_or_wholly_used_up_are_counted(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    assert_eq!(world.store.count_budgets(world.now()).await.unwrap(), []);
    // Of 1,000 and 9: the last is nearly spent with 8 of them, the tenants with 800 and 1,000.
    for (who, scope, limit, spent) in [
        // First: what the tenants have spent by then would count for it, too.
        (&world, of_agency(&world), 10_000, 7_999),
        (&world, of_tenant(&world), 1_000, 800),
        (&neighbour, of_tenant(&neighbour), 1_000, 1_000),
        (&world, of_share(&world, Share::Care), 9, 8),
        (&world, of_share(&world, Share::Routine), 9, 7),
    ] {
        let some = wanted(who, 1, vec![line(who, scope, limit)]);
        granted(who, &some).await;
        who.store.settle(&some.id, vec![call(who, spent)]).await.unwrap();
    }
    let mut told = world.store.count_budgets(world.now()).await.unwrap();
    told.sort();
    let expected = [
        (BudgetKind::Tenant, BudgetLevel::Warning, 1),
        (BudgetKind::Tenant, BudgetLevel::Spent, 1),
        (BudgetKind::Share, BudgetLevel::Warning, 1),
    ];
    assert_eq!(told, expected);
    world.pass(Duration::from_secs(43_200));
    assert_eq!(world.store.count_budgets(world.now()).await.unwrap(), [], "their day is over");
}

async fn alerts_about_budgets_are_found_again(database: TestDatabase) {
    let world = World::new(&database).await;
    let alert = |key: &str, tenant| NewAlert {
        id: AlertId::new(&world.ids),
        agency: Some(world.agency),
        tenant,
        alert_type: AlertType::Budget,
        severity: Some(Severity::Critical),
        message: "all is spent".into(),
        details: json!({}),
        dedup_key: key.into(),
    };
    let raise = |alert| world.store.raise_alert(alert, world.now());
    raise(alert("budget:a", Some(world.tenant))).await.unwrap();
    raise(alert("budget:b", None)).await.unwrap();
    let other = NewAlert { alert_type: AlertType::Gap, severity: None, ..alert("gap", None) };
    raise(other).await.unwrap();

    let open = world.store.open_budget_alerts(PageRequest::first(10)).await.unwrap();
    let told: Vec<_> = open.iter().map(|alert| (alert.tenant, alert.severity)).collect();
    assert_eq!(told, [(None, Severity::Critical), (Some(world.tenant), Severity::Critical)]);
    let page = PageRequest { before: Some(open[0].id.0), limit: 10 };
    assert_eq!(world.store.open_budget_alerts(page).await.unwrap(), open[1..]);

    assert!(world.store.resolve_alert(&world.agency, &open[1].id, "key:x", world.now()).await.unwrap());
    assert_eq!(world.store.open_budget_alerts(PageRequest::first(10)).await.unwrap(), open[..1]);
    let last = world.store.last_budget_alert("budget:a").await.unwrap().unwrap();
    assert_eq!(last.resolved_by.as_deref(), Some("key:x"));
    assert_eq!(world.store.last_budget_alert("gap").await.unwrap(), None);
}
