//! Elements of BSON, sealed in MongoDB's format.

use std::sync::LazyLock;

use eovr_core::seal::csfle::{CsfleRing, LocalKey};
use eovr_core::seal::{Entropy, Mode};
use mongodb::bson::RawDocument;
use uuid::Uuid;

static RING: LazyLock<CsfleRing> = LazyLock::new(|| {
    let mut entropy = Entropy::from_seed(&[1; 32]);
    let made = CsfleRing::create(&LocalKey::from_bytes(&[2; 96]), Uuid::from_u128(3), 0, &mut entropy);
    made.expect("a first ring").0
});

/// Documents, arrays and code with scope: the vault does not check their content.
const NESTED: [u8; 3] = [0x03, 0x04, 0x0f];

/// Input: a mode, a type, and its bytes. An accepted value opens unchanged, and MongoDB's own parser reads it as the
/// same value.
pub(crate) fn check(bytes: &[u8]) {
    let [mode, bson_type, value @ ..] = bytes else { return };
    let mode = if mode & 1 == 0 { Mode::Random } else { Mode::Deterministic };
    let Ok(sealed) = RING.seal_value(mode, *bson_type, value, &mut Entropy::from_seed(&[4; 32])) else {
        return;
    };
    let opened = RING.open_value(&sealed).expect("what was sealed opens");
    assert_eq!((opened.bson_type(), opened.bytes()), (*bson_type, value), "another value came back");
    let opened = RING.open_bytes(sealed.as_bytes()).expect("what was kept opens");
    if let Ok(plain) = opened.into_plain() {
        assert!(value.windows(plain.len().max(1)).any(|part| part == &**plain) || plain.is_empty());
    }
    if NESTED.contains(bson_type) {
        return;
    }
    let body = [&[*bson_type], b"v\0".as_slice(), value, &[0]].concat();
    let length = i32::try_from(body.len() + 4).expect("less than two gigabytes").to_le_bytes();
    let document = [length.as_slice(), &body].concat();
    let document = RawDocument::from_bytes(&document).expect("a document of one element");
    let elements: Result<Vec<_>, _> = document.iter().collect();
    let elements = elements.expect("an element that a driver can read back");
    let [(name, read)] = elements.as_slice() else {
        panic!("another number of elements: {}", elements.len())
    };
    assert_eq!((name.as_str(), read.element_type() as u8), ("v", *bson_type));
}
