//! Verdicts and what was learned from them, as they are read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::autonomy::EarnedMode;
use tenants::ids::{ApprovalId, DecisionId, EventId, TenantId, VerdictId};
use tenants::intent::Intent;
use tenants::ports::{KeptVerdict, Learning, StoreError};
use tenants::tuning::{Learned, Record, Tuning, TuningVersion};
use tenants::verdict::{Basis, Verdict, VerdictKind, VerdictSource};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, count};

macro_rules! verdict_columns {
    () => {
        " id, source, approval_id, event_id, decision_id, text, basis, verdict, corrected_intent, edit_distance, \
         decided_by, at, folded_in, counted "
    };
}
macro_rules! version_columns {
    () => {
        " version, verdicts, reason, made_by, at "
    };
}

statements! {
    /// Both in one question: it is asked whenever a tenant's actor wakes up, and most tenants have neither.
    LEARNED {
        "select tuning as body, true as is_tuning from tenant_tunings where tenant_id = $1 and version = \
         (select max(version) from tenant_tunings where tenant_id = $1) \
         union all select body, false from earned_modes where tenant_id = $1"
    }
    PRESENT_TUNING {
        "select" (columns version_columns) ", tuning, record from tenant_tunings where tenant_id = $1 \
         order by version desc limit 1"
    }
    FIND_TUNING {
        "select" (columns version_columns) ", tuning, record from tenant_tunings where tenant_id = $1 and version = $2"
    }
    LIST_TUNINGS {
        "select" (columns version_columns) "from tenant_tunings where tenant_id = $1 order by version desc"
    }
    UNLEARNED_VERDICTS {
        "select" (columns verdict_columns) "from verdicts where tenant_id = $1 and folded_in is null \
         order by id limit $2"
    }
    TENANTS_WITH_UNLEARNED_VERDICTS { "select distinct tenant_id from verdicts where folded_in is null" }
    LATEST_VERDICTS {
        "select" (columns verdict_columns) "from verdicts where tenant_id = $1 and intent = $2 \
         order by id desc limit $3"
    }
    EARNED_MODES { "select body from earned_modes where tenant_id = $1 order by intent" }
}

#[derive(FromRow)]
struct VerdictRow {
    id: Uuid,
    source: Word<VerdictSource>,
    approval_id: Option<Uuid>,
    event_id: Uuid,
    decision_id: Uuid,
    text: String,
    basis: Doc<Basis>,
    verdict: Word<VerdictKind>,
    corrected_intent: Option<Word<Intent>>,
    edit_distance: Option<f32>,
    decided_by: String,
    at: Moment,
    folded_in: Option<i64>,
    counted: bool,
}

impl From<VerdictRow> for KeptVerdict {
    fn from(row: VerdictRow) -> Self {
        let verdict = Verdict {
            id: VerdictId(row.id),
            source: row.source.0,
            approval: row.approval_id.map(ApprovalId),
            event: EventId(row.event_id),
            decision: DecisionId(row.decision_id),
            text: row.text,
            basis: row.basis.0,
            verdict: row.verdict.0,
            corrected_intent: row.corrected_intent.map(|intent| intent.0),
            edit_distance: row.edit_distance,
            by: row.decided_by,
            at: row.at.0,
        };
        Self { verdict, folded_in: row.folded_in.map(count), counted: row.counted }
    }
}

/// A version as lists show it.
#[derive(FromRow)]
struct VersionRow {
    version: i64,
    verdicts: i64,
    reason: String,
    made_by: String,
    at: Moment,
}

impl VersionRow {
    fn holding(self, tuning: Tuning, record: Record) -> TuningVersion {
        let tuning = Tuning { version: count(self.version), ..tuning };
        TuningVersion {
            learned: Learned { tuning, record, verdicts: count(self.verdicts) },
            reason: self.reason,
            made_by: self.made_by,
            at: self.at.0,
        }
    }
}

impl From<VersionRow> for TuningVersion {
    fn from(row: VersionRow) -> Self {
        row.holding(Tuning::default(), Record::default())
    }
}

#[derive(FromRow)]
struct TuningRow {
    #[sqlx(flatten)]
    version: VersionRow,
    tuning: Doc<Tuning>,
    record: Doc<Record>,
}

impl From<TuningRow> for TuningVersion {
    fn from(row: TuningRow) -> Self {
        row.version.holding(row.tuning.0, row.record.0)
    }
}

impl Database {
    /// What a tenant's actor needs to know of what was learned.
    pub(crate) async fn learned(
        &self,
        tenant: &TenantId,
    ) -> Result<(Tuning, BTreeMap<Intent, EarnedMode>), StoreError> {
        let found = rows!(self.reader(), (Doc<serde_json::Value>, bool), LEARNED, tenant.0)?;
        let (mut tuning, mut earned) = (Tuning::default(), BTreeMap::new());
        for (body, is_tuning) in found {
            if is_tuning {
                tuning = read(body.0)?;
            } else {
                let mode: EarnedMode = read(body.0)?;
                earned.insert(mode.intent, mode);
            }
        }
        Ok((tuning, earned))
    }
}

fn read<T: serde::de::DeserializeOwned>(body: serde_json::Value) -> Result<T, StoreError> {
    serde_json::from_value(body).map_err(|error| StoreError::Corrupt(format!("what was learned: {error}")))
}

#[async_trait]
impl Learning for Database {
    async fn find_tuning(
        &self,
        tenant: &TenantId,
        version: Option<u32>,
    ) -> Result<Option<TuningVersion>, StoreError> {
        let found = match version {
            Some(version) => row!(self.reader(), TuningRow, FIND_TUNING, tenant.0, i64::from(version))?,
            None => row!(self.reader(), TuningRow, PRESENT_TUNING, tenant.0)?,
        };
        Ok(found.map(TuningVersion::from))
    }

    async fn list_tunings(&self, tenant: &TenantId) -> Result<Vec<TuningVersion>, StoreError> {
        rows!(self.reader(), VersionRow, LIST_TUNINGS, tenant.0).map(all)
    }

    async fn unlearned_verdicts(&self, tenant: &TenantId, limit: u32) -> Result<Vec<Verdict>, StoreError> {
        let found = rows!(self.reader(), VerdictRow, UNLEARNED_VERDICTS, tenant.0, i64::from(limit))?;
        Ok(found.into_iter().map(|row| KeptVerdict::from(row).verdict).collect())
    }

    async fn tenants_with_unlearned_verdicts(&self) -> Result<Vec<TenantId>, StoreError> {
        let found = rows!(self.reader(), (Uuid,), TENANTS_WITH_UNLEARNED_VERDICTS)?;
        Ok(found.into_iter().map(|(tenant,)| TenantId(tenant)).collect())
    }

    async fn latest_verdicts(
        &self,
        tenant: &TenantId,
        intent: Intent,
        limit: u32,
    ) -> Result<Vec<KeptVerdict>, StoreError> {
        let limit = i64::from(limit);
        rows!(self.reader(), VerdictRow, LATEST_VERDICTS, tenant.0, intent.as_str(), limit).map(all)
    }

    async fn earned_modes(&self, tenant: &TenantId) -> Result<Vec<EarnedMode>, StoreError> {
        let found = rows!(self.reader(), (Doc<EarnedMode>,), EARNED_MODES, tenant.0)?;
        Ok(found.into_iter().map(|(mode,)| mode.0).collect())
    }
}
