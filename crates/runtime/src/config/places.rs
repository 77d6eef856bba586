use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::ConfigError;

/// Where the log, the read models and the keys are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Places {
    /// The log: embedded, or `kurrentdb://…` as the clients of KurrentDB take it.
    pub events: Place,
    /// A file that holds the same, for URLs with a password.
    pub events_file: Option<PathBuf>,
    /// The read models: embedded, or `redis://…`, `rediss://…`, `redis+sentinel://…`,
    /// `redis+cluster://…`.
    pub models: Place,
    /// A file that holds the same.
    pub models_file: Option<PathBuf>,
    /// The keys: embedded, or `https://…` of the key vault role.
    pub keys: Place,
}

/// Where one store is.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Place {
    /// In the data folder.
    #[default]
    Embedded,
    /// At a URL, which may hold a password and is never shown.
    At(String),
}

impl Place {
    /// The URL, if it is at one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Place::Embedded => None,
            Place::At(url) => Some(url),
        }
    }

    /// Reads a place from text.
    ///
    /// # Errors
    /// What is wrong with it, without quoting it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.trim() {
            "embedded" => Ok(Place::Embedded),
            url if url.contains("://") => Ok(Place::At(url.to_owned())),
            _ => Err("neither \"embedded\" nor a URL"),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Embedded => f.write_str("embedded"),
            Place::At(url) => {
                write!(f, "{}://…", url.split("://").next().unwrap_or_default())
            }
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Place::Embedded => to.serialize_str("embedded"),
            Place::At(url) => to.serialize_str(&super::without_secrets(url)),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Place::parse(&text).map_err(D::Error::custom)
    }
}

impl Places {
    /// Reads the files that are named, each in the place of what the configuration says itself.
    pub(super) fn read_files(&mut self) -> Result<(), ConfigError> {
        for (place, file, key) in [
            (&mut self.events, &self.events_file, "stores.events_file"),
            (&mut self.models, &self.models_file, "stores.models_file"),
        ] {
            let Some(path) = file else { continue };
            *place = Place::parse(&read(key, path)?)
                .map_err(|problem| ConfigError::Invalid { key, problem })?;
        }
        Ok(())
    }
}

/// What stands in a file that the configuration names under that key.
pub(super) fn read(key: &'static str, path: &Path) -> Result<String, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(ConfigError::File { key, path: path.to_owned(), source }),
    }
}
