//! People, and how each appears to each account.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{World, accounts::checked_username};
use crate::{
    control::requests::{NewPerson, RelationChange},
    errors::ControlError,
    ids::{AccountId, Igsid, Username},
};

/// A person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// Handle.
    pub username: Username,
    /// Display name, if any.
    pub name: Option<String>,
    /// Verified badge.
    pub verified: bool,
    /// Followers.
    pub follower_count: u64,
}

/// A person as one account sees them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Relation {
    /// The id the account knows them by.
    pub igsid: Igsid,
    /// The account.
    pub account: AccountId,
    /// The person.
    pub username: Username,
    /// They wrote or tapped a button, so that their profile may be read.
    pub consented: bool,
    /// They follow the account.
    pub follows_account: bool,
    /// The account follows them.
    pub followed_by_account: bool,
    /// They blocked the account.
    pub blocks_account: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct People {
    by_username: HashMap<Username, Person>,
    #[serde(with = "super::pairs")]
    igsids: HashMap<(AccountId, Username), Igsid>,
    relations: HashMap<Igsid, Relation>,
}

impl People {
    pub(crate) fn find(&self, username: &Username) -> Option<&Person> {
        self.by_username.get(username)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_username.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Person> {
        self.by_username.values()
    }

    pub(crate) fn igsid(&self, account: &AccountId, username: &Username) -> Option<&Igsid> {
        self.igsids.get(&(account.clone(), username.clone()))
    }

    pub(crate) fn relation(&self, igsid: &str) -> Option<&Relation> {
        self.relations.get(igsid)
    }

    pub(crate) fn relation_mut(&mut self, igsid: &str) -> Option<&mut Relation> {
        self.relations.get_mut(igsid)
    }
}

impl World {
    pub(crate) fn create_person(&mut self, new: NewPerson) -> Result<Person, ControlError> {
        let username = checked_username(&new.username)?;
        let person = Person {
            username: username.clone(),
            name: new.name,
            verified: new.verified,
            follower_count: new.follower_count,
        };
        self.people.by_username.insert(username, person.clone());
        Ok(person)
    }

    /// The person with this handle, made known to the account; created when unknown.
    pub(crate) fn meet(&mut self, account: &AccountId, handle: &str) -> Result<Relation, ControlError> {
        let username = checked_username(handle)?;
        if !self.people.by_username.contains_key(&username) {
            let name = Some(username.to_string());
            self.create_person(NewPerson { username: username.to_string(), name, ..NewPerson::default() })?;
        }
        if let Some(relation) =
            self.people.igsid(account, &username).and_then(|igsid| self.people.relation(igsid.as_str()))
        {
            return Ok(relation.clone());
        }
        let igsid = self.free_igsid(account, &username);
        let relation = Relation {
            igsid: igsid.clone(),
            account: account.clone(),
            username: username.clone(),
            consented: false,
            follows_account: false,
            followed_by_account: false,
            blocks_account: false,
        };
        self.people.igsids.insert((account.clone(), username), igsid.clone());
        self.people.relations.insert(igsid, relation.clone());
        Ok(relation)
    }

    pub(crate) fn relate(
        &mut self,
        account: &AccountId,
        handle: &str,
        change: RelationChange,
    ) -> Result<Relation, ControlError> {
        let igsid = self.meet(account, handle)?.igsid;
        let relation = self
            .people
            .relation_mut(igsid.as_str())
            .ok_or_else(|| ControlError::not_found("person", handle))?;
        relation.follows_account = change.follows_account.unwrap_or(relation.follows_account);
        relation.followed_by_account = change.followed_by_account.unwrap_or(relation.followed_by_account);
        relation.blocks_account = change.blocks_account.unwrap_or(relation.blocks_account);
        Ok(relation.clone())
    }

    fn free_igsid(&self, account: &AccountId, username: &Username) -> Igsid {
        let mut attempt = 0;
        loop {
            let igsid = self.ids.igsid(account, username, attempt);
            if !self.people.relations.contains_key(&igsid) {
                return igsid;
            }
            attempt += 1;
        }
    }
}
