//! A person's profile, readable once they wrote or tapped a button.

use serde_json::{Value, json};

use super::{
    errors::GraphError,
    fields::{Read, render},
    perform::Call,
};
use crate::{ids::Igsid, state::World};

pub(crate) fn read(world: &World, call: &Call<'_>, igsid: &Igsid) -> Result<Value, GraphError> {
    let relation = world.people.relation(igsid.as_str()).ok_or_else(GraphError::no_matching_person)?;
    if !relation.consented || relation.blocks_account {
        return Err(GraphError::consent_required());
    }
    let person = world.people.find(&relation.username).ok_or_else(GraphError::no_matching_person)?;
    render("IGBusinessScopedID", call.login, &call.fields(&["name", "username", "profile_pic"])?, |field| {
        Ok(match field.name.as_str() {
            "id" => Read::Value(json!(igsid)),
            "name" => Read::from(person.name.clone()),
            "username" => Read::Value(json!(person.username)),
            "profile_pic" => {
                Read::Value(json!(format!("https://scontent.cdninstagram.com/p/{}.jpg", person.username)))
            }
            "follower_count" => Read::Value(json!(person.follower_count)),
            "is_user_follow_business" => Read::Value(json!(relation.follows_account)),
            "is_business_follow_user" => Read::Value(json!(relation.followed_by_account)),
            "is_verified_user" => Read::Value(json!(person.verified)),
            _ => Read::Unknown,
        })
    })
}
