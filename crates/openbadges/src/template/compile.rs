//! From the canonical form of a sample award to the form in which awards are filled in.

use super::canonical::{BlankNode, CanonicalForm, EvidenceForm, Group, Line, Run};
use super::statement::{Part, Statement, append};

impl CanonicalForm {
    /// Reads the canonical form of the sample award; nothing when it has something in it for which
    /// only the general algorithm is right.
    pub(crate) fn of_sample(canonical: &str) -> Option<Self> {
        let statements: Vec<Statement> =
            canonical.lines().map(Statement::read).collect::<Option<_>>()?;
        if !statements.iter().all(evidence_keeps_to_itself) {
            return None;
        }
        let mut groups = Vec::new();
        let mut evidence = EvidenceForm::default();
        for group in statements.chunk_by(|a, b| a.subject == b.subject) {
            let runs = runs(group)?;
            if group[0].subject == [Part::Evidence] {
                evidence.runs = runs;
            } else {
                groups.push(Group { subject: group[0].subject.clone(), runs });
            }
        }
        let mut links = statements.iter().filter(|one| one.object == [Part::Evidence]);
        if let Some(link) = links.next() {
            let from_blank = matches!(link.subject[0], Part::Blank(_) | Part::Evidence);
            if from_blank || links.next().is_some() {
                return None;
            }
            evidence.link = Some(link.line.clone());
        }
        let labelled = statements.iter().flat_map(|one| &one.line).filter_map(|part| match part {
            Part::Blank(number) => Some(number + 1),
            _ => None,
        });
        let blanks = (0..labelled.max().unwrap_or(0))
            .map(|number| blank_node(&statements, number))
            .collect::<Option<_>>()?;
        Some(Self { groups, blanks, evidence, size: canonical.len() })
    }
}

/// What is said of one subject, in the order of the predicates.
fn runs(group: &[Statement]) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
    for same in group.chunk_by(|a, b| a.predicate == b.predicate) {
        let varies = |one: &Statement| !matches!(one.object.as_slice(), [Part::Text(_)]);
        if same.iter().any(|one| one.object == [Part::Evidence]) {
            match same {
                [_] => runs.push(Run::Evidence),
                _ => return None,
            }
        } else if same.len() > 1 && same.iter().any(varies) {
            runs.push(Run::Sorted(same.iter().map(line).collect::<Option<_>>()?));
        } else {
            for one in same {
                push(&mut runs, line(one)?);
            }
        }
    }
    Some(runs)
}

fn push(runs: &mut Vec<Run>, line: Line) {
    match (line.when, runs.last_mut()) {
        (None, Some(Run::Always(parts))) => append(parts, &line.parts),
        (None, _) => runs.push(Run::Always(line.parts)),
        (Some(slot), _) => runs.push(Run::When(slot, line.parts)),
    }
}

fn line(statement: &Statement) -> Option<Line> {
    let when = statement.condition().ok()?;
    Some(Line { when, parts: statement.line.clone() })
}

/// A blank node with the lines that mention it, in the order in which they most likely sort.
fn blank_node(statements: &[Statement], number: usize) -> Option<BlankNode> {
    let node = Part::Blank(number);
    let mut mentions: Vec<&Statement> =
        statements.iter().filter(|one| one.mentions(&node)).collect();
    mentions.sort_by_key(|one| match one.subject[0] {
        Part::Blank(subject) if subject == number => 1,
        Part::Blank(_) => 2,
        _ => 0,
    });
    let lines: Vec<Line> = mentions.into_iter().map(line).collect::<Option<_>>()?;
    let varies = |part: &Part| matches!(part, Part::Slot(_) | Part::Evidence);
    if lines.iter().flat_map(|line| &line.parts).any(varies) {
        Some(BlankNode::Varying(lines))
    } else {
        BlankNode::constant(number, &lines)
    }
}

/// Whether what varies with evidence is said of evidence only, and of evidence nothing else.
fn evidence_keeps_to_itself(one: &Statement) -> bool {
    let of_evidence = one.subject == [Part::Evidence];
    one.object.iter().all(|part| match part {
        Part::Slot(slot) => slot.is_of_evidence() == of_evidence,
        Part::Blank(_) | Part::Evidence => !of_evidence,
        Part::Text(_) => true,
    })
}
