//! `troupe user`: people who sign in.

use anyhow::Context;
use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::json;
use tenants::access::UserRole;
use tenants::changes::{Change, Changes};
use tenants::ids::AgencyId;
use tenants::ports::{UnitOfWork, Users};
use tenants::user::{Grant, TokenKind, User, UserChange, UserStatus};

use super::workspace::Workspace;
use super::{Finding, Output};
use crate::people::{Links, NewMember, PeopleSettings, SecretLink, checked_email, member_grants};
use crate::settings::Settings;

/// What to do with people.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Invite somebody: prints the link with which they choose name and password.
    Invite {
        /// Their e-mail address.
        email: String,
        /// client, viewer, operator, manager or owner.
        #[arg(long, default_value = "operator")]
        role: UserRole,
        /// For this tenant (id or slug) alone; may be repeated. All tenants of the agency when left out.
        #[arg(long)]
        tenant: Vec<String>,
        /// Agency id; may be left out when there is only one.
        #[arg(long)]
        agency: Option<String>,
    },
    /// List the people of an agency.
    List {
        /// Agency id; may be left out when there is only one.
        #[arg(long)]
        agency: Option<String>,
    },
    /// Print a link with which somebody chooses another password (or accepts the invitation they have not accepted yet).
    Reset {
        /// Their e-mail address.
        email: String,
    },
    /// Print a link that signs somebody in once, within an hour.
    Link {
        /// Their e-mail address.
        email: String,
    },
    /// Keep somebody from signing in; their sessions end.
    Disable {
        /// Their e-mail address.
        email: String,
    },
    /// Let somebody sign in again.
    Enable {
        /// Their e-mail address.
        email: String,
    },
    /// Untie somebody from who they are at the provider of identities: whoever signs in through it with their address next
    /// is them.
    Unlink {
        /// Their e-mail address.
        email: String,
    },
    /// Remove somebody from an agency.
    Remove {
        /// Their e-mail address.
        email: String,
        /// Agency id; may be left out when there is only one.
        #[arg(long)]
        agency: Option<String>,
    },
}

pub(super) async fn run(command: UserCommand, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let desk = Desk { workspace: &workspace, links: links(&workspace, &settings), output };
    match command {
        UserCommand::Invite { email, role, tenant, agency } => {
            desk.invite(&email, role, &tenant, agency.as_deref()).await?;
        }
        UserCommand::List { agency } => desk.list(agency.as_deref()).await?,
        UserCommand::Reset { email } => desk.reset(&email).await?,
        UserCommand::Link { email } => desk.link(&email).await?,
        UserCommand::Disable { email } => desk.set_status(&email, UserStatus::Disabled).await?,
        UserCommand::Enable { email } => desk.set_status(&email, UserStatus::Active).await?,
        UserCommand::Unlink { email } => desk.unlink(&email).await?,
        UserCommand::Remove { email, agency } => desk.remove(&email, agency.as_deref()).await?,
    }
    workspace.close().await;
    Ok(Finding::Fine)
}

fn links(workspace: &Workspace, settings: &Settings) -> Links {
    let foundations = &workspace.foundations;
    let public_url = settings.http.public_url(settings.http.listen);
    let (ids, clock) = (foundations.ids.clone(), foundations.clock.clone());
    Links::new(ids, clock, public_url, PeopleSettings::default())
}

struct Desk<'w> {
    workspace: &'w Workspace,
    links: Links,
    output: Output,
}

impl Desk<'_> {
    async fn find(&self, email: &str) -> anyhow::Result<(User, Vec<Grant>)> {
        let email = checked_email(email)?;
        let found = self.workspace.foundations.database.find_credentials(&email).await?;
        let user = found.map(|found| found.user);
        let user = user.with_context(|| format!("there is no user {email}; see `troupe user list`"))?;
        let grants = self.workspace.foundations.database.grants_of(&user.id).await?;
        Ok((user, grants))
    }

    async fn invite(
        &self,
        email: &str,
        role: UserRole,
        tenants: &[String],
        agency: Option<&str>,
    ) -> anyhow::Result<()> {
        let (workspace, database) = (self.workspace, &self.workspace.foundations.database);
        let (email, agency) = (checked_email(email)?, workspace.agency(agency).await?);
        let mut ids = Vec::with_capacity(tenants.len());
        for tenant in tenants {
            ids.push(workspace.tenant(tenant, Some(&agency.id.to_string())).await?.id);
        }
        let member = NewMember { role, tenants: (!ids.is_empty()).then_some(ids) };
        let grants = member_grants(agency.id, &member)?;
        let known = database.find_credentials(&email).await?.map(|found| found.user);
        if let Some(known) = &known {
            let theirs = database.grants_of(&known.id).await?;
            let is_there = theirs.iter().any(|grant| grant.agency == agency.id);
            anyhow::ensure!(
                !is_there,
                "{email} is in the agency already: `troupe user remove {email}` first, or `troupe user reset {email}` for \
                 another link"
            );
        }
        let is_new = known.is_none();
        let (user, mut changes) = workspace.act().invite(agency.id, email.clone(), known, grants);
        if !is_new {
            database.commit(changes).await?;
            let shown = json!({ "user": user.id, "email": email, "url": null });
            return self.output.result(&shown, || {
                format!(
                    "{email} has a user already and signs in as before; they are {role} in {} now",
                    agency.name
                )
            });
        }
        let (link, change) = self.links.make(TokenKind::Invitation, Some(user.id));
        changes.push(change);
        database.commit(changes).await?;
        self.show(&user, &link, "accept the invitation")
    }

    fn show(&self, user: &User, link: &SecretLink, what: &str) -> anyhow::Result<()> {
        let url = link.url.expose_secret();
        let shown =
            json!({ "user": user.id, "email": user.email, "url": url, "expires_at": link.expires_at });
        self.output.result(&shown, || {
            format!("{} may {what} with this link, once, until {}:\n{url}", user.email, link.expires_at)
        })
    }

    async fn list(&self, agency: Option<&str>) -> anyhow::Result<()> {
        let agency = self.workspace.agency(agency).await?;
        let users = self.workspace.foundations.database.list_users(&agency.id).await?;
        let columns = ["id", "email", "name", "status", "role", "for", "last sign-in"];
        self.output.list(&users, &columns, |(user, grants)| {
            let role = grants.iter().map(|grant| grant.role).max();
            let tenants: Option<Vec<String>> =
                grants.iter().map(|grant| grant.tenant.map(|tenant| tenant.to_string())).collect();
            vec![
                user.id.to_string(),
                user.email.clone(),
                user.name.clone(),
                user.status.to_string(),
                role.map_or("-".to_owned(), |role| role.to_string()),
                tenants.map_or("all tenants".to_owned(), |tenants| tenants.join(" ")),
                user.last_sign_in_at.map_or("-".to_owned(), |at| at.to_string()),
            ]
        })
    }

    async fn reset(&self, email: &str) -> anyhow::Result<()> {
        let (user, grants) = self.find(email).await?;
        let (kind, what) = match user.status {
            UserStatus::Invited => (TokenKind::Invitation, "accept the invitation"),
            UserStatus::Active => (TokenKind::PasswordReset, "choose another password"),
            UserStatus::Disabled => anyhow::bail!("{email} is disabled: `troupe user enable {email}` first"),
        };
        self.make_link(&user, &grants, kind, what).await
    }

    async fn link(&self, email: &str) -> anyhow::Result<()> {
        let (user, grants) = self.find(email).await?;
        anyhow::ensure!(
            user.status == UserStatus::Active,
            "{email} is {}: `troupe user reset {email}` makes the link they need",
            user.status
        );
        self.make_link(&user, &grants, TokenKind::SignIn, "sign in").await
    }

    async fn make_link(
        &self,
        user: &User,
        grants: &[Grant],
        kind: TokenKind,
        what: &str,
    ) -> anyhow::Result<()> {
        let (link, change) = self.links.make(kind, Some(user.id));
        let changes = self.workspace.act().link_made(first_agency(grants), user, change);
        self.workspace.foundations.database.commit(changes).await?;
        self.show(user, &link, what)
    }

    async fn set_status(&self, email: &str, status: UserStatus) -> anyhow::Result<()> {
        let (user, grants) = self.find(email).await?;
        anyhow::ensure!(
            user.status != UserStatus::Invited,
            "{email} has not accepted the invitation: `troupe user remove {email}` takes it back"
        );
        let user = User { status, ..user };
        let act = self.workspace.act();
        let details = json!({ "email": user.email, "status": status });
        let list = vec![
            Change::User(UserChange::Put(Box::new(user.clone()))),
            Change::User(UserChange::EndAll(user.id)),
            act.audit("user.changed", ("user", user.id.to_string()), details),
        ];
        let chain = tenants::audit::Chain::Agency(first_agency(&grants));
        self.workspace.foundations.database.commit(Changes { chain, list }).await?;
        self.output.result(&user, || format!("{email} is {status}"))
    }

    async fn unlink(&self, email: &str) -> anyhow::Result<()> {
        let (user, grants) = self.find(email).await?;
        let act = self.workspace.act();
        let details = json!({ "email": user.email });
        let list = vec![
            Change::User(UserChange::Unlink(user.id)),
            Change::User(UserChange::EndAll(user.id)),
            act.audit("user.identity_unlinked", ("user", user.id.to_string()), details),
        ];
        let chain = tenants::audit::Chain::Agency(first_agency(&grants));
        self.workspace.foundations.database.commit(Changes { chain, list }).await?;
        self.output.result(&user, || format!("{email} is tied to no provider of identities any more"))
    }

    async fn remove(&self, email: &str, agency: Option<&str>) -> anyhow::Result<()> {
        let agency = self.workspace.agency(agency).await?;
        let (user, grants) = self.find(email).await?;
        let is_there = grants.iter().any(|grant| grant.agency == agency.id);
        anyhow::ensure!(is_there, "{email} is not in {}", agency.name);
        let changes = self.workspace.act().remove_member(agency.id, &user);
        self.workspace.foundations.database.commit(changes).await?;
        self.output
            .result(&json!({ "removed": user.id }), || format!("{email} is not in {} any more", agency.name))
    }
}

fn first_agency(grants: &[Grant]) -> AgencyId {
    grants.first().map_or(AgencyId::INSTALLATION, |grant| grant.agency)
}
