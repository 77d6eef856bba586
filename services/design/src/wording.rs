use design_domain::Content;
use kernel::Class;
use openbadges::lint::{Text, check_text};
use runtime::status;
use tonic::Status;

/// Refuses words that no credential may hold: now, to their author, and not when the badge is
/// awarded.
///
/// # Errors
/// `INVALID_INPUT`.
pub(crate) fn check(content: &Content) -> Result<(), Status> {
    let Content { name, description, criteria, artwork, tags, alignments, .. } = content;
    check_one("/content/name", name, Text::Line)?;
    check_one("/content/description", description, Text::Plain)?;
    if let Some(narrative) = &criteria.narrative {
        check_one("/content/criteriaNarrative", narrative, Text::Markdown)?;
    }
    if let Some(artwork) = artwork {
        check_one("/content/artworkCaption", &artwork.caption, Text::Plain)?;
    }
    for tag in tags {
        check_one("/content/tags", tag, Text::Line)?;
    }
    for alignment in alignments {
        let lines = [&alignment.target_code, &alignment.target_framework].into_iter().flatten();
        for line in lines.chain([&alignment.target_name]) {
            check_one("/content/alignments", line, Text::Line)?;
        }
        if let Some(description) = &alignment.target_description {
            check_one("/content/alignments", description, Text::Plain)?;
        }
    }
    Ok(())
}

fn check_one(path: &str, text: &str, expected: Text) -> Result<(), Status> {
    let Some(finding) = check_text(path, text, expected).into_iter().next() else { return Ok(()) };
    let message = format!("the text {}", finding.fault.message);
    Err(status::rejected("INVALID_INPUT", Class::Invalid, &message, Some(path), &[]))
}
