//! Codes that people copy from paper and screens: second factor, recovery, receipt.

use eovr_core::identity::recovery::RecoveryCode;
use eovr_core::identity::totp::TotpSecret;
use eovr_core::incident::ReceiptCode;

use super::text;

/// A parsed code is written as typed, except for capitals, look-alike characters, and separators of groups.
pub(crate) fn check(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let typed = |between: &[char]| -> String {
        let letters = text.chars().filter(|c| !c.is_whitespace() && !between.contains(c));
        letters.map(|c| c.to_ascii_uppercase()).collect()
    };
    if let Ok(secret) = TotpSecret::from_base32(text) {
        assert_eq!(*secret.to_base32(), typed(&['-', '=']));
    }
    let plain = |shown: &str| shown.replace('-', "");
    let alike = |typed: String| typed.replace('O', "0").replace(['I', 'L'], "1");
    if let Ok(code) = text.parse::<ReceiptCode>() {
        // The text contains the code as shown, except for a label around it and digits of other scripts.
        let all =
            alike(typed(&[])).replace('U', "V").replace(|c: char| c.is_ascii() && !c.is_alphanumeric(), "");
        assert!(!text.is_ascii() || all.contains(&plain(&code.to_string())));
        assert!(code.to_string().parse::<ReceiptCode>().is_ok_and(|again| again == code));
    }
    if let Some(code) = RecoveryCode::typed(text) {
        let shown = code.shown();
        assert_eq!(RecoveryCode::typed(&shown).map(|again| again.digest()), Some(code.digest()));
        if text.is_ascii() {
            // The reader drops invisible characters, of which ASCII has the control characters.
            let seen = typed(&['-']).replace(|c: char| c.is_ascii_control(), "");
            assert_eq!(plain(&shown), alike(seen).replace('U', "V"));
        }
    }
}
