//! Logs that the host keeps compressed: read as the text they are, and written again in the same compression.
//!
//! In: the path, which tells the compression, and the bytes. Out: a reader of the text; a text as one stream of its own: all of
//! these formats are files of any number of streams, so that the chunks of a log can be packed apart. Never here: a limit of
//! how much text there may be, which is the caller's; archives, whose members have names of their own.

use std::{
    io::{self, BufReader, Read},
    path::Path,
};

use bzip2::bufread::{BzEncoder, MultiBzDecoder};
use flate2::bufread::{GzEncoder, MultiGzDecoder};
use liblzma::{
    bufread::{XzDecoder, XzEncoder},
    stream::{CONCATENATED, Check, Filters, LzmaOptions, Stream},
};

/// How far back a compressed text may refer, as a power of two: 64 MiB, which `xz -9` uses. All of it has to be kept.
const REFERS: u32 = 26;
/// What a reader takes besides.
const AROUND: u64 = 4 << 20;
/// How far back our own streams refer: they are chunks of about so much.
const CHUNK: u32 = 1 << 20;

/// How many bytes tell how a text is compressed.
pub(crate) const HEAD: usize = 10;
/// What follows the first four bytes of bzip2: a block, or the end of an empty stream.
const BZIP2: [[u8; 6]; 2] = [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// `.gz`.
    Gzip,
    /// `.xz`.
    Xz,
    /// `.zst`.
    Zstd,
    /// `.bz2`.
    Bzip2,
}

impl Packing {
    /// How a file is compressed, by its name.
    pub fn of(path: &Path) -> Option<Packing> {
        match path.extension()?.to_str()? {
            "gz" => Some(Packing::Gzip),
            "xz" => Some(Packing::Xz),
            "zst" => Some(Packing::Zstd),
            "bz2" => Some(Packing::Bzip2),
            _ => None,
        }
    }

    /// How a text is compressed, by its first [`HEAD`] bytes: for what is found in a bundle, whose names were redacted.
    pub(crate) fn told(head: &[u8]) -> Option<Packing> {
        match head {
            [0x1f, 0x8b, ..] => Some(Packing::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Packing::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
            // Its first bytes are letters; only with the number of a block, or of the end, behind them is it no text.
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if BZIP2.iter().any(|number| rest.starts_with(number)) => {
                Some(Packing::Bzip2)
            }
            _ => None,
        }
    }

    /// Reads the text of all streams. A broken or truncated file, and one that needs more memory than there is for it, ends
    /// with [`io::ErrorKind::InvalidData`] or [`io::ErrorKind::UnexpectedEof`].
    ///
    /// # Errors
    ///
    /// When there is no memory for the reader.
    pub fn reader<'a>(self, input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        let input = BufReader::new(input);
        Ok(match self {
            Packing::Gzip => Box::new(Told(MultiGzDecoder::new(input))),
            Packing::Xz => {
                let stream = Stream::new_stream_decoder((1 << REFERS) + AROUND, CONCATENATED)?;
                Box::new(Told(XzDecoder::new_stream(input, stream)))
            }
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(input)?;
                decoder.window_log_max(REFERS)?;
                Box::new(Told(decoder))
            }
            Packing::Bzip2 => Box::new(Told(MultiBzDecoder::new(input))),
        })
    }
}

/// A text as one stream of gzip.
///
/// # Errors
///
/// When there is no memory for it.
pub fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    GzEncoder::new(text, flate2::Compression::fast()).read_to_end(&mut out)?;
    Ok(out)
}

/// A text as one stream of xz, as fast as xz can and with about 10 MiB of memory.
///
/// # Errors
///
/// When there is no memory for it.
pub fn xz(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut options = LzmaOptions::new_preset(1)?;
    options.dict_size(CHUNK);
    let stream = Stream::new_stream_encoder(Filters::new().lzma2(&options), Check::Crc64)?;
    let mut out = Vec::new();
    XzEncoder::new_stream(text, stream).read_to_end(&mut out)?;
    Ok(out)
}

/// A text as one frame of Zstandard.
///
/// # Errors
///
/// When there is no memory for it.
pub fn zstd(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(zstd::DEFAULT_COMPRESSION_LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(text)
}

/// A text as one stream of bzip2.
///
/// # Errors
///
/// When there is no memory for it.
pub fn bzip2(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    BzEncoder::new(text, bzip2::Compression::default()).read_to_end(&mut out)?;
    Ok(out)
}

/// Tells a broken file from one that cannot be read: the libraries do so each in a way of its own.
struct Told<R>(R);

impl<R: Read> Read for Told<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use io::ErrorKind::{Interrupted, UnexpectedEof};
        self.0.read(buffer).map_err(|error| match error.kind() {
            Interrupted | UnexpectedEof => error,
            _ if error.raw_os_error().is_some() => error,
            _ => io::Error::new(io::ErrorKind::InvalidData, error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Packing; 4] = [Packing::Gzip, Packing::Xz, Packing::Zstd, Packing::Bzip2];

    fn pack(packing: Packing, text: &[u8]) -> Vec<u8> {
        match packing {
            Packing::Gzip => gzip(text),
            Packing::Xz => xz(text),
            Packing::Zstd => zstd(text),
            Packing::Bzip2 => bzip2(text),
        }
        .expect("packed")
    }

    fn unpack(packing: Packing, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        packing.reader(bytes)?.read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn files_of_many_streams_are_read_whole() {
        for packing in ALL {
            let text = b"Jan 18 23:31:41 a line\n".repeat(9_000);
            let file = [pack(packing, &text), pack(packing, b""), pack(packing, b"the end\n")].concat();
            assert_eq!(unpack(packing, &file).expect("whole"), [&text[..], b"the end\n"].concat(), "{packing:?}");
        }
    }

    #[test]
    fn how_a_text_is_compressed_is_told_by_its_head() {
        for packing in ALL {
            for text in [&b""[..], b"text\n"] {
                let bytes = pack(packing, text);
                assert_eq!(Packing::told(&bytes[..bytes.len().min(HEAD)]), Some(packing));
            }
        }
        for text in [&b""[..], b"BZh91 is the flight", b"BZh", b"(\xb5/", b"7zXZ"] {
            assert_eq!(Packing::told(text), None);
        }
    }

    #[test]
    fn a_broken_file_is_told_from_one_that_cannot_be_read() {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        struct Unreadable;
        impl Read for Unreadable {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::from_raw_os_error(libc::EIO))
            }
        }
        for packing in ALL {
            let file = pack(packing, &b"0123456789 abcdefgh\n".repeat(50));
            let broken = |bytes: &[u8]| {
                let error = unpack(packing, bytes).expect_err("broken");
                assert!(matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof), "{packing:?} {error:?}");
            };
            broken(&file[..file.len() / 2]);
            broken(&file[..file.len() - 1]);
            broken(b"Jan 18 23:31:41 no such format\n");
            let mut changed = file.clone();
            let middle = file.len() / 2;
            changed[middle] ^= 0x55;
            broken(&changed);
            let error = packing.reader(Unreadable).expect("a reader").read(&mut [0; 9]).expect_err("EIO");
            assert_eq!(error.raw_os_error(), Some(libc::EIO), "{packing:?}");
        }
    }

    #[test]
    fn what_refers_further_back_than_there_is_memory_for_is_refused() {
        let mut options = LzmaOptions::new_preset(0).expect("a preset");
        options.dict_size(256 << 20);
        let mut bytes = Vec::new();
        // Only the header of the block says so: reserve nothing, change the byte.
        let stream = Stream::new_stream_encoder(Filters::new().lzma2(&options), Check::Crc64);
        if let Ok(stream) = stream {
            XzEncoder::new_stream(&b"text\n"[..], stream).read_to_end(&mut bytes).expect("packed");
            let error = unpack(Packing::Xz, &bytes).expect_err("too far back");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        // A frame that refers 128 MiB back.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x29, 0, 0, b't', b'e', b'x', b't', b'\n'];
        let error = unpack(Packing::Zstd, &frame).expect_err("too far back");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    }
}
