use proptest::prelude::*;

use super::*;

/// The test key of both RFCs.
fn secret() -> TotpSecret {
    TotpSecret { bytes: Box::new(Zeroizing::new(*b"12345678901234567890")) }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn code(secret: &TotpSecret, step: i64) -> String {
    secret.app(6).generate(u64::try_from(step).unwrap() * 30).to_string()
}

#[test]
fn the_vectors_of_rfc_4226() {
    let codes: Vec<String> = (0..10).map(|step| code(&secret(), step)).collect();
    assert_eq!(
        codes,
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    );
}

#[test]
fn the_vectors_of_rfc_6238() {
    for (seconds, eight) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        let step: i64 = seconds / 30;
        assert_eq!(secret().app(8).generate(u64::try_from(seconds).unwrap()).to_string(), eight);
        assert_eq!(secret().check(&eight[2..], at(seconds), None), Some(step), "{seconds}");
    }
}

#[test]
fn a_code_is_read_in_every_spelling() {
    for typed in [
        "287082",
        " 287 082 ",
        "287-082",
        "٢٨٧٠٨٢",
        "٢٨٧ ٠٨٢",
        "۲۸۷۰۸۲",
        "２８７０８２",
        "\u{200F}٢٨٧٠٨٢\u{200F}",
        "287\u{A0}082",
    ] {
        assert_eq!(secret().check(typed, at(59), None), Some(1), "{typed}");
    }
    for wrong in ["", "28708", "2870820", "287083", "28708a", "+287082", "0x2870", "287,082", "-", "²٨٧٠٨٢x"]
    {
        assert_eq!(secret().check(wrong, at(59), None), None, "{wrong}");
    }
}

#[test]
fn times_before_1970_and_extreme_times_do_not_panic() {
    assert_eq!(secret().check("755224", at(0), None), Some(0));
    assert_eq!(secret().check("755224", at(-1), None), Some(0));
    assert_eq!(secret().check("755224", at(-31), None), None);
    assert_eq!(secret().check("000000", Timestamp::from_micros(i64::MIN), None), None);
    assert_eq!(secret().check("000000", Timestamp::from_micros(i64::MAX), None), None);
}

#[test]
fn the_address_has_the_form_that_apps_expect() -> Result<()> {
    let uri = secret().uri("مستشفى النيل", "mona+1@example.org")?;
    assert_eq!(
        *uri,
        "otpauth://totp/%D9%85%D8%B3%D8%AA%D8%B4%D9%81%D9%89%20%D8%A7%D9%84%D9%86%D9%8A%D9%84:mona%2B1%40example.org\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
         &issuer=%D9%85%D8%B3%D8%AA%D8%B4%D9%81%D9%89%20%D8%A7%D9%84%D9%86%D9%8A%D9%84"
    );
    for (issuer, account) in [("", "a"), ("a", " "), (":", "c"), ("a", "\u{200F}")] {
        let error = secret().uri(issuer, account).map(|_| ()).unwrap_err();
        assert!(error.help().is_some_and(|help| help.contains("one character or more")), "{error}");
    }
    Ok(())
}

#[test]
fn every_name_allows_a_second_factor() -> Result<()> {
    let long = format!("{}@hospital.example", "x".repeat(200));
    for (issuer, account) in
        [("Nile: ICU", "mailto:mona@h.example"), ("Nile", long.as_str()), (long.as_str(), "ن")]
    {
        let uri = secret().uri(issuer, account)?;
        let label = uri.trim_start_matches("otpauth://totp/").split('?').next().unwrap_or_default();
        assert_eq!(label.matches(':').count(), 1, "{label}");
        assert!(label.split(':').all(|part| part.len() < 130), "{label}");
        assert!(secret().qr_svg(issuer, account).is_ok());
    }
    assert!(
        secret()
            .uri("Nile: ICU", "mailto:mona@h.example")?
            .contains("/Nile%20%20ICU:mailto%3Amona%40h.example?")
    );
    Ok(())
}

#[test]
fn the_qr_code_is_an_svg_element_without_text_of_the_input() -> Result<()> {
    let svg = secret().qr_svg("<script>&\"", "mona@example.org")?;
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{}", *svg);
    assert!(!svg.contains("script") && !svg.contains("mona"));
    let longest = "ن".repeat(100);
    assert!(secret().qr_svg(&longest, &longest).is_ok());
    Ok(())
}

#[test]
fn a_secret_can_be_stored_and_debug_output_hides_it() -> Result<()> {
    let drawn = TotpSecret::draw(&mut Entropy::from_seed(&[7; 32]));
    let kept = drawn.to_base32();
    assert_eq!(kept.len(), 32);
    assert_eq!(TotpSecret::from_base32(&kept)?.bytes, drawn.bytes);
    assert_eq!(format!("{drawn:?}"), "TotpSecret(redacted)");
    let error = TotpSecret::from_base32("JBSWY3DPEHPK3PXP").unwrap_err();
    assert!(!format!("{error:?}").contains("JBSW"), "{error:?}");
    Ok(())
}

proptest! {
    #[test]
    fn a_code_is_valid_in_its_thirty_seconds_and_ten_before_and_after(seed: [u8; 32], now in 0_i64..1 << 33, away in -9_i64..=9) {
        let secret = TotpSecret::draw(&mut Entropy::from_seed(&seed));
        let current = now / 30;
        prop_assume!(current + away >= 0);
        let code = code(&secret, current + away);
        let found = secret.check(&code, at(now), None);
        let begins = (current + away) * 30;
        if (begins - 10..begins + 40).contains(&now) {
            // Two steps may have the same code; then the later step is returned.
            prop_assert!(found.is_some_and(|step| step >= current + away && step <= current + 1));
        } else if let Some(step) = found {
            prop_assert!((step - current).abs() <= 1);
            prop_assert_eq!(super::tests::code(&secret, step), code, "another step with the same code");
        }
    }

    #[test]
    fn a_code_is_never_accepted_twice(seed: [u8; 32], start in 0_i64..1 << 33, tries in prop::collection::vec((0_i64..40, -1_i64..=1), 1..60)) {
        let secret = TotpSecret::draw(&mut Entropy::from_seed(&seed));
        let (mut now, mut last, mut used) = (start, None, Vec::new());
        for (wait, away) in tries {
            now += wait;
            let step = now / 30 + away;
            if step < 0 {
                continue;
            }
            let Some(accepted) = secret.check(&code(&secret, step), at(now), last) else { continue };
            prop_assert!(!used.contains(&accepted), "step {} twice", accepted);
            prop_assert!((accepted - now / 30).abs() <= 1);
            prop_assert_eq!(secret.check(&code(&secret, step), at(now), Some(accepted)), None);
            used.push(accepted);
            last = Some(accepted);
        }
        prop_assert!(used.is_sorted());
    }
}
