//! Roles of people and keys, and what each may do.

use crate::words::word_enum;

word_enum! {
    /// What somebody is in an agency, or for one of its tenants. Each may do what the ones before it may, except that a
    /// client sees only what concerns a client, and a viewer says nothing about posts.
    pub enum UserRole {
        /// Belongs to the brand itself: sees its posts, calendar, media and reports, and approves posts.
        Client = "client",
        /// Sees everything of a tenant and changes nothing.
        Viewer = "viewer",
        /// Does the daily work: conversations, drafts, posts, the queue, alerts.
        Operator = "operator",
        /// Decides how tenants are run: settings, rules, accounts, prompts, people below a manager.
        Manager = "manager",
        /// Everything, also who else is an owner or a manager, keys and apps.
        Owner = "owner",
    }
}

word_enum! {
    /// What a route asks of its caller.
    pub enum Permission {
        /// To see what a brand's own people may see.
        ReadShared = "read_shared",
        /// To see everything of a tenant.
        Read = "read",
        /// To say yes or no to posts.
        Review = "review",
        /// To do the daily work.
        Operate = "operate",
        /// To decide how a tenant is run.
        Manage = "manage",
        /// To decide who may do what, and with which keys.
        Own = "own",
    }
}

impl UserRole {
    /// Whether this role may do that.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::{Operate, Own, Read, ReadShared, Review};
        match self {
            Self::Owner => true,
            Self::Manager => permission != Own,
            Self::Operator => matches!(permission, ReadShared | Read | Review | Operate),
            Self::Viewer => matches!(permission, ReadShared | Read),
            Self::Client => matches!(permission, ReadShared | Review),
        }
    }

    /// Whether somebody of this role may give `other` to people, or take it away. (Whether they may do so at all is a
    /// matter of [`Permission::Manage`].)
    pub fn may_grant(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Manager => matches!(other, Self::Operator | Self::Viewer | Self::Client),
            Self::Operator | Self::Viewer | Self::Client => false,
        }
    }

    /// The least role that has this permission, for messages. Review is asked of clients and operators alike.
    pub fn least(permission: Permission) -> Self {
        Self::ALL.iter().copied().find(|role| role.may(permission)).unwrap_or(Self::Owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_may_exactly_this() {
        let table: Vec<String> = UserRole::ALL
            .iter()
            .map(|role| {
                let may = Permission::ALL.iter().filter(|it| role.may(**it)).map(|it| it.as_str());
                format!("{role}: {}", may.collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(
            table,
            [
                "client: read_shared review",
                "viewer: read_shared read",
                "operator: read_shared read review operate",
                "manager: read_shared read review operate manage",
                "owner: read_shared read review operate manage own",
            ]
        );
    }

    #[test]
    fn nobody_gives_a_role_as_high_as_their_own_but_owners() {
        for role in UserRole::ALL {
            for other in UserRole::ALL {
                let expected = *role == UserRole::Owner || (*role == UserRole::Manager && other < role);
                assert_eq!(role.may_grant(*other), expected, "{role} gives {other}");
            }
        }
    }
}
