use std::fmt;

use super::{LARGEST, clean, too_large};
use crate::error::{Error, Result};

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Media {
    /// A photograph, as cameras make it.
    Jpeg,
    /// A picture, as screens are copied.
    Png,
    /// A document.
    Pdf,
}

impl Media {
    /// All.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Pdf];

    /// Its media type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// How names of such files end; the first is the usual one.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Self::Png => &["png"],
            Self::Pdf => &["pdf"],
        }
    }

    /// The same name with an ending that says what the file is: by it whoever saves a file decides what opens it.
    pub(super) fn named(self, name: &str) -> String {
        let fits = name.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && self.extensions().iter().any(|known| ending.eq_ignore_ascii_case(known))
        });
        match self.extensions().first() {
            Some(usual) if !fits => {
                let room = super::LONGEST_NAME - usual.len() - 1;
                // Systems pass over dots and spaces at the end, and would see another ending.
                let stem: String = name.chars().take(room).collect();
                match stem.trim_end_matches(['.', ' ']) {
                    "" => format!("file.{usual}"),
                    stem => format!("{stem}.{usual}"),
                }
            }
            _ => name.to_owned(),
        }
    }

    /// What these bytes are.
    ///
    /// # Errors
    /// `InvalidInput` where they are nothing of this, or too many.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LARGEST {
            return Err(too_large());
        }
        Self::ALL.into_iter().find(|media| bytes.starts_with(media.signature())).ok_or_else(|| {
            Error::invalid("the file is none of those that are taken")
                .with_help("a JPEG or PNG picture, or a PDF; what it is called does not matter")
        })
    }

    /// The same file without what stands beside the picture; a document stays as it is.
    ///
    /// # Errors
    /// `InvalidInput` where it is not whole.
    pub fn cleaned(self, bytes: &[u8]) -> Result<Vec<u8>> {
        let whole = match self {
            Self::Jpeg => clean::jpeg(bytes),
            Self::Png => clean::png(bytes),
            Self::Pdf => Some(bytes.to_vec()),
        };
        whole.ok_or_else(|| {
            Error::invalid(format!("the file begins as {self} and does not go on so"))
                .with_help("it was cut short or damaged; send it again")
        })
    }

    const fn signature(self) -> &'static [u8] {
        match self {
            Self::Jpeg => b"\xFF\xD8\xFF",
            Self::Png => b"\x89PNG\r\n\x1A\n",
            Self::Pdf => b"%PDF-",
        }
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
