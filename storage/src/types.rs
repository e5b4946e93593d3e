//! Values that the two databases store differently, and what must be made harmless before it is stored.

use std::borrow::Cow;
use std::error::Error;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{Decode, Encode, Type};
use tenants::clock::Timestamp;
use tenants::ports::PageRequest;
use uuid::Uuid;

/// A moment: `timestamptz` in PostgreSQL, integer microseconds since 1970 in SQLite.
///
/// Instagram's word decides some of our moments, so any number may come: moments outside the years 1 to 9999,
/// which PostgreSQL could refuse, are stored as the nearest moment inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

const FIRST_MOMENT: i64 = -62_135_596_800_000_000;
const LAST_MOMENT: i64 = 253_402_300_799_999_999;
/// 2000-01-01, from which PostgreSQL counts.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// A moment that every database can hold.
pub(crate) fn storable(moment: Timestamp) -> Timestamp {
    Timestamp::from_micros(moment.as_micros().clamp(FIRST_MOMENT, LAST_MOMENT))
}

impl Type<Sqlite> for Moment {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(found: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(found)
    }
}

impl Encode<'_, Sqlite> for Moment {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(storable(self.0).as_micros(), buffer)
    }
}

impl Decode<'_, Sqlite> for Moment {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_micros(<i64 as Decode<Sqlite>>::decode(value)?)))
    }
}

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(storable(self.0).as_micros() - POSTGRES_EPOCH, buffer)
    }
}

impl Decode<'_, Postgres> for Moment {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(<DateTime<Utc> as Decode<Postgres>>::decode(value)?.into()))
    }
}

/// A word of a closed set, stored as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

macro_rules! words_in {
    ($database:ty, $type_info:ty, $value:ident) => {
        impl<T> Type<$database> for Word<T> {
            fn type_info() -> $type_info {
                <str as Type<$database>>::type_info()
            }

            fn compatible(found: &$type_info) -> bool {
                <str as Type<$database>>::compatible(found)
            }
        }

        impl<'r, T> Decode<'r, $database> for Word<T>
        where
            T: FromStr,
            T::Err: Error + Send + Sync + 'static,
        {
            fn decode(value: $value<'r>) -> Result<Self, BoxDynError> {
                Ok(Self(<&str as Decode<$database>>::decode(value)?.parse()?))
            }
        }
    };
}
words_in!(Sqlite, SqliteTypeInfo, SqliteValueRef);
words_in!(Postgres, PgTypeInfo, PgValueRef);

/// A JSON document: `jsonb` in PostgreSQL, text in SQLite.
///
/// `jsonb` refuses the character U+0000, which a hostile sender can put into any text. Both databases therefore
/// store U+FFFD in its place. (The raw payload of an event is kept as text and is not changed.)
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Doc<T>(pub(crate) T);

impl<T: Serialize> Doc<T> {
    pub(crate) fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.0).map(without_escaped_nul)
    }
}

impl<T> Type<Sqlite> for Doc<T> {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }

    fn compatible(found: &SqliteTypeInfo) -> bool {
        <str as Type<Sqlite>>::compatible(found)
    }
}

impl<T: Serialize> Encode<'_, Sqlite> for Doc<T> {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.text()?, buffer)
    }
}

impl<T: DeserializeOwned> Decode<'_, Sqlite> for Doc<T> {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(<&str as Decode<Sqlite>>::decode(value)?)?))
    }
}

impl<T> Type<Postgres> for Doc<T> {
    fn type_info() -> PgTypeInfo {
        <sqlx::types::Json<T> as Type<Postgres>>::type_info()
    }

    fn compatible(found: &PgTypeInfo) -> bool {
        <sqlx::types::Json<T> as Type<Postgres>>::compatible(found)
    }
}

impl<T: Serialize> Encode<'_, Postgres> for Doc<T> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        /// The only version of the binary form there is.
        const JSONB_VERSION: u8 = 1;
        buffer.push(JSONB_VERSION);
        buffer.extend_from_slice(self.text()?.as_bytes());
        Ok(IsNull::No)
    }
}

impl<T: DeserializeOwned> Decode<'_, Postgres> for Doc<T> {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(<sqlx::types::Json<T> as Decode<Postgres>>::decode(value)?.0))
    }
}

/// Ids to compare a column with: an array in PostgreSQL, a JSON array of hexadecimal texts in SQLite. Used with
/// the words `among` and `not_among` of [`statements!`](crate::statement).
#[derive(Debug, Clone, Default)]
pub(crate) struct IdList(pub(crate) Vec<Uuid>);

impl IdList {
    /// As SQLite takes it.
    pub(crate) fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.0.iter().map(|id| id.simple()).collect::<Vec<_>>())
    }
}

impl FromIterator<Uuid> for IdList {
    fn from_iter<I: IntoIterator<Item = Uuid>>(ids: I) -> Self {
        Self(ids.into_iter().collect())
    }
}

impl Type<Sqlite> for IdList {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for IdList {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.json()?, buffer)
    }
}

impl Type<Postgres> for IdList {
    fn type_info() -> PgTypeInfo {
        <Vec<Uuid> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for IdList {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&self.0, buffer)
    }
}

/// Texts to compare a column with. Used with the word `text_among` of [`statements!`](crate::statement).
#[derive(Debug, Clone, Default)]
pub(crate) struct TextList(Vec<String>);

impl TextList {
    /// As SQLite takes it.
    pub(crate) fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.0)
    }
}

impl<'t> FromIterator<&'t str> for TextList {
    fn from_iter<I: IntoIterator<Item = &'t str>>(texts: I) -> Self {
        Self(texts.into_iter().map(|item| text(item).into_owned()).collect())
    }
}

impl Type<Sqlite> for TextList {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for TextList {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.json()?, buffer)
    }
}

impl Type<Postgres> for TextList {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for TextList {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&self.0, buffer)
    }
}

/// A text that both databases can hold: PostgreSQL knows no U+0000, so U+FFFD is stored in its place.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// [`text`] for what may be absent.
pub(crate) fn maybe_text(value: &Option<String>) -> Option<Cow<'_, str>> {
    value.as_deref().map(text)
}

/// Puts U+FFFD in the place of every U+0000 of a JSON text, where it can occur only as the escape `\u0000`.
fn without_escaped_nul(json: String) -> String {
    if !json.contains("\\u0000") {
        return json;
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        clean.push_str(before);
        // Escapes are looked at one by one: in `\\u0000` the first backslash escapes the second.
        rest = if let Some(after) = escape.strip_prefix("\\u0000") {
            clean.push('\u{fffd}');
            after
        } else {
            let (pair, after) = escape.split_at(2);
            clean.push_str(pair);
            after
        };
    }
    clean.push_str(rest);
    clean
}

/// The id below which a page lies: any id is below the greatest.
pub(crate) fn before(page: PageRequest) -> Uuid {
    page.before.unwrap_or(Uuid::max())
}

/// A count that the domain holds in 32 bits; negative or larger numbers are cut.
pub(crate) fn count(stored: i64) -> u32 {
    u32::try_from(stored.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_in_json_is_replaced_and_an_escaped_backslash_before_u0000_is_not() {
        let hostile = serde_json::json!({"a\0b": ["\0", "\\u0000", "\\\0", "plain"]});
        let clean: serde_json::Value = serde_json::from_str(&Doc(&hostile).text().unwrap()).unwrap();
        assert_eq!(clean, serde_json::json!({"a\u{fffd}b": ["\u{fffd}", "\\u0000", "\\\u{fffd}", "plain"]}));
    }

    #[test]
    fn moments_that_no_calendar_holds_become_the_nearest_that_both_databases_hold() {
        assert_eq!(storable(Timestamp::from_micros(i64::MAX)).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(storable(Timestamp::from_micros(i64::MIN)).to_string(), "0001-01-01T00:00:00.000000Z");
        let ordinary = Timestamp::from_micros(1_763_690_000_123_456);
        assert_eq!(storable(ordinary), ordinary);
    }
}
