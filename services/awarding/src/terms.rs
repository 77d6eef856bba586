use awarding_domain::AwardId;
use kernel::{Day, EmailAddress, Timestamp};
use openbadges::Evidence;

/// What is asked for one award, checked; the person is in it.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) email: EmailAddress,
    pub(crate) name: String,
    pub(crate) achieved_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) narrative: Option<String>,
    pub(crate) notify: bool,
}

/// The same as somebody typed it; empty texts stand for nothing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Typed<'a> {
    pub(crate) email: &'a str,
    pub(crate) name: &'a str,
    pub(crate) achieved_at: &'a str,
    pub(crate) expires_at: &'a str,
    pub(crate) narrative: &'a str,
    pub(crate) notify: bool,
}

/// One piece of evidence as somebody typed it.
#[derive(Clone, Copy, Default)]
pub(crate) struct TypedEvidence<'a> {
    pub(crate) name: &'a str,
    pub(crate) url: &'a str,
    pub(crate) description: &'a str,
}

/// Which part of the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Email,
    Name,
    AchievedAt,
    ExpiresAt,
    Narrative,
    Evidence,
}

/// What is wrong, and where; never what stands there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) field: Field,
    pub(crate) message: String,
}

impl Field {
    /// The place in a request.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Field::Email => "/recipient/email",
            Field::Name => "/recipient/name",
            Field::AchievedAt => "/achievedAt",
            Field::ExpiresAt => "/expiresAt",
            Field::Narrative => "/narrative",
            Field::Evidence => "/evidence",
        }
    }

    /// The column of a CSV.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Field::Email => "email",
            Field::Name => "name",
            Field::AchievedAt => "achieved_at",
            Field::ExpiresAt => "expires_at",
            Field::Narrative => "narrative",
            Field::Evidence => "evidence_url",
        }
    }

    /// The stable code of what is wrong there.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Field::Email | Field::Name => "RECIPIENT_INVALID",
            _ => "INVALID_INPUT",
        }
    }
}

const NAME: usize = 200;
const NARRATIVE: usize = 4_000;
const DESCRIPTION: usize = 2_000;
const URL: usize = 2_000;
const EVIDENCE: usize = 10;

impl Terms {
    /// Checks what was typed; `now` stands in for a date not given and no achievement lies after
    /// it. Without an end the badge's own rule applies, which counts from `now`.
    pub(crate) fn check(
        typed: Typed<'_>,
        evidence: &[TypedEvidence<'_>],
        now: Timestamp,
        expires_after_days: Option<u32>,
    ) -> Result<Self, Fault> {
        let email = typed.email.parse().map_err(|error: kernel::InvalidEmail| Fault {
            field: Field::Email,
            message: error.to_string(),
        })?;
        let name =
            line(typed.name, NAME, Field::Name, "a name is one line of at most 200 characters")?;
        let achieved_at = match moment(typed.achieved_at, Field::AchievedAt)? {
            None => now,
            Some(at) if at <= now => at,
            Some(_) => return Err(fault(Field::AchievedAt, "it must not lie in the future")),
        };
        let expires_at = match moment(typed.expires_at, Field::ExpiresAt)? {
            Some(at) if at > now && at > achieved_at => Some(at.whole_second()),
            Some(_) => return Err(fault(Field::ExpiresAt, "it must lie in the future")),
            None => expires_after_days
                .map(|days| now.whole_second().plus_millis(i64::from(days) * 86_400_000)),
        };
        let narrative =
            text(typed.narrative, NARRATIVE, Field::Narrative, "at most 4000 characters of text")?;
        if evidence.len() > EVIDENCE {
            return Err(fault(Field::Evidence, "at most 10 pieces of evidence"));
        }
        let evidence = evidence.iter().map(checked).collect::<Result<Vec<_>, Fault>>()?;
        let notify = typed.notify;
        Ok(Self { email, name, achieved_at, expires_at, evidence, narrative, notify })
    }
}

/// The id of an award, where a request names one.
pub(crate) fn award_id(text: &str) -> crate::trouble::Outcome<AwardId> {
    text.parse().map_err(|error| crate::trouble::Trouble::invalid_id("/awardId", error))
}

fn checked(typed: &TypedEvidence<'_>) -> Result<Evidence, Fault> {
    let mut evidence = Evidence::new();
    if !typed.url.trim().is_empty() {
        let url = typed.url.trim();
        if !is_web_url(url) {
            let message =
                "an evidence url is an absolute http or https url of at most 2000 characters";
            return Err(fault(Field::Evidence, message));
        }
        evidence.id = Some(url.to_owned());
    }
    let name = line(
        typed.name,
        NAME,
        Field::Evidence,
        "a name of evidence is one line of at most 200 characters",
    )?;
    evidence.name = (!name.is_empty()).then_some(name);
    let message = "a description of evidence is a text of at most 2000 characters";
    evidence.description = text(typed.description, DESCRIPTION, Field::Evidence, message)?;
    if evidence == Evidence::new() {
        return Err(fault(Field::Evidence, "evidence has a url, a name or a description"));
    }
    Ok(evidence)
}

fn fault(field: Field, message: &str) -> Fault {
    Fault { field, message: message.to_owned() }
}

fn line(typed: &str, most: usize, field: Field, message: &str) -> Result<String, Fault> {
    let typed = typed.trim();
    let fits = typed.len() <= most * 4
        && typed.chars().count() <= most
        && !typed.chars().any(|c| c.is_control() || is_noncharacter(c));
    if fits { Ok(typed.to_owned()) } else { Err(fault(field, message)) }
}

fn text(typed: &str, most: usize, field: Field, message: &str) -> Result<Option<String>, Fault> {
    let typed = typed.trim();
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let fits = typed.len() <= most * 4
        && typed.chars().count() <= most
        && !typed.chars().any(|c| control(c) || is_noncharacter(c));
    match (fits, typed.is_empty()) {
        (false, _) => Err(fault(field, message)),
        (true, true) => Ok(None),
        (true, false) => Ok(Some(typed.to_owned())),
    }
}

/// Unicode reserves these for software's own use (Unicode 16, 23.7); no text holds them.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// A moment, or a day for its first moment.
fn moment(typed: &str, field: Field) -> Result<Option<Timestamp>, Fault> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let day = || typed.parse::<Day>().map(Day::start);
    match typed.parse().or_else(|_| day()) {
        Ok(at) => Ok(Some(at)),
        Err(_) => Err(fault(field, "not a date such as 2026-01-31 or 2026-01-31T12:00:00Z")),
    }
}

fn is_web_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let sound = |c: char| {
        !c.is_whitespace() && !c.is_control() && !is_noncharacter(c) && !"<>\"\\^`{|}".contains(c)
    };
    url.len() <= URL && url.chars().all(sound) && host.is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T14:05:06Z".parse().expect("valid")
    }

    fn field(typed: Typed<'_>) -> Field {
        match Terms::check(typed, &[], now(), None) {
            Err(fault) => fault.field,
            Ok(_) => panic!("it was accepted"),
        }
    }

    #[test]
    fn a_day_stands_for_its_first_moment_and_nothing_for_now() {
        let typed =
            Typed { email: "Ada@example.org", achieved_at: "2026-01-31", ..Typed::default() };
        let terms = Terms::check(typed, &[], now(), Some(10)).unwrap_or_else(|_| panic!("valid"));
        assert_eq!(terms.achieved_at.to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(
            terms.expires_at.map(|at| at.to_string()).as_deref(),
            Some("2026-12-03T14:05:06Z")
        );
        let typed = Typed { achieved_at: "", ..typed };
        let terms = Terms::check(typed, &[], now(), None).unwrap_or_else(|_| panic!("valid"));
        assert_eq!((terms.achieved_at, terms.expires_at), (now(), None));
    }

    #[test]
    fn each_fault_names_its_field() {
        let good = Typed { email: "ada@example.org", ..Typed::default() };
        let long = "x".repeat(4_001);
        for (typed, expected) in [
            (Typed { email: "", ..good }, Field::Email),
            (Typed { email: "ada", ..good }, Field::Email),
            (Typed { name: &long[..201], ..good }, Field::Name),
            (Typed { name: "Ada\nLovelace", ..good }, Field::Name),
            (Typed { achieved_at: "31.01.2026", ..good }, Field::AchievedAt),
            (Typed { achieved_at: "2026-11-24", ..good }, Field::AchievedAt),
            (Typed { expires_at: "2026-11-23", ..good }, Field::ExpiresAt),
            (Typed { narrative: &long, ..good }, Field::Narrative),
            (Typed { narrative: "\u{fdd0}", ..good }, Field::Narrative),
        ] {
            assert_eq!(field(typed), expected);
        }
        for url in ["javascript:alert(1)", "https://", "https://a b", "ftp://a.example"] {
            let evidence = TypedEvidence { url, ..TypedEvidence::default() };
            assert!(Terms::check(good, &[evidence], now(), None).is_err(), "{url}");
        }
        assert!(Terms::check(good, &[TypedEvidence::default()], now(), None).is_err());
    }
}
