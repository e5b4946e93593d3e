//! A directory in memory, a stub of the Graph API, and an account.

mod directory;
mod files;
mod stub;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tenants::account::{Account, AccountStatus, LoginFlavour};
use tenants::clock::{ManualClock, SystemClock, Timestamp};
use tenants::ids::{AccountId, Ids, TenantId};
use troupe_instagram::{Gateway, GatewayOptions, KeyRing, Vault};

pub use directory::FakeDirectory;
pub use files::{FakeFiles, byte_at};
pub use stub::Stub;

/// The token of every account in these tests.
pub const TOKEN: &str = "IGAAsecretTokenOfTheAccountInTheseTests";

/// 2026-03-04T05:06:07Z.
pub const NOW: Timestamp = Timestamp::from_millis(1_772_600_767_000);

pub fn ids() -> Ids {
    Ids::seeded(Arc::new(ManualClock::at(NOW.as_micros())), 11)
}

pub fn vault() -> Vault {
    let ids = ids();
    Vault::new(KeyRing::from_base64(&[KeyRing::generate(&ids)]).unwrap(), ids)
}

pub fn account(flavour: LoginFlavour) -> Account {
    let ids = ids();
    Account {
        id: AccountId::new(&ids),
        tenant: TenantId::new(&ids),
        external_id: "17841400000000123".into(),
        scoped_id: Some("24000000000000001".into()),
        page_id: (flavour == LoginFlavour::Facebook).then(|| "1029384756".into()),
        username: "acme".into(),
        flavour,
        app: None,
        status: AccountStatus::Active,
        token_expires_at: None,
        created_at: NOW,
    }
}

/// A gateway whose three hosts are one stub; paths begin with `/ig`, `/fb` and `/up`.
pub struct Room {
    pub gateway: Gateway,
    pub directory: Arc<FakeDirectory>,
    pub files: Arc<FakeFiles>,
    pub account: Account,
}

impl Room {
    pub fn new(address: &str, flavour: LoginFlavour) -> Self {
        let account = account(flavour);
        let vault = vault();
        let token = SecretString::from(TOKEN);
        let sealed = vault.seal_token(&account.tenant, &account.id, &token).unwrap();
        let directory = Arc::new(FakeDirectory::with_token(sealed));
        let options = GatewayOptions {
            instagram_base_url: format!("{address}/ig"),
            facebook_base_url: format!("{address}/fb"),
            upload_base_url: format!("{address}/up"),
            request_timeout: Duration::from_millis(800),
            connect_timeout: Duration::from_millis(400),
            ..GatewayOptions::default()
        };
        let gateway = Gateway::new(&options, Arc::new(vault), directory.clone()).unwrap();
        let files = Arc::new(FakeFiles::default());
        let gateway = gateway.with_files(files.clone(), Arc::new(SystemClock));
        Self { gateway, directory, files, account }
    }
}
