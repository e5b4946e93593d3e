//! Puts the author's and the brand's name into a rule's text, and leaves no hole where one is not known.

/// Fills `{name}` and `{brand}`. One without a value goes away with the comma or space before it; other braces
/// stay as they are. What is put in is not looked at again.
pub(super) fn fill(template: &str, name: Option<&str>, brand: Option<&str>) -> String {
    let value_of = |placeholder: &str| match placeholder {
        "name" => Some(name),
        "brand" => Some(brand),
        _ => None,
    };
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let placeholder = after.split_once('}').and_then(|(word, tail)| Some((value_of(word)?, tail)));
        match placeholder {
            None => {
                filled.push('{');
                rest = after;
            }
            Some((Some(value), tail)) => {
                filled.push_str(value);
                rest = tail;
            }
            Some((None, tail)) => {
                let kept = filled.trim_end_matches(' ').trim_end_matches(',').len();
                filled.truncate(kept);
                rest = if filled.is_empty() { tail.trim_start_matches([',', ' ']) } else { tail };
            }
        }
    }
    filled.push_str(rest);
    filled.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn names_are_put_in_and_unknown_ones_leave_no_hole() {
        let cases = [
            ("Hi {name}, this is {brand}.", Some("@ana"), Some("Acme"), "Hi @ana, this is Acme."),
            ("Thanks, {name}!", None, None, "Thanks!"),
            ("{name}, thanks", None, None, "thanks"),
            ("{price} { {name}", Some("ana"), None, "{price} { ana"),
            ("Hi {name}", Some("{brand}"), Some("Acme"), "Hi {brand}"),
        ];
        for (template, name, brand, expected) in cases {
            assert_eq!(fill(template, name, brand), expected);
        }
    }
}
