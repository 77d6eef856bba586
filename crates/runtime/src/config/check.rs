//! Every problem of a configuration at once, each with its key.

use std::collections::HashMap;

use config::{Map, Value, ValueKind};

use super::{Config, ConfigError, Flags};

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Which, such as `log.level`; the section where several settings do not go together.
    pub key: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

type Table = Map<String, Value>;

impl Config {
    /// The configuration by these flags, or everything that is wrong with it.
    ///
    /// # Errors
    /// The problems, at least one.
    pub fn check(flags: &Flags) -> Result<Self, Vec<Problem>> {
        Self::check_sources(flags, super::environment())
    }

    fn check_sources(flags: &Flags, env: HashMap<String, String>) -> Result<Self, Vec<Problem>> {
        let whole = |error: config::ConfigError| {
            vec![Problem { key: "the file".to_owned(), problem: error.to_string() }]
        };
        let sources = Self::sources(flags, env).map_err(whole)?;
        let table: Table = sources.try_deserialize().map_err(whole)?;
        let problems = problems(&table);
        if problems.is_empty() {
            Self::of(table).map_err(|error| told("the settings together", &error))
        } else {
            Err(problems)
        }
    }

    fn of(table: Table) -> Result<Self, ConfigError> {
        let mut config: Self = Value::from(table).try_deserialize()?;
        config.complete()?;
        Ok(config)
    }
}

/// What is wrong with each section, as it stands among those that are right by themselves: some
/// settings are right only beside others.
fn problems(table: &Table) -> Vec<Problem> {
    let alone = |section: &str| table.get_key_value(section).map(own).into_iter().collect();
    let mut sections: Vec<&str> = table.keys().map(String::as_str).collect();
    sections.sort_unstable();
    let (right, wrong): (Vec<&str>, Vec<&str>) =
        sections.into_iter().partition(|section| Config::of(alone(section)).is_ok());
    let right: Table =
        table.iter().filter(|(key, _)| right.contains(&key.as_str())).map(own).collect();
    let mut problems = Vec::new();
    for section in wrong {
        let Some(value) = table.get(section) else { continue };
        let among = |value: Value| {
            let mut table = right.clone();
            table.insert(section.to_owned(), value);
            Config::of(table).err()
        };
        let Some(error) = among(value.clone()) else { continue };
        let found = match &value.kind {
            ValueKind::Table(members) => of_members(section, members, among),
            _ => Vec::new(),
        };
        problems.extend(if found.is_empty() { told(section, &error) } else { found });
    }
    problems
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// What is wrong with each setting of a section, whatever else the section lacks.
fn of_members(
    section: &str,
    members: &Table,
    among: impl Fn(Value) -> Option<ConfigError>,
) -> Vec<Problem> {
    let mut names: Vec<_> = members.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    let mut problems = Vec::new();
    for member in names {
        let only: Table = [own(member)].into_iter().collect();
        if let Some(error) = among(only.into()).filter(|error| !lacking(error)) {
            problems.extend(told(&format!("{section}.{}", member.0), &error));
        }
    }
    problems
}

/// Whether something else is missing, which is no fault of the setting that was looked at.
fn lacking(error: &ConfigError) -> bool {
    let said = said(error);
    said.contains("missing") && said.contains("field")
}

fn told(key: &str, error: &ConfigError) -> Vec<Problem> {
    vec![Problem { key: key.to_owned(), problem: said(error) }]
}

fn said(error: &ConfigError) -> String {
    match error {
        ConfigError::Unreadable(error) => error.to_string(),
        ConfigError::Invalid { problem, .. } => (*problem).to_owned(),
        other @ ConfigError::File { .. } => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str) -> Result<Config, Vec<Problem>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("laurel.toml");
        std::fs::write(&path, file).unwrap();
        let flags = Flags { config: Some(path), ..Flags::default() };
        Config::check_sources(&flags, HashMap::new())
    }

    fn keys(file: &str) -> Vec<String> {
        let mut keys: Vec<_> = check(file).unwrap_err().into_iter().map(|it| it.key).collect();
        keys.sort();
        keys
    }

    #[test]
    fn every_problem_is_told_with_its_key() {
        let file = "listen = 'nowhere'\nlistne = 1\npublic_url = 'http://badges.example.org'\n\
                    [log]\ncolour = true\nformat = 'xml'\n[limits]\nartwork_bytes = 1\n\
                    [[oidc]]\nissuer = 'http://id.example.org'\naudience = 'us'";
        let expected = [
            "limits.artwork_bytes",
            "listen",
            "listne",
            "log.colour",
            "log.format",
            "oidc",
            "public_url",
        ];
        assert_eq!(keys(file), expected);
        let problems = check("[log]\ncolour = true").unwrap_err();
        assert!(problems[0].problem.contains("level"), "it says what would be right: {problems:?}");
    }

    #[test]
    fn settings_that_lack_another_are_told_by_their_section() {
        assert_eq!(keys("[tls]\nlisten = '127.0.0.1:8443'"), ["tls"]);
    }

    #[test]
    fn what_is_no_toml_is_one_problem_and_what_is_right_is_none() {
        assert_eq!(keys("listen ="), ["the file"]);
        assert_eq!(check("listen = '127.0.0.1:7'").unwrap().listen.port(), 7);
    }
}
