//! Query parameters.

use std::borrow::Cow;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::value::{CowStrDeserializer, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use tenants::reading::Wrong;

use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

/// The query, read as `T`. Parameters that no argument of a handler reads are refused before, by what is described of the
/// route: see `crate::http::parameters`.
#[derive(Debug)]
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for QueryOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &AppState) -> Result<Self, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (Text(name), Text(value)));
    serde_path_to_error::deserialize(MapDeserializer::new(pairs)).map_err(|error| {
        let place = error.path().to_string();
        let wrong = error.into_inner();
        let name = if wrong.place.is_empty() { place } else { wrong.place.clone() };
        let problem = Problem::new(
            ProblemKind::MalformedRequest,
            match name.as_str() {
                "." => wrong.to_string(),
                _ => format!("{name}: {wrong}"),
            },
        );
        if name == "." { problem } else { problem.with("parameter", name) }
    })
}

/// A name or a value. Everything is a text here, so numbers are read from it where numbers are expected.
struct Text<'q>(Cow<'q, str>);

impl<'de> IntoDeserializer<'de, Wrong> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Text<'_> {
    fn parsed<T: FromStr>(&self, expected: &dyn serde::de::Expected) -> Result<T, Wrong> {
        self.0.parse().map_err(|_| Wrong::invalid_value(Unexpected::Str(&self.0), expected))
    }
}

macro_rules! parse {
    ($($method:ident $visit:ident)+) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let value = self.parsed(&visitor)?;
            visitor.$visit(value)
        }
    )+ };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        CowStrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    parse! {
        deserialize_bool visit_bool
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_f32 visit_f32
        deserialize_f64 visit_f64
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Search {
        q: Option<String>,
        limit: Option<u32>,
        newest: Option<bool>,
    }

    #[test]
    fn a_query_is_read_and_what_is_wrong_is_said_in_words_of_people() {
        let search: Search = read("q=caf%C3%A9+au+lait&limit=5&newest=true").unwrap();
        assert_eq!(
            (search.q.as_deref(), search.limit, search.newest),
            (Some("café au lait"), Some(5), Some(true))
        );
        for (query, words) in [
            ("limit=many", "limit: must be a whole number from 0 to 4294967295, not the text `many`"),
            ("limit=", "limit: must be a whole number from 0 to 4294967295, not the text ``"),
            ("newest=1", "newest: must be `true` or `false`, not the text `1`"),
            ("limit=1&limit=2", "`limit` is given twice: leave one out"),
        ] {
            let told = read::<Search>(query).unwrap_err();
            assert!(told.detail().ends_with(words), "{query}: {}", told.detail());
        }
    }
}
