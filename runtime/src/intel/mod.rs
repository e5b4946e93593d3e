//! Insights, reports and competitors as people ask for them: the same for the HTTP API and the command line.

mod acts;
mod query;
mod views;

pub use acts::{InvalidCompetitor, add_competitor, checked_handle, delete_competitor};
pub use query::{Days, InvalidDays};
pub use views::{
    BestTimesView, CompetitorView, InsightView, MediaView, ReportView, SnapshotView, csv_of_insights,
};
