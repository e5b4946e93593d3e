//! Where Meta sends people and requests: the page a person comes back to after a login, and the callbacks by which
//! Meta tells that somebody removed the app or wants their data deleted.

mod callback;
mod deauthorize;
mod deletion;
mod page;
mod signed;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::AppState;

pub use page::Page;

/// Public routes: what protects them is the state of an attempt, or Meta's signature.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(callback::come_back))
        .routes(routes!(deauthorize::deauthorize))
        .routes(routes!(deauthorize::deauthorize_for_app))
        .routes(routes!(deletion::delete_data))
        .routes(routes!(deletion::delete_data_for_app))
        .routes(routes!(deletion::deletion_status))
}
