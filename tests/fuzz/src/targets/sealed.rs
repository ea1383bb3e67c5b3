//! Sealed values as a store returns them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use eovr_core::name;
use eovr_core::record::{Record, StoredRecord};
use eovr_core::seal::csfle::{CsfleRing, LocalKey};
use eovr_core::seal::{Cipher, Entropy, Format, KeyRing, MasterKey, Mode, Place, Sealed};
use uuid::Uuid;

use crate::fixture::envelope;

const PLACE: Place<'static> = Place { kind: "note", record: Uuid::from_u128(7), field: "words" };

/// Both key rings, and every value that they have sealed.
struct Rings {
    ours: KeyRing,
    mongodb: CsfleRing,
    made: Vec<Sealed>,
}

static RINGS: LazyLock<Rings> = LazyLock::new(|| {
    let mut entropy = Entropy::from_seed(&[1; 32]);
    let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let ours = KeyRing::create(&MasterKey::from_bytes(&[2; 32]), ids, 0, &mut entropy).expect("a first ring");
    let local = LocalKey::from_bytes(&[3; 96]);
    let (mongodb, _) = CsfleRing::create(&local, Uuid::from_u128(3), 0, &mut entropy).expect("a first ring");
    let ciphers: [&dyn Cipher; 2] = [&ours, &mongodb];
    let made = ciphers.into_iter().flat_map(|cipher| {
        [Mode::Random, Mode::Deterministic].map(|mode| {
            cipher
                .seal(&PLACE, mode, b"a vial was dropped", &mut Entropy::from_seed(&[4; 32]))
                .expect("it seals")
        })
    });
    Rings { made: made.collect(), ours, mongodb }
});

/// Input: a number that names a sealed value or none, and bytes, which replace part of that value. A value that the
/// ring never sealed does not open; a sealed value opens to its text.
pub(crate) fn check(bytes: &[u8]) {
    let Rings { ours, mongodb, made } = &*RINGS;
    let Some((which, bytes)) = bytes.split_first() else { return };
    let mut kept = made.get(usize::from(*which)).map(|sealed| sealed.as_bytes().to_vec()).unwrap_or_default();
    if kept.is_empty() {
        kept = bytes.to_vec();
    } else {
        kept.iter_mut().zip(bytes).for_each(|(kept, change)| *kept ^= change);
    }
    let name = name!("words");
    let sealed = BTreeMap::from([(name, kept.clone())]);
    let Ok(record) = Record::try_from(StoredRecord { envelope: envelope(), facets: BTreeMap::new(), sealed })
    else {
        return;
    };
    let sealed = record.sealed("words").expect("it was given");
    assert_eq!(sealed.as_bytes(), kept, "other bytes came back");
    assert_eq!(StoredRecord::from(&record).sealed.into_values().next(), Some(kept.clone()));
    assert!(
        std::str::from_utf8(&kept).is_err() || sealed.format() == Format::Csfle,
        "a text passed for a sealed value"
    );
    let cipher: &dyn Cipher = if sealed.format() == Format::Eovr { ours } else { mongodb };
    let opened = cipher.open(&PLACE, sealed);
    let is_ours = made.iter().any(|made| made.as_bytes() == kept);
    assert_eq!(opened.is_ok(), is_ours, "a value that was never sealed opens, or one that was does not");
    assert!(opened.is_err() || opened.is_ok_and(|plain| **plain == *b"a vial was dropped"));
    if sealed.format() == Format::Eovr {
        assert!(ours.open(&Place { field: "other", ..PLACE }, sealed).is_err(), "it opens in another place");
    }
}
