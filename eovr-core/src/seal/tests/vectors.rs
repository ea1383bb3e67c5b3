//! Bytes that must never change: published test vectors of the ciphers, and our own formats.
//!
//! Another implementation of the written format (Python's `cryptography`, on OpenSSL) computed the same bytes for our
//! formats.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use aes_siv::siv::Aes128Siv;

use super::*;
use crate::seal::{Purpose, WrappedKey};

const TEXT: &str = "وقع المريض: fell, room 12";

const RANDOM: &str = "
    f9 01 019500000000700080000000000000f1 2f0cfa0cfc912804dc63b78a
    feb8dc02d909c4ec6f686f2440c6eab68cd5341091d036c84c17a01bcf375f34
    56 212806d2d3802c375f25a631cc4c32f0ae";
const RANDOM_EMPTY: &str = "
    f9 01 019500000000700080000000000000f1 2f0cfa0cfc912804dc63b78a
    21a5f3914082dfccbb3039d63ea86815";
const DETERMINISTIC: &str = "
    f9 02 019500000000700080000000000000e2 73fff37d241f672cb5a8c6f8c036b1ce
    3027c407dc6fc49188b6140241f92d7e6712a58002f058f631fddd604872dfd76282";
const DETERMINISTIC_EMPTY: &str = "
    f9 02 019500000000700080000000000000e2 cea6f96012cb1c9c29b028225736764d";

const WRAPPED_FIELDS: &str = "
    01 01 963d40e1e0daa4ce4eea3c50
    96c575e2a335636c4e4b44233725403658c3dcd19b2581df96c1b2853d184f0f
    05c4a8890e48b7221baadb9c7111a0a2";
const WRAPPED_SEARCH: &str = "
    01 01 2f17c9710c0938a3534bf7d0
    bf7870f585e0e237734ecfc0fbb134e65776b45c143d80802d7378cec4e6aec7
    31e3598849787a7dfb32f42932bbe538228f620e25dafc5d981f3fe272661818
    c60048db5bd08a40443ff9b6795a4813";

const ENTROPY: &str = "f313db36f204d967ef74d4c342ceafe3ac25a5364d5f219e3e5083d96f3e3c62963d40e1e0daa4ce";

/// Keys and values of the first release must open for ever.
#[test]
fn kept_bytes_open() -> Result<()> {
    let kept = [(FIELD_KEY, Purpose::Fields, WRAPPED_FIELDS), (SEARCH_KEY, Purpose::Search, WRAPPED_SEARCH)]
        .map(|(id, purpose, wrapped)| WrappedKey { id, purpose, created_at: NOW, wrapped: unhex(wrapped) });
    let ring = KeyRing::unwrap(&master(), &kept)?;
    for (sealed, text) in
        [(RANDOM, TEXT), (RANDOM_EMPTY, ""), (DETERMINISTIC, TEXT), (DETERMINISTIC_EMPTY, "")]
    {
        let opened = ring.open(&DESCRIPTION, &Sealed::from_stored(unhex(sealed))?)?;
        assert_eq!(opened.as_slice(), text.as_bytes());
    }
    Ok(())
}

/// The same keys, texts and seeds must give the same bytes for ever, because equality search depends on it.
#[test]
fn sealing_gives_the_recorded_bytes() -> Result<()> {
    let ring = ring()?;
    let wrapped: Vec<Vec<u8>> = ring.wrapped().into_iter().map(|key| key.wrapped).collect();
    assert_eq!(wrapped, [unhex(WRAPPED_FIELDS), unhex(WRAPPED_SEARCH)]);
    let check = |text: &str, expected: [&str; 2]| -> Result<()> {
        let sealed = seal_both(&ring, text.as_bytes())?;
        assert_eq!(
            sealed.each_ref().map(|sealed| hex(sealed.as_bytes())),
            expected.map(|text| hex(&unhex(text)))
        );
        Ok(())
    };
    check(TEXT, [RANDOM, DETERMINISTIC])?;
    check("", [RANDOM_EMPTY, DETERMINISTIC_EMPTY])
}

#[test]
fn entropy_gives_the_kept_stream() {
    let mut whole = [0; 40];
    entropy().fill(&mut whole);
    assert_eq!(hex(&whole), ENTROPY);

    // A second call continues at the next block of 16 bytes.
    let (mut first, mut second) = ([0; 12], [0; 24]);
    let mut entropy = entropy();
    entropy.fill(&mut first);
    entropy.fill(&mut second);
    assert!(whole.starts_with(&first) && whole.ends_with(&second));
}

#[test]
fn aes_siv_gives_rfc_5297_a1() {
    let key = unhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    let data = unhex("101112131415161718191a1b1c1d1e1f2021222324252627");
    let plain = unhex("112233445566778899aabbccddee");
    let expected = unhex("85632d07c6e8f37f950acd320a2ecc93 40c02b9690c4dc04daef7f6afe5c");
    let siv = || Aes128Siv::new_from_slice(&key).ok();
    assert_eq!(siv().and_then(|mut siv| siv.encrypt([&data], &plain).ok()), Some(expected.clone()));
    assert_eq!(siv().and_then(|mut siv| siv.decrypt([&data], &expected).ok()), Some(plain));
}

/// Test case 16 of the specification that NIST adopted (McGrew and Viega), with a 256-bit key.
#[test]
fn aes_gcm_gives_test_case_16() {
    let key = unhex("feffe9928665731c6d6a8f9467308308 feffe9928665731c6d6a8f9467308308");
    let nonce: [u8; 12] = unhex("cafebabefacedbaddecaf888").try_into().unwrap_or_default();
    let aad = unhex("feedfacedeadbeeffeedfacedeadbeef abaddad2");
    let plain = unhex(
        "d9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72
         1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39",
    );
    let expected = unhex(
        "522dc1f099567d07f47f37a32a84427d 643a8cdcbfe5c0c97598a2bd2555d1aa
         8cb08e48590dbb3da7b08b1056828838 c5f61e6393ba7a0abcc9f662
         76fc6ece0f4e1768cddf8853bb2d551b",
    );
    let sealed = Aes256Gcm::new_from_slice(&key)
        .ok()
        .and_then(|gcm| gcm.encrypt((&nonce).into(), Payload { msg: &plain, aad: &aad }).ok());
    assert_eq!(sealed, Some(expected));
}
