//! The virus scanner: ClamAV's daemon, asked over TCP with its command `INSTREAM`.
//!
//! When it is configured and does not answer, nothing is taken in: an unscanned file is never let through.

use std::io;
use std::path::Path;
use std::time::Duration;

use tenants::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::MediaError;
use super::inspect::Refusal;

/// Bytes of a piece.
const PIECE: usize = 64 << 10;
/// Longest answer that is read, in bytes.
const ANSWER: u64 = 4_096;

/// Where the scanner is.
#[derive(Debug, Clone)]
pub struct Clamd {
    /// `host:port`.
    pub address: String,
    /// Longest time for a file.
    pub timeout: Duration,
}

impl Clamd {
    /// Asks about a file.
    ///
    /// # Errors
    /// A refusal that names what was found, or that the scanner does not answer.
    pub async fn scan(&self, file: &Path, clock: &dyn Clock) -> Result<(), MediaError> {
        let answer = self.within(self.ask(file), clock).await?;
        verdict(&answer)
    }

    /// Asks whether the scanner is there.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ping(&self, clock: &dyn Clock) -> Result<(), MediaError> {
        let ask = async {
            let mut stream = TcpStream::connect(&self.address).await?;
            stream.write_all(b"zPING\0").await?;
            answer(&mut stream).await
        };
        match self.within(ask, clock).await?.as_str() {
            "PONG" => Ok(()),
            other => Err(unusable(format!("it says `{other}`"))),
        }
    }

    async fn within(
        &self,
        ask: impl Future<Output = io::Result<String>>,
        clock: &dyn Clock,
    ) -> Result<String, MediaError> {
        tokio::select! {
            answer = ask => answer.map_err(|error| MediaError::unavailable(WHAT, error)),
            () = clock.sleep(self.timeout) => Err(unusable("it took longer than it may".to_owned())),
        }
    }

    async fn ask(&self, file: &Path) -> io::Result<String> {
        let mut file = tokio::fs::File::open(file).await?;
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(b"zINSTREAM\0").await?;
        match send(&mut file, &mut stream).await {
            Ok(()) => answer(&mut stream).await,
            // It may have answered before it closed the connection: that the file is too large for it, for example.
            Err(error) => answer(&mut stream).await.ok().filter(|text| !text.is_empty()).ok_or(error),
        }
    }
}

const WHAT: &str = "the virus scanner does not answer";

fn unusable(problem: String) -> MediaError {
    MediaError::unavailable(WHAT, problem)
}

/// Pieces with their length in four bytes; a length of zero ends them.
async fn send(file: &mut tokio::fs::File, stream: &mut TcpStream) -> io::Result<()> {
    let mut piece = vec![0u8; PIECE];
    loop {
        let read = file.read(&mut piece).await?;
        stream.write_all(&(read as u32).to_be_bytes()).await?;
        if read == 0 {
            return stream.flush().await;
        }
        stream.write_all(&piece[..read]).await?;
    }
}

async fn answer(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    stream.take(ANSWER).read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_matches(['\0', '\n', ' ']).to_owned())
}

fn verdict(answer: &str) -> Result<(), MediaError> {
    let said = answer.strip_prefix("stream: ").unwrap_or(answer);
    if said == "OK" {
        return Ok(());
    }
    if let Some(name) = said.strip_suffix(" FOUND") {
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(100).collect();
        return Err(Refusal::new(format!(
            "the virus scanner found {name} in the file: clean it, or send another one"
        ))
        .into());
    }
    // Too large for its settings is a matter of the operator, not of whoever sends the file.
    Err(unusable(format!("it says `{}`", said.chars().take(200).collect::<String>())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_ok_lets_a_file_through() {
        assert!(verdict("stream: OK").is_ok());
        let found = verdict("stream: Eicar-Test-Signature FOUND").unwrap_err();
        assert!(matches!(&found, MediaError::Refused(why) if why.to_string().contains("Eicar")), "{found}");
        for unclear in
            ["", "stream: ", "INSTREAM size limit exceeded. ERROR", "UNKNOWN COMMAND", "stream: OK?"]
        {
            assert!(matches!(verdict(unclear), Err(MediaError::Unavailable { .. })), "{unclear}");
        }
    }
}
