//! Places: the Open Badges `Address` and `GeoCoordinates`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::set::{self, one_type};

/// An Open Badges 3.0 `Address`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Always an array; `Address` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_country: Option<String>,
    /// The country by ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_country_code: Option<String>,
    /// The region within the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_region: Option<String>,
    /// The locality within the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_locality: Option<String>,
    /// The street and the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// The post office box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_office_box_number: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo: Option<GeoCoordinates>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Address {
    /// Makes an address that has no member yet but its type.
    pub fn new() -> Self {
        Self {
            types: one_type("Address"),
            address_country: None,
            address_country_code: None,
            address_region: None,
            address_locality: None,
            street_address: None,
            post_office_box_number: None,
            postal_code: None,
            geo: None,
            extra: Map::new(),
        }
    }
}

impl Default for Address {
    fn default() -> Self {
        Self::new()
    }
}

/// Open Badges 3.0 `GeoCoordinates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GeoCoordinates {
    /// Always `GeoCoordinates`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Degrees north (WGS 84).
    pub latitude: Number,
    /// Degrees east (WGS 84).
    pub longitude: Number,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl GeoCoordinates {
    /// Makes the coordinates of a place.
    pub fn new(latitude: impl Into<Number>, longitude: impl Into<Number>) -> Self {
        Self {
            kind: "GeoCoordinates".to_owned(),
            latitude: latitude.into(),
            longitude: longitude.into(),
            extra: Map::new(),
        }
    }
}
