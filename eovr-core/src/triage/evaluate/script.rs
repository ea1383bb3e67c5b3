use serde::Serialize;

/// The script of a narrative: what can be determined about its language without guessing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// At least nine letters in ten are Arabic.
    Arabic,
    /// At least nine letters in ten are Latin.
    Latin,
    /// Arabic and Latin letters.
    Mixed,
    /// Mostly letters of other scripts.
    Other,
    /// No letters.
    #[default]
    None,
}

impl Script {
    /// Counts the letters.
    pub fn of(narrative: &str) -> Self {
        let (mut arabic, mut latin, mut all) = (0_usize, 0_usize, 0_usize);
        for letter in narrative.chars().filter(|letter| letter.is_alphabetic()) {
            all += 1;
            match letter {
                '\u{600}'..='\u{6FF}'
                | '\u{750}'..='\u{77F}'
                | '\u{8A0}'..='\u{8FF}'
                | '\u{FB50}'..='\u{FDFF}'
                | '\u{FE70}'..='\u{FEFF}' => arabic += 1,
                'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{24F}' => latin += 1,
                _ => {}
            }
        }
        match () {
            () if all == 0 => Self::None,
            () if arabic * 10 >= all * 9 => Self::Arabic,
            () if latin * 10 >= all * 9 => Self::Latin,
            () if (arabic + latin) * 2 > all => Self::Mixed,
            () => Self::Other,
        }
    }

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arabic => "Arabic script",
            Self::Latin => "Latin script",
            Self::Mixed => "Arabic and Latin",
            Self::Other => "other scripts",
            Self::None => "no letters",
        }
    }
}
