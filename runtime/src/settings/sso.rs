//! The `[sso]` section.

use serde::Deserialize;
use tenants::access::UserRole;
use tenants::ids::AgencyId;

use super::Secret;
use crate::people::sso::{SsoSettings, is_safe};

/// Sign-in through a provider of identities (OpenID Connect).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsoSection {
    /// The address by which the provider calls itself; empty: off.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// Shows it that it is us.
    pub client_secret: Secret,
    /// What stands on the button.
    pub label: String,
    /// Domains of e-mail addresses that may come in; all when empty.
    pub allowed_domains: Vec<String>,
    /// The agency that people belong to who come in without an invitation; empty: nobody does.
    pub provision_agency: String,
    /// What they become there.
    pub provision_role: String,
}

impl SsoSection {
    /// What the sign-in takes; `None` while it is off.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn read(&self) -> Result<Option<SsoSettings>, (&'static str, String)> {
        if self.issuer.is_empty() {
            return Ok(None);
        }
        let refused = |key, problem: &str| Err((key, problem.to_owned()));
        if !is_safe(&self.issuer, &self.issuer) {
            return refused(
                "sso.issuer",
                "must begin with https:// (http:// for a provider on this machine)",
            );
        }
        if self.client_id.is_empty() {
            return refused("sso.client_id", "must be set when sso.issuer is: the provider gives it");
        }
        let label = self.label.trim();
        if label.is_empty() || label.chars().count() > 60 {
            return refused("sso.label", "must have 1 to 60 characters");
        }
        let domains: Vec<String> = self
            .allowed_domains
            .iter()
            .map(|domain| domain.trim().trim_start_matches('@').to_lowercase())
            .collect();
        if domains.iter().any(|domain| domain.is_empty() || domain.contains(['@', ' ', '*'])) {
            return refused("sso.allowed_domains", "must name domains such as \"example.com\"");
        }
        Ok(Some(SsoSettings {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.inner().clone(),
            label: label.to_owned(),
            provision: self.provision(&domains)?,
            allowed_domains: domains,
        }))
    }

    fn provision(&self, domains: &[String]) -> Result<Option<(AgencyId, UserRole)>, (&'static str, String)> {
        if self.provision_agency.is_empty() {
            return Ok(None);
        }
        let refused = |key, problem: &str| Err((key, problem.to_owned()));
        let Ok(agency) = self.provision_agency.parse() else {
            return refused("sso.provision_agency", "must be the id of an agency (`troupe agency list`)");
        };
        let role = match self.provision_role.parse() {
            Ok(role @ (UserRole::Viewer | UserRole::Operator | UserRole::Manager)) => role,
            _ => return refused("sso.provision_role", "must be viewer, operator or manager"),
        };
        if domains.is_empty() {
            let problem = "must name your domains when sso.provision_agency is set: else everybody whom the provider knows comes in";
            return refused("sso.allowed_domains", problem);
        }
        Ok(Some((agency, role)))
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    const ON: &str =
        "[sso]\nissuer = \"https://id.example.com\"\nclient_id = \"troupe\"\nclient_secret = \"hidden\"\n";

    fn with(more: &str) -> Result<Settings, String> {
        Settings::with(&format!("{ON}{more}")).map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_off_until_an_issuer_is_named() {
        assert!(Settings::with("").unwrap().sso.read().unwrap().is_none());
        let read = with("allowed_domains = [\" @Example.COM\"]").unwrap().sso.read().unwrap().unwrap();
        assert_eq!(read.allowed_domains, ["example.com"]);
        assert!(read.provision.is_none());
        assert!(!format!("{read:?}").contains("hidden"));
    }

    #[test]
    fn what_would_let_everybody_in_is_refused_with_its_key() {
        let agency = "provision_agency = \"agy_01890000000070008000000000000001\"\n";
        for (more, key) in [
            ("label = \"\"".to_owned(), "sso.label"),
            ("allowed_domains = [\"*\"]".to_owned(), "sso.allowed_domains"),
            ("provision_agency = \"north\"".to_owned(), "sso.provision_agency"),
            (format!("{agency}provision_role = \"owner\""), "sso.provision_role"),
            (format!("{agency}provision_role = \"viewer\""), "sso.allowed_domains"),
        ] {
            let refused = with(&more).unwrap_err();
            assert!(refused.starts_with(key), "{more}: {refused}");
        }
        let clear =
            Settings::with("[sso]\nissuer = \"http://id.example.com\"\nclient_id = \"x\"").unwrap_err();
        assert!(clear.to_string().starts_with("sso.issuer"), "{clear}");
    }
}
