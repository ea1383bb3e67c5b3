//! The promises of sealed values, as property tests.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::seal::Format;

const TAMPERED: Option<ErrorKind> = Some(ErrorKind::Tampered);

fn open_bytes(ring: &KeyRing, place: &Place<'_>, bytes: Vec<u8>) -> Result<Vec<u8>> {
    ring.open(place, &Sealed::from_stored(bytes)?).map(|plain| plain.to_vec())
}

proptest! {
    #[test]
    fn opens_to_what_was_sealed(plain: Vec<u8>, kind: String, field: String, record: u128) {
        let ring = ring()?;
        let place = Place { kind: &kind, record: Uuid::from_u128(record), field: &field };
        for mode in BOTH {
            let sealed = ring.seal(&place, mode, &plain, &mut entropy())?;
            prop_assert_eq!(sealed.mode(), mode);
            prop_assert_eq!(open_bytes(&ring, &place, sealed.as_bytes().to_vec())?, &plain[..]);
        }
    }

    /// Few names, so that equal and different names both occur often.
    #[test]
    fn opens_nowhere_else(
        kind in "[ab]?", field in "[ab]?", record in 0u128..3,
        kind2 in "[ab]?", field2 in "[ab]?", record2 in 0u128..3,
    ) {
        let ring = ring()?;
        let here = Place { kind: &kind, record: Uuid::from_u128(record), field: &field };
        let there = Place { kind: &kind2, record: Uuid::from_u128(record2), field: &field2 };
        for mode in BOTH {
            let sealed = ring.seal(&here, mode, b"text", &mut entropy())?;
            let names_agree = kind == kind2 && field == field2;
            let agrees = names_agree && (record == record2 || mode == Mode::Deterministic);
            let expected = if agrees { None } else { TAMPERED };
            prop_assert_eq!(refused(ring.open(&there, &sealed)), expected);
        }
    }

    #[test]
    fn random_sealing_never_repeats(plain: Vec<u8>) {
        let (ring, mut entropy) = (ring()?, entropy());
        let one = ring.seal(&DESCRIPTION, Mode::Random, &plain, &mut entropy)?;
        let two = ring.seal(&DESCRIPTION, Mode::Random, &plain, &mut entropy)?;
        prop_assert_ne!(one.as_bytes(), two.as_bytes());
    }

    #[test]
    fn deterministic_sealing_tells_equal_from_unequal(plain: Vec<u8>, other: Vec<u8>, record: u128) {
        let ring = ring()?;
        let elsewhere = Place { record: Uuid::from_u128(record), ..DESCRIPTION };
        let sealed = seal(&ring, Mode::Deterministic, &plain)?;
        let again = ring.seal(&elsewhere, Mode::Deterministic, &plain, &mut entropy())?;
        prop_assert_eq!(&sealed, &again);
        prop_assert_eq!(ring.search_values("incident", "description", &plain)?, vec![again]);
        prop_assert_eq!(sealed == seal(&ring, Mode::Deterministic, &other)?, plain == other);
    }

    /// A text that was stored unsealed is detected. The two control characters begin values of MongoDB's format, which
    /// only the key distinguishes from text.
    #[test]
    fn text_is_never_taken_for_a_sealed_value(text in "([^\x01\x02].{0,199})?") {
        prop_assert_eq!(refused(Sealed::from_stored(text.into_bytes())), TAMPERED);
    }

    #[test]
    fn foreign_bytes_are_refused(bytes: Vec<u8>) {
        let ring = ring()?;
        let expected = match Sealed::from_stored(bytes.clone()) {
            Ok(other) if other.format() == Format::Csfle => Some(ErrorKind::Key),
            _ => TAMPERED,
        };
        prop_assert_eq!(refused(open_bytes(&ring, &DESCRIPTION, bytes.clone())), expected);
        for sealed in seal_both(&ring, b"")? {
            let behind_a_good_header = [cut(sealed.as_bytes(), 18), bytes.clone()].concat();
            prop_assert_eq!(refused(open_bytes(&ring, &DESCRIPTION, behind_a_good_header)), TAMPERED);
        }
    }

    #[test]
    fn no_error_and_no_type_shows_the_text(mark in "[A-Z]{12}") {
        let ring = ring()?;
        for sealed in seal_both(&ring, mark.as_bytes())? {
            let bytes = sealed.as_bytes();
            let errors = [
                ring.open(&Place { field: "notes", ..DESCRIPTION }, &sealed).err(),
                Sealed::from_stored(mark.clone().into_bytes()).err(),
                open_bytes(&ring, &DESCRIPTION, cut(bytes, bytes.len() - 1)).err(),
            ];
            prop_assert!(errors.iter().all(Option::is_some));
            let lines: Vec<String> = errors.iter().flatten().map(ToString::to_string).collect();
            let shown = format!("{lines:?} {errors:?} {sealed:?} {ring:?}");
            prop_assert!(!shown.contains(&mark), "{}", shown);
        }
    }

    #[test]
    fn entropy_depends_on_the_seed_and_on_nothing_else(seed: [u8; 32], other: [u8; 32], length in 8usize..100) {
        let draw = |seed| {
            let mut out = vec![0; length];
            Entropy::from_seed(&seed).fill(&mut out);
            out
        };
        prop_assert_eq!(draw(seed), draw(seed));
        prop_assert_eq!(draw(seed) == draw(other), seed == other);
    }
}

#[test]
fn any_flipped_bit_is_noticed() -> Result<()> {
    let ring = ring()?;
    for plain in ["", "7", "sixteen bytes ..", "وجدت على الأرض"] {
        for sealed in seal_both(&ring, plain.as_bytes())? {
            for bit in 0..sealed.as_bytes().len() * 8 {
                let mut bytes = sealed.as_bytes().to_vec();
                flip(&mut bytes, bit);
                // A changed bit of the key id names a missing key.
                let of_key_id = (16..144).contains(&bit);
                let expected = if of_key_id { ErrorKind::Key } else { ErrorKind::Tampered };
                let kind = refused(open_bytes(&ring, &DESCRIPTION, bytes));
                assert_eq!(kind, Some(expected), "{sealed:?} bit {bit}");
            }
        }
    }
    Ok(())
}

#[test]
fn any_other_length_is_noticed() -> Result<()> {
    let ring = ring()?;
    for sealed in seal_both(&ring, b"found on the floor")? {
        let bytes = sealed.as_bytes();
        for length in 0..bytes.len() {
            let kind = refused(open_bytes(&ring, &DESCRIPTION, cut(bytes, length)));
            assert_eq!(kind, TAMPERED, "{sealed:?} cut to {length}");
        }
        assert_eq!(refused(open_bytes(&ring, &DESCRIPTION, [bytes, &[0]].concat())), TAMPERED);
    }
    Ok(())
}

/// The header names the field key with AES-SIV, or the search key with AES-GCM.
#[test]
fn a_value_does_not_open_under_the_other_algorithm() -> Result<()> {
    let ring = ring()?;
    for sealed in seal_both(&ring, b"a text that is long enough")? {
        let mut bytes = sealed.as_bytes().to_vec();
        flip(&mut bytes, 8);
        flip(&mut bytes, 9);
        assert_ne!(Sealed::from_stored(bytes.clone())?.mode(), sealed.mode());
        assert_eq!(refused(open_bytes(&ring, &DESCRIPTION, bytes)), TAMPERED);
    }
    Ok(())
}

/// MongoDB's format is recognised with and without its feature.
#[test]
fn a_value_of_mongodbs_format_is_recognised_and_left_unchanged() -> Result<()> {
    let ring = ring()?;
    let id = Uuid::from_u128(5);
    for (first, mode) in [(2, Mode::Random), (1, Mode::Deterministic)] {
        let value = |body: usize| [&[first][..], id.as_bytes(), &[2], &vec![7; body]].concat();
        for body in 0..200 {
            let whole = body >= 64 && body % 16 == 0;
            let sealed = Sealed::from_stored(value(body)).ok();
            assert_eq!(sealed.is_some(), whole, "{body}");
            let Some(sealed) = sealed else { continue };
            assert_eq!((sealed.format(), sealed.mode(), sealed.key_id()), (Format::Csfle, mode, id));
            assert_eq!(sealed.as_bytes(), value(body));
            let error = ring.open(&DESCRIPTION, &sealed).err();
            assert_eq!(error.as_ref().map(Error::kind), Some(ErrorKind::Key));
            assert_eq!(error.as_ref().map(Error::message), Some("the value is sealed in another format"));
        }
    }
    for sealed in seal_both(&ring, b"text")? {
        assert_eq!(sealed.format(), Format::Eovr);
    }
    Ok(())
}

/// `in` + `cident` is not `inc` + `ident`.
#[test]
fn names_do_not_run_together() -> Result<()> {
    let ring = ring()?;
    for mode in BOTH {
        let place = Place { kind: "in", record: RECORD, field: "cident" };
        let sealed = ring.seal(&place, mode, b"text", &mut entropy())?;
        let shifted = Place { kind: "inc", record: RECORD, field: "ident" };
        assert_eq!(refused(ring.open(&shifted, &sealed)), TAMPERED);
    }
    Ok(())
}

#[test]
fn a_cipher_can_be_shared_and_erased() -> Result<()> {
    let cipher: Arc<dyn Cipher> = Arc::new(ring()?);
    let sealed = cipher.seal(&DESCRIPTION, Mode::Random, b"text", &mut entropy())?;
    assert_eq!(cipher.open(&DESCRIPTION, &sealed)?.as_slice(), b"text");
    Ok(())
}
