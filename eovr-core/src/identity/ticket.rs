use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::Result;
use crate::identity::token::bad_token;
use crate::record::RecordId;
use crate::seal::Entropy;

/// An id and 256 secret bits, the content of a refresh token and of an API key. As text it has 64 characters.
#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) id: RecordId,
    pub(super) secret: Zeroizing<[u8; 32]>,
}

const CHARACTERS: usize = 64;

impl Ticket {
    pub(super) fn draw(id: RecordId, entropy: &mut Entropy) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        entropy.fill(secret.as_mut_slice());
        Self { id, secret }
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([self.id.as_bytes().as_slice(), self.secret.as_slice()].concat());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        if text.len() != CHARACTERS {
            return Err(bad_token());
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| bad_token())?);
        let (id, rest) = bytes.split_first_chunk::<16>().ok_or_else(bad_token)?;
        let secret = rest.first_chunk::<32>().ok_or_else(bad_token)?;
        Ok(Self { id: RecordId::from_bytes(*id), secret: Zeroizing::new(*secret) })
    }
}
