//! The second factor: six digits from an authenticator app, new every 30 seconds (TOTP, RFC 6238).
//!
//! SHA-1, six digits and 30 seconds, because every app supports them and many ignore other values. The known attacks
//! on SHA-1 do not affect HMAC.

use std::fmt;

use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::identity::base32;
use crate::seal::Entropy;
use crate::time::Timestamp;
use crate::typed;

const STEP_SECONDS: u64 = 30;
/// Tolerance for clock differences and slow typing. A code is valid for 50 seconds in all.
const LEEWAY_SECONDS: i64 = 10;
const DIGITS: u8 = 6;
/// The longest name in the QR code.
const NAME_MOST: usize = 100;

/// The shared secret of an account and its authenticator app: 160 random bits.
///
/// Store it in a sealed field, in the form of [`TotpSecret::to_base32`]. Show it (or [`TotpSecret::qr_svg`]) once,
/// and only to its owner. It is wiped from memory when dropped.
///
/// ```
/// use eovr_core::Timestamp;
/// use eovr_core::identity::totp::TotpSecret;
///
/// // The secret and a code of RFC 6238, appendix B.
/// let secret = TotpSecret::from_base32("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")?;
/// let now = Timestamp::from_micros(59_000_000);
/// let step = secret.check("287 082", now, None);
/// assert_eq!(step, Some(1));
/// assert_eq!(secret.check("287082", now, step), None); // a code is valid once
/// assert!(secret.uri("Nile Hospital", "mona@example.org")?.starts_with("otpauth://totp/"));
/// # Ok::<(), eovr_core::Error>(())
/// ```
pub struct TotpSecret {
    // Boxed, because moving the bytes would leave copies in memory.
    bytes: Box<Zeroizing<[u8; 20]>>,
}

impl TotpSecret {
    /// A new secret.
    pub fn draw(entropy: &mut Entropy) -> Self {
        let mut bytes = Box::new(Zeroizing::new([0; 20]));
        entropy.fill(bytes.as_mut_slice());
        Self { bytes }
    }

    /// Reads the form of [`TotpSecret::to_base32`], in upper or lower case, with or without spaces.
    ///
    /// # Errors
    /// `InvalidInput` where it is not 160 bits in base 32, 32 characters.
    pub fn from_base32(text: &str) -> Result<Self> {
        base32::decode(text, base32::APPS).map(|bytes| Self { bytes }).ok_or_else(|| {
            Error::invalid("not the secret of an authenticator app")
                .with_help("it is 160 bits in base 32: 32 letters and digits from 2 to 7")
        })
    }

    /// The secret to store, and to show to a user whose app cannot read the QR code.
    pub fn to_base32(&self) -> Zeroizing<String> {
        base32::encode(self.bytes.as_slice(), base32::APPS)
    }

    /// Checks a code, and returns its time step.
    ///
    /// A code is valid in its own 30 seconds, and ten seconds before and after, because clocks differ and people type
    /// slowly. **A code is valid once**: its step must be later than `last_used`. Store the returned step in the same
    /// commit that logs the user in, and pass it the next time. Digits may be Arabic, Persian or full-width, with
    /// spaces between them.
    ///
    /// The function always computes three codes and compares them in constant time. Six digits can be guessed, so
    /// limit the attempts for each account.
    pub fn check(&self, code: &str, now: Timestamp, last_used: Option<i64>) -> Option<i64> {
        let (code, app) = (typed(code)?, self.app(DIGITS));
        let mut found = None;
        for seconds in [-LEEWAY_SECONDS, 0, LEEWAY_SECONDS] {
            // There are no steps before 1970. The latest step wins, so that earlier codes cannot be used afterwards.
            let at = now.plus_seconds(seconds).as_micros().div_euclid(1_000_000);
            let Ok(at) = u64::try_from(at) else { continue };
            let step = app.check(&code, at).and_then(|step| i64::try_from(step).ok());
            found = step.or(found);
        }
        found.filter(|step| last_used.is_none_or(|last| *step > last))
    }

    /// The calculation of the authenticator app, without tolerance for its clock.
    fn app(&self, digits: u8) -> Totp {
        let secret = Secret::new(Box::from(self.bytes.as_slice()));
        let app = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(digits).with_skew(0);
        // `build` only adds checks of lengths that are fixed here.
        app.with_step_duration(STEP_SECONDS).with_secret(secret).build_noncompliant()
    }

    /// The address for an authenticator app: `otpauth://totp/…`. `issuer` is the name of the system or the hospital.
    /// `account` distinguishes the accounts of a user; usually it is the e-mail address.
    ///
    /// Apps split the two at the first colon, so a colon in `issuer` is left out, and one in `account` is encoded. A
    /// name is cut after 100 characters, so that users with long names can have a second factor.
    ///
    /// # Errors
    /// `InvalidInput` where one of them is empty.
    pub fn uri(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>> {
        let (issuer, account) = (escaped("issuer", &issuer.replace(':', " "))?, escaped("account", account)?);
        let secret = self.to_base32();
        Ok(Zeroizing::new(format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", *secret)))
    }

    /// [`TotpSecret::uri`] as a QR code: an `<svg>` element for a page. It contains the secret, so the page must not
    /// be cached.
    ///
    /// # Errors
    /// The errors of [`TotpSecret::uri`]; `InvalidInput` where both names together do not fit into a QR code.
    pub fn qr_svg(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>> {
        let code = QrCode::new(self.uri(issuer, account)?.as_bytes()).map_err(|_| {
            Error::invalid("`issuer` and `account` do not fit into a QR code")
                .with_help("use shorter names: 200 characters together fit in every script")
        })?;
        let page = Zeroizing::new(code.render::<svg::Color<'_>>().min_dimensions(240, 240).build());
        // Without the XML declaration, so that the element can stand in a page.
        let element = page.find("<svg").and_then(|start| page.get(start..));
        Ok(Zeroizing::new(element.unwrap_or_default().to_owned()))
    }
}

/// Prints that there is a secret, and nothing about it.
impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(redacted)")
    }
}

/// The six digits of a typed code, in any script, as ASCII.
fn typed(code: &str) -> Option<Zeroizing<String>> {
    let mut digits = Zeroizing::new(String::with_capacity(DIGITS.into()));
    for c in typed::code(code) {
        if !c.is_ascii_digit() || digits.len() == usize::from(DIGITS) {
            return None;
        }
        digits.push(c);
    }
    (digits.len() == usize::from(DIGITS)).then_some(digits)
}

/// A name for the label of the address: the colon encoded, and cut to length.
fn escaped(what: &str, name: &str) -> Result<String> {
    if typed::is_blank(name) {
        return Err(Error::invalid(format!("`{what}` is empty in the address for an authenticator app"))
            .with_help("give a name of one character or more"));
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
