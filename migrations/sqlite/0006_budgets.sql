-- Budgets that people set, look at and are warned about.

-- Most that all tenants of the agency together may spend on language models in a day of UTC; null sets no limit.
alter table agencies add column daily_budget_micro_usd integer check (daily_budget_micro_usd >= 0);

create index budgets_by_day on budgets (day);
create index system_alerts_of_budgets on system_alerts (dedup_key, id) where alert_type = 'budget';
create index system_alerts_of_budgets_open on system_alerts (id) where alert_type = 'budget' and resolved_at is null;
