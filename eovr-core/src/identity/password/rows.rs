//! Easy-to-type sequences: keys in a row, letters in alphabetical order, one key held down, dates.

use std::sync::LazyLock;

use super::spelling::fold;

/// The length of such a sequence at the start; 0 if it is shorter than three characters.
pub(super) fn run(chars: &[char]) -> usize {
    let Some(first) = chars.first() else { return 0 };
    let same = chars.iter().take_while(|c| *c == first).count();
    let in_rows = ROWS.iter().map(|row| in_row(chars, row)).max().unwrap_or(0);
    let longest = same.max(in_rows).max(date(chars));
    if longest < 3 { 0 } else { longest }
}

/// Rows of keys and alphabets, each forwards and backwards.
static ROWS: LazyLock<Vec<Vec<char>>> = LazyLock::new(|| {
    let forwards = [
        "12345678901234567890",
        "!@#$%^&*()_+",
        "abcdefghijklmnopqrstuvwxyz",
        // The US keyboard, in rows and in columns.
        "qwertyuiop[]",
        "asdfghjkl;'",
        "zxcvbnm,./",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
        "qazwsxedcrfvtgbyhnujmikolp",
        "1q2w3e4r5t6y7u8i9o0p",
        "q1w2e3r4t5y6u7i8o9p0",
        // The French keyboard, which is also used in the Maghreb, and the German one.
        "azertyuiop",
        "qsdfghjklm",
        "qwertzuiop",
        // The Arabic keyboard, then the two alphabetical orders of the Arabic letters.
        "ضصثقفغعهخحجد",
        "شسيبلاتنمكط",
        "ئءؤرلاىةوزظ",
        "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
        "ابجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    ];
    let folded = forwards.map(|row| {
        let mut folded = Vec::new();
        row.chars().for_each(|c| fold(c, |c| folded.push(c)));
        folded
    });
    folded.iter().flat_map(|row| [row.clone(), row.iter().rev().copied().collect()]).collect()
});

fn in_row(chars: &[char], row: &[char]) -> usize {
    let from = |start: usize| row.iter().skip(start).zip(chars).take_while(|(a, b)| a == b).count();
    (0..row.len()).map(from).max().unwrap_or(0)
}

/// The length of eight digits that are a date of the last or this century, with day, month and year in any order.
fn date(chars: &[char]) -> usize {
    let digits: Option<Vec<u32>> = chars.iter().take(8).map(|c| c.to_digit(10)).collect();
    let digits: Option<[u32; 8]> = digits.and_then(|digits| digits.try_into().ok());
    let Some([a, b, c, d, e, f, g, h]) = digits else { return 0 };
    let day = |tens: u32, ones: u32| (1..=31).contains(&(tens * 10 + ones));
    let month = |tens: u32, ones: u32| (1..=12).contains(&(tens * 10 + ones));
    let century = |tens: u32, ones: u32| matches!(tens * 10 + ones, 19 | 20);
    let both = |a, b, c, d| day(a, b) && month(c, d) || month(a, b) && day(c, d);
    if century(a, b) && both(e, f, g, h) || century(e, f) && both(a, b, c, d) { 8 } else { 0 }
}
