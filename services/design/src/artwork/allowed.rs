//! The allow-lists: elements, attributes, properties and functions of a safe picture, sorted.

/// The namespace of every element that is kept.
pub(super) const SVG: &str = "http://www.w3.org/2000/svg";
/// The namespace of `xlink:href`, which becomes `href`.
pub(super) const XLINK: &str = "http://www.w3.org/1999/xlink";
/// The namespace of `xml:space`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

const ELEMENTS: [&str; 35] = [
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feOffset",
    "filter",
    "g",
    "line",
    "linearGradient",
    "mask",
    "path",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "style",
    "svg",
    "symbol",
    "title",
    "use",
];

/// Elements that may refer to another by `href`.
const REFERRING: [&str; 3] = ["linearGradient", "radialGradient", "use"];

/// Where and how large, by attribute only.
const GEOMETRY: [&str; 52] = [
    "amplitude",
    "clipPathUnits",
    "cx",
    "cy",
    "d",
    "dx",
    "dy",
    "exponent",
    "filterUnits",
    "flood-color",
    "fr",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "id",
    "in",
    "in2",
    "intercept",
    "k1",
    "k2",
    "k3",
    "k4",
    "maskContentUnits",
    "maskUnits",
    "mode",
    "offset",
    "operator",
    "pathLength",
    "points",
    "preserveAspectRatio",
    "primitiveUnits",
    "r",
    "result",
    "rx",
    "ry",
    "slope",
    "spreadMethod",
    "stdDeviation",
    "tableValues",
    "type",
    "values",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
    "class",
];

/// How it looks, by attribute or in a style.
const PROPERTIES: [&str; 34] = [
    "clip-path",
    "clip-rule",
    "color",
    "color-interpolation",
    "color-interpolation-filters",
    "color-rendering",
    "display",
    "fill",
    "fill-opacity",
    "fill-rule",
    "filter",
    "flood-color",
    "flood-opacity",
    "image-rendering",
    "isolation",
    "mask",
    "mask-type",
    "mix-blend-mode",
    "opacity",
    "overflow",
    "paint-order",
    "shape-rendering",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "transform",
    "visibility",
];

/// Attributes that say nothing about the picture: left out without a word.
const IDLE: [&str; 33] = [
    "baseProfile",
    "clip",
    "contentScriptType",
    "contentStyleType",
    "direction",
    "enable-background",
    "externalResourcesRequired",
    "focusable",
    "font",
    "font-family",
    "font-size",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "kerning",
    "lang",
    "letter-spacing",
    "line-height",
    "pointer-events",
    "requiredFeatures",
    "role",
    "tabindex",
    "text-anchor",
    "text-decoration",
    "text-rendering",
    "vector-effect",
    "version",
    "white-space",
    "word-spacing",
    "writing-mode",
    "x-height",
    "zoomAndPan",
];

/// Functions that a value may call; `url` is looked at more closely.
const FUNCTIONS: [&str; 16] = [
    "hsl",
    "hsla",
    "matrix",
    "rgb",
    "rgba",
    "rotate",
    "rotatex",
    "scale",
    "scalex",
    "scaley",
    "skewx",
    "skewy",
    "translate",
    "translatex",
    "translatey",
    "url",
];

/// What editors write beside the picture: namespaces that begin so are left out without a word.
const EDITORS: [&str; 16] = [
    "http://creativecommons.org/ns#",
    "http://ns.adobe.com/",
    "http://purl.org/dc/",
    "http://sodipodi.sourceforge.net/",
    "http://svgjs.com/",
    "http://svgjs.dev/",
    "http://vectornator.io/",
    "http://web.resource.org/cc/",
    "http://www.bohemiancoding.com/sketch/",
    "http://www.corel.com/",
    "http://www.figma.com/",
    "http://www.inkscape.org/",
    "http://www.serif.com/",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "https://affinity.serif.com/",
    "https://boxy-svg.com",
];

pub(super) fn element(name: &str) -> bool {
    ELEMENTS.contains(&name)
}

pub(super) fn refers(element: &str) -> bool {
    REFERRING.contains(&element)
}

pub(super) fn attribute(name: &str) -> bool {
    GEOMETRY.contains(&name) || PROPERTIES.contains(&name)
}

pub(super) fn property(name: &str) -> bool {
    PROPERTIES.contains(&name)
}

pub(super) fn idle(name: &str) -> bool {
    IDLE.contains(&name) || name.starts_with("data-") || name.starts_with("aria-")
}

pub(super) fn function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

pub(super) fn editor(namespace: &str) -> bool {
    EDITORS.iter().any(|editor| namespace.starts_with(editor))
}
