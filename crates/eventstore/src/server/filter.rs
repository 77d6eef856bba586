//! Which events a reader of everything wants, as the protocol says it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use fancy_regex::{Regex, RegexBuilder};
use tonic::Status;

use super::proto::streams::read_req::options::{
    FilterOptions,
    filter_options::{Expression, Filter as Subject, Window},
};
use crate::raw::{StreamName, Wanted};

/// A filter and how often whoever uses it wants to know how far it came.
pub(super) struct Filter {
    pub wanted: Wanted,
    /// After so many events considered.
    pub interval: u64,
    /// Whether the expression was given up on, because it takes too long.
    pub exhausted: Arc<AtomicBool>,
}

/// Bytes of an expression, and of all prefixes together.
const LONGEST: usize = 16 << 10;
/// Steps back that an expression may take on one name: .NET's expressions know look-around, so
/// that none of the engines that need no bound can be used.
const STEPS: usize = 20_000;
/// How many events are considered between two checkpoints, when nothing else is said.
const WINDOW: u32 = 32;

enum Test {
    Everything,
    Prefixes(Vec<String>),
    Expression(Box<Regex>, Arc<AtomicBool>),
}

impl Filter {
    /// # Errors
    /// Invalid argument: the expression is none, or too long.
    pub fn of(options: FilterOptions) -> Result<Self, Status> {
        let window = match options.window {
            Some(Window::Max(0)) => {
                return Err(Status::invalid_argument("the window must be at least 1"));
            }
            Some(Window::Max(window)) => window,
            Some(Window::Count(_)) | None => WINDOW,
        };
        let multiplier = options.checkpoint_interval_multiplier;
        let interval = u64::from(window) * u64::from(multiplier.max(1));
        let exhausted = Arc::new(AtomicBool::new(false));
        let (on_type, test) = match options.filter {
            Some(Subject::EventType(expression)) => (true, test(expression, &exhausted)?),
            Some(Subject::StreamIdentifier(expression)) => (false, test(expression, &exhausted)?),
            None => (false, Test::Everything),
        };
        let wanted = move |stream: &StreamName, kind: &str| {
            test.passes(if on_type { kind } else { stream.as_str() })
        };
        Ok(Self { wanted: Arc::new(wanted), interval, exhausted })
    }

    /// # Errors
    /// Resource exhausted: the expression took too long on some name.
    pub fn check(&self) -> Result<(), Status> {
        if self.exhausted.load(Ordering::Relaxed) {
            return Err(Status::resource_exhausted(
                "the filter's expression takes too long: simplify it or use prefixes",
            ));
        }
        Ok(())
    }
}

impl Test {
    fn passes(&self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| name.starts_with(prefix)),
            Self::Expression(regex, exhausted) => regex.is_match(name).unwrap_or_else(|_| {
                exhausted.store(true, Ordering::Relaxed);
                false
            }),
        }
    }
}

fn test(expression: Expression, exhausted: &Arc<AtomicBool>) -> Result<Test, Status> {
    let Expression { regex, prefix } = expression;
    if regex.len() + prefix.iter().map(String::len).sum::<usize>() > LONGEST {
        return Err(Status::invalid_argument("the filter is too long"));
    }
    if regex.is_empty() {
        return Ok(if prefix.is_empty() { Test::Everything } else { Test::Prefixes(prefix) });
    }
    let built = RegexBuilder::new(&regex).backtrack_limit(STEPS).build();
    let built = built.map_err(|error| {
        Status::invalid_argument(format!("the filter's expression cannot be read: {error}"))
    })?;
    Ok(Test::Expression(Box::new(built), Arc::clone(exhausted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(subject: Subject, stream: &str, kind: &str) -> bool {
        let options = FilterOptions { filter: Some(subject), ..FilterOptions::default() };
        let filter = Filter::of(options).expect("a filter");
        (filter.wanted)(&StreamName::new(stream), kind)
    }

    fn regex(regex: &str) -> Expression {
        Expression { regex: regex.into(), prefix: Vec::new() }
    }

    #[test]
    fn expressions_look_around_as_clients_expect() {
        let system = r"^(?!(\$.+$|PersistentConfig\d+$|Result$))";
        for (kind, wanted) in
            [("made", true), ("$made", false), ("PersistentConfig1", false), ("Results", true)]
        {
            assert_eq!(passes(Subject::EventType(regex(system)), "s", kind), wanted, "{kind}");
        }
        assert!(passes(Subject::StreamIdentifier(regex("^award-")), "award-1", "$x"));
    }

    #[test]
    fn an_expression_that_explodes_is_given_up_on() {
        let subject = Subject::StreamIdentifier(regex(r"^(?=a)(a|aa|aaa)*\1$"));
        let options = FilterOptions { filter: Some(subject), ..FilterOptions::default() };
        let filter = Filter::of(options).expect("a filter");
        assert!(filter.check().is_ok());
        assert!(!(filter.wanted)(&StreamName::new(&format!("{}b", "a".repeat(200))), "x"));
        assert!(filter.check().is_err());
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for bad in ["(", &"x".repeat(LONGEST + 1)] {
            let filter = Some(Subject::EventType(regex(bad)));
            assert!(Filter::of(FilterOptions { filter, ..FilterOptions::default() }).is_err());
        }
    }
}
