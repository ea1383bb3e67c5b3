use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use uuid::Uuid;

use super::aead::Key;
use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::seal::sealed::csfle_header;
use crate::seal::tests::{cut, flip, hex, refused, unhex};
use crate::seal::{Cipher, Entropy, Format, KeyRing, MasterKey, Mode, Place, Sealed};

const NOW: i64 = 1_790_000_000_000_000;
const ID: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
const PLACE: Place<'static> = Place { kind: "incident", record: Uuid::from_u128(7), field: "file_number" };
const BOTH: [Mode; 2] = [Mode::Random, Mode::Deterministic];

const KEY: Option<ErrorKind> = Some(ErrorKind::Key);
const TAMPERED: Option<ErrorKind> = Some(ErrorKind::Tampered);
const INVALID: Option<ErrorKind> = Some(ErrorKind::InvalidInput);

// Bytes that must never change. MongoDB's own library (through its Python driver) and an independent implementation of
// the written format computed them.
const TEXT: &[u8] = b"MRN-000001";
const DETERMINISTIC: &str = "
    01 00112233445566778899aabbccddeeff 02
    433380c01b2413ae9cd851fb3e9fd156b0c76e71ddbe1f35eb1b9a8bdce29223
    c0b877f7f4e6132b0d9dc4acb5b9a811e1752fd3c60ef3d7f9f9d578b56fe6bf";
const RANDOM: &str = "
    02 00112233445566778899aabbccddeeff 02
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaacff72da10a7d4a11627dc81965869ad8
    48adf37569b2ab971cf7311f5f7a94e0d2e9c0c45699340003a4970e3b7a7c54";
const MATERIAL: &str = "
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb9766917bff9566d6350864ee6f21e804
    41636c67c27c256ffe28f6eb7a57eb9ce9e7efe0ab8f7d622893df5eb0ba94e5
    417616437f287ce43e6d458b56e642c0726393e9c44583b4dcfa84fc7c337a14
    47fa7a6b71ff0ebcc2f6fbddeb55b92d5d46c50818b6cb4a6b31ae73ed13329f
    653fce0e5cbc521529e052f6a003691a2f7181953685009dd5959e8e3b20b360";

fn master_bytes() -> [u8; 96] {
    std::array::from_fn(|at| at as u8)
}

fn data_bytes() -> [u8; 96] {
    std::array::from_fn(|at| 255 - at as u8)
}

fn local() -> LocalKey {
    LocalKey::from_bytes(&master_bytes())
}

fn foreign() -> LocalKey {
    LocalKey::from_bytes(&[1; 96])
}

fn fresh(seed: u8) -> Entropy {
    Entropy::from_seed(&[seed; 32])
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn known() -> VaultKey {
    VaultKey { id: ID, created_at: NOW, material: unhex(MATERIAL) }
}

fn ring() -> Result<CsfleRing> {
    CsfleRing::unwrap(&local(), &[known()])
}

fn seal(ring: &CsfleRing, mode: Mode, plain: &[u8]) -> Result<Sealed> {
    ring.seal(&PLACE, mode, plain, &mut fresh(9))
}

#[track_caller]
fn check_error<T>(result: Result<T>, kind: ErrorKind, message: &str, help: &str) {
    let error = result.err();
    assert_eq!(error.as_ref().map(Error::kind), Some(kind));
    assert_eq!(error.as_ref().map(Error::message), Some(message));
    let given = error.as_ref().and_then(Error::help).unwrap_or_default();
    assert!(given.contains(help), "{given}");
}

#[test]
fn the_known_bytes_open() -> Result<()> {
    for bytes in [DETERMINISTIC, RANDOM] {
        let value = ring()?.open_bytes(&unhex(bytes))?;
        assert_eq!((value.bson_type(), value.bytes()), (2, &b"\x0b\0\0\0MRN-000001\0"[..]));
        assert_eq!(ring()?.open(&PLACE, &Sealed::from_stored(unhex(bytes))?)?.as_slice(), TEXT);
    }
    Ok(())
}

#[test]
fn sealing_gives_the_known_bytes() -> Result<()> {
    assert_eq!(hex(seal(&ring()?, Mode::Deterministic, TEXT)?.as_bytes()), hex(&unhex(DETERMINISTIC)));

    let key = |bytes: &[u8]| Key::new(bytes).ok_or_else(|| Error::bug("no key"));
    let message: [&[u8]; 3] = [b"\x0b\0\0\0", TEXT, &[0]];
    let random =
        key(&data_bytes())?.seal(&csfle_header(Mode::Random, &ID, 2), &message, Some(&[0xaa; 16]))?;
    assert_eq!(hex(&random), hex(&unhex(RANDOM)));
    let wrapped = key(&master_bytes())?.seal(&[], &[&data_bytes()], Some(&[0xbb; 16]))?;
    assert_eq!(hex(&wrapped), hex(&unhex(MATERIAL)));
    Ok(())
}

proptest! {
    #[test]
    fn opens_to_what_was_sealed(plain: Vec<u8>, text: String, record: u128) {
        let ring = ring()?;
        for (mode, plain) in [(Mode::Random, &plain[..]), (Mode::Deterministic, text.as_bytes())] {
            let sealed = seal(&ring, mode, plain)?;
            prop_assert_eq!((sealed.mode(), sealed.format(), sealed.key_id()), (mode, Format::Csfle, ID));
            let value = ring.open_bytes(sealed.as_bytes())?;
            let is_text = std::str::from_utf8(plain).is_ok();
            prop_assert_eq!(value.bson_type(), if is_text { 2 } else { 5 });
            prop_assert_eq!(&value.into_plain()?[..], plain);
            // The value is not bound to a place.
            let elsewhere = Place { kind: "other", record: id(record), field: "any" };
            prop_assert_eq!(&ring.open(&elsewhere, &sealed)?[..], plain);
        }
    }

    #[test]
    fn deterministic_sealing_tells_equal_from_unequal(plain: Vec<u8>, other: Vec<u8>) {
        let ring = ring()?;
        let sealed = seal(&ring, Mode::Deterministic, &plain)?;
        prop_assert_eq!(&sealed, &ring.seal(&PLACE, Mode::Deterministic, &plain, &mut fresh(1))?);
        prop_assert_eq!(ring.search_values("any", "any", &plain)?, vec![sealed.clone()]);
        prop_assert_eq!(sealed == seal(&ring, Mode::Deterministic, &other)?, plain == other);
    }

    #[test]
    fn random_sealing_never_repeats(plain: Vec<u8>) {
        let (ring, mut entropy) = (ring()?, fresh(1));
        let one = ring.seal(&PLACE, Mode::Random, &plain, &mut entropy)?;
        let two = ring.seal(&PLACE, Mode::Random, &plain, &mut entropy)?;
        prop_assert_ne!(one.as_bytes(), two.as_bytes());
    }

    #[test]
    fn foreign_bytes_are_refused(bytes: Vec<u8>) {
        let ring = ring()?;
        prop_assert!(matches!(refused(ring.open_bytes(&bytes)), KEY | TAMPERED));
        for header in [DETERMINISTIC, RANDOM].map(|known| cut(&unhex(known), 18)) {
            prop_assert_eq!(refused(ring.open_bytes(&[header, bytes.clone()].concat())), TAMPERED);
        }
    }

    #[test]
    fn no_error_and_no_type_shows_the_text(mark in "[A-Z]{12}") {
        let ring = ring()?;
        for sealed in BOTH.map(|mode| seal(&ring, mode, mark.as_bytes())) {
            let sealed = sealed?;
            let bytes = sealed.as_bytes();
            let errors = [
                ring.open_bytes(mark.as_bytes()).err(),
                ring.open_bytes(&cut(bytes, bytes.len() - 16)).err(),
                ring.seal_value(Mode::Random, 2, mark.as_bytes(), &mut fresh(1)).err(),
                ring.seal_value(Mode::Random, 10, mark.as_bytes(), &mut fresh(1)).err(),
            ];
            prop_assert!(errors.iter().all(Option::is_some));
            let lines: Vec<String> = errors.iter().flatten().map(ToString::to_string).collect();
            let value = ring.open_value(&sealed)?;
            let shown = format!("{lines:?} {errors:?} {sealed:?} {ring:?} {value:?}");
            prop_assert!(!shown.contains(&mark), "{}", shown);
        }
    }
}

#[test]
fn every_length_comes_back() -> Result<()> {
    let ring = ring()?;
    let texts = (0..70).map(|n| "x".repeat(n)).chain(["وجدت على الأرض".to_owned(), "a\0b".to_owned()]);
    for text in texts.chain(["م".repeat(500_000)]) {
        for mode in BOTH {
            let sealed = seal(&ring, mode, text.as_bytes())?;
            let element = 4 + text.len() + 1;
            assert_eq!(sealed.as_bytes().len(), 18 + 16 + (element / 16 + 1) * 16 + 32);
            assert_eq!(ring.open(&PLACE, &sealed)?.as_slice(), text.as_bytes());
        }
    }
    Ok(())
}

#[test]
fn any_flipped_bit_is_noticed() -> Result<()> {
    let ring = ring()?;
    for plain in ["", "7", "eleven byte", "وجدت على الأرض"] {
        for mode in BOTH {
            let sealed = seal(&ring, mode, plain.as_bytes())?;
            for bit in 0..sealed.as_bytes().len() * 8 {
                let mut bytes = sealed.as_bytes().to_vec();
                flip(&mut bytes, bit);
                // A changed bit of the key id names a missing key.
                let expected = if (8..136).contains(&bit) { KEY } else { TAMPERED };
                assert_eq!(refused(ring.open_bytes(&bytes)), expected, "{sealed:?} bit {bit}");
            }
        }
    }
    Ok(())
}

#[test]
fn any_other_length_is_noticed() -> Result<()> {
    let ring = ring()?;
    for mode in BOTH {
        let sealed = seal(&ring, mode, "found on the floor, room 12".as_bytes())?;
        let bytes = sealed.as_bytes();
        for length in 0..bytes.len() {
            assert_eq!(refused(ring.open_bytes(&cut(bytes, length))), TAMPERED, "cut to {length}");
        }
        for more in 1..40 {
            assert_eq!(refused(ring.open_bytes(&[bytes, &vec![0; more]].concat())), TAMPERED);
        }
    }
    Ok(())
}

/// The first byte is the mode, and the tag covers it.
#[test]
fn a_value_does_not_open_in_the_other_mode() -> Result<()> {
    for known in [DETERMINISTIC, RANDOM] {
        let mut bytes = unhex(known);
        bytes.iter_mut().take(1).for_each(|first| *first = 3 - *first);
        assert_eq!(refused(ring()?.open_bytes(&bytes)), TAMPERED);
    }
    Ok(())
}

#[test]
fn neither_ring_opens_the_other_format() -> Result<()> {
    let master = MasterKey::from_bytes(&[0x4d; 32]);
    let (ours, theirs) = (KeyRing::create(&master, [id(1), ID], NOW, &mut fresh(1))?, ring()?);
    let (message, help) = ("the value is sealed in another format", "give it to the one that sealed it");
    for mode in BOTH {
        let sealed = ours.seal(&PLACE, mode, TEXT, &mut fresh(2))?;
        check_error(theirs.open(&PLACE, &sealed), ErrorKind::Key, message, help);
        check_error(theirs.open_bytes(sealed.as_bytes()), ErrorKind::Key, message, help);
        check_error(ours.open(&PLACE, &seal(&theirs, mode, TEXT)?), ErrorKind::Key, message, help);
    }
    Ok(())
}

/// A value of each type that can be sealed, and whether it can be sealed deterministically.
fn elements() -> Vec<(u8, Vec<u8>, bool)> {
    let document = vec![5, 0, 0, 0, 0];
    vec![
        (0x01, vec![0; 8], false),
        (0x02, b"\x02\0\0\x007\0".to_vec(), true),
        (0x03, document.clone(), false),
        (0x04, document.clone(), false),
        (0x05, b"\x02\0\0\0\x80ab".to_vec(), true),
        (0x07, vec![7; 12], true),
        (0x08, vec![1], false),
        (0x09, vec![1; 8], true),
        (0x0b, b"^a\0i\0".to_vec(), true),
        (0x0c, [&b"\x02\0\0\0a\0"[..], &[7; 12]].concat(), true),
        (0x0d, b"\x02\0\0\0a\0".to_vec(), true),
        (0x0e, b"\x02\0\0\0a\0".to_vec(), true),
        (0x0f, [&[15, 0, 0, 0, 2, 0, 0, 0, b'a', 0], &document[..]].concat(), false),
        (0x10, vec![7, 0, 0, 0], true),
        (0x11, vec![1; 8], true),
        (0x12, vec![7, 0, 0, 0, 0, 0, 0, 0], true),
        (0x13, vec![0; 16], false),
    ]
}

#[test]
fn every_type_that_mongodb_seals_round_trips() -> Result<()> {
    let ring = ring()?;
    for (bson_type, bytes, searchable) in elements() {
        for (mode, allowed) in [(Mode::Random, true), (Mode::Deterministic, searchable)] {
            let sealed = ring.seal_value(mode, bson_type, &bytes, &mut fresh(1));
            if !allowed {
                let message = sealed.as_ref().err().map(Error::message).unwrap_or_default();
                assert!(message.ends_with(" cannot be sealed deterministically"), "{bson_type} {message}");
                assert_eq!(refused(sealed), INVALID);
                continue;
            }
            let value = ring.open_value(&sealed?)?;
            assert_eq!((value.bson_type(), value.bytes()), (bson_type, &bytes[..]));
            let plain = value.into_plain();
            assert_eq!(refused(plain), if bson_type == 2 { None } else { INVALID });
        }
    }
    Ok(())
}

#[test]
fn an_element_that_no_driver_can_read_is_not_sealed() -> Result<()> {
    let ring = ring()?;
    let sealable: Vec<u8> = elements().into_iter().map(|(bson_type, ..)| bson_type).collect();
    for mode in BOTH {
        let check = |bson_type: u8, bytes: &[u8]| {
            let kind = refused(ring.seal_value(mode, bson_type, bytes, &mut fresh(1)));
            assert_eq!(kind, INVALID, "{bson_type} {bytes:?}");
        };
        (0..=255).filter(|known| !sealable.contains(known)).for_each(|unknown| check(unknown, &[]));
        for (bson_type, bytes, _) in elements() {
            (0..bytes.len()).for_each(|length| check(bson_type, &cut(&bytes, length)));
            check(bson_type, &[&bytes[..], &[1]].concat());
        }
        check(0x02, b"\x03\0\0\0\xff\xfe\0");
        check(0x05, b"\x02\0\0\0\x06ab");
        check(0x05, b"\xff\xff\xff\xff\0");
        check(0x03, b"\xff\xff\xff\xff\0");
    }
    let null = ring.seal_value(Mode::Random, 0x0a, &[], &mut fresh(1));
    check_error(null, ErrorKind::InvalidInput, "a BSON null cannot be sealed", "leave the field out");
    Ok(())
}

#[test]
fn types_and_modes_never_share_bytes() -> Result<()> {
    let ring = ring()?;
    let bytes = b"\x02\0\0\0a\0";
    let sealed = |bson_type| ring.seal_value(Mode::Deterministic, bson_type, bytes, &mut fresh(1));
    let body = |sealed: &Sealed| sealed.as_bytes().get(18..).map(<[u8]>::to_vec);
    let [string, code, symbol] = [sealed(0x02)?, sealed(0x0d)?, sealed(0x0e)?];
    assert_eq!(string, seal(&ring, Mode::Deterministic, b"a")?);
    assert!(body(&string) != body(&code) && body(&code) != body(&symbol) && body(&symbol) != body(&string));
    Ok(())
}

#[test]
fn another_type_does_not_pass_for_text() -> Result<()> {
    let sealed = ring()?.seal_value(Mode::Random, 0x10, &[7, 0, 0, 0], &mut fresh(1))?;
    check_error(
        ring()?.open(&PLACE, &sealed),
        ErrorKind::InvalidInput,
        "a sealed value is not text but a BSON 32-bit integer",
        "`CsfleRing::open_value` reads every type",
    );
    let uuid = ring()?.seal_value(Mode::Random, 0x05, b"\x02\0\0\0\x04ab", &mut fresh(1))?;
    assert_eq!(refused(ring()?.open(&PLACE, &uuid)), INVALID, "a binary of another subtype");
    Ok(())
}

/// The key and the tag are right, but the length is wrong; the value is refused and not truncated.
#[test]
fn a_misshapen_element_is_refused() -> Result<()> {
    let key = Key::new(&data_bytes()).ok_or_else(|| Error::bug("no key"))?;
    let cases: [(u8, &[u8]); 8] = [
        (0x02, b""),
        (0x02, b"\x01\0\0\0"),
        (0x02, b"\x01\0\0\0a"),
        (0x02, b"\x07\0\0\0a\0"),
        (0x05, b"\x02\0\0\0\0a"),
        (0x05, b"\0\0\0\0"),
        (0x0a, b""),
        (0x99, b"any"),
    ];
    for (bson_type, bytes) in cases {
        let sealed = key.seal(&csfle_header(Mode::Random, &ID, bson_type), &[bytes], Some(&[1; 16]))?;
        assert_eq!(refused(ring()?.open_bytes(&sealed)), TAMPERED, "{bson_type} {bytes:?}");
    }
    Ok(())
}

#[test]
fn a_wrong_local_key_opens_nothing() -> Result<()> {
    let message = "this local key does not open a stored data key";
    check_error(
        CsfleRing::unwrap(&foreign(), &[known()]),
        ErrorKind::Key,
        message,
        "use the local key that wrapped it",
    );
    // The first two thirds of the key matter; the last third only makes deterministic IVs.
    for (at, opens) in [(0, false), (32, false), (64, true)] {
        let mut bytes = master_bytes();
        flip(&mut bytes, at * 8);
        assert_eq!(CsfleRing::unwrap(&LocalKey::from_bytes(&bytes), &[known()]).is_ok(), opens);
    }
    Ok(())
}

#[test]
fn any_change_to_kept_material_is_noticed() -> Result<()> {
    let check = |change: &dyn Fn(&mut Vec<u8>), expected| {
        let mut kept = known();
        change(&mut kept.material);
        assert_eq!(refused(CsfleRing::unwrap(&local(), &[kept])), expected);
    };
    (0..160 * 8).for_each(|bit| check(&|material| flip(material, bit), KEY));
    (0..160).for_each(|length| check(&|material| material.truncate(length), TAMPERED));
    check(&|material| material.push(0), TAMPERED);
    Ok(())
}

/// Padding hides a difference of one byte: 160 bytes of material can hold a key of another length.
#[test]
fn a_key_of_another_length_is_refused() -> Result<()> {
    for length in [0, 64, 95, 97, 111] {
        let wrapped = local().wrap(&vec![7; length], &mut fresh(1))?;
        let kept = VaultKey { material: wrapped, ..known() };
        let expected = if length < 96 { TAMPERED } else { KEY };
        assert_eq!(refused(CsfleRing::unwrap(&local(), &[kept])), expected, "{length}");
        assert!(Key::new(&vec![7; length]).is_none());
    }
    Ok(())
}

#[test]
fn a_ring_needs_a_key_and_each_key_once() -> Result<()> {
    let none = CsfleRing::unwrap(&local(), &[]);
    check_error(none, ErrorKind::Key, "the key vault holds no key", "`CsfleRing::create` makes one");
    let (_, other) = CsfleRing::create(&local(), id(1), NOW + 1_000, &mut fresh(1))?;
    let twice = VaultKey { created_at: NOW + 9_000, ..known() };
    assert_eq!(refused(CsfleRing::unwrap(&local(), &[known(), other, twice])), KEY);
    Ok(())
}

#[test]
fn a_ring_reads_back_in_any_order() -> Result<()> {
    let (mut ring, first) = CsfleRing::create(&local(), id(1), NOW, &mut fresh(1))?;
    let sealed = seal(&ring, Mode::Random, TEXT)?;
    let second = ring.rotate(&local(), id(2), NOW + 1_000, &mut fresh(2))?;
    assert_eq!(first.material.len(), 160);
    for kept in [[first.clone(), second.clone()], [second, first]] {
        let read = CsfleRing::unwrap(&local(), &kept)?;
        assert_eq!(read.wrapped(), ring.wrapped());
        assert_eq!(read.active(), id(2));
        assert_eq!(read.open(&PLACE, &sealed)?.as_slice(), TEXT);
    }
    let same_moment = [3, 5, 4].map(|n| VaultKey { id: id(n), ..known() });
    assert_eq!(CsfleRing::unwrap(&local(), &same_moment)?.active(), id(5));
    Ok(())
}

#[test]
fn rotation_keeps_old_values_readable_and_findable() -> Result<()> {
    let mut ring = ring()?;
    let old = BOTH.map(|mode| seal(&ring, mode, TEXT));
    ring.rotate(&local(), id(1), NOW + 1_000, &mut fresh(1))?;
    for ring in [CsfleRing::unwrap(&local(), &ring.wrapped())?, ring] {
        let new = seal(&ring, Mode::Deterministic, TEXT)?;
        assert_eq!(new.key_id(), id(1));
        for sealed in old.iter().flatten() {
            assert_eq!(ring.open(&PLACE, sealed)?.as_slice(), TEXT);
        }
        let found: Vec<Vec<u8>> = ring
            .search_values("incident", "file_number", TEXT)?
            .iter()
            .map(|sealed| sealed.as_bytes().to_vec())
            .collect();
        assert_eq!(found, [new.as_bytes().to_vec(), unhex(DETERMINISTIC)], "the newest first");
    }
    Ok(())
}

/// A vault stores milliseconds. A key made within the same millisecond must still be the newer one.
#[test]
fn a_new_key_is_the_newest_after_the_vault_has_truncated_its_date() -> Result<()> {
    for now in [NOW - 5_000_000, NOW, NOW + 1, NOW + 999, NOW + 1_001, i64::MIN] {
        let (mut ring, first) = CsfleRing::create(&local(), id(9), NOW + 123, &mut fresh(1))?;
        assert_eq!(first.created_at, NOW);
        let second = ring.rotate(&local(), id(1), now, &mut fresh(2))?;
        assert_eq!(second.created_at, NOW + 1_000);
        assert_eq!(CsfleRing::unwrap(&local(), &ring.wrapped())?.active(), id(1));
    }
    Ok(())
}

#[test]
fn rotation_refuses_a_foreign_local_key_and_a_taken_id() -> Result<()> {
    let mut ring = ring()?;
    assert_eq!(refused(ring.rotate(&foreign(), id(1), NOW + 1_000, &mut fresh(1))), KEY);
    assert_eq!(refused(ring.rotate(&local(), ID, NOW + 1_000, &mut fresh(1))), KEY);
    assert_eq!(ring.wrapped(), [known()]);
    Ok(())
}

#[test]
fn a_destroyed_key_opens_nothing() -> Result<()> {
    let mut ring = ring()?;
    let sealed = seal(&ring, Mode::Deterministic, TEXT)?;
    check_error(ring.destroy(ID), ErrorKind::Key, "the active key cannot be destroyed", "rotate first");
    ring.rotate(&local(), id(1), NOW + 1_000, &mut fresh(1))?;
    let before = ring.clone();
    ring.destroy(ID)?;
    assert_eq!(refused(ring.destroy(ID)), KEY, "it is not there any more");
    let help = "another process may have rotated";
    check_error(ring.open(&PLACE, &sealed), ErrorKind::Key, "no such key in the ring", help);
    assert_eq!(ring.search_values("incident", "file_number", TEXT)?.len(), 1);
    assert_eq!(ring.wrapped().len(), 1);
    assert!(before.open(&PLACE, &sealed).is_ok(), "who still holds the old ring can still read");
    Ok(())
}

#[test]
fn a_new_local_key_takes_over_and_the_change_can_be_repeated() -> Result<()> {
    let mut ring = ring()?;
    let sealed = seal(&ring, Mode::Random, TEXT)?;
    ring.rotate(&local(), id(1), NOW + 1_000, &mut fresh(1))?;
    let next = LocalKey::from_bytes(&[0x4e; 96]);
    let mut kept = CsfleRing::rewrap(&local(), &next, &ring.wrapped(), &mut fresh(2))?;
    assert_eq!(refused(CsfleRing::unwrap(&local(), &kept)), KEY);
    assert!(CsfleRing::unwrap(&next, &kept)?.open(&PLACE, &sealed).is_ok());

    // An interrupted change: one key is still wrapped by the old local key.
    kept.iter_mut().zip(ring.wrapped()).take(1).for_each(|(kept, before)| *kept = before);
    assert_eq!(refused(CsfleRing::unwrap(&next, &kept)), KEY);
    let again = CsfleRing::rewrap(&local(), &next, &kept, &mut fresh(3))?;
    assert_eq!(again.last(), kept.last(), "what is wrapped already stays");
    assert!(CsfleRing::unwrap(&next, &again).is_ok());

    assert_eq!(refused(CsfleRing::rewrap(&foreign(), &next, &ring.wrapped(), &mut fresh(4))), KEY);
    Ok(())
}

#[test]
fn a_local_key_is_read_from_base64() {
    let good = STANDARD.encode(data_bytes());
    assert!(LocalKey::from_base64(&good).is_ok());
    assert!(LocalKey::from_base64(&format!("  {good}\r\n")).is_ok());

    let check = |bad: &str, message: &str| {
        let result = LocalKey::from_base64(bad);
        let shown = format!("{result:?}");
        assert!(bad.is_empty() || !shown.contains(bad), "{shown}");
        check_error(result, ErrorKind::Key, message, "a local key is 96 bytes in base64, 128 characters");
    };
    let of = |length| STANDARD.encode(vec![7; length]);
    check("", "the local key has the wrong length");
    check("correct horse battery staple", "the local key has the wrong length");
    check(good.split_at(127).0, "the local key has the wrong length");
    check(&of(32), "the local key has the wrong length");
    check(&of(97), "the local key has the wrong length");
    check(&of(95), "the local key is not base64");
    check(&of(94), "the local key is not base64");
    check(&good.replace('/', "_").replace('+', "-"), "the local key is not base64");
    check(&"é".repeat(64), "the local key is not base64");
    check(&STANDARD.encode([0; 96]), "the local key is all zeros");
}

#[test]
fn no_type_prints_its_key() -> Result<()> {
    assert_eq!(format!("{:?}", local()), "LocalKey(redacted)");
    let ring = ring()?;
    assert_eq!(
        format!("{ring:?}"),
        "CsfleRing [VaultKey(00112233-4455-6677-8899-aabbccddeeff, created_at 1790000000000000)]"
    );
    let sealed = seal(&ring, Mode::Random, TEXT)?;
    assert_eq!(format!("{sealed:?}"), "Sealed(82 bytes, key 00112233-4455-6677-8899-aabbccddeeff)");
    assert_eq!(format!("{:?}", ring.open_value(&sealed)?), "BsonValue(string, redacted)");
    Ok(())
}

#[test]
fn a_cipher_can_be_shared_and_erased() -> Result<()> {
    let cipher: Arc<dyn Cipher> = Arc::new(ring()?);
    let sealed = cipher.seal(&PLACE, Mode::Random, TEXT, &mut fresh(1))?;
    assert_eq!(cipher.open(&PLACE, &sealed)?.as_slice(), TEXT);
    Ok(())
}

/// Compiles only if the ciphers wipe their keys (features `zeroize` of `aes` and `sha2`). An HMAC state consists of two
/// hash states and a buffer, which wipe themselves.
#[test]
fn expanded_keys_are_wiped() {
    fn check<T: zeroize::ZeroizeOnDrop>() {}
    check::<aes::Aes256>();
    check::<sha2::Sha512>();
}
