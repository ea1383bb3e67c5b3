//! The life cycle of keys: creation, storage, rotation, rewrapping, destruction.

use super::*;
use crate::error::Error;
use crate::seal::{Purpose, WrappedKey};

const KEY: Option<ErrorKind> = Some(ErrorKind::Key);
const GOOD: &str = "Gb4ZgH41uJmSHQZqzAcqjb9D+b0cQ7cBu9fkHUpQVQk=";

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn fresh(seed: u8) -> Entropy {
    Entropy::from_seed(&[seed; 32])
}

fn foreign() -> MasterKey {
    MasterKey::from_bytes(&[1; 32])
}

/// Reads the ring again, as after a restart.
fn reread(ring: &KeyRing) -> Result<KeyRing> {
    KeyRing::unwrap(&master(), &ring.wrapped())
}

#[track_caller]
fn check_error<T>(result: Result<T>, message: &str, help: &str) {
    let error = result.err();
    assert_eq!(error.as_ref().map(Error::kind), KEY);
    assert_eq!(error.as_ref().map(Error::message), Some(message));
    let given = error.as_ref().and_then(Error::help).unwrap_or_default();
    assert!(given.contains(help), "{given}");
}

#[test]
fn a_ring_reads_back_in_any_order() -> Result<()> {
    let mut ring = ring()?;
    let sealed = seal_both(&ring, b"text")?;
    ring.rotate(&master(), Purpose::Search, id(1), NOW + 1, &mut fresh(1))?;
    let mut kept = ring.wrapped();
    kept.reverse();
    let read = KeyRing::unwrap(&master(), &kept)?;
    assert_eq!(read.wrapped(), ring.wrapped());
    assert_eq!(read.active(Purpose::Search), Some(id(1)));
    assert!(sealed.iter().all(|sealed| read.open(&DESCRIPTION, sealed).is_ok()));
    Ok(())
}

#[test]
fn a_wrong_master_key_opens_nothing() -> Result<()> {
    check_error(
        KeyRing::unwrap(&foreign(), &ring()?.wrapped()),
        "this master key does not open a stored data key",
        "use the master key that wrapped it",
    );
    Ok(())
}

#[test]
fn a_ring_that_cannot_seal_is_refused() -> Result<()> {
    assert_eq!(refused(KeyRing::unwrap(&master(), &[])), KEY);
    let kept = ring()?.wrapped();
    for key in &kept {
        let alone = std::slice::from_ref(key);
        assert_eq!(refused(KeyRing::unwrap(&master(), alone)), KEY);
        assert_eq!(refused(KeyRing::unwrap(&master(), &[&kept, alone].concat())), KEY, "one key twice");
    }
    assert_eq!(refused(KeyRing::create(&master(), [id(1), id(1)], NOW, &mut fresh(1))), KEY);
    Ok(())
}

#[test]
fn any_change_to_a_kept_key_is_noticed() -> Result<()> {
    let kept = ring()?.wrapped();
    let check = |at: usize, change: &dyn Fn(&mut WrappedKey)| {
        let mut kept = kept.clone();
        kept.iter_mut().skip(at).take(1).for_each(change);
        let kind = refused(KeyRing::unwrap(&master(), &kept));
        assert!(matches!(kind, Some(ErrorKind::Key | ErrorKind::Tampered)), "{kind:?}");
    };
    for (at, length) in kept.iter().map(|key| key.wrapped.len()).enumerate() {
        (0..length * 8).for_each(|bit| check(at, &|key| flip(&mut key.wrapped, bit)));
        (0..length).for_each(|length| check(at, &|key| key.wrapped.truncate(length)));
        check(at, &|key| key.wrapped.push(0));
        (0..128).for_each(|bit| check(at, &|key| key.id = id(key.id.as_u128() ^ (1 << bit))));
        (0..64).for_each(|bit| check(at, &|key| key.created_at ^= 1 << bit));
        check(at, &|key| {
            key.purpose = if key.purpose == Purpose::Fields { Purpose::Search } else { Purpose::Fields };
        });
    }
    Ok(())
}

#[test]
fn rotation_keeps_old_values_readable_and_findable() -> Result<()> {
    let mut ring = ring()?;
    let old = seal_both(&ring, b"MF-7")?;
    ring.rotate(&master(), Purpose::Fields, id(1), NOW + 1, &mut fresh(1))?;
    ring.rotate(&master(), Purpose::Search, id(2), NOW + 1, &mut fresh(2))?;

    for ring in [reread(&ring)?, ring] {
        let new = seal_both(&ring, b"MF-7")?;
        assert_eq!(new.each_ref().map(Sealed::key_id), [id(1), id(2)]);
        for sealed in old.iter().chain(&new) {
            assert_eq!(ring.open(&DESCRIPTION, sealed)?.as_slice(), b"MF-7");
        }
        let found = ring.search_values("incident", "description", b"MF-7")?;
        let ([_, new], [_, old]) = (new, old.clone());
        assert_eq!(found, [new, old], "the newest first");
    }
    Ok(())
}

#[test]
fn a_clock_that_went_back_does_not_reactivate_the_old_key() -> Result<()> {
    let mut ring = ring()?;
    let kept = ring.rotate(&master(), Purpose::Fields, id(1), NOW - 1_000_000, &mut fresh(1))?;
    assert_eq!(kept.created_at, NOW + 1);
    assert_eq!(ring.active(Purpose::Fields), Some(id(1)));
    assert_eq!(reread(&ring)?.active(Purpose::Fields), Some(id(1)));
    Ok(())
}

#[test]
fn rotation_refuses_a_foreign_master_key_and_a_taken_id() -> Result<()> {
    let mut ring = ring()?;
    let before = ring.wrapped();
    assert_eq!(refused(ring.rotate(&foreign(), Purpose::Fields, id(1), NOW + 1, &mut fresh(1))), KEY);
    assert_eq!(refused(ring.rotate(&master(), Purpose::Fields, SEARCH_KEY, NOW + 1, &mut fresh(1))), KEY);
    assert_eq!(ring.wrapped(), before);
    Ok(())
}

#[test]
fn a_destroyed_key_opens_nothing_and_leaves_a_tombstone() -> Result<()> {
    for (purpose, mode) in [(Purpose::Fields, Mode::Random), (Purpose::Search, Mode::Deterministic)] {
        let mut ring = ring()?;
        let sealed = seal(&ring, mode, b"MF-7")?;
        ring.rotate(&master(), purpose, id(1), NOW + 1, &mut fresh(1))?;
        let note = ring.destroy(sealed.key_id())?;
        assert!(note.is_destroyed() && note.id == sealed.key_id());
        assert_eq!(ring.destroy(sealed.key_id())?, note, "twice is once");

        for ring in [reread(&ring)?, ring] {
            check_error(
                ring.open(&DESCRIPTION, &sealed),
                "the key of this value was destroyed",
                "permanently",
            );
            assert_eq!(ring.search_values("incident", "description", b"MF-7")?.len(), 1);
            assert!(ring.open(&DESCRIPTION, &seal(&ring, mode, b"new")?).is_ok());
        }
    }
    Ok(())
}

#[test]
fn the_active_key_cannot_be_destroyed() -> Result<()> {
    let mut ring = ring()?;
    for active in [FIELD_KEY, SEARCH_KEY] {
        check_error(ring.destroy(active), "the active key cannot be destroyed", "rotate first");
    }
    assert_eq!(refused(ring.destroy(id(1))), KEY, "there is no such key");
    assert!(ring.open(&DESCRIPTION, &seal(&ring, Mode::Random, b"text")?).is_ok());
    Ok(())
}

#[test]
fn the_error_for_a_missing_key_says_what_to_do() -> Result<()> {
    let mut rotated = ring()?;
    rotated.rotate(&master(), Purpose::Fields, id(1), NOW + 1, &mut fresh(1))?;
    check_error(
        ring()?.open(&DESCRIPTION, &seal(&rotated, Mode::Random, b"text")?),
        "no such key in the key ring",
        "another process may have rotated",
    );
    Ok(())
}

#[test]
fn a_new_master_key_takes_over_and_the_change_can_be_repeated() -> Result<()> {
    let mut ring = ring()?;
    let sealed = seal_both(&ring, b"text")?;
    for n in 1..=3 {
        ring.rotate(&master(), Purpose::Search, id(n), NOW, &mut fresh(n as u8))?;
    }
    ring.destroy(id(2))?;

    let next = MasterKey::from_bytes(&[0x4e; 32]);
    let mut kept = KeyRing::rewrap(&master(), &next, &ring.wrapped(), &mut fresh(4))?;
    assert_eq!(refused(KeyRing::unwrap(&master(), &kept)), KEY);
    let after = KeyRing::unwrap(&next, &kept)?;
    assert!(sealed.iter().all(|sealed| after.open(&DESCRIPTION, sealed).is_ok()));

    // An interrupted change: one key is still wrapped by the old master key.
    kept.iter_mut().zip(ring.wrapped()).take(1).for_each(|(kept, before)| *kept = before);
    assert_eq!(refused(KeyRing::unwrap(&next, &kept)), KEY);
    let again = KeyRing::rewrap(&master(), &next, &kept, &mut fresh(5))?;
    assert!(KeyRing::unwrap(&next, &again).is_ok());

    assert_eq!(refused(KeyRing::rewrap(&foreign(), &next, &ring.wrapped(), &mut fresh(6))), KEY);
    Ok(())
}

#[test]
fn a_clone_shares_keys_but_not_changes() -> Result<()> {
    let before = ring()?;
    let sealed = seal(&before, Mode::Random, b"text")?;
    let mut after = before.clone();
    after.rotate(&master(), Purpose::Fields, id(1), NOW + 1, &mut fresh(1))?;
    after.destroy(FIELD_KEY)?;
    assert!(before.open(&DESCRIPTION, &sealed).is_ok(), "who still holds the old ring can still read");
    assert_eq!(refused(after.open(&DESCRIPTION, &sealed)), KEY);
    Ok(())
}

#[test]
fn a_master_key_is_read_from_base64() {
    assert!(MasterKey::from_base64(GOOD).is_ok());
    assert!(MasterKey::from_base64(&format!("  {GOOD}\r\n")).is_ok());

    let check = |bad: &str, message: &str| {
        let result = MasterKey::from_base64(bad);
        let shown = format!("{result:?}");
        assert!(bad.is_empty() || !shown.contains(bad), "{shown}");
        check_error(result, message, "a master key is 32 bytes in base64, 44 characters");
    };
    check("", "the master key has the wrong length");
    check("correct horse battery staple", "the master key has the wrong length");
    check(GOOD.trim_end_matches('='), "the master key has the wrong length");
    check(&GOOD.replace('=', "A"), "the master key is not base64");
    check(&GOOD.replace('+', "-"), "the master key is not base64");
    check(&GOOD.replace("k=", "=="), "the master key is not base64");
    check(&"é".repeat(22), "the master key is not base64");
    check(&format!("{}=", "A".repeat(43)), "the master key is all zeros");
}

#[test]
fn no_type_prints_its_key() -> Result<()> {
    assert_eq!(format!("{:?}", MasterKey::from_base64(GOOD)?), "MasterKey(redacted)");
    let mut entropy = fresh(7);
    entropy.fill(&mut [0; 17]);
    assert_eq!(format!("{entropy:?}"), "Entropy(2 blocks drawn)");
    let ring = ring()?;
    assert_eq!(
        format!("{ring:?}"),
        "KeyRing [\
         WrappedKey(fields 01950000-0000-7000-8000-0000000000f1, created_at 1790000000000000, wrapped), \
         WrappedKey(search 01950000-0000-7000-8000-0000000000e2, created_at 1790000000000000, wrapped)]"
    );
    assert_eq!(
        format!("{:?}", seal(&ring, Mode::Random, b"text")?),
        "Sealed(50 bytes, key 01950000-0000-7000-8000-0000000000f1)"
    );
    Ok(())
}

#[test]
fn a_wrapped_key_is_plain_data_in_json() -> Result<(), Box<dyn std::error::Error>> {
    for key in ring()?.wrapped() {
        assert_eq!(serde_json::from_str::<WrappedKey>(&serde_json::to_string(&key)?)?, key);
    }
    let note = WrappedKey { id: RECORD, purpose: Purpose::Search, created_at: 5, wrapped: Vec::new() };
    let json =
        r#"{"id":"01990000-0000-7000-8000-0000000000a1","purpose":"search","created_at":5,"wrapped":""}"#;
    assert_eq!(serde_json::to_string(&note)?, json);
    assert!(serde_json::from_str::<WrappedKey>(&json.replace("0199", "x")).is_err());
    assert!(serde_json::from_str::<WrappedKey>(&json.replace("\"\"", "\"?\"")).is_err());
    Ok(())
}

/// Compiles only if the cipher wipes its expanded keys (feature `zeroize` of `aes-gcm`).
#[test]
fn expanded_keys_are_wiped() {
    fn check<T: zeroize::ZeroizeOnDrop>() {}
    check::<aes_gcm::Aes256Gcm>();
    check::<aes_gcm::aes::Aes256>();
}
