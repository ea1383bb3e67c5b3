//! Sends messages to another system, signed after Standard Webhooks, so that the receiver can verify them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::verdict::Unsent;
use eovr_host::outgoing::{Address, Fetch};
use eovr_host::output::Failure;

/// The environment variable with the signing secret.
const SECRET: &str = "EOVR_WEBHOOK_SECRET";
/// The prefix of a secret in Standard Webhooks.
const PREFIX: &str = "whsec_";
/// The shortest secret, in bytes (Standard Webhooks: 24 to 64).
const SHORTEST: usize = 24;
/// The timeout of one message.
const PATIENCE: Duration = Duration::from_secs(15);

/// The receiving system.
pub(super) struct Webhook {
    at: Address,
    secret: Zeroizing<Vec<u8>>,
    fetch: Fetch,
}

impl Webhook {
    pub(super) fn new(url: &str) -> Result<Self, Failure> {
        let wrong = |what: &str| Failure::usage(format!("--webhook: {what}"), "write an https:// address");
        let at = Address::new(url).map_err(wrong)?;
        let text = Zeroizing::new(std::env::var(SECRET).unwrap_or_default());
        let secret = STANDARD.decode(text.trim().strip_prefix(PREFIX).unwrap_or(text.trim()));
        let secret = secret.ok().filter(|secret| secret.len() >= SHORTEST).ok_or_else(|| {
            Failure::usage(
                format!("{SECRET} is not set, or is too short"),
                "`openssl rand -base64 32` makes one; the receiver needs the same",
            )
        })?;
        let fetch = Fetch::new(None, PATIENCE).map_err(|what| wrong(&what))?;
        Ok(Self { at, secret: Zeroizing::new(secret), fetch })
    }

    pub(super) async fn tell(&self, position: u64, message: &str) -> Result<(), Unsent> {
        // The same for every attempt, so that the receiver can recognise a duplicate.
        let id = format!("eovr-{position}");
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let request = Request::post(&self.at.path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature(&self.secret, &id, seconds, message))
            .body(message.to_owned().into());
        // The library's error is dropped, because it contains the address, whose query may be a secret.
        let answer = self.fetch.send(&self.at, request).await;
        let (status, _) = answer.map_err(|_| Unsent::for_now("no answer").for_all())?;
        match status {
            status if status.is_success() => Ok(()),
            // Only this status is final.
            StatusCode::GONE => Err(Unsent::of_recipient(status.to_string())),
            // Our signature or our address of the receiver is wrong.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(Unsent::ours(status.to_string()))
            }
            status => Err(Unsent::for_now(status.to_string())),
        }
    }
}

/// HMAC-SHA-256 over id, time and body.
fn signature(secret: &[u8], id: &str, seconds: u64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_signature_is_what_receivers_expect() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let said =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(said, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
