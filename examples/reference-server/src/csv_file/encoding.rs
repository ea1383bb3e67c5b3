//! Detects and decodes the encoding of a file.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1256};
use sha2::{Digest as _, Sha256};

use super::hex;

const CHUNK: usize = 1 << 16;

/// The statistics of a file after one pass.
pub(super) struct Looked {
    /// SHA-256 of the whole file, in hexadecimal.
    pub(super) digest: String,
    pub(super) bytes: u64,
    /// The encoding that a byte order mark names.
    marked: Option<&'static Encoding>,
    /// The number of zero bytes at even and at odd offsets. UTF-16 has many zero bytes at one of the two.
    zeros: [u64; 2],
    /// The number of non-ASCII characters in valid UTF-8, and of malformed UTF-8 sequences.
    characters: u64,
    malformed: u64,
    /// Which non-ASCII bytes occur.
    high: [bool; 256],
    detector: EncodingDetector,
}

impl Looked {
    pub(super) fn through(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        let mut looked = Self {
            digest: String::new(),
            bytes: 0,
            marked: None,
            zeros: [0; 2],
            characters: 0,
            malformed: 0,
            high: [false; 256],
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
        };
        let (mut whole, mut utf8) = (Sha256::new(), UTF_8.new_decoder_without_bom_handling());
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk)?;
            let bytes = chunk.get(..read).unwrap_or_default();
            if looked.bytes == 0 {
                looked.marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
            }
            whole.update(bytes);
            looked.count(bytes, &mut utf8);
            looked.detector.feed(bytes, read == 0);
            if read == 0 {
                break;
            }
        }
        looked.digest = hex(&whole.finalize());
        Ok(looked)
    }

    fn count(&mut self, bytes: &[u8], utf8: &mut Decoder) {
        for byte in bytes {
            let place = if self.bytes.is_multiple_of(2) { &mut self.zeros[0] } else { &mut self.zeros[1] };
            *place += u64::from(*byte == 0);
            if let Some(high) = self.high.get_mut(usize::from(*byte)) {
                *high |= *byte >= 0x80;
            }
            self.bytes += 1;
        }
        let mut letters = [0; 4096];
        let mut left = bytes;
        loop {
            let (result, read, written) =
                utf8.decode_to_utf8_without_replacement(left, &mut letters, bytes.is_empty());
            left = left.get(read..).unwrap_or_default();
            let leads = letters.get(..written).unwrap_or_default().iter().filter(|byte| **byte >= 0xC0);
            self.characters += leads.count() as u64;
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.malformed += 1,
            }
        }
    }

    /// The detected encoding; `None` if the detection is not certain. A few damaged rows do not change the result.
    pub(super) fn encoding(&self) -> Option<&'static Encoding> {
        let [even, odd] = self.zeros;
        // In UTF-16 at least every twentieth character is a space, a separator or a digit, whose high byte is zero.
        let of_two_bytes = |zeros: u64, others: u64| zeros * 20 >= self.bytes && others * 20 <= zeros;
        if self.marked.is_some() {
            return self.marked;
        } else if of_two_bytes(odd, even) {
            return Some(UTF_16LE);
        } else if of_two_bytes(even, odd) {
            return Some(UTF_16BE);
        } else if self.malformed <= self.characters {
            return Some(UTF_8);
        }
        let high: Vec<u8> = (0x80..=0xFF_u8)
            .zip(self.high.iter().skip(0x80))
            .filter(|(_, is)| **is)
            .map(|(byte, _)| byte)
            .collect();
        if WINDOWS_1252.decode_without_bom_handling(&high).0
            == WINDOWS_1256.decode_without_bom_handling(&high).0
        {
            return Some(WINDOWS_1252);
        }
        // The detector runs with and without the hint that Arabic is likely. If the results differ, neither is certain.
        let (anywhere, here) = (
            self.detector.guess(None, Utf8Detection::Deny),
            self.detector.guess(Some(b"eg"), Utf8Detection::Deny),
        );
        (anywhere == here && [WINDOWS_1252, WINDOWS_1256].contains(&here)).then_some(here)
    }
}

/// A file as a stream of UTF-8 bytes. A malformed sequence becomes a byte that is not valid in UTF-8, so that the
/// reader of the text finds it.
pub(super) struct Decoded {
    file: BufReader<File>,
    /// `None` for UTF-8, because its bytes need no conversion.
    decoder: Option<Decoder>,
    letters: Vec<u8>,
    at: usize,
    read: u64,
    ended: bool,
}

const NO_LETTER: u8 = 0xFF;

impl Decoded {
    pub(super) fn open(path: &Path, encoding: &'static Encoding) -> io::Result<Self> {
        let file = BufReader::with_capacity(CHUNK, File::open(path)?);
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal());
        let mut decoded = Self { file, decoder, letters: Vec::new(), at: 0, read: 0, ended: false };
        if encoding == UTF_8 && decoded.ahead(3)? == b"\xEF\xBB\xBF" {
            decoded.at = 3;
        }
        Ok(decoded)
    }

    /// The next bytes: at most `many`, fewer at the end of the file.
    pub(super) fn ahead(&mut self, many: usize) -> io::Result<&[u8]> {
        while self.letters.len() < self.at + many && !self.ended {
            self.fill()?;
        }
        let rest = self.letters.get(self.at..).unwrap_or_default();
        Ok(rest.get(..many).unwrap_or(rest))
    }

    /// The next byte.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(match self.letters.get(self.at) {
            Some(byte) => Some(*byte),
            None => self.ahead(1)?.first().copied(),
        })
    }

    /// Skips the next byte.
    pub(super) fn bump(&mut self) {
        self.at += 1;
    }

    /// The number of bytes read from the file.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    fn fill(&mut self) -> io::Result<()> {
        self.letters.drain(..self.at.min(self.letters.len()));
        self.at = 0;
        let chunk = self.file.fill_buf()?;
        let length = chunk.len();
        self.ended = length == 0;
        match &mut self.decoder {
            None => self.letters.extend(chunk),
            Some(decoder) => {
                let (mut left, mut letters) = (chunk, [0; 4096]);
                loop {
                    let (result, read, written) =
                        decoder.decode_to_utf8_without_replacement(left, &mut letters, self.ended);
                    left = left.get(read..).unwrap_or_default();
                    self.letters.extend(letters.get(..written).unwrap_or_default());
                    match result {
                        DecoderResult::InputEmpty => break,
                        DecoderResult::OutputFull => {}
                        DecoderResult::Malformed(..) => self.letters.push(NO_LETTER),
                    }
                }
            }
        }
        self.file.consume(length);
        self.read += length as u64;
        Ok(())
    }
}
