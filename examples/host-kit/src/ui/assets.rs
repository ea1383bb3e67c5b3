//! The style sheet, the scripts and the font of the pages. They are in the program, so that a host has no files to deploy.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// An icon that browsers do not ask for.
pub const ICON: &str = "data:,";
/// The address of the Arabic font of normal weight, which pages in Arabic load first.
pub const ARABIC: &str = "/assets/noto-sans-arabic-400.woff2";

const CSS: &str = include_str!("../../assets/kit.css");

/// A file that the pages load.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its media type.
    pub media: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// The file of a name below `/assets/`; `None` for another name. A name contains the digest or the version of its
/// content, so browsers keep it for ever.
pub fn find(name: &str) -> Option<Asset> {
    const WOFF2: &str = "font/woff2";
    let asset = |media, bytes| Some(Asset { media, bytes });
    match name {
        "noto-sans-arabic-400.woff2" => asset(WOFF2, include_bytes!("../../assets/arabic-400.woff2")),
        "noto-sans-arabic-700.woff2" => asset(WOFF2, include_bytes!("../../assets/arabic-700.woff2")),
        _ if script().strip_prefix("/assets/") == Some(name) => {
            asset("text/javascript; charset=utf-8", KIT.as_bytes())
        }
        _ => None,
    }
}

const KIT: &str = include_str!("../../assets/kit.js");

/// The style sheet. It stands in each page: a file of its own would cost a phone one more round trip.
pub fn css() -> &'static str {
    static SMALL: LazyLock<String> = LazyLock::new(|| smaller(CSS));
    &SMALL
}

/// The address of the script of the pages.
pub fn script() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| {
        let digest = Sha256::digest(KIT);
        let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("/assets/kit-{short}.js")
    });
    &ADDRESS
}

/// A style sheet without comments and line breaks.
fn smaller(css: &str) -> String {
    let mut small = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        small.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    small.push_str(rest);
    small.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_page_has_a_file() {
        for address in [ARABIC, script()] {
            assert!(find(address.strip_prefix("/assets/").unwrap()).is_some(), "{address}");
        }
        for name in ["", "kit.js", "js", ".js", "../kit.js"] {
            assert!(find(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_style_sheet_has_no_physical_directions() {
        for word in
            ["margin-left", "margin-right", "padding-left", "padding-right", "text-align: left", "float:"]
        {
            assert!(!css().contains(word), "{word}");
        }
        assert!(!css().contains("/*") && !css().contains('\n'));
    }
}
