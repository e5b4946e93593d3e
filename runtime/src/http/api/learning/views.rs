//! What was learned, as it is sent.

use std::collections::BTreeMap;

use serde::Serialize;
use tenants::agreement::Agreement;
use tenants::autonomy::{EarnedMode, EarnedState, evidence, may_earn, standing};
use tenants::clock::Timestamp;
use tenants::intent::Intent;
use tenants::settings::{Mode, TenantSettings};
use tenants::tuning::{Learned, Tuning, TuningVersion};
use tenants::verdict::Verdict;
use utoipa::ToSchema;

use crate::http::schema;

/// What was learned from people's verdicts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Learning)]
pub struct LearningView {
    /// Whether verdicts are learned from.
    learning: bool,
    /// The version in use; 0 when nothing was learned.
    version: u32,
    /// Verdicts it has learned from.
    verdicts: u32,
    /// Weights that differ from the built-in ones, in rows.
    rows: usize,
    /// Where each intent stands.
    intents: Vec<IntentView>,
    /// The versions that are kept, newest first; the older, the farther apart.
    versions: Vec<VersionView>,
}

/// Where an intent stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LearnedIntent)]
struct IntentView {
    /// The intent.
    #[schema(value_type = schema::Intent)]
    intent: Intent,
    /// From which confidence the local classifier is believed.
    local_from: f32,
    /// True when that was learned.
    is_learned: bool,
    /// How often the local classifier was right from there on.
    local_answers: AgreementView,
    /// How often people wanted drafts as they were, of those that would leave by themselves.
    drafts: AgreementView,
    /// The mode set for the intent.
    #[schema(value_type = schema::Mode)]
    set: Mode,
    /// Whether it acts by itself, or might; left out where it never can.
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomy: Option<AutonomyView>,
}

/// Whether an intent acts by itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EarnedAutonomy)]
struct AutonomyView {
    /// `acting` or `drafting`.
    #[schema(value_type = schema::EarnedState)]
    state: EarnedState,
    /// Why.
    because: String,
    /// The share of drafts that must surely be right; left out when the tenant lets it earn nothing.
    bar: Option<f64>,
    /// From at least this many verdicts.
    at_least: Option<u32>,
    /// Since when, if it ever changed.
    #[schema(value_type = Option<schema::Moment>)]
    since: Option<Timestamp>,
    /// It cannot be earned before that moment.
    #[schema(value_type = Option<schema::Moment>)]
    not_before: Option<Timestamp>,
}

/// How many of some cases were right, and between which bounds the true share lies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agreement)]
struct AgreementView {
    /// Right ones.
    agreed: u32,
    /// All of them.
    of: u32,
    /// The true share is at least this, with 95 % confidence.
    at_least: f64,
    /// The true share is at most this, with 95 % confidence.
    at_most: f64,
}

impl From<Agreement> for AgreementView {
    fn from(found: Agreement) -> Self {
        Self { agreed: found.agreed, of: found.of, at_least: found.lower(), at_most: found.upper() }
    }
}

/// A version of what was learned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LearningVersion)]
struct VersionView {
    /// Its number.
    version: u32,
    /// Verdicts it has learned from.
    verdicts: u32,
    /// Why it was made.
    reason: String,
    /// `learning`, or who went back.
    made_by: String,
    /// When.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

impl From<TuningVersion> for VersionView {
    fn from(version: TuningVersion) -> Self {
        let TuningVersion { learned, reason, made_by, at } = version;
        Self { version: learned.tuning.version, verdicts: learned.verdicts, reason, made_by, at }
    }
}

impl LearningView {
    /// `latest` are the latest verdicts on each intent, newest first.
    pub fn of(
        settings: &TenantSettings,
        present: &Learned,
        earned: &[EarnedMode],
        latest: &[(Intent, Vec<Verdict>)],
        versions: Vec<TuningVersion>,
    ) -> Self {
        let intent = |(intent, verdicts): &(Intent, Vec<Verdict>)| {
            let mode = earned.iter().find(|mode| mode.intent == *intent).cloned();
            let mode = mode.unwrap_or_else(|| EarnedMode::nothing(*intent));
            IntentView::of(settings, present, &mode, verdicts)
        };
        Self {
            learning: settings.learning,
            version: present.tuning.version,
            verdicts: present.verdicts,
            rows: present.tuning.nudges.len(),
            intents: latest.iter().map(intent).collect(),
            versions: versions.into_iter().map(VersionView::from).collect(),
        }
    }
}

impl IntentView {
    fn of(settings: &TenantSettings, present: &Learned, mode: &EarnedMode, latest: &[Verdict]) -> Self {
        let intent = mode.intent;
        let local_from = present.tuning.local_from(intent);
        let drafts = Agreement::count(evidence(mode, latest).into_iter().map(Verdict::agrees));
        Self {
            intent,
            local_from,
            is_learned: present.tuning.local_from.contains_key(&intent),
            local_answers: present.record.from(intent, local_from).into(),
            drafts: drafts.into(),
            set: settings.mode(intent),
            autonomy: may_earn(intent).then(|| AutonomyView::of(settings, mode)),
        }
    }
}

impl AutonomyView {
    fn of(settings: &TenantSettings, mode: &EarnedMode) -> Self {
        let bar = settings.autonomy.intents.get(&mode.intent);
        let is_stored = mode.revision > 0;
        let (state, because) = standing(settings, mode);
        Self {
            state,
            because,
            bar: bar.map(|bar| bar.bar),
            at_least: bar.map(|bar| bar.at_least),
            since: is_stored.then_some(mode.since),
            not_before: (is_stored && !mode.is_acting()).then_some(mode.not_before),
        }
    }
}

/// What the version in use does otherwise than an earlier one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LearningChanges)]
pub struct ChangeView {
    /// The earlier version; 0 has learned nothing.
    from: u32,
    /// The version in use.
    to: u32,
    /// Rows of weights that were added, changed and removed.
    rows: RowsView,
    /// How much weights moved towards each intent, all rows together.
    #[schema(value_type = BTreeMap<String, f32>)]
    moved: BTreeMap<Intent, f32>,
    /// From which confidence the local classifier was believed, and is.
    thresholds: Vec<ThresholdView>,
}

/// Rows of weights that differ.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = LearningRows)]
struct RowsView {
    /// In the version in use only.
    added: usize,
    /// In both, with other weights.
    changed: usize,
    /// In the earlier version only.
    removed: usize,
}

/// A threshold that moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MovedThreshold)]
struct ThresholdView {
    /// The intent.
    #[schema(value_type = schema::Intent)]
    intent: Intent,
    /// Before.
    from: f32,
    /// Now.
    to: f32,
}

impl ChangeView {
    /// What differs.
    pub fn between(earlier: &Tuning, present: &Tuning) -> Self {
        let mut rows = RowsView {
            removed: earlier.nudges.keys().filter(|row| !present.nudges.contains_key(row)).count(),
            ..RowsView::default()
        };
        let mut moved: BTreeMap<Intent, f32> = Intent::ALL.iter().map(|intent| (*intent, 0.0)).collect();
        for (row, now) in &present.nudges {
            let before = earlier.nudges.get(row);
            match before {
                None => rows.added += 1,
                Some(before) => rows.changed += usize::from(before != now),
            }
            let before = before.copied().unwrap_or_default();
            for (total, (now, before)) in moved.values_mut().zip(now.iter().zip(before)) {
                *total += now - before;
            }
        }
        let thresholds = Intent::ALL
            .iter()
            .map(|intent| (*intent, earlier.local_from(*intent), present.local_from(*intent)));
        Self {
            from: earlier.version,
            to: present.version,
            rows,
            moved,
            thresholds: thresholds
                .filter(|(_, from, to)| from != to)
                .map(|(intent, from, to)| ThresholdView { intent, from, to })
                .collect(),
        }
    }
}
