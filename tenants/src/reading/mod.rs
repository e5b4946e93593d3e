//! How JSON that people send is read: an object only from an object, and what is wrong is said in words for people.
//!
//! What serde derives takes a list for an object whose members are given by position, at every depth. Nobody means that,
//! and what is stored then is not what was meant; so a list in the place of an object is refused, wherever it stands.
//!
//! Objects one of whose members says of which kind they are (`{"do": "tag", …}`) are kept aside by serde before they are
//! read, so what stands *within* them is read by serde alone. They themselves are guarded here. None of ours holds an object
//! within; `no_body_takes_a_list_for_an_object` (`runtime/tests/http/bodies.rs`) finds it if one ever does.

mod wording;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{de::DeserializeOwned, forward_to_deserialize_any};
use serde_json::{Map, Value};

use self::wording::is_tagged;
pub use self::wording::{Wrong, one_of};

/// Where something is wrong, and what.
#[derive(Debug)]
pub struct Unreadable {
    /// Such as `actions[0].tag`; empty for the whole.
    pub field: String,
    /// In words for people.
    pub problem: String,
}

/// Reads a document.
///
/// # Errors
/// Names the field that is not what is expected.
pub fn read<T: DeserializeOwned>(document: Value) -> Result<T, Unreadable> {
    T::deserialize(Strict(document))
        .map_err(|wrong| Unreadable { problem: wrong.to_string(), field: wrong.place })
}

/// A value, with everything in it, that is not taken for what it is not.
struct Strict(Value);

impl Strict {
    fn refuse<T>(&self, expected: &dyn serde::de::Expected) -> Result<T, Wrong> {
        Err(Wrong::invalid_type(kind_of(&self.0), expected))
    }
}

fn kind_of(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(it) => Unexpected::Bool(*it),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(it), _) => Unexpected::Unsigned(it),
            (None, Some(it)) => Unexpected::Signed(it),
            (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

/// The items of a list; whatever is wrong with one is told with its position.
struct Items(std::iter::Enumerate<std::vec::IntoIter<Value>>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Wrong> {
        let Some((index, item)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Strict(item)).map(Some).map_err(|wrong| wrong.at(index))
    }
}

/// The members of an object; whatever is wrong with one is told with its name.
struct Members {
    coming: serde_json::map::IntoIter,
    /// The one whose name was read and whose value was not.
    begun: Option<(String, Value)>,
}

impl Members {
    fn of(map: Map<String, Value>) -> Self {
        Self { coming: map.into_iter(), begun: None }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Wrong> {
        let Some((name, value)) = self.coming.next() else { return Ok(None) };
        let key = seed.deserialize(Strict(Value::String(name.clone()))).map_err(|wrong| wrong.within(&name));
        self.begun = Some((name, value));
        key.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        let (name, value) =
            self.begun.take().ok_or_else(|| Wrong::custom("a value was asked for before its name"))?;
        seed.deserialize(Strict(value)).map_err(|wrong| wrong.within(&name))
    }
}

fn visit_list<'de, V: Visitor<'de>>(list: Vec<Value>, visitor: V) -> Result<V::Value, Wrong> {
    let (length, mut items) = (list.len(), Items(list.into_iter().enumerate()));
    let value = visitor.visit_seq(&mut items)?;
    match items.0.len() {
        0 => Ok(value),
        left => Err(Wrong::invalid_length(length, &format!("a list of {} items", length - left).as_str())),
    }
}

fn visit_object<'de, V: Visitor<'de>>(map: Map<String, Value>, visitor: V) -> Result<V::Value, Wrong> {
    visitor.visit_map(Members::of(map))
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(it) => visitor.visit_bool(it),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(it), _) => visitor.visit_u64(it),
                (None, Some(it)) => visitor.visit_i64(it),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(_) if is_tagged(&visitor) => self.refuse(&visitor),
            Value::Array(list) => visit_list(list, visitor),
            Value::Object(map) => visit_object(map, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Object(map) => visit_object(map, visitor),
            _ => self.refuse(&visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_struct("", &[], visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(text) => StringDeserializer::new(text).deserialize_enum(name, variants, visitor),
            Value::Object(map) if map.len() == 1 => {
                MapAccessDeserializer::new(Members::of(map)).deserialize_enum(name, variants, visitor)
            }
            _ => self.refuse(&one_of(variants).as_str()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Cake {
        name: String,
        layers: Option<u32>,
        by_day: BTreeMap<Day, Vec<Part>>,
        top: Option<Box<Cake>>,
        finish: Vec<Finish>,
        price: Price,
    }

    #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    #[serde(rename_all = "snake_case")]
    enum Day {
        Monday,
        Friday,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Part {
        grams: i8,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    struct Price(f32);

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(tag = "do", rename_all = "snake_case")]
    enum Finish {
        Write { words: String },
        Glaze,
    }

    fn told(document: Value) -> String {
        let Unreadable { field, problem } = read::<Cake>(document).unwrap_err();
        format!("{field}: {problem}")
    }

    #[test]
    fn what_is_right_is_read_at_every_depth() {
        let cake: Cake = read(json!({
            "name": "Sacher", "layers": 2, "price": 4, "by_day": { "friday": [{ "grams": -1 }] },
            "top": { "layers": null }, "finish": [{ "do": "write", "words": "Ana" }, { "do": "glaze" }],
        }))
        .unwrap();
        assert_eq!((cake.layers, cake.price), (Some(2), Price(4.0)));
        assert_eq!(cake.by_day[&Day::Friday], [Part { grams: -1 }]);
        assert_eq!(cake.top.unwrap().layers, None);
        assert_eq!(cake.finish, [Finish::Write { words: "Ana".to_owned() }, Finish::Glaze]);
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        for (document, field) in [
            (json!(["Sacher"]), ""),
            (json!({ "top": ["Sacher", 2] }), "top"),
            (json!({ "top": { "top": [] } }), "top.top"),
            (json!({ "by_day": [] }), "by_day"),
            (json!({ "by_day": { "friday": [{ "grams": 1 }, [1]] } }), "by_day.friday[1]"),
            (json!({ "finish": [["write", "Ana"]] }), "finish[0]"),
        ] {
            assert_eq!(
                told(document.clone()),
                format!("{field}: must be an object, not a list"),
                "{document}"
            );
        }
    }

    #[test]
    fn what_is_expected_is_said_in_words_of_people() {
        for (document, words) in [
            (json!({ "layers": -1 }), "layers: must be a whole number from 0 to 4294967295, not -1"),
            (
                json!({ "layers": "two" }),
                "layers: must be a whole number from 0 to 4294967295, not the text `two`",
            ),
            (
                json!({ "by_day": { "monday": [{ "grams": 1.5 }] } }),
                "by_day.monday[0].grams: must be a whole number from -128 to 127, not 1.5",
            ),
            (
                json!({ "by_day": { "monday": [{}] } }),
                "by_day.monday[0].grams: is missing, and cannot be left out",
            ),
            (
                json!({ "by_day": { "sunday": [] } }),
                "by_day.sunday: `sunday` is not possible here: use `monday` or `friday`",
            ),
            (json!({ "name": null }), "name: must be a text, not `null`"),
            (json!({ "price": "free" }), "price: must be a number, not the text `free`"),
            (json!({ "finish": {} }), "finish: must be a list, not an object"),
            (
                json!({ "shape": 1 }),
                "shape: there is no field `shape`: use `name`, `layers`, `by_day`, `top`, `finish` or `price`",
            ),
        ] {
            assert_eq!(told(document), words);
        }
    }
}
