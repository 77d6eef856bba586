//! How many shapes a picture comes to. An element that others refer to is drawn again for each of
//! them, and so a few lines could ask for billions. What each shape costs is `render.rs`'s matter.

use std::collections::HashMap;

use super::{ArtworkRejection, css, shown};

/// The elements of a picture and what they refer to.
#[derive(Debug, Default)]
pub(super) struct Costs {
    elements: Vec<Element>,
    ids: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Element {
    name: String,
    id: Option<String>,
    classes: Vec<String>,
    children: Vec<usize>,
    refers_to: Vec<String>,
    own: u64,
}

/// Most shapes, copies counted.
const BUDGET: u64 = 50_000;
/// How deep elements and references may lead into each other.
const DEEPEST: usize = 128;
/// Most style rules that refer to something.
const MOST_REFERRING_RULES: usize = 100;

impl Costs {
    /// Counts an element under its parent, with its attributes as they will stand.
    pub(super) fn add(
        &mut self,
        parent: Option<usize>,
        name: &str,
        attributes: &[(String, String)],
    ) -> Result<usize, ArtworkRejection> {
        let mut element = Element { name: name.to_owned(), own: 1, ..Element::default() };
        for (name, value) in attributes {
            match name.as_str() {
                "id" => element.id = Some(value.clone()),
                "class" => element.classes = value.split_whitespace().map(str::to_owned).collect(),
                "href" => element.refers_to.extend(css::local(value).map(str::to_owned)),
                "style" => element.declare(value),
                "d" | "points" => element.own += value.len() as u64 / 2_000,
                name => element.declare(&format!("{name}:{value}")),
            }
        }
        let index = self.elements.len();
        if let Some(id) = &element.id
            && self.ids.insert(id.clone(), index).is_some()
        {
            let message = format!("the id {} is given twice: make it unique", shown(id));
            return Err(ArtworkRejection::Malformed(message));
        }
        self.elements.push(element);
        if let Some(parent) = parent {
            self.elements[parent].children.push(index);
        }
        Ok(index)
    }

    /// Adds what style rules refer to, to the elements that they may concern.
    pub(super) fn style(&mut self, rules: &[(String, String)]) -> Result<(), ArtworkRejection> {
        let mut referring = 0;
        for (selector, declared) in rules {
            let mut added = Element::default();
            added.declare(declared);
            if added.refers_to.is_empty() {
                continue;
            }
            referring += 1;
            if referring > MOST_REFERRING_RULES {
                let message = "too many style rules refer to masks, filters or paints: simplify it";
                return Err(ArtworkRejection::TooLarge(message.into()));
            }
            for element in self.elements.iter_mut().filter(|e| e.may_match(selector)) {
                element.refers_to.extend(added.refers_to.iter().cloned());
            }
        }
        Ok(())
    }

    /// Nothing when the picture can be drawn within bounds.
    pub(super) fn check(&self) -> Result<(), ArtworkRejection> {
        let mut known = vec![Cost::Unknown; self.elements.len()];
        if self.elements.is_empty() || self.cost(0, 0, &mut known)? <= BUDGET {
            return Ok(());
        }
        let message = "the picture takes too long to draw: use fewer shapes and copies";
        Err(ArtworkRejection::TooLarge(message.into()))
    }

    fn cost(
        &self,
        index: usize,
        depth: usize,
        known: &mut [Cost],
    ) -> Result<u64, ArtworkRejection> {
        let element = &self.elements[index];
        match known[index] {
            Cost::Known(cost) => return Ok(cost),
            Cost::Counting => {
                let name = shown(&element.name);
                let message = format!("a {name} element refers to itself: break the circle");
                return Err(ArtworkRejection::Unsafe(message));
            }
            Cost::Unknown if depth > DEEPEST => {
                let message = "the picture's elements refer to each other too deeply: flatten it";
                return Err(ArtworkRejection::TooLarge(message.into()));
            }
            Cost::Unknown => known[index] = Cost::Counting,
        }
        let targets = element.refers_to.iter().filter_map(|id| self.ids.get(id));
        let mut sum = element.own;
        for next in element.children.iter().chain(targets) {
            sum = sum.saturating_add(self.cost(*next, depth + 1, known)?);
        }
        known[index] = Cost::Known(sum);
        Ok(sum)
    }
}

#[derive(Clone, Copy, Debug)]
enum Cost {
    Unknown,
    Counting,
    Known(u64),
}

impl Element {
    /// Adds what declarations refer to.
    fn declare(&mut self, declarations: &str) {
        for declaration in declarations.split(';') {
            let Some((_, value)) = declaration.split_once(':') else { continue };
            self.refers_to.extend(css::references(value).map(str::to_owned));
        }
    }

    /// Whether a selector could mean this element: rather too often than too seldom.
    fn may_match(&self, selector: &str) -> bool {
        selector.contains('*')
            || selector.contains(':')
            || selector.contains(&self.name)
            || self.id.as_ref().is_some_and(|id| selector.contains(id))
            || self.classes.iter().any(|class| selector.contains(class))
    }
}
