//! Field expansion: `id,from{id,username},comments.limit(5){text}`.

use serde_json::{Map, Value};

use super::errors::GraphError;
use crate::control::requests::Login;

/// Deeper expansions are refused.
const MAX_DEPTH: usize = 8;

/// One asked-for field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// `.limit(5)`, `.comment_id(X)`, in order.
    pub(crate) modifiers: Vec<(String, String)>,
    pub(crate) fields: Vec<Field>,
}

impl Field {
    pub(crate) fn modifier(&self, name: &str) -> Option<&str> {
        self.modifiers.iter().find(|(modifier, _)| modifier == name).map(|(_, value)| value.as_str())
    }

    /// Asked-for sub-fields, or the default ones.
    pub(crate) fn fields_or(&self, default: &[&str]) -> Vec<Field> {
        if self.fields.is_empty() { named(default) } else { self.fields.clone() }
    }
}

/// Plain fields by name.
pub(crate) fn named(names: &[&str]) -> Vec<Field> {
    let plain = |name: &&str| Field { name: (*name).to_owned(), modifiers: Vec::new(), fields: Vec::new() };
    names.iter().map(plain).collect()
}

/// Parses the `fields` parameter.
pub(crate) fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    let mut parser = Parser { rest: text };
    let fields = parser.list(0)?;
    if parser.rest.is_empty() { Ok(fields) } else { Err(GraphError::malformed_fields(parser.rest)) }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn list(&mut self, depth: usize) -> Result<Vec<Field>, GraphError> {
        if depth > MAX_DEPTH {
            return Err(GraphError::malformed_fields("too deep"));
        }
        let mut fields = Vec::new();
        loop {
            self.skip_spaces();
            let name = self.word();
            if !name.is_empty() {
                fields.push(self.field(name, depth)?);
            }
            self.skip_spaces();
            if !self.eat(',') {
                return Ok(fields);
            }
        }
    }

    fn field(&mut self, name: &str, depth: usize) -> Result<Field, GraphError> {
        let mut field = Field { name: name.to_owned(), modifiers: Vec::new(), fields: Vec::new() };
        while self.eat('.') {
            let modifier = self.word().to_owned();
            if !self.eat('(') {
                return Err(GraphError::malformed_fields(self.rest));
            }
            let end = self.rest.find(')').ok_or_else(|| GraphError::malformed_fields(self.rest))?;
            field.modifiers.push((modifier, self.rest[..end].to_owned()));
            self.rest = &self.rest[end + 1..];
        }
        if self.eat('{') {
            field.fields = self.list(depth + 1)?;
            if !self.eat('}') {
                return Err(GraphError::malformed_fields(self.rest));
            }
        }
        Ok(field)
    }

    fn word(&mut self) -> &'a str {
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let end = self.rest.find(|character| !is_word(character)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn eat(&mut self, character: char) -> bool {
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

/// What reading one field of a node gave.
pub(crate) enum Read {
    Value(Value),
    /// Nothing to show: the member is left out, as Meta does instead of `null`.
    Omitted,
    /// The node has no such field: the whole call fails.
    Unknown,
}

impl<T: Into<Value>> From<Option<T>> for Read {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Omitted, |value| Self::Value(value.into()))
    }
}

/// Renders a node; `id` is always there.
pub(crate) fn render(
    node_type: &str,
    login: Login,
    fields: &[Field],
    mut read: impl FnMut(&Field) -> Result<Read, GraphError>,
) -> Result<Value, GraphError> {
    let mut object = Map::new();
    let id = named(&["id"]);
    for field in fields.iter().chain(&id) {
        match read(field)? {
            Read::Value(value) => {
                object.insert(field.name.clone(), value);
            }
            Read::Omitted => {}
            Read::Unknown => return Err(GraphError::nonexisting_field(&field.name, node_type, login)),
        }
    }
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansions_modifiers_and_blanks_are_understood() {
        let fields = parse("id, from{id,username},comments.limit(5).after(X=){text,replies{id}}").unwrap();
        let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "from", "comments"]);
        assert_eq!(fields[1].fields.len(), 2);
        assert_eq!((fields[2].modifier("limit"), fields[2].modifier("after")), (Some("5"), Some("X=")));
        assert_eq!(fields[2].fields[1].fields[0].name, "id");
    }

    #[test]
    fn broken_expansions_are_refused_and_never_panic() {
        for broken in ["from{id", "a.limit(5", "a.limit", "a}b", "é", "a{b{c{d{e{f{g{h{i{j{k}}}}}}}}}}"] {
            assert_eq!(parse(broken).unwrap_err().code, 2500, "{broken}");
        }
        assert!(parse("").unwrap().is_empty());
        assert_eq!(parse(",,id,").unwrap().len(), 1);
    }
}
