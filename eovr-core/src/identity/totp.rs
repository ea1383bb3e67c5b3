//! The second factor: six digits from an authenticator app, new every 30 seconds (TOTP, RFC 6238).
//!
//! SHA-1, six digits and 30 seconds are what every app understands; many ignore anything else. HMAC does
//! not need what is broken in SHA-1.

use std::fmt;

use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use qrcode::QrCode;
use qrcode::render::svg;
use sha1::Sha1;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::identity::base32;
use crate::seal::Entropy;
use crate::time::Timestamp;
use crate::typed;

const MICROS_PER_STEP: i64 = 30_000_000;
/// For clocks that differ and people who type slowly: a code is good for 50 seconds in all.
const LEEWAY_SECONDS: i64 = 10;
const DIGITS: u32 = 6;
/// The longest name that goes into the QR code.
const NAME_MOST: usize = 100;

/// What an account and its authenticator app both know: 160 random bits.
///
/// Keep it in a sealed field, as [`TotpSecret::to_base32`] writes it; show it (or [`TotpSecret::qr_svg`])
/// once, to the person it belongs to. Wiped from memory when dropped.
pub struct TotpSecret {
    // Boxed, so that moving it does not leave copies behind.
    bytes: Box<Zeroizing<[u8; 20]>>,
}

impl TotpSecret {
    /// A new secret.
    pub fn draw(entropy: &mut Entropy) -> Self {
        let mut bytes = Box::new(Zeroizing::new([0; 20]));
        entropy.fill(bytes.as_mut_slice());
        Self { bytes }
    }

    /// Reads what [`TotpSecret::to_base32`] wrote, in capitals or not, with or without spaces.
    ///
    /// # Errors
    /// `InvalidInput` where it is not 160 bits in base 32, 32 characters.
    pub fn from_base32(text: &str) -> Result<Self> {
        base32::decode(text, base32::APPS).map(|bytes| Self { bytes }).ok_or_else(|| {
            Error::invalid("not the secret of an authenticator app")
                .with_help("it is 160 bits in base 32: 32 letters and digits from 2 to 7")
        })
    }

    /// The secret for keeping, and for a person whose app cannot read the QR code.
    pub fn to_base32(&self) -> Zeroizing<String> {
        base32::encode(self.bytes.as_slice(), base32::APPS)
    }

    /// Whether a person may come in with this code now, and the step that it belongs to.
    ///
    /// Good is the code of the running 30 seconds, for ten seconds longer and from ten seconds earlier, because
    /// clocks differ and people type slowly. **A code is good once**: it must belong to a later step than
    /// `last_used`. Keep the step that is returned, in the same commit that lets the person in, and pass
    /// it the next time. Digits may be Arabic, Persian or of full width, with spaces between them.
    ///
    /// Three codes are always computed and compared in constant time. Six digits can be guessed: let
    /// an account try a few times only.
    pub fn check(&self, code: &str, now: Timestamp, last_used: Option<i64>) -> Option<i64> {
        let code = typed(code)?;
        // Below zero there are no steps. The latest step wins, so that nothing before it can be used.
        let mut found = -1_i64;
        for seconds in [-LEEWAY_SECONDS, 0, LEEWAY_SECONDS] {
            let step = now.plus_seconds(seconds).as_micros().div_euclid(MICROS_PER_STEP);
            let Ok(counter) = u64::try_from(step) else { continue };
            let same = (hotp(self.bytes.as_slice(), counter)? % 10_u32.pow(DIGITS)).ct_eq(&code);
            found.conditional_assign(&step, same);
        }
        (found >= 0 && last_used.is_none_or(|last| found > last)).then_some(found)
    }

    /// The address that an authenticator app reads: `otpauth://totp/…`. `issuer` is the name of the system
    /// or the hospital, `account` whatever tells the person's accounts apart, as a rule the e-mail address.
    ///
    /// Apps part the two at the first colon, so one in `issuer` is left out, and one in `account` is encoded. What is
    /// longer than 100 characters is cut: a long name keeps no account from a second factor.
    ///
    /// # Errors
    /// `InvalidInput` where one of them is empty.
    pub fn uri(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>> {
        let (issuer, account) = (escaped("issuer", &issuer.replace(':', " "))?, escaped("account", account)?);
        let secret = self.to_base32();
        Ok(Zeroizing::new(format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", *secret)))
    }

    /// [`TotpSecret::uri`] as a QR code: an `<svg>` element to put into a page. It holds the secret, so
    /// the page must not be cached.
    ///
    /// # Errors
    /// As [`TotpSecret::uri`]; and `InvalidInput` where both names together do not fit into a QR code.
    pub fn qr_svg(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>> {
        let code = QrCode::new(self.uri(issuer, account)?.as_bytes()).map_err(|_| {
            Error::invalid("`issuer` and `account` do not fit into a QR code")
                .with_help("shorter names fit: 200 characters together do in every script")
        })?;
        let page = Zeroizing::new(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build());
        // Without the line that makes it an XML file of its own.
        let element = page.find("<svg").and_then(|start| page.get(start..));
        Ok(Zeroizing::new(element.unwrap_or_default().to_owned()))
    }
}

/// Says that there is a secret, and nothing about it.
impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(redacted)")
    }
}

/// The number that RFC 4226 makes of a key and a counter, before it is cut to its last digits. HMAC takes
/// keys of every length, so there always is one.
fn hotp(key: &[u8], counter: u64) -> Option<u32> {
    let digest = Hmac::<Sha1>::new_from_slice(key).ok()?.chain_update(counter.to_be_bytes()).finalize();
    let digest = digest.into_bytes();
    let offset = usize::from(digest.last()? & 15);
    let four = digest.get(offset..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*four) & 0x7fff_ffff)
}

/// Six digits, however they were typed.
fn typed(code: &str) -> Option<u32> {
    let (mut value, mut count) = (0, 0);
    for c in typed::code(code) {
        value = value * 10 + c.to_digit(10)?;
        count += 1;
        if count > DIGITS {
            return None;
        }
    }
    (count == DIGITS).then_some(value)
}

/// A name as the label of an address has it: the colon encoded, and cut where an app would have no room.
fn escaped(what: &str, name: &str) -> Result<String> {
    if typed::is_blank(name) {
        return Err(Error::invalid(format!("`{what}` cannot stand in the address for an authenticator app"))
            .with_help("it takes a name of one character or more"));
    }
    let name = name.trim();
    let cut = name.char_indices().nth(NAME_MOST).is_some();
    let shown: String = name.chars().take(if cut { NAME_MOST - 1 } else { NAME_MOST }).collect();
    let mut text = String::new();
    for byte in shown.bytes().chain(if cut { "…" } else { "" }.bytes()) {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
