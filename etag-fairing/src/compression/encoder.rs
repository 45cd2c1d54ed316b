//! The codings themselves, piece by piece or at once.

use std::io::{self, Write};

use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::config::{Coding, CompressionConfig};

/// How far back `br` and `zstd` look in a body whose size isn't known: 2 to the power of this, in bytes. It decides how much
/// memory a stream takes, and a client that reads slowly keeps it for long.
const WINDOW_OF_STREAM: u8 = 18;

/// The largest window that `br` has (RFC 7932 §9.1).
const LARGEST_BROTLI_WINDOW: u32 = 22;

/// How much output of `br` is handed on at once, in bytes.
const BROTLI_BUFFER: usize = 4096;

/// How much trouble is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Levels {
    brotli: u32,
    #[cfg_attr(not(feature = "compression-zstd"), allow(dead_code, reason = "read with the feature"))]
    zstd: u32,
    gzip: u32,
}

impl Levels {
    pub(crate) fn of(config: &CompressionConfig) -> Self {
        Self { brotli: config.brotli_level, zstd: config.zstd_level, gzip: config.gzip_level }
    }
}

/// Puts a body into a coding, piece by piece.
pub(super) enum Encoder {
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
    #[cfg(feature = "compression-zstd")]
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Encoder {
    /// For a body of this size, where it is known.
    pub(super) fn new(coding: Coding, levels: Levels, size: Option<usize>) -> io::Result<Self> {
        match coding {
            Coding::Brotli => {
                let window = match size {
                    // A window that is larger than the body only takes memory.
                    Some(size) => {
                        (usize::BITS - size.leading_zeros()).clamp(10, LARGEST_BROTLI_WINDOW) as i32
                    }
                    None => i32::from(WINDOW_OF_STREAM),
                };
                let parameters = BrotliEncoderParams {
                    quality: i32::try_from(levels.brotli).unwrap_or(11),
                    lgwin: window,
                    size_hint: size.unwrap_or(0),
                    ..BrotliEncoderParams::default()
                };
                let writer = CompressorWriter::with_params(Vec::new(), BROTLI_BUFFER, &parameters);
                Ok(Self::Brotli(Box::new(writer)))
            }
            Coding::Gzip => {
                let encoder = GzEncoder::new(Vec::new(), Compression::new(levels.gzip));
                Ok(Self::Gzip(Box::new(encoder)))
            }
            #[cfg(feature = "compression-zstd")]
            Coding::Zstd => {
                let level = i32::try_from(levels.zstd).unwrap_or(19);
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), level)?;
                match size {
                    Some(size) => encoder.set_pledged_src_size(Some(size as u64))?,
                    None => encoder.window_log(u32::from(WINDOW_OF_STREAM))?,
                }
                Ok(Self::Zstd(Box::new(encoder)))
            }
            #[cfg(not(feature = "compression-zstd"))]
            Coding::Zstd => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Brotli(writer) => writer,
            Self::Gzip(writer) => writer,
            #[cfg(feature = "compression-zstd")]
            Self::Zstd(writer) => writer,
        }
    }

    /// Takes the next piece of the body.
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.writer().write_all(piece)
    }

    /// Makes all that was written so far readable for the client.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }

    /// What there is to send.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(match self {
            Self::Brotli(writer) => writer.get_mut(),
            Self::Gzip(writer) => writer.get_mut(),
            #[cfg(feature = "compression-zstd")]
            Self::Zstd(writer) => writer.get_mut(),
        })
    }

    /// Ends the body; answers what there is still to send.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            // It writes the end of the stream, to memory, which never fails.
            Self::Brotli(writer) => Ok(writer.into_inner()),
            Self::Gzip(writer) => writer.finish(),
            #[cfg(feature = "compression-zstd")]
            Self::Zstd(writer) => writer.finish(),
        }
    }
}

/// A whole body in a coding.
pub(crate) fn encode(coding: Coding, levels: Levels, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = Encoder::new(coding, levels, Some(body.len()))?;
    encoder.write(body)?;
    encoder.finish()
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Read;

    use super::*;

    pub(in crate::compression) fn decode(coding: Coding, coded: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        match coding {
            Coding::Brotli => brotli::Decompressor::new(coded, 4096).read_to_end(&mut body),
            Coding::Gzip => flate2::read::GzDecoder::new(coded).read_to_end(&mut body),
            #[cfg(feature = "compression-zstd")]
            Coding::Zstd => {
                zstd::stream::read::Decoder::new(coded).and_then(|mut read| read.read_to_end(&mut body))
            }
            #[cfg(not(feature = "compression-zstd"))]
            Coding::Zstd => unreachable!("it is not in `Coding::ALL`"),
        }
        .expect("a coded body");
        body
    }

    pub(in crate::compression) fn levels() -> Levels {
        Levels::of(&CompressionConfig::default())
    }

    /// Text that is worth coding, of this size.
    pub(in crate::compression) fn text(size: usize) -> Vec<u8> {
        (0..)
            .flat_map(|number: u32| {
                format!("{{\"number\":{}}},", number.wrapping_mul(2_654_435_761)).into_bytes()
            })
            .take(size)
            .collect()
    }

    #[test]
    fn what_is_coded_is_decoded_to_the_same() {
        for coding in Coding::ALL {
            for size in [0, 1, 100, 5000, 70_000, 1 << 20] {
                let body = text(size);
                let coded = encode(*coding, levels(), &body).expect("a coded body");
                assert_eq!(decode(*coding, &coded), body, "{coding:?} {size}");
                assert!(size < 5000 || coded.len() < size * 2 / 3, "{coding:?} {size} {}", coded.len());
                assert_eq!(
                    encode(*coding, levels(), &body).expect("a coded body"),
                    coded,
                    "the same each time"
                );
            }
        }
    }

    /// RFC 8878 §3.1.1.1.2: behind the magic number and the descriptor of the frame.
    #[cfg(feature = "compression-zstd")]
    #[test]
    fn a_stream_of_zstd_has_a_small_window_at_every_level() {
        let mut config = CompressionConfig::default();
        for level in 1..=19 {
            config.zstd_level = level;
            let mut encoder = Encoder::new(Coding::Zstd, Levels::of(&config), None).expect("an encoder");
            encoder.write(&text(1 << 20)).expect("a piece");
            let coded = encoder.finish().expect("a coded body");
            assert_eq!(coded[4] & 0x20, 0, "a window is told");
            assert!((coded[5] >> 3) + 10 <= WINDOW_OF_STREAM, "{level}");
            assert_eq!(decode(Coding::Zstd, &coded), text(1 << 20), "{level}");
        }
    }

    #[test]
    fn every_level_that_may_be_configured_works() {
        let body = text(3000);
        let mut config = CompressionConfig::default();
        for level in 0..=19_u32 {
            (config.brotli_level, config.gzip_level, config.zstd_level) =
                (level.min(11), level.clamp(1, 9), level.max(1));
            for coding in Coding::ALL {
                let coded = encode(*coding, Levels::of(&config), &body).expect("a coded body");
                assert_eq!(decode(*coding, &coded), body, "{coding:?} {level}");
            }
        }
    }
}
