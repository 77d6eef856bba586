//! The link that puts an award on a profile of `LinkedIn`.

use std::fmt::Write;

use super::words::{self, Date};

/// What the form there is filled with.
pub(super) struct Certification<'a> {
    /// The badge.
    pub name: &'a str,
    /// Who issued it.
    pub organization: &'a str,
    /// When.
    pub issued: Option<&'a Date>,
    /// Until when it is good, if it ends.
    pub expires: Option<&'a Date>,
    /// The public page.
    pub url: &'a str,
    /// The award's id.
    pub id: &'a str,
}

impl Certification<'_> {
    /// The address of the filled form. Months count from 1.
    pub(super) fn link(&self) -> String {
        let mut link = String::with_capacity(400);
        link.push_str("https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&name=");
        words::encode(&mut link, self.name);
        link.push_str("&organizationName=");
        words::encode(&mut link, self.organization);
        if let Some(Date { year, month, .. }) = self.issued {
            let _ = write!(link, "&issueYear={year}&issueMonth={month}");
        }
        if let Some(Date { year, month, .. }) = self.expires {
            let _ = write!(link, "&expirationYear={year}&expirationMonth={month}");
        }
        link.push_str("&certUrl=");
        words::encode(&mut link, self.url);
        link.push_str("&certId=");
        words::encode(&mut link, self.id);
        link
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_month_is_counted_from_one_with_and_without_an_end() {
        for month in 1..=12 {
            let issued = words::date(&format!("2026-{month:02}-05T00:00:00Z")).unwrap();
            let expires = words::date(&format!("2028-{month:02}-05T00:00:00Z")).unwrap();
            for expires in [None, Some(&expires)] {
                let link = Certification {
                    name: "Müller & Söhne",
                    organization: "A?B",
                    issued: Some(&issued),
                    expires,
                    url: "https://b.example/c/award_1",
                    id: "award_1",
                }
                .link();
                let end = match expires {
                    Some(_) => format!("&expirationYear=2028&expirationMonth={month}"),
                    None => String::new(),
                };
                let expected = format!(
                    "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME\
                     &name=M%C3%BCller%20%26%20S%C3%B6hne&organizationName=A%3FB\
                     &issueYear=2026&issueMonth={month}{end}\
                     &certUrl=https%3A%2F%2Fb.example%2Fc%2Faward_1&certId=award_1"
                );
                assert_eq!(link, expected);
            }
        }
    }
}
