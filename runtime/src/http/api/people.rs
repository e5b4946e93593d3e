//! People on Instagram, as the API shows them.

use serde::{Deserialize, Serialize};
use tenants::event::Person;
use utoipa::ToSchema;

/// A person on Instagram, as seen by one account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Person)]
pub(super) struct PersonView {
    /// Instagram-scoped id.
    id: String,
    /// Handle without `@`, when known.
    #[serde(default)]
    username: Option<String>,
}

impl From<Person> for PersonView {
    fn from(Person { id, username }: Person) -> Self {
        Self { id, username }
    }
}

impl From<PersonView> for Person {
    fn from(PersonView { id, username }: PersonView) -> Self {
        Self { id, username }
    }
}

impl PersonView {
    /// Somebody we have never heard of.
    pub(super) fn unknown() -> Self {
        Self { id: "preview".to_owned(), username: None }
    }
}
