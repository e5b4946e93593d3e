//! Every statement of this crate, to be prepared without being executed.

use sqlx::{Executor, SqlSafeStr};
use tenants::ports::StoreError;

use crate::db::Session;
use crate::statement::{Bulk, Statement};
use crate::{
    alerts, apply, approvals, audit, briefings, budgets, comms, connections, conversations, costs, directory,
    inbox, intel, leads, learning, ledger, media, memory, operations, outbox, outside, oversight, overview,
    posts, prompts, rehearsals, ticks, users, watches, webhooks, writer,
};

/// A file whose statements are missing here does not compile without a warning: nobody else reads its list.
fn statements() -> impl Iterator<Item = &'static Statement> {
    const LISTS: &[&[&Statement]] = &[
        alerts::STATEMENTS,
        approvals::STATEMENTS,
        audit::STATEMENTS,
        briefings::STATEMENTS,
        budgets::STATEMENTS,
        comms::STATEMENTS,
        connections::STATEMENTS,
        conversations::STATEMENTS,
        costs::STATEMENTS,
        directory::STATEMENTS,
        inbox::STATEMENTS,
        leads::STATEMENTS,
        intel::STATEMENTS,
        learning::STATEMENTS,
        ledger::STATEMENTS,
        media::rows::STATEMENTS,
        memory::STATEMENTS,
        operations::STATEMENTS,
        outbox::STATEMENTS,
        oversight::STATEMENTS,
        outside::STATEMENTS,
        overview::STATEMENTS,
        posts::STATEMENTS,
        prompts::STATEMENTS,
        rehearsals::STATEMENTS,
        ticks::STATEMENTS,
        users::STATEMENTS,
        watches::STATEMENTS,
        webhooks::STATEMENTS,
        writer::STATEMENTS,
        apply::accounts::STATEMENTS,
        apply::alerts::STATEMENTS,
        apply::approvals::STATEMENTS,
        apply::audit::STATEMENTS,
        apply::comms::STATEMENTS,
        apply::conversations::STATEMENTS,
        apply::events::STATEMENTS,
        apply::leads::STATEMENTS,
        apply::connections::STATEMENTS,
        apply::intel::STATEMENTS,
        apply::learning::STATEMENTS,
        apply::ledger::STATEMENTS,
        apply::media::STATEMENTS,
        apply::memory::STATEMENTS,
        apply::operations::STATEMENTS,
        apply::oversight::STATEMENTS,
        apply::outside::STATEMENTS,
        apply::people::STATEMENTS,
        apply::posts::STATEMENTS,
        apply::prompts::STATEMENTS,
        apply::rehearsals::STATEMENTS,
        apply::expected::STATEMENTS,
        apply::rules::STATEMENTS,
        apply::tenants::STATEMENTS,
        apply::ticks::STATEMENTS,
        apply::users::STATEMENTS,
        apply::watches::STATEMENTS,
        apply::webhooks::STATEMENTS,
    ];
    LISTS.iter().copied().flatten().copied()
}

fn bulk_statements() -> impl Iterator<Item = &'static Bulk> {
    const LISTS: &[&[&Bulk]] = &[
        apply::accept::BULK_STATEMENTS,
        apply::audit::BULK_STATEMENTS,
        apply::comms::BULK_STATEMENTS,
        apply::conversations::BULK_STATEMENTS,
        apply::effects::BULK_STATEMENTS,
        apply::events::BULK_STATEMENTS,
        apply::intel::BULK_STATEMENTS,
        apply::ledger::BULK_STATEMENTS,
        apply::memory::BULK_STATEMENTS,
        apply::operations::BULK_STATEMENTS,
        apply::posts::BULK_STATEMENTS,
        apply::rehearsals::BULK_STATEMENTS,
        apply::rules::BULK_STATEMENTS,
        apply::ticks::BULK_STATEMENTS,
        apply::watches::BULK_STATEMENTS,
        apply::webhooks::BULK_STATEMENTS,
    ];
    LISTS.iter().copied().flatten().copied()
}

/// Prepares every statement and gives their number.
pub(crate) async fn prepare_all(session: &mut Session) -> Result<usize, StoreError> {
    let mut prepared = 0;
    for statement in statements() {
        match session {
            Session::Sqlite(_) => prepare(session, statement.sqlite()).await?,
            Session::Postgres(_) => prepare(session, statement.postgres()).await?,
        }
        prepared += 1;
    }
    for bulk in bulk_statements() {
        for rows in [1, 2] {
            match session {
                Session::Sqlite(_) => prepare(session, bulk.sqlite(rows)).await?,
                Session::Postgres(_) => prepare(session, bulk.postgres(rows)).await?,
            }
            prepared += 1;
        }
    }
    Ok(prepared)
}

async fn prepare(session: &mut Session, sql: impl SqlSafeStr) -> Result<(), StoreError> {
    let sql = sql.into_sql_str();
    let text = sql.as_str().to_owned();
    let prepared = match session {
        Session::Sqlite(session) => session.prepare(sql).await.map(drop),
        Session::Postgres(session) => session.prepare(sql).await.map(drop),
    };
    prepared.map_err(|error| StoreError::Corrupt(format!("{error} in: {text}")))
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::db::Pool;
    use crate::testing::TestDatabase;

    /// Beginnings of the statements that are meant to read everything: lists of few rows, counts, the first row of
    /// an index.
    const READ_EVERYTHING: &[&str] = &[
        // Keys in use, the few apps, and channels: asked when keys change.
        "select token_key_id, count(*)",
        "select secret_key_id, count(*)",
        "select instagram_secret_key_id, count(*)",
        "select grant_key_id, count(*)",
        "select agency_id, id, external_id, secret_key_id as key_id",
        "select agency_id, id, instagram_app_id as external_id",
        "select agency_id, tenant_id, id, secret_key_id as key_id",
        "select agency_id, webhook_id, id, secret_key_id as key_id",
        // Webhooks of all agencies are few, and looked for only where there are some.
        "select id, agency_id, setup, disabled_reason, disabled_at, failing_since, delivered_at, version, created_at, updated_at, (select max(s.expires_at) from webhook_secrets s where s.webhook_id = webhooks.id) as old_secret_until from webhooks order by id",
        "select id, agency_id, setup, disabled_reason, disabled_at, failing_since, delivered_at, version, created_at, updated_at, (select max(s.expires_at) from webhook_secrets s where s.webhook_id = webhooks.id) as old_secret_until from webhooks where disabled_reason is null",
        "select id, instagram_app_id, instagram_secret_key_id",
        // The requests to delete data that are still open, which an index holds and nothing else.
        "select code, app_id, user_id",
        // One row, from the beginning of an index.
        "select next_step_at from scheduled_posts",
        // Channels in use and what was not routed yet, each from an index of nothing else.
        "select id, agency_id, tenant_id, setup, failures, last_sent_at, approvals_told_at, created_at, updated_at from notification_channels where enabled",
        "select id, agency_id, tenant_id, kind, severity, person",
        // Once at the start of a program.
        "update tick_plans set marks = marks + 1, dirty_since = $2 where catalogue",
        // The first row of an index.
        "select min(at) from (select",
        // The newest few, from the end of the primary key.
        "select task, provider, model, cost_micro_usd, outcome from llm_calls order by id desc",
        // The handful of versions that came with the program.
        "select id, agency_id, key, version, body, note, created_by, created_at from prompt_templates where agency_id = $1 and",
        // A row for each kind of prompt.
        "select k.key, cast(null as",
        "select p.id, k.key, e.id as experiment_id",
        // Two subqueries that were found by index.
        "select d.prompt, d.event_id",
        // When the program brings other prompts.
        "update tenants set version = version + 1, updated_at = $1",
        "select id, name, created_at from agencies",
        "select id, agency_id, slug, name, time_zone, status, version, created_at from tenants where status",
        "select id, tenant_id, external_id, scoped_id, page_id, username",
        "select id, agency_id, tenant_id, external_id, verify_token",
        "select chain_id, tenant_id, agency_id from audit_heads union",
        "select kind, count(*)",
        "select action_type, status, count(*)",
        "select fire_at from cron_ticks",
        "with recursive waiting (tenant_id)",
        "select distinct tenant_id from post_queue where status in ('pending', 'failed')",
        "select distinct tenant_id from approvals where status = 'pending'",
        "select distinct tenant_id from verdicts where folded_in is null",
        "select id, agency_id, tenant_id, alert_type",
        // Ends with the first row.
        "select 1 from installation union all select 1 from users limit 1",
    ];

    #[tokio::test]
    async fn no_statement_reads_a_whole_table_unless_it_is_meant_to() {
        let file = TestDatabase::sqlite();
        let database = file.open().await;
        let Pool::Sqlite(pool) = &database.reader().pool else { panic!("another database") };
        let bulk = bulk_statements().map(|bulk| bulk.sqlite(2).0.to_string());
        let all = statements().map(|statement| statement.sqlite().to_owned()).chain(bulk);
        let is_plain = |sql: &String| {
            ["select", "with", "insert", "update", "delete"].iter().any(|it| sql.starts_with(it))
        };
        let mut scans = Vec::new();
        for sql in all.filter(is_plain).filter(|sql| !READ_EVERYTHING.iter().any(|it| sql.starts_with(it))) {
            let explain = AssertSqlSafe(format!("explain query plan {sql}"));
            let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(pool).await.unwrap();
            let steps: Vec<String> = plan.into_iter().map(|step| step.3).collect();
            // What a subquery gave is read whole; how it was found is a step of its own.
            let is_given = |name: &str| {
                let made = [format!("CO-ROUTINE {name}"), format!("MATERIALIZE {name}")];
                steps.iter().any(|step| made.contains(step))
            };
            let is_scan = |step: &&String| {
                let Some(scanned) = step.strip_prefix("SCAN ") else { return false };
                let is_table =
                    !["VIRTUAL TABLE", "VALUES CLAUSE", "(subquery"].iter().any(|it| scanned.contains(it));
                is_table && !is_given(scanned)
            };
            scans.extend(steps.iter().filter(is_scan).map(|step| format!("{step}: {sql}")));
        }
        assert!(scans.is_empty(), "{}", scans.join("\n"));
    }

    #[tokio::test]
    async fn the_echo_of_an_effect_is_looked_up_by_index() {
        let file = TestDatabase::sqlite();
        let database = file.open().await;
        let Pool::Sqlite(pool) = &database.reader().pool else { panic!("another database") };
        let cases =
            [("q.instagram_id = $3", "post_queue_by_instagram_id"), ("q.text = $4", "post_queue_open")];
        for (part, index) in cases {
            let sql = statements().map(Statement::sqlite).find(|sql| sql.contains(part)).unwrap();
            let explain = AssertSqlSafe(format!("explain query plan {sql}"));
            let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(pool).await.unwrap();
            assert!(plan.iter().any(|step| step.3.contains(index)), "{plan:?}");
        }
    }
}
