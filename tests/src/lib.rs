//! The test kit: a whole installation in one line, built by the production boot, with a sandbox in Instagram's place.
//!
//! ```ignore
//! let app = TestApp::start(Backend::Sqlite).await;
//! let shop = app.tenant("acme").create().await;
//! let comment = app.comment(&shop, "fan", "love it!");
//! app.settle().await;
//! assert_eq!(app.visible(&comment).replies.len(), 1);
//! ```

mod api;
mod app;
mod models;
mod post;
mod stories;
mod tenant;

pub use api::{Api, Reply};
pub use app::{Backend, TestApp};
pub use models::{ModelServer, Says};
pub use post::{Mail, MailDeed, MailServer, Received, Receiver};
pub use stories::run_story;
pub use tenant::{TenantBuilder, TestTenant};
