//! The fonts of a PDF.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use eovr_core::export::pdf::Fonts;
use eovr_core::{Error, Result};

/// The fonts of a server's reports, loaded once, at the first use.
#[derive(Debug, Default)]
pub(crate) struct LoadedFonts {
    own: Option<PathBuf>,
    fonts: OnceLock<Fonts>,
}

impl LoadedFonts {
    /// Uses the hospital's own font before the embedded ones, if there is one.
    pub(crate) fn new(own: Option<PathBuf>) -> Self {
        Self { own, fonts: OnceLock::new() }
    }

    pub(crate) fn fonts(&self) -> Result<&Fonts> {
        if let Some(fonts) = self.fonts.get() {
            return Ok(fonts);
        }
        let fonts = load(self.own.as_deref(), |wrong| tracing::warn!("{wrong}"))?;
        Ok(self.fonts.get_or_init(|| fonts))
    }
}

/// The embedded fonts, and before them the hospital's own. An unusable font is reported, and the report is printed
/// without it.
pub(super) fn load(own: Option<&Path>, say: impl FnOnce(String)) -> Result<Fonts> {
    let embedded = Fonts::embedded()?;
    let Some(path) = own else { return Ok(embedded) };
    let read = std::fs::read(path).map_err(|error| format!("it cannot be read ({error})"));
    let used = read.and_then(|regular| {
        let bold = bold_beside(path).and_then(|path| std::fs::read(path).ok());
        let told = |error: Error| format!("{} ({})", error.message(), error.help().unwrap_or_default());
        embedded.with_own(regular, bold).map_err(told)
    });
    used.or_else(|wrong| {
        say(format!("the font `{}`: {wrong}: Amiri is used", path.display()));
        Fonts::embedded()
    })
}

/// The bold face of `Name-Regular.ttf` is `Name-Bold.ttf`.
fn bold_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    name.contains("Regular").then(|| path.with_file_name(name.replace("Regular", "Bold")))
}
