use std::str::FromStr as _;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;

use super::*;
use crate::seal::Entropy;

/// The policy of the Nile Hospital.
fn policy() -> PasswordPolicy {
    PasswordPolicy::new().knowing(["Nile Hospital", "مستشفى النيل", "NIL", "eovr"])
}

const WORDS: &[&str] = &["Mona Abdelrahman", "منى عبد الرحمن", "m.abdelrahman@nile-hospital.example"];
const ALONE: Owner<'_> = Owner { second_factor: false, words: WORDS };
const BESIDE: Owner<'_> = Owner { second_factor: true, words: WORDS };

#[test]
fn the_policy_accepts_good_passwords() {
    let good = [
        ("three camels read the news", ALONE),
        ("correct horse battery staple", ALONE),
        ("my dog eats the hospital's blue chairs", ALONE),
        ("Ich trinke gern Kaffee um vier", ALONE),
        ("le chat boit du lait froid", ALONE),
        ("ثلاث جمال تقرأ الجريدة", ALONE),
        ("القهوة بالحليب أفضل من الشاي", ALONE),
        ("قطتي تحب السمك المشوي", ALONE),
        ("گربه من شیر می‌خورد هر روز", ALONE),
        ("我的猫每天早上喝一杯热牛奶真的", ALONE),
        ("кошка пьёт молоко утром", ALONE),
        ("🐪🌙🍞🐪🌊🍋🚲🎈🌵🐳🪁🧩🎺🥝🦉", ALONE),
        ("k7#Qm2!xPz9&vL4", ALONE),
        ("5f3a9c2d8e1b7f40", ALONE),
        ("193847562910384", ALONE),
        ("Zx9 kP4 wQ7 mB2", ALONE),
        ("kqzvmxwp", BESIDE),
        ("k7#Qm2!x", BESIDE),
        ("kqz123xy", BESIDE),
        ("dogsQm2v", BESIDE),
        ("abckqm48", BESIDE),
        ("horse battery xy", BESIDE),
        ("شاي بنعناع", BESIDE),
        ("dragonkqzvmx", BESIDE),
        ("hospital Zkw48mQ", BESIDE),
    ];
    let wrong: Vec<_> = good
        .iter()
        .filter_map(|(password, owner)| Some((password, policy().accept(password, owner).err()?)))
        .collect();
    assert!(wrong.is_empty(), "refused: {wrong:#?}");
}

#[test]
fn the_policy_refuses_weak_passwords() {
    use PasswordFlaw::{Common, OfThisPlace, Repeated, Sequence, TooLong, TooShort, Unprintable};
    let long = "x7 q".repeat(65);
    let bad = [
        // Length.
        ("", ALONE, TooShort { least: 15 }),
        ("k7#Qm2!xPz9&vL", ALONE, TooShort { least: 15 }),
        ("ثلاث جمال تقرأ", ALONE, TooShort { least: 15 }),
        ("k7#Qm2!", BESIDE, TooShort { least: 8 }),
        ("\u{200F}\u{200F}k7#Qm2!", BESIDE, TooShort { least: 8 }),
        (long.as_str(), ALONE, TooLong),
        ("three camels\tread the news", ALONE, Unprintable),
        ("three camels read\n", ALONE, Unprintable),
        // Common passwords.
        ("password", BESIDE, Common),
        ("Password123456!", ALONE, Common),
        ("P@ssw0rd", BESIDE, Common),
        ("$$P4$$W0RD$$2026$$", ALONE, Common),
        ("p-a-s-s-w-o-r-d-1-2-3", ALONE, Common),
        ("passwordpassword", ALONE, Common),
        ("password1password2", ALONE, Common),
        ("Ｐａｓｓｗｏｒｄ１２３４５６７", ALONE, Common),
        ("mypassword", BESIDE, Common),
        ("sunshine", BESIDE, Common),
        ("5un5h1ne!!", BESIDE, Common),
        ("Superman٢٠٢٦", BESIDE, Common),
        ("dragonmonkey", BESIDE, Common),
        ("1qaz2wsx", BESIDE, Sequence),
        ("mohamed123", BESIDE, Common),
        ("mo7amed123", BESIDE, Common),
        ("Mohamed Ahmed 1985", ALONE, Common),
        ("محمد أحمد ١٩٨٥", BESIDE, Common),
        ("حبيبتي١٢٣", BESIDE, Common),
        ("بسم الله الرحيم", ALONE, Common),
        ("iloveyou2024", BESIDE, Common),
        // Keys in a row, and dates.
        ("1234567890", BESIDE, Sequence),
        ("123456789012345", ALONE, Sequence),
        ("١٢٣٤٥٦٧٨٩٠", BESIDE, Sequence),
        ("qwertyuiop", BESIDE, Sequence),
        ("poiuytrewq", BESIDE, Sequence),
        ("qwertyuiopasdfghjkl", ALONE, Sequence),
        ("asdfghjklqwertyuiopzxcvbnm", ALONE, Sequence),
        ("abcdefgh12345678", ALONE, Sequence),
        ("aaaaaaaabbbbbbbb", ALONE, Sequence),
        ("ضصثقفغعهخحجد", BESIDE, Sequence),
        ("شسيبلاتنمكطضصثقفغعه", ALONE, Sequence),
        ("ابتثجحخد", BESIDE, Sequence),
        ("أبجدهوزحطي", BESIDE, Sequence),
        ("!@#$%^&*()", BESIDE, Sequence),
        ("19871224", BESIDE, Sequence),
        ("٢٤١٢١٩٨٧", BESIDE, Sequence),
        ("24121987 24121988", ALONE, Sequence),
        // A repeated short text.
        ("xkqzxkqzxkqzxkqz", ALONE, Repeated),
        ("xyuxyuxyuxyu2024", ALONE, Repeated),
        ("k7qm!!!!!!!!!!!!", ALONE, Repeated),
        ("k              z", ALONE, Repeated),
        ("قلم قلم قلم قلم", ALONE, Repeated),
        // Words known at this hospital.
        ("hospital", BESIDE, OfThisPlace),
        ("Nile-Hospital-2026!", ALONE, OfThisPlace),
        ("H0sp1tal1234567", ALONE, OfThisPlace),
        ("nilehospitalquality", ALONE, OfThisPlace),
        ("welcome nile hospital", ALONE, OfThisPlace),
        ("NileHospital-ab2026", ALONE, OfThisPlace),
        ("mostashfa2026!!", ALONE, OfThisPlace),
        ("Mosta4fa-Nile-1", ALONE, OfThisPlace),
        ("مستشفى", BESIDE, TooShort { least: 8 }),
        ("المستشفى", BESIDE, OfThisPlace),
        ("مُسْتَشْفَى٢٠٢٦", BESIDE, OfThisPlace),
        ("مستشفى النيل ٢٠٢٦", ALONE, OfThisPlace),
        ("ممرضة مستشفى النيل", ALONE, OfThisPlace),
        ("Mona.Abdelrahman", ALONE, OfThisPlace),
        ("m0na-abdelrahman", ALONE, OfThisPlace),
        ("منى عبد الرحمن ١٩٨٥", ALONE, OfThisPlace),
        ("nurse doctor patient", ALONE, OfThisPlace),
    ];
    let wrong: Vec<_> = bad
        .iter()
        .map(|(password, owner, flaw)| (password, flaw, policy().accept(password, owner).err()))
        .filter(|(_, flaw, found)| Some(**flaw) != *found)
        .collect();
    assert!(wrong.is_empty(), "wrong results: {wrong:#?}");
}

#[test]
fn a_refusal_gives_help_and_does_not_repeat_the_password() {
    for (password, owner) in
        [("kurz", ALONE), ("Mona.Abdelrahman", ALONE), ("P@ssw0rd", BESIDE), ("kkkk\u{7}kkkkkkkkkkk", ALONE)]
    {
        let error = policy().accept(password, &owner).map(|_| ()).unwrap_err().error();
        let said = format!("{error:?}");
        assert!(error.help().is_some(), "{said}");
        for word in ["kurz", "kkkk", "mona", "abdelrahman", "p@ss", "p4ss"] {
            assert!(!said.to_lowercase().contains(word), "{said}");
        }
    }
    assert!(!format!("{:?} {ALONE:?}", policy()).to_lowercase().contains("nil"));
}

#[test]
fn a_password_is_equal_from_every_keyboard() -> Result<()> {
    let cost = PasswordCost::new(8, 1, 1)?;
    let hash = |text| cost.hash(&Password::typed(text).unwrap(), &mut Entropy::from_seed(&[1; 32]));
    for (one, other) in [
        ("caf\u{e9} au lait", "cafe\u{301} au lait"),
        ("نور الشمس لا", "\u{FEE7}\u{FEEE}\u{FEAE} \u{FE8D}\u{FEDF}\u{FEB8}\u{FEE4}\u{FEB2} \u{FEFB}"),
        ("Ａｂｃ　１", "Abc 1"),
        ("سر\u{200F} خفي", "سر خفي"),
        ("a\u{A0}b", "a b"),
    ] {
        assert_eq!(hash(one)?.to_string(), hash(other)?.to_string(), "{one}");
    }
    for (one, other) in [("Abc", "abc"), ("a b", "ab"), ("سر", "سِر"), (" a", "a"), ("١", "1")] {
        assert_ne!(hash(one)?.to_string(), hash(other)?.to_string(), "{one}");
    }
    Ok(())
}

#[test]
fn a_hash_of_another_program_is_accepted() -> Result<()> {
    // The hash of "correct horse battery staple" by `argon2-cffi` 25.1.
    let hash = PasswordHash::from_str(
        "$argon2id$v=19$m=19456,t=2,p=1$Ug1SA3ziy22jC9/6Phr7vQ$+sx+gRq5V+QJ5fI4JS5hRCmuVyV/IvF3VJ/R5X2Kj6I",
    )?;
    let right = Password::typed("correct horse battery staple").unwrap();
    let wrong = Password::typed("Correct horse battery staple").unwrap();
    let today = PasswordCost::default();
    assert_eq!(hash.verify(&right, today)?, Verdict { matches: true, outdated: false });
    assert_eq!(hash.verify(&wrong, today)?, Verdict { matches: false, outdated: false });
    Ok(())
}

#[test]
fn a_hash_is_outdated_where_it_is_cheaper_than_today() -> Result<()> {
    let password = Password::typed("three camels read the news").unwrap();
    let cost = |memory, passes| PasswordCost::new(memory, passes, 1);
    let hash = cost(64, 2)?.hash(&password, &mut Entropy::from_seed(&[1; 32]))?;
    for (today, outdated) in [
        (cost(64, 2)?, false),
        (cost(32, 1)?, false),
        (cost(65, 2)?, true),
        (cost(64, 3)?, true),
        (PasswordCost::default(), true),
    ] {
        assert_eq!(hash.verify(&password, today)?, Verdict { matches: true, outdated }, "{today:?}");
    }
    // Eight bytes of salt, and half of the output length.
    let short = PasswordHash::from_str("$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")?;
    assert!(short.verify(&password, cost(64, 2)?)?.outdated);
    Ok(())
}

#[test]
fn the_hash_without_an_account_costs_the_same_and_never_matches() -> Result<()> {
    let cost = PasswordCost::default();
    let hash = cost.nobodys()?;
    assert!(hash.to_string().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    for text in ["", "three camels read the news"] {
        let verdict = hash.verify(&Password::typed(text).unwrap(), cost)?;
        assert_eq!(verdict, Verdict { matches: false, outdated: false });
    }
    Ok(())
}

#[test]
fn an_unacceptable_hash_is_refused_before_any_work() {
    let good =
        "$argon2id$v=19$m=64,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(PasswordHash::from_str(good).is_ok());
    for (from, to) in [
        ("argon2id", "argon2i"),
        ("argon2id", "argon2d"),
        ("argon2id", "scrypt"),
        ("v=19", "v=16"),
        ("$v=19", ""),
        ("m=64,", ""),
        ("m=64", "m=4194304"),
        ("m=64", "m=4"),
        ("t=2", "t=100000"),
        ("t=2", "t=0"),
        ("p=1", "p=1,x=1"),
        ("p=1", "p=1,keyid=AAAA"),
        ("p=1", "p=9999"),
        ("$AAAAAAAAAAAAAAAAAAAAAA$", "$"),
        ("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAA$"),
        (good, ""),
        (good, "$2b$12$abcdefghijklmnopqrstuuT0Yf1v0y1E0c1d3m3nN3a3vN3a3vN3a"),
    ] {
        let changed = good.replace(from, to);
        assert!(PasswordHash::from_str(&changed).is_err(), "{changed}");
    }
    assert!(PasswordCost::new(7, 1, 1).is_err() && PasswordCost::new(8, 1, 2).is_err());
}

#[test]
fn debug_output_has_no_secrets() -> Result<()> {
    let password = Password::typed("three camels read the news").unwrap();
    assert_eq!(format!("{password:?}"), "Password(redacted)");
    let hash = PasswordCost::new(8, 1, 1)?.hash(&password, &mut Entropy::from_seed(&[1; 32]))?;
    assert!(!format!("{hash:?}").contains('$'), "{hash:?}");
    Ok(())
}

#[test]
fn the_lists_are_long_and_in_order() {
    let common = include_str!("common.txt");
    let lines: Vec<&str> = common.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.is_sorted());
    assert!(lines.iter().filter(|line| line.len() >= LEAST_BESIDE).count() >= 3000);
}

/// Words that must be refused with any decoration. Each is long enough with a second factor.
const BLOCKED: &[&str] = &[
    "sunshine",
    "superman",
    "password",
    "football",
    "hospital",
    "mostashfa",
    "abdelrahman",
    "qwertyuiop",
    "المستشفى",
    "التمريض",
    "حبيبتي",
];

fn drawn(c: char, how: u8) -> Vec<char> {
    let other = match (how % 4, c) {
        (1, 'a') => '@',
        (2, 'a') => '4',
        (1 | 2, 'e') => '3',
        (1, 'i') => '1',
        (2, 'i') => '!',
        (1 | 2, 'l') => '1',
        (1 | 2, 'o') => '0',
        (1, 's') => '$',
        (2, 's') => '5',
        (1 | 2, 't') => '7',
        (1 | 2, 'ا') => 'أ',
        (1 | 2, 'ي') => 'ى',
        (3, c) if c.is_ascii_lowercase() => c.to_ascii_uppercase(),
        (3, 'ا'..='ي') => return vec![c, '\u{64E}', '\u{640}'],
        (_, c) => c,
    };
    vec![other]
}

proptest! {
    #[test]
    fn a_blocked_word_is_refused_with_any_decoration(
        word in select(BLOCKED),
        how in prop::collection::vec(any::<u8>(), 12),
        between in select(&["", "-", " ", "_", "*"][..]),
        times in 1_usize..=3,
        front in "[0-9٠-٩۰-۹!?#*._$ -]{0,6}",
        behind in "[0-9٠-٩۰-۹!?#*._$ -]{0,30}",
    ) {
        // Keys in a row that are replaced by digits are no longer keys in a row.
        let row = word == "qwertyuiop";
        let letters = word.chars().zip(&how).map(|(c, how)| String::from_iter(drawn(c, if row { how % 2 * 3 } else { *how })));
        let word = letters.collect::<Vec<_>>().join(between);
        let password = format!("{front}{}{behind}", vec![word; times].join(between));
        let found = policy().accept(&password, &BESIDE).map(|_| ());
        prop_assert!(found.is_err(), "{}", password);
    }

    #[test]
    fn a_long_phrase_may_contain_a_common_word(
        words in prop::sample::subsequence(&["camel", "reads", "violet", "under", "winter", "table", "ثلاث", "جمال", "تقرأ", "الجريدة"][..], 4),
        common in select(&["sunshine", "password", "hospital", "mona", "nile", "حبيبتي", "مستشفى"][..]),
        place in 0_usize..=4,
        between in select(&["", "-", " "][..]),
    ) {
        let mut words = words;
        words.insert(place, common);
        prop_assert_eq!(policy().accept(&words.join(between), &ALONE).map(|_| ()), Ok(()));
    }

    #[test]
    fn an_accepted_password_verifies(text in "\\PC{8,300}", seed: [u8; 32], second_factor: bool) {
        let Ok(password) = policy().accept(&text, &Owner { second_factor, words: WORDS }) else { return Ok(()) };
        let cost = PasswordCost::new(8, 1, 1)?;
        let kept = cost.hash(&password, &mut Entropy::from_seed(&seed))?.to_string();
        let hash: PasswordHash = kept.parse()?;
        prop_assert!(hash.verify(&Password::typed(&text).unwrap(), cost)?.matches);
        let apart: String = text.nfd().collect();
        prop_assert!(hash.verify(&Password::typed(&apart).unwrap(), cost)?.matches);
        if let Ok(other) = Password::typed(&format!("{text}x")) {
            prop_assert!(!hash.verify(&other, cost)?.matches);
        }
    }
}

/// Rarely, a random password contains a run of neighbouring keys and is refused like a typed one.
#[test]
fn a_random_password_is_almost_never_refused() {
    let letters: Vec<char> = ('0'..='z').filter(char::is_ascii_alphanumeric).collect();
    let drawn = prop::collection::vec(select(letters), 16);
    let mut chance = proptest::test_runner::TestRunner::deterministic();
    let mut is_refused = |_: &i32| {
        let text: String = drawn.new_tree(&mut chance).unwrap().current().into_iter().collect();
        policy().accept(&text, &ALONE).is_err()
    };
    let refused = (0..2000).filter(&mut is_refused).count();
    assert!(refused < 20, "{refused} of 2000");
}
