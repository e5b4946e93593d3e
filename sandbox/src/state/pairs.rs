//! Maps written as lists of pairs: JSON allows only text as a key.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) fn serialize<'map, M, S>(map: &'map M, serializer: S) -> Result<S::Ok, S::Error>
where
    &'map M: IntoIterator<Item: Serialize>,
    S: Serializer,
{
    serializer.collect_seq(map)
}

pub(crate) fn deserialize<'de, M, D>(deserializer: D) -> Result<M, D::Error>
where
    M: IntoIterator<Item: Deserialize<'de>> + FromIterator<<M as IntoIterator>::Item>,
    D: Deserializer<'de>,
{
    Vec::<M::Item>::deserialize(deserializer).map(|pairs| pairs.into_iter().collect())
}
