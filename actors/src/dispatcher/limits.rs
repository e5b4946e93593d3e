//! What all accounts and apps may do now.

use std::collections::HashMap;

use tenants::account::AccountStatus;
use tenants::clock::Timestamp;
use tenants::effect::ActionType;
use tenants::ids::{AccountId, AppId, TenantId};
use tenants::ports::{TenantContext, Usage};

use super::account_limits::{AccountLimits, Group, Readiness};
use super::pace::Pace;
use super::settings::DispatcherSettings;
use super::views::{AccountBreakerView, BucketView};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Limits {
    accounts: HashMap<AccountId, AccountLimits>,
    /// `None` is the installation's own app.
    apps: HashMap<Option<AppId>, Pace>,
}

/// What of a tenant's queue cannot go now.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Blocked {
    pub actions: Vec<(AccountId, ActionType)>,
    /// When the first of them can go, as far as time decides.
    pub until: Option<Timestamp>,
}

impl Limits {
    /// Takes over accounts, their status and the caps of a tenant. True when one that was held is
    /// active again.
    pub fn sync(&mut self, context: &TenantContext, settings: &DispatcherSettings) -> bool {
        let tenant = context.tenant.id;
        let caps = &context.settings.hourly_caps;
        let mut is_restored = false;
        for account in &context.accounts {
            let limits = self
                .accounts
                .entry(account.id)
                .or_insert_with(|| AccountLimits::new(tenant, account, caps, settings));
            limits.resize(caps);
            limits.app = account.app;
            let inactive = account.status != AccountStatus::Active;
            is_restored |= limits.inactive && !inactive;
            limits.inactive = inactive;
        }
        is_restored
    }

    /// Whether our own cap lets the action go.
    pub fn quota(&mut self, account: &AccountId, action: ActionType, now: Timestamp) -> Readiness {
        self.accounts.get_mut(account).map_or(Readiness::Held, |limits| limits.quota(Group::of(action), now))
    }

    /// Whether account and app may call now.
    pub fn rate(
        &mut self,
        account: &AccountId,
        action: ActionType,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Readiness {
        let Some(limits) = self.accounts.get_mut(account) else { return Readiness::Held };
        let app = app_pace(&mut self.apps, limits.app, settings).next(now);
        match limits.rate(Group::of(action), now, settings) {
            Readiness::Ready if app > now => Readiness::At(app),
            Readiness::At(at) => Readiness::At(at.max(app)),
            other => other,
        }
    }

    /// Whether Instagram can be read through the account now. An account that its tenant's context does not name has
    /// gone; nothing is read then, so nothing holds it up either.
    pub fn reading(
        &mut self,
        account: &AccountId,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Readiness {
        let Some(limits) = self.accounts.get_mut(account) else { return Readiness::Ready };
        match app_pace(&mut self.apps, limits.app, settings).blocked_until(now) {
            Some(until) => Readiness::At(until),
            None => limits.reading(now),
        }
    }

    /// Whether the account may be looked at beside its work.
    pub fn watching(
        &mut self,
        account: &AccountId,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Readiness {
        let Some(limits) = self.accounts.get_mut(account) else { return Readiness::Held };
        match app_pace(&mut self.apps, limits.app, settings).blocked_until(now) {
            Some(until) => Readiness::At(until),
            None => limits.watching(now),
        }
    }

    /// Takes what a call needs.
    pub fn take(
        &mut self,
        account: &AccountId,
        action: ActionType,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) {
        if let Some(limits) = self.accounts.get_mut(account) {
            limits.take(Group::of(action), now, settings);
            app_pace(&mut self.apps, limits.app, settings).take(now, settings);
        }
    }

    /// Frees the place of a call.
    pub fn release(&mut self, account: &AccountId) {
        if let Some(limits) = self.accounts.get_mut(account) {
            limits.in_flight = limits.in_flight.saturating_sub(1);
        }
    }

    /// All actions of the accounts of a tenant that cannot go now.
    pub fn blocked(
        &mut self,
        context: &TenantContext,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Blocked {
        let mut blocked = Blocked::default();
        for account in &context.accounts {
            for action in ActionType::ALL {
                let quota = self.quota(&account.id, *action, now);
                let rate = self.rate(&account.id, *action, now, settings);
                let at = match (quota, rate) {
                    (Readiness::Ready, Readiness::Ready) => continue,
                    (Readiness::At(one), Readiness::At(other)) => Some(one.max(other)),
                    (Readiness::At(at), Readiness::Ready) | (Readiness::Ready, Readiness::At(at)) => Some(at),
                    _ => None,
                };
                blocked.actions.push((account.id, *action));
                blocked.until = earlier(blocked.until, at);
            }
        }
        blocked
    }

    /// Learns from the usage headers of an answer.
    pub fn learn(
        &mut self,
        account: &AccountId,
        usage: &Usage,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) {
        let Some(limits) = self.accounts.get_mut(account) else { return };
        if let Some(percent) = usage.account_percent {
            limits.pace.learn(percent, usage.regain_after, now, settings);
        }
        if let Some(percent) = usage.app_percent {
            app_pace(&mut self.apps, limits.app, settings).learn(percent, usage.regain_after, now, settings);
        }
    }

    /// Instagram told us to wait.
    pub fn block_until(
        &mut self,
        account: &AccountId,
        app_wide: bool,
        until: Timestamp,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) {
        let Some(limits) = self.accounts.get_mut(account) else { return };
        limits.limited = true;
        if app_wide {
            app_pace(&mut self.apps, limits.app, settings).block_until(until, now);
        } else {
            limits.pace.block_until(until, now);
        }
    }

    /// The limits of an account, once its tenant has been seen.
    pub fn account(&mut self, account: &AccountId) -> Option<&mut AccountLimits> {
        self.accounts.get_mut(account)
    }

    /// When the `place`-th in line of an account and action can go.
    pub fn eta(
        &mut self,
        account: &AccountId,
        action: ActionType,
        place: u64,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Option<Timestamp> {
        let rate = self.rate(account, action, now, settings);
        let quota = self.accounts.get_mut(account)?.bucket(Group::of(action)).eta(now, place);
        match rate {
            Readiness::Held => None,
            Readiness::At(at) => Some(quota.max(at)),
            Readiness::Ready | Readiness::Busy => Some(quota),
        }
    }

    /// Every breaker, by tenant and account.
    pub fn breakers(&self) -> Vec<AccountBreakerView> {
        let mut views: Vec<_> = self
            .accounts
            .iter()
            .map(|(account, limits)| AccountBreakerView {
                tenant: limits.tenant,
                account: *account,
                view: limits.breaker(),
            })
            .collect();
        views.sort_by_key(|view| (view.tenant, view.account));
        views
    }

    /// Every bucket, by tenant and account, those of apps first.
    pub fn buckets(&mut self, now: Timestamp, settings: &DispatcherSettings) -> Vec<BucketView> {
        let mut views = Vec::new();
        for (app, pace) in &mut self.apps {
            views.push(BucketView::of_app(*app, pace, now, settings));
        }
        for (account, limits) in &mut self.accounts {
            let shared_until = self.apps.get(&limits.app).and_then(|app| app.blocked_until(now));
            for group in Group::ALL {
                views.push(BucketView::of_account(*account, limits, group, shared_until, now, settings));
            }
        }
        views.sort_by_key(|view| (view.tenant, view.account, view.app, view.bucket));
        views
    }

    /// Forgets accounts and apps that have done nothing for an hour.
    pub fn tidy(&mut self, now: Timestamp, settings: &DispatcherSettings, keep: impl Fn(&TenantId) -> bool) {
        self.accounts.retain(|_, limits| keep(&limits.tenant) || !limits.is_fresh(now, settings));
        self.apps.retain(|_, pace| !pace.is_fresh(now, settings));
    }

    /// Whose account it is.
    pub fn tenant_of(&self, account: &AccountId) -> Option<TenantId> {
        self.accounts.get(account).map(|limits| limits.tenant)
    }
}

/// The earlier of two moments that may not be known.
pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn app_pace<'a>(
    apps: &'a mut HashMap<Option<AppId>, Pace>,
    app: Option<AppId>,
    settings: &DispatcherSettings,
) -> &'a mut Pace {
    let cap = Some(settings.app_calls_per_hour).filter(|cap| *cap > 0);
    apps.entry(app).or_insert_with(|| Pace::new(cap))
}
