//! Stores verdicts of people and what is learned from them.

use sqlx::FromRow;
use tenants::autonomy::EarnedMode;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::tuning::{Lesson, TuningVersion};
use tenants::verdict::Verdict;

use super::schedule::Group;
use super::tenants::{raise_version, tenant_of};
use crate::db::{Connection, fetch, run};
use crate::failure::Failure;
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, text};

statements! {
    PRESENT_VERSION { "select coalesce(max(version), 0) as version from tenant_tunings where tenant_id = $1" }
    ADD_TUNING {
        "insert into tenant_tunings (tenant_id, version, tuning, record, verdicts, reason, made_by, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)"
    }
    /// The older versions are, the farther apart are those that are kept.
    THIN_OUT_TUNINGS {
        "delete from tenant_tunings where tenant_id = $1 and (version < $2 - 1024 \
         or (version < $2 - 128 and version % 64 <> 0) or (version < $2 - 16 and version % 8 <> 0))"
    }
    MARK_LEARNED {
        "update verdicts set folded_in = $2 where tenant_id = $1 and folded_in is null and id " (among 3)
    }
    DISCOUNT { "update verdicts set counted = false where tenant_id = $1 and folded_in > $2" }
    ADD_EARNED_MODE {
        "insert into earned_modes (tenant_id, intent, state, since, body, revision) values ($1, $2, $3, $4, $5, $6)"
    }
    MOVE_EARNED_MODE {
        "update earned_modes set state = $3, since = $4, body = $5, revision = $6 \
         where tenant_id = $1 and intent = $2 and revision = $6 - 1"
    }
    ADD_VERDICT {
        "insert into verdicts (id, tenant_id, source, approval_id, event_id, decision_id, text, basis, language, intent, \
         confidence, undoubted, prompt, model, cost_micro_usd, latency_us, verdict, corrected_intent, edit_distance, \
         decided_by, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
         $20, $21)"
    }
}

pub(crate) async fn apply(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let tenant = tenant_of(item.chain)?;
        match item.change {
            Change::AddVerdict(verdict) => add(connection, tenant, verdict).await?,
            Change::Learn(lesson) => learn(connection, tenant, lesson, now).await?,
            Change::PutEarnedMode(mode) => put_earned_mode(connection, tenant, mode, now).await?,
            _ => {}
        }
    }
    Ok(())
}

/// The version in use.
#[derive(FromRow)]
struct PresentRow {
    version: i64,
}

impl FromSqlite for PresentRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { version: row.get(0)? })
    }
}

fn somebody_else_learned() -> Failure {
    Failure::Conflict("somebody else has learned meanwhile".to_owned())
}

async fn learn(
    connection: &mut Connection,
    tenant: TenantId,
    lesson: &Lesson,
    now: Timestamp,
) -> Result<(), Failure> {
    let (base, mut version) = (i64::from(lesson.base), i64::from(lesson.base));
    let present = fetch!(connection, PresentRow, PRESENT_VERSION, tenant.0)?;
    if present.first().map(|row| row.version) != Some(base) {
        return Err(somebody_else_learned());
    }
    if let Some(back_to) = lesson.back_to {
        run!(connection, DISCOUNT, tenant.0, i64::from(back_to))?;
    }
    if let Some(next) = &lesson.next {
        version += 1;
        add_version(connection, tenant, version, next).await?;
        raise_version(connection, tenant, now).await?;
    }
    let verdicts: IdList = lesson.verdicts.iter().map(|verdict| verdict.0).collect();
    let marked = match verdicts.0.is_empty() {
        true => 0,
        false => run!(connection, MARK_LEARNED, tenant.0, version, &verdicts)?,
    };
    if marked == lesson.verdicts.len() as u64 { Ok(()) } else { Err(somebody_else_learned()) }
}

async fn add_version(
    connection: &mut Connection,
    tenant: TenantId,
    version: i64,
    next: &TuningVersion,
) -> Result<(), Failure> {
    let learned = &next.learned;
    run!(
        connection,
        ADD_TUNING,
        tenant.0,
        version,
        Doc(&learned.tuning),
        Doc(&learned.record),
        i64::from(learned.verdicts),
        text(&next.reason),
        text(&next.made_by),
        Moment(next.at)
    )
    // Two who read the same version at once: the key decides who is first.
    .map_err(|failure| failure.when_taken(|| "somebody else has learned meanwhile".to_owned()))?;
    run!(connection, THIN_OUT_TUNINGS, tenant.0, version)?;
    Ok(())
}

async fn put_earned_mode(
    connection: &mut Connection,
    tenant: TenantId,
    mode: &EarnedMode,
    now: Timestamp,
) -> Result<(), Failure> {
    let (intent, state, revision) = (mode.intent.as_str(), mode.state.as_str(), i64::from(mode.revision));
    let moved = || Failure::Conflict(format!("{intent} was moved by somebody else meanwhile"));
    if revision <= 1 {
        run!(connection, ADD_EARNED_MODE, tenant.0, intent, state, Moment(mode.since), Doc(mode), revision)
            .map_err(|failure| failure.when_taken(|| format!("{intent} was moved by somebody else meanwhile")))?;
    } else if run!(
        connection,
        MOVE_EARNED_MODE,
        tenant.0,
        intent,
        state,
        Moment(mode.since),
        Doc(mode),
        revision
    )? == 0
    {
        return Err(moved());
    }
    raise_version(connection, tenant, now).await
}

async fn add(connection: &mut Connection, tenant: TenantId, verdict: &Verdict) -> Result<(), Failure> {
    let found = verdict.basis.classification.as_ref();
    let writer = verdict.basis.written_by.as_ref();
    run!(
        connection,
        ADD_VERDICT,
        verdict.id.0,
        tenant.0,
        verdict.source.as_str(),
        verdict.approval.map(|approval| approval.0),
        verdict.event.0,
        verdict.decision.0,
        text(&verdict.text),
        Doc(&verdict.basis),
        found.and_then(|found| found.language).map(|language| language.as_str()),
        verdict.intent().map(|intent| intent.as_str()),
        found.map(|found| found.confidence),
        verdict.basis.undoubted,
        writer.and_then(|writer| writer.prompt.as_deref().map(text)),
        writer.map(|writer| text(&writer.model)),
        verdict.cost().0,
        verdict.latency_us(),
        verdict.verdict.as_str(),
        verdict.corrected_intent.map(|intent| intent.as_str()),
        verdict.edit_distance,
        text(&verdict.by),
        Moment(verdict.at)
    )
    .map_err(|failure| {
        failure.when_taken(|| format!("a verdict on {} was given already", verdict.decision))
    })?;
    Ok(())
}
