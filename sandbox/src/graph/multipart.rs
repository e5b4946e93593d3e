//! Just enough multipart for parameters: text fields are read, files are passed over.

/// The boundary named by a content type, if it is multipart.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let rest = content_type.strip_prefix("multipart/form-data")?;
    let value = rest.split(';').map(str::trim).find_map(|part| part.strip_prefix("boundary="))?;
    Some(value.trim_matches('"').to_owned()).filter(|boundary| !boundary.is_empty())
}

/// Name and text of every field that is no file.
pub(crate) fn fields(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let delimiter = format!("--{boundary}");
    text.split(delimiter.as_str()).filter_map(field).collect()
}

fn field(part: &str) -> Option<(String, String)> {
    let (head, value) = part.split_once("\r\n\r\n")?;
    let disposition =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    if disposition.contains("filename=") {
        return None;
    }
    let name = disposition.split("name=\"").nth(1)?.split('"').next()?;
    Some((name.to_owned(), value.strip_suffix("\r\n").unwrap_or(value).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fields_are_read_and_files_passed_over() {
        let boundary = boundary("multipart/form-data; boundary=\"xyz\"").unwrap();
        let body = "--xyz\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhi\r\nthere\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nPNG\r\n--xyz--\r\n";
        assert_eq!(fields(body.as_bytes(), &boundary), [("message".to_owned(), "hi\r\nthere".to_owned())]);
    }

    #[test]
    fn garbage_yields_no_fields() {
        assert!(fields(b"--xyz\r\nnothing", "xyz").is_empty());
        assert!(boundary("application/json").is_none());
    }
}
