//! A safe SVG drawn as PNG.

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Group, ImageHrefResolver, Node, Options, Tree},
};

use super::ArtworkRejection;

/// The longer side of what is drawn, in pixels.
const SIDE: f32 = 1024.0;
/// How much longer than the other a side may be.
const LONGEST: f32 = 8.0;
/// Most work, in layers of the size of the whole picture: some seconds.
const MOST_WORK: f32 = 250.0;
/// What filling a shape costs, measured against composing a layer of the same size.
const SHAPE: f32 = 0.02;
/// What one step of a filter costs, measured in the same way.
const FILTER_STEP: f32 = 20.0;
/// The drawing library keeps no layer larger than so many pictures.
const LARGEST_LAYER: f32 = 25.0;

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
    if work(tree.root(), width * height) > MOST_WORK {
        let message = "the picture takes too long to draw: use fewer filters, masks and layers";
        return Err(ArtworkRejection::TooLarge(message.into()));
    }
    let scale = SIDE / width.max(height);
    let mut pixels = Pixmap::new(side(width * scale), side(height * scale))
        .ok_or_else(|| malformed("the SVG has no size"))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|_| malformed("the SVG cannot be drawn"))
}

/// How much work it is to draw a group: layers, filters and shapes by their size.
fn work(group: &Group, picture: f32) -> f32 {
    let layer = group.abs_layer_bounding_box();
    let size = (layer.width() * layer.height() / picture).clamp(0.0, LARGEST_LAYER);
    let mut sum = if group.should_isolate() { size } else { 0.0 };
    for filter in group.filters() {
        for _ in filter.primitives() {
            sum += size * FILTER_STEP;
        }
    }
    let mut clip = group.clip_path();
    while let Some(one) = clip {
        sum += size + work(one.root(), picture);
        clip = one.clip_path();
    }
    let mut mask = group.mask();
    while let Some(one) = mask {
        sum += size + work(one.root(), picture);
        mask = one.mask();
    }
    for node in group.children() {
        sum += match node {
            Node::Group(inner) => work(inner, picture),
            shape => {
                let bounds = shape.abs_stroke_bounding_box();
                SHAPE * (bounds.width() * bounds.height() / picture).clamp(0.001, 1.0)
            }
        };
    }
    sum
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
