//! Messages of the thread with a person.

use serde_json::Value;
use tenants::ports::{Finding, SendError};

use super::matching::{Found, Wanted, earliest};
use super::{cannot_tell, is_gone};
use crate::gateway::Gateway;
use crate::gateway::call::{Call, Target, checked, mailbox};
use crate::webhook::fields;

/// Instagram gives details of this many messages of a thread, counted from the newest.
const READABLE: usize = 20;

impl Gateway {
    /// Looks for our message in the threads with a person.
    pub(super) async fn find_message(
        &self,
        wanted: &Wanted<'_>,
        person_id: &str,
    ) -> Result<Finding, SendError> {
        let mut found = Vec::new();
        for thread in self.threads_with(wanted, person_id).await? {
            found.extend(self.find_in_thread(wanted, &thread).await?);
        }
        Ok(earliest(found).map_or(Finding::NotDone, |found| Finding::Done(Some(found.id))))
    }

    async fn threads_with(&self, wanted: &Wanted<'_>, person_id: &str) -> Result<Vec<String>, SendError> {
        let path = format!("{}/conversations", mailbox(wanted.account)?);
        let call = Call::get(wanted.account, path, Target::Account)
            .query("platform", "instagram")
            .query("user_id", checked(person_id)?)
            .query("fields", "id");
        let body = self.call(wanted.account, &call).await?.body;
        let threads = body["data"].as_array().into_iter().flatten();
        Ok(threads.filter_map(|thread| fields::id(thread, "id")).collect())
    }

    /// Ids and times come in one list; details only message by message, so only those in time are read.
    async fn find_in_thread(&self, wanted: &Wanted<'_>, thread: &str) -> Result<Vec<Found>, SendError> {
        let call =
            Call::get(wanted.account, checked(thread)?.to_owned(), Target::Thing).query("fields", "messages");
        let body = self.call(wanted.account, &call).await?.body;
        let listed = body["messages"]["data"].as_array().into_iter().flatten();
        let candidates: Vec<Found> =
            listed.filter_map(|item| wanted.candidate(item, "created_time")).collect();

        let mut found = Vec::new();
        for candidate in candidates.iter().take(READABLE) {
            if let Some(message) = self.read_message(wanted, &candidate.id).await?
                && wanted.is_written_by_us(&message, "message")
            {
                found.push(candidate.clone());
            }
        }
        if found.is_empty() && candidates.len() > READABLE {
            return Err(cannot_tell("more than 20 messages have been written since"));
        }
        Ok(found)
    }

    async fn read_message(&self, wanted: &Wanted<'_>, mid: &str) -> Result<Option<Value>, SendError> {
        let call = Call::get(wanted.account, checked(mid)?.to_owned(), Target::Thing)
            .query("fields", "id,created_time,from,message");
        match self.call(wanted.account, &call).await {
            Ok(answered) => Ok(Some(answered.body)),
            // Deleted since: it says nothing any more.
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
