use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::identity::api_key::{self, Access, ApiKey, NewKey};
use crate::identity::authentication::{Authenticated, Authentication};
use crate::identity::login;
use crate::identity::token::bad_token;
use crate::org::OrgId;
use crate::record::{RecordId, Value};
use crate::service::Session;
use crate::workflow::Label;

/// An authenticated machine, for one request.
#[derive(Clone, Debug)]
pub struct KeyBearer {
    /// The session with the machine's rights.
    pub session: Session,
    /// The API key.
    pub key: RecordId,
    /// The key's degree of access.
    pub access: Access,
}

impl Authentication {
    /// Issues a key in a facility of its bearer's seat. It cannot be shown again.
    ///
    /// # Errors
    /// `Unauthenticated` where `who` must authenticate again first; `Denied` below tier 5.
    pub async fn issue_key(&self, who: &Authenticated, facility: &OrgId, new: &NewKey) -> Result<ApiKey> {
        let eovr = self.eovr();
        let mut entropy = eovr.entropy()?;
        let key = ApiKey::draw(eovr.new_id(eovr.now(), &mut entropy), &mut entropy);
        let under = self.signer().api_keys().next().ok_or_else(bad_token)?;
        let command = api_key::issue(new, &key, under);
        who.session.create_as(&api_key::KIND, facility, key.id(), command).await?;
        Ok(key)
    }

    /// Revokes a key, and gives the reason.
    ///
    /// # Errors
    /// The errors of [`Authentication::issue_key`]; `NotFound` where there is no such key.
    pub async fn revoke_key(&self, who: &Authenticated, id: RecordId, why: &str) -> Result<()> {
        let command = Command::new(api_key::Action::Revoke).note(why);
        who.session.act(&api_key::KIND, id, command).await.map(drop)
    }

    /// Authenticates a request by its API key. A revocation takes effect at once, on every node.
    ///
    /// # Errors
    /// `Unauthenticated` where the key does not exist or has ended.
    pub async fn authenticate_key(&self, text: &str) -> Result<KeyBearer> {
        let key: ApiKey = text.parse()?;
        let record = match self.software(key.id())?.attested(&api_key::KIND, key.id()).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(bad_token()),
            found => found?,
        };
        let kept = record.facet("digest").and_then(Value::as_bytes).unwrap_or_default();
        // Both values are HMACs under a secret key, so the time of the comparison reveals nothing.
        let right = self.signer().api_keys().any(|under| key.digest(under).as_slice() == kept);
        let over =
            record.facet("expires_at").is_some() && login::time(&record, "expires_at") <= self.eovr().now();
        if !right || over || *record.state() != api_key::State::Active.name() {
            return Err(bad_token());
        }
        let (actor, access) = api_key::bearer(&record)?;
        Ok(KeyBearer { session: self.eovr().session(actor), key: record.id(), access })
    }
}
