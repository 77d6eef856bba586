//! Pictures made chunk by chunk, so that a test can make a wrong one, too.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};

pub const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

pub const SVG: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- A disc -->\n",
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox='0 0 8 8' >\r\n",
    "  <title>A &lt;disc&gt;</title><circle r=\"4\"/>\n</svg>\n<!-- over -->\n",
);

/// A chunk with the right length and checksum.
pub fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a test's chunk is small").to_be_bytes();
    let checksum = crc32fast::hash(&[&kind[..], data].concat()).to_be_bytes();
    [&length, &kind[..], data, &checksum].concat()
}

/// The header of a picture in shades of grey.
pub fn header(width: u32, height: u32) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(*b"IHDR", &[&size[..], &[8, 0, 0, 0, 0]].concat())
}

pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// A picture of those chunks, with its signature and its end.
pub fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    [SIGNATURE, &chunks.concat(), &chunk(*b"IEND", &[])].concat()
}

/// A picture that can be drawn: a square of that many pixels, which do not compress.
pub fn png(side: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut pixel = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let mut rows = Vec::new();
    for _ in 0..side {
        rows.extend([0].into_iter().chain((0..side).map(|_| pixel())));
    }
    png_of(&[
        header(side, side),
        chunk(*b"tEXt", b"Software\0a test"),
        chunk(*b"IDAT", &deflated(&rows)),
    ])
}

/// A picture with that chunk between its header and its pixels.
pub fn png_with(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    png_of(&[header(1, 1), chunk(kind, data), chunk(*b"IDAT", &deflated(&[0, 0]))])
}

/// An SVG with that first in its root, where the prefixes of the standards are declared.
pub fn svg_with(element: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:ob3=\"https://purl.imsglobal.org/ob/v3p0\" \
         xmlns:ob2=\"http://openbadges.org\" xmlns:clr=\"https://purl.imsglobal.org/clr/v2p0\">\
         {element}<circle r=\"4\"/></svg>"
    )
}
