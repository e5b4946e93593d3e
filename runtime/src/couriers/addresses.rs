//! Addresses that users name are looked up once, checked, and connected to as they were checked: what a name server says
//! a moment later changes nothing.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;
use tenants::network::is_public;

/// Why an address is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none, or not one of ours.
    #[error("{0}")]
    Unusable(&'static str),
    /// It cannot be found at present.
    #[error("its host cannot be found: check the name")]
    NotFound,
    /// It leads where users must not lead us.
    #[error(
        "its host lies in a private network: use a public address (notices.allow_private_addresses allows others)"
    )]
    Private,
}

/// Which addresses are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Whether private networks and plain HTTP are allowed.
    pub allow_private: bool,
}

impl Addresses {
    /// Reads an address and refuses what can never be used, without looking it up.
    ///
    /// # Errors
    /// [`AddressError::Unusable`], and [`AddressError::Private`] for a number of a private network.
    pub fn read(&self, text: &str) -> Result<Url, AddressError> {
        let url =
            Url::parse(text.trim()).map_err(|_| AddressError::Unusable("write it as https://host/path"))?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private => {}
            _ => return Err(AddressError::Unusable("it must begin with https://")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Unusable("it must not hold a user name or password"));
        }
        if text.len() > 2_000 {
            return Err(AddressError::Unusable("it is longer than 2000 characters"));
        }
        match url.host_str().map(literal) {
            None => Err(AddressError::Unusable("it names no host")),
            Some(Some(address)) if !self.allows(address) => Err(AddressError::Private),
            Some(_) => Ok(url),
        }
    }

    /// Looks an address up and gives the places to connect to. One that is not allowed spoils them all: a name that
    /// leads to both is not to be trusted.
    ///
    /// # Errors
    /// [`AddressError`].
    pub async fn look_up(&self, url: &Url) -> Result<Vec<SocketAddr>, AddressError> {
        let host = url.host_str().ok_or(AddressError::Unusable("it names no host"))?;
        let port = url.port_or_known_default().ok_or(AddressError::Unusable("it names no port"))?;
        let found: Vec<SocketAddr> = match literal(host) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => {
                let found = tokio::net::lookup_host((host, port)).await;
                found.map_err(|_| AddressError::NotFound)?.collect()
            }
        };
        if found.is_empty() {
            return Err(AddressError::NotFound);
        }
        if found.iter().all(|place| self.allows(place.ip())) { Ok(found) } else { Err(AddressError::Private) }
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.allow_private || is_public(address)
    }
}

/// The address that a host is written as.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Addresses = Addresses { allow_private: false };

    #[test]
    fn what_can_never_be_used_is_refused_at_once() {
        for text in [
            "",
            "hooks.example.com",
            "http://hooks.example.com/x",
            "ftp://hooks.example.com",
            "file:///etc/passwd",
            "https://user:secret@hooks.example.com",
            "https://",
        ] {
            assert!(matches!(STRICT.read(text), Err(AddressError::Unusable(_))), "{text}");
        }
        assert!(STRICT.read("https://hooks.example.com/services/T0/B0/x?y=1").is_ok());
    }

    #[test]
    fn numbers_of_private_networks_are_refused_however_they_are_written() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "169.254.169.254",
            "10.0.0.1:8080",
            "[::1]",
            "[::ffff:10.0.0.1]",
            "[fe80::1]",
        ] {
            let read = STRICT.read(&format!("https://{host}/"));
            assert_eq!(read.unwrap_err(), AddressError::Private, "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_when_it_is_looked_up() {
        let url = STRICT.read("https://localhost/").unwrap();
        assert_eq!(STRICT.look_up(&url).await, Err(AddressError::Private));
        let open = Addresses { allow_private: true };
        assert!(
            open.look_up(&open.read("http://localhost:9/").unwrap())
                .await
                .unwrap()
                .iter()
                .all(|it| it.port() == 9)
        );
    }
}
