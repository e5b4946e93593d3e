-- Verdicts of people and what is learned from them.

-- What the decision behind a question rests on: classification, models, prompts, cost.
alter table approvals add column basis text;

-- A verdict teaches once: folded_in is the version of the tuning that has learned from it. One that was learned from in
-- a version that a person took back counts no more.
create table verdicts (
    id blob primary key not null,
    tenant_id blob not null references tenants (id),
    source text not null,
    approval_id blob,
    event_id blob not null,
    decision_id blob not null,
    text text not null,
    basis text not null,
    -- Repeated from the basis, to be looked up and added up: what the text was taken for, which prompt and model wrote
    -- the draft, what the models of the decision cost and how long they took.
    language text,
    intent text,
    confidence real,
    undoubted integer not null,
    prompt text,
    model text,
    cost_micro_usd integer not null,
    latency_us integer not null,
    verdict text not null,
    corrected_intent text,
    -- From 0, the draft as it was, to 1.
    edit_distance real,
    decided_by text not null,
    at integer not null,
    folded_in integer,
    counted integer not null default 1,
    unique (tenant_id, decision_id, source)
) strict;
create index verdicts_by_intent on verdicts (tenant_id, intent, id);
create index verdicts_by_prompt on verdicts (tenant_id, prompt, at);
create index verdicts_not_learned on verdicts (tenant_id, id) where folded_in is null;

-- What a tenant's classifier has learned, version by version; the highest is in use.
create table tenant_tunings (
    tenant_id blob not null references tenants (id),
    version integer not null,
    tuning text not null,
    -- How the classifier did before it learned: what thresholds are made of.
    record text not null,
    -- Verdicts learned from, all in all.
    verdicts integer not null,
    reason text not null,
    made_by text not null,
    at integer not null,
    primary key (tenant_id, version)
) strict, without rowid;

-- Intents that a tenant may let act by themselves once people agree often enough.
create table earned_modes (
    tenant_id blob not null references tenants (id),
    intent text not null,
    state text not null,
    since integer not null,
    body text not null,
    -- Grows with every change, so that of two who change it at once one is refused.
    revision integer not null,
    primary key (tenant_id, intent)
) strict, without rowid;
