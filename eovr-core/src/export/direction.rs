//! The direction of a text, for PDF pages, archived pages and Excel cells.
//!
//! A paragraph has the direction of its first strong character (UAX #9, rules P2 and P3; isolates are skipped). An
//! English sentence that quotes Arabic therefore runs from left to right, as in every browser. One exception: an Arabic
//! sentence may begin with a name in Latin letters, such as *Warfarin* or *Heparin 5000 IU*. It is recognised because
//! the name contains none of the function words of an English sentence, and because Arabic follows the name.

use unicode_bidi::{Direction, get_base_direction};

/// The direction of a text, and the reason for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// The text has numbers and signs only, and no letter.
    NoLetter,
    /// From left to right, as its first letter does.
    Ltr,
    /// From right to left, as its first letter does.
    Rtl,
    /// From right to left, though it begins with a name in Latin letters.
    RtlBehindName,
}

impl Runs {
    /// The direction of the first paragraph that has a letter.
    pub(super) fn of(text: &str) -> Self {
        for paragraph in text.lines() {
            return match first_letter(paragraph) {
                Direction::Rtl => Self::Rtl,
                Direction::Ltr if begins_with_a_name(paragraph) => Self::RtlBehindName,
                Direction::Ltr => Self::Ltr,
                Direction::Mixed => continue,
            };
        }
        Self::NoLetter
    }

    /// Whether it runs from right to left.
    #[cfg(feature = "pdf")]
    pub(super) fn is_rtl(self) -> bool {
        matches!(self, Self::Rtl | Self::RtlBehindName)
    }
}

/// The direction of the first letter. Invisible characters are ignored.
fn first_letter(paragraph: &str) -> Direction {
    let unseen = ['\u{200e}', '\u{200f}', '\u{61c}'];
    match paragraph.contains(unseen) {
        true => get_base_direction(paragraph.replace(unseen, "").as_str()),
        false => get_base_direction(paragraph),
    }
}

/// Whether a character is a letter of Arabic or a mark above or below one.
pub(super) fn is_arabic(c: char) -> bool {
    let letter = matches!(c, '\u{620}'..='\u{65f}' | '\u{66e}'..='\u{6d3}' | '\u{6fa}'..='\u{6ff}');
    letter
        || matches!(c, '\u{610}'..='\u{61a}' | '\u{6d5}'..='\u{6ed}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// English function words, and the words with which forms and reports begin.
const LITTLE: &str = "a about after also an and are as asked at be because been before but by called came did do does \
    doctor found for from gave given got had has have he in instead into is it label name named no not \
    nurse of on or patient pharmacist read reads said says she so than that the their then they this to \
    told under was were when where which while who with without wrong wrote";

/// Whether a text that begins in Latin letters is an Arabic sentence with a name in front.
///
/// Each Arabic word has the weight of three Latin words. A long Latin name before a single Arabic word is not an Arabic
/// sentence.
fn begins_with_a_name(text: &str) -> bool {
    if !text.chars().any(is_arabic) {
        return false;
    }
    let (mut name, mut latin, mut arabic, mut little) = (0_usize, 0, 0, 0);
    for word in text.split_whitespace() {
        if word.chars().any(is_arabic) {
            arabic += 1;
            continue;
        }
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.chars().any(char::is_alphabetic) {
            continue;
        }
        let is_little = is_little(word);
        if arabic == 0 {
            if is_little {
                return false;
            }
            name += 1;
        } else {
            latin += 1;
            little += usize::from(is_little);
        }
    }
    arabic > 0 && arabic * 3 >= name + latin && (little == 0 || arabic > 2 * latin)
}

/// Whether a word is a function word and not a short name in capitals: group `A`, the `OR` of theatres, `IT`.
fn is_little(word: &str) -> bool {
    let is_short_name = word.len() < 3 && !word.chars().any(char::is_lowercase);
    !is_short_name && LITTLE.split(' ').any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_is_that_of_the_first_letter() {
        for arabic in [
            "سقط المريض",
            "1- سقط المريض",
            "«سقط» كتبت",
            "(5) جرعة 20 mg من Morphine",
            "أحمد was given the blood of another",
        ] {
            assert_eq!(Runs::of(arabic), Runs::Rtl, "{arabic}");
        }
        for english in [
            "Patient name on band was محمد علي حسن instead of أحمد علي حسن, so blood was sent back.",
            "Blood bag said محمد علي and band said أحمد علي",
            "The daughter said نعم",
            "Name: محمد علي حسن محمود",
            "Wrong label محمد علي حسن محمود",
            "Drug chart had أحمد محمد علي حسن عبد الله and not منى أحمد",
            "2 units of blood for سعاد حسن were hung on فاطمة علي",
            "no harm",
            "NAME ON THE BAND WAS محمد علي حسن عبد الله",
        ] {
            assert_eq!(Runs::of(english), Runs::Ltr, "{english}");
        }
    }

    #[test]
    fn an_arabic_sentence_may_begin_with_a_name() {
        for arabic in [
            "Warfarin أعطي للمريض بجرعة مضاعفة",
            "Heparin 5000 IU أُعطي للمريض",
            "Insulin Mixtard 30/70 20 units SC أعطيت للمريضة بدل الصباح",
            "Morphine أعطي 20 mg IV",
            "ICU كانت ممتلئة",
            "OR كان مغلقا",
            "Vitamin A أعطي مرتين",
            "Blood group A+ نقل إلى المريض",
            "MRI لم يتم عمله للمريض",
            "Warfarin أعطي للمريض وكتب الطبيب hold for 3 days حتى إشعار آخر ولم ينفذ أحد ذلك",
        ] {
            assert_eq!(Runs::of(arabic), Runs::RtlBehindName, "{arabic}");
        }
    }

    #[test]
    fn isolated_and_invisible_characters_do_not_set_the_direction() {
        assert_eq!(Runs::of("\u{2067}نعم\u{2069} was the answer"), Runs::Ltr);
        assert_eq!(Runs::of("\u{2066}Warfarin 5 mg\u{2069} أعطي"), Runs::Rtl);
        assert_eq!(Runs::of("\u{200f}Dose given"), Runs::Ltr);
        assert_eq!(Runs::of("\n12\nسقط المريض\nThe end"), Runs::Rtl);
        for numbers in ["+966 11 123", "2026-11-28", "-5", "", "٥ / ٦"] {
            assert_eq!(Runs::of(numbers), Runs::NoLetter, "{numbers}");
        }
    }
}
