//! A safe SVG drawn as PNG.

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{ImageHrefResolver, Options, Tree},
};

use super::ArtworkRejection;

/// The longer side of what is drawn, in pixels.
const SIDE: f32 = 1024.0;
/// How much longer than the other a side may be.
const LONGEST: f32 = 8.0;

/// Draws the picture so that its longer side has 1,024 pixels. Nothing is loaded: no file, no font.
///
/// # Errors
/// When there is no picture in it, or one of impossible size.
pub(super) fn to_png(svg: &str) -> Result<Vec<u8>, ArtworkRejection> {
    let malformed = |what: &str| ArtworkRejection::Malformed(what.into());
    let nothing = ImageHrefResolver {
        resolve_data: Box::new(|_, _, _| None),
        resolve_string: Box::new(|_, _| None),
    };
    let options = Options { image_href_resolver: nothing, ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|_| {
        malformed("the SVG cannot be drawn: give it a viewBox, or a width and a height")
    })?;
    let (width, height) = (tree.size().width(), tree.size().height());
    if width > height * LONGEST || height > width * LONGEST {
        let message = "one side of the picture is more than 8 times the other: make it squarer";
        return Err(ArtworkRejection::TooLarge(message.into()));
    }
    let scale = SIDE / width.max(height);
    let mut pixels = Pixmap::new(side(width * scale), side(height * scale))
        .ok_or_else(|| malformed("the SVG has no size"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|_| malformed("the SVG cannot be drawn"))
}

fn side(length: f32) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and 1,024 by then"
    )]
    let pixels = length.round().clamp(1.0, SIDE) as u32;
    pixels
}
