//! Puts names and answers into a template, and leaves no hole where one is not known.

/// Longest name that is used; longer ones are no names.
const LONGEST_NAME: usize = 40;

/// What may be put into a template.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values<'a> {
    /// For `{name}`.
    pub name: Option<&'a str>,
    /// For `{brand}`.
    pub brand: Option<&'a str>,
    /// For `{answer}`.
    pub answer: Option<&'a str>,
    /// For `{emoji}`.
    pub emoji: Option<&'a str>,
}

impl<'a> Values<'a> {
    fn of(&self, placeholder: &str) -> Option<Option<&'a str>> {
        match placeholder {
            "name" => Some(self.name.filter(|name| is_sayable(name))),
            "brand" => Some(self.brand.filter(|brand| !brand.trim().is_empty())),
            "answer" => Some(self.answer),
            "emoji" => Some(self.emoji),
            _ => None,
        }
    }
}

/// Fills a template. A placeholder without a value goes away together with the comma or space before it, so
/// that "Thanks, {name}!" becomes "Thanks!". Braces that are no placeholder stay. What is put in is not looked
/// at again.
pub fn fill(template: &str, values: Values<'_>) -> String {
    let mut filled = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, tail)| Some((values.of(name)?, tail)));
        match known {
            None => {
                filled.push('{');
                rest = after;
            }
            Some((Some(value), tail)) => {
                filled.push_str(value.trim());
                rest = tail;
            }
            Some((None, tail)) => {
                let kept = filled.trim_end_matches(' ').trim_end_matches(',').len();
                filled.truncate(kept);
                let is_start = filled.is_empty() || filled.ends_with(['\n', '¡', '¿']);
                rest = if is_start { tail.trim_start_matches([',', ' ']) } else { tail };
            }
        }
    }
    filled.push_str(rest);
    capitalised(filled.trim())
}

/// True when a template can be filled without leaving anything out, emoji aside.
pub fn can_fill(template: &str, values: Values<'_>) -> bool {
    ["name", "brand", "answer"].into_iter().all(|placeholder| {
        !template.contains(&format!("{{{placeholder}}}")) || values.of(placeholder).flatten().is_some()
    })
}

fn is_sayable(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_put_in_and_unknown_ones_leave_no_hole() {
        let known = Values { name: Some("Ana"), emoji: Some("💛"), ..Values::default() };
        assert_eq!(fill("Thanks, {name}! {emoji}", known), "Thanks, Ana! 💛");
        assert_eq!(fill("Thanks, {name}! {emoji}", Values::default()), "Thanks!");
        assert_eq!(fill("{name}, thanks", Values::default()), "Thanks");
        assert_eq!(fill("¡{name}, gracias!", Values::default()), "¡gracias!");
        assert_eq!(fill("Merci {name} !", Values::default()), "Merci !");
        assert_eq!(fill("Hi {name},\nhello", Values::default()), "Hi,\nhello");
    }

    #[test]
    fn what_is_put_in_cannot_add_placeholders() {
        let values = Values { name: Some("{brand}"), brand: Some("Acme"), ..Values::default() };
        assert_eq!(fill("Hi {name}", values), "Hi {brand}");
    }

    #[test]
    fn braces_that_are_no_placeholder_stay() {
        assert_eq!(fill("a {b} {c", Values::default()), "A {b} {c");
    }

    #[test]
    fn names_that_are_no_names_are_left_out() {
        let long = "x".repeat(41);
        for name in ["", "  ", "a\nb", &long] {
            assert_eq!(fill("Hi {name}", Values { name: Some(name), ..Values::default() }), "Hi");
        }
    }
}
