//! The two languages of the pages: direction, digits, plural forms, dates.

use std::borrow::Cow;

use eovr_core::Timestamp;
use jiff::tz::TimeZone;

/// The language that a page is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, from left to right.
    #[default]
    En,
    /// Arabic, from right to left, with Arabic digits.
    Ar,
}

/// The plural categories of Unicode's CLDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plural {
    /// Arabic: 0.
    Zero,
    /// 1.
    One,
    /// Arabic: 2.
    Two,
    /// Arabic: 3 to 10, 103 to 110 and so on.
    Few,
    /// Arabic: 11 to 99, 111 to 199 and so on.
    Many,
    /// Every other number.
    Other,
}

impl Language {
    /// Both, in the order of menus.
    pub const ALL: [Self; 2] = [Self::En, Self::Ar];

    /// The language of a tag such as `ar-EG`; `None` for a language without pages.
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_', ';']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    /// `en` or `ar`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ar => "ar",
        }
    }

    /// The tag with a region, which determines the digits: browsers write `ar` with 1 and `ar-EG` with ١.
    pub const fn locale(self) -> &'static str {
        match self {
            Self::En => "en-GB",
            Self::Ar => "ar-EG",
        }
    }

    /// `ltr` or `rtl`.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::En => "ltr",
            Self::Ar => "rtl",
        }
    }

    /// The name of the language in itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ar => "العربية",
        }
    }

    /// The other language.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::En => Self::Ar,
            Self::Ar => Self::En,
        }
    }

    /// The text of this language.
    pub fn pick<'a>(self, en: &'a str, ar: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Ar => ar,
        }
    }

    /// The plural category of a number.
    ///
    /// ```
    /// use eovr_host::ui::{Language, Plural};
    ///
    /// assert_eq!(Language::Ar.plural(103), Plural::Few);
    /// assert_eq!(Language::En.plural(103), Plural::Other);
    /// ```
    pub const fn plural(self, number: u64) -> Plural {
        match (self, number, number % 100) {
            (Self::En, 1, _) | (Self::Ar, 1, _) => Plural::One,
            (Self::En, ..) => Plural::Other,
            (Self::Ar, 0, _) => Plural::Zero,
            (Self::Ar, 2, _) => Plural::Two,
            (Self::Ar, _, 3..=10) => Plural::Few,
            (Self::Ar, _, 11..=99) => Plural::Many,
            (Self::Ar, ..) => Plural::Other,
        }
    }

    /// A whole number with the digits and separators of the language.
    ///
    /// ```
    /// use eovr_host::ui::Language;
    ///
    /// assert_eq!(Language::En.number(1234), "1,234");
    /// assert_eq!(Language::Ar.number(1234), "١٬٢٣٤");
    /// ```
    pub fn number(self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::with_capacity(digits.len() * 2);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        self.digits(&grouped).into_owned()
    }

    /// A number with decimals.
    pub fn decimal(self, number: f64, decimals: usize) -> String {
        self.digits(&format!("{number:.decimals$}")).into_owned()
    }

    /// A text whose digits are those of the language. Codes, file numbers and addresses keep theirs, so they do not pass
    /// here.
    pub fn digits(self, text: &str) -> Cow<'_, str> {
        if self == Self::En {
            return Cow::Owned(text.to_owned());
        }
        let digit = |sign: char| match sign {
            '0'..='9' => char::from_u32(u32::from(sign) - 0x30 + 0x660).unwrap_or(sign),
            '.' => '٫',
            ',' => '٬',
            other => other,
        };
        text.chars().map(digit).collect::<String>().into()
    }

    /// A day, such as `1 December 2026`.
    pub fn day(self, at: Timestamp, zone: &TimeZone) -> String {
        let Some(at) = local(at, zone) else { return String::new() };
        let (day, year) = (self.plain(i64::from(at.day())), self.plain(i64::from(at.year())));
        format!("{day} {} {year}", self.month_name(at.month()))
    }

    /// A day and a time, such as `1 December 2026, 14:05`.
    pub fn moment(self, at: Timestamp, zone: &TimeZone) -> String {
        let Some(local) = local(at, zone) else { return String::new() };
        let time = format!("{:02}:{:02}", local.hour(), local.minute());
        format!("{}{} {}", self.day(at, zone), self.pick(",", "،"), self.digits(&time))
    }

    /// A month, such as `December 2026`.
    pub fn month(self, year: i16, month: i8) -> String {
        format!("{} {}", self.month_name(month), self.plain(i64::from(year)))
    }

    /// The name of a month, 1 to 12, as Egypt and the Gulf have it; empty for another number.
    pub fn month_name(self, month: i8) -> &'static str {
        const NAMES: [(&str, &str); 12] = [
            ("January", "يناير"),
            ("February", "فبراير"),
            ("March", "مارس"),
            ("April", "أبريل"),
            ("May", "مايو"),
            ("June", "يونيو"),
            ("July", "يوليو"),
            ("August", "أغسطس"),
            ("September", "سبتمبر"),
            ("October", "أكتوبر"),
            ("November", "نوفمبر"),
            ("December", "ديسمبر"),
        ];
        let names = usize::try_from(month).ok().and_then(|month| NAMES.get(month.checked_sub(1)?));
        names.map_or("", |(en, ar)| self.pick(en, ar))
    }

    /// A number without separators, as years and days have it.
    fn plain(self, number: i64) -> String {
        self.digits(&number.to_string()).into_owned()
    }
}

impl From<Language> for eovr_core::export::Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Ar => Self::Ar,
        }
    }
}

/// What people type as machines read it: `٣` and `۳` become `3`.
///
/// ```
/// assert_eq!(eovr_host::ui::latin("٣٤"), "34");
/// ```
pub fn latin(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    let digit = |sign: char| match u32::from(sign) {
        code @ (0x660..=0x669 | 0x6F0..=0x6F9) => char::from_digit(code & 0xF, 10).unwrap_or(sign),
        _ => sign,
    };
    text.chars().map(digit).collect::<String>().into()
}

/// A text without isolates, for where a browser shows it outside of the page: titles, file names.
pub fn without_isolates(text: &str) -> String {
    text.chars().filter(|sign| !('\u{2066}'..='\u{2069}').contains(sign)).collect()
}

fn local(at: Timestamp, zone: &TimeZone) -> Option<jiff::Zoned> {
    jiff::Timestamp::from_microsecond(at.as_micros()).ok().map(|at| at.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_has_six_plural_forms() {
        let forms = [0, 1, 2, 3, 10, 11, 26, 99, 100, 102, 103, 111, 200, 1_000_000];
        let said = forms.map(|number| Language::Ar.plural(number));
        use Plural::{Few, Many, One, Other, Two, Zero};
        assert_eq!(said, [Zero, One, Two, Few, Few, Many, Many, Many, Other, Other, Few, Many, Other, Other]);
        assert_eq!([0, 1, 2].map(|number| Language::En.plural(number)), [Other, One, Other]);
    }

    #[test]
    fn numbers_and_dates_are_those_of_the_language() {
        let at: Timestamp = "2026-12-01T22:30:00Z".parse().unwrap();
        let cairo = TimeZone::get("Africa/Cairo").unwrap();
        assert_eq!(Language::En.moment(at, &cairo), "2 December 2026, 00:30");
        assert_eq!(Language::Ar.moment(at, &cairo), "٢ ديسمبر ٢٠٢٦، ٠٠:٣٠");
        assert_eq!(Language::En.number(0), "0");
        assert_eq!(Language::En.number(12_345_678), "12,345,678");
        assert_eq!(Language::Ar.decimal(1234.5, 1), "١٢٣٤٫٥");
        assert_eq!(Language::Ar.month_name(13), "");
        assert_eq!(latin("۳۴ and ٣٤"), "34 and 34");
    }

    #[test]
    fn a_browsers_tag_names_a_language() {
        for (tag, expected) in
            [("ar-SA", Some(Language::Ar)), (" EN;q=0.8", Some(Language::En)), ("fr", None), ("", None)]
        {
            assert_eq!(Language::of(tag), expected, "{tag}");
        }
    }
}
