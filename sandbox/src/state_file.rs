//! The file a sandbox goes on from: a header line (format, version, checksum), then the state as JSON.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{errors::SandboxError, state::World};

const FORMAT: &str = "troupe-sandbox-state";
/// Raised when the state takes a shape that cannot be read as the one before.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    sha256: String,
}

#[derive(Serialize)]
struct ToSave<'a> {
    clock_offset_micros: i64,
    world: &'a World,
}

/// What a state file holds.
#[derive(Deserialize)]
pub(crate) struct Saved {
    pub(crate) clock_offset_micros: i64,
    pub(crate) world: World,
}

/// The state as the file will hold it.
pub(crate) fn body(clock_offset_micros: i64, world: &World) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&ToSave { clock_offset_micros, world })?)
}

/// What tells one body from another; the header carries it.
pub(crate) fn checksum(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// Puts the body in the place of an earlier one; a reader sees the old file or the new one, never a part.
pub(crate) fn write(path: &Path, body: &[u8], checksum: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let header = Header { format: FORMAT.to_owned(), version: VERSION, sha256: checksum.to_owned() };
    let mut unfinished = OsString::from(path);
    unfinished.push(".new");
    let mut file = private_file(&unfinished)?;
    serde_json::to_writer(&mut file, &header)?;
    file.write_all(b"\n")?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

/// Makes the folder, if it is missing, for nobody but its owner: tokens and messages go into it.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private_file(path: impl AsRef<Path>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reads a state file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Saved>, SandboxError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(SandboxError::StateUnreadable { path: path.to_owned(), source }),
    };
    parse(&bytes).map(Some).map_err(|reason| SandboxError::StateDamaged { path: path.to_owned(), reason })
}

fn parse(bytes: &[u8]) -> Result<Saved, String> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("its header line is missing")?;
    let (header, body) = (&bytes[..end], &bytes[end + 1..]);
    let header: Header = serde_json::from_slice(header).map_err(|_| "its first line is no header")?;
    if header.format != FORMAT || header.version != VERSION {
        return Err(format!(
            "it holds {} version {}, not {FORMAT} version {VERSION}",
            header.format, header.version
        ));
    }
    if checksum(body) != header.sha256 {
        return Err("its content does not match its checksum".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("its content is not understood: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: u32, body: &[u8]) -> Vec<u8> {
        let header = Header { format: FORMAT.to_owned(), version, sha256: checksum(body) };
        let mut bytes = serde_json::to_vec(&header).unwrap();
        bytes.push(b'\n');
        bytes.extend_from_slice(body);
        bytes
    }

    fn reason(bytes: &[u8]) -> String {
        parse(bytes).err().unwrap()
    }

    #[test]
    fn what_was_saved_is_read_back() {
        let body = body(-7, &World::new(3, 9)).unwrap();
        assert_eq!(parse(&file(VERSION, &body)).unwrap().clock_offset_micros, -7);
    }

    #[test]
    fn a_file_of_another_version_is_named_as_such() {
        assert!(reason(&file(VERSION + 1, b"{}")).contains(&format!("version {}", VERSION + 1)));
    }

    #[test]
    fn every_single_changed_or_missing_byte_is_noticed() {
        let bytes = file(VERSION, &body(0, &World::new(3, 9)).unwrap());
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(parse(&changed).is_err(), "byte {index}");
            assert!(parse(&bytes[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn content_of_another_shape_is_refused_even_with_a_right_checksum() {
        assert!(reason(&file(VERSION, b"{\"world\":{}}")).contains("not understood"));
    }
}
