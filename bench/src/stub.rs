//! nginx in the place of the language model and of the Graph API: the same for all sides, faster than any of them.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use crate::process::{Program, folder, free_port};
use crate::programs::Programs;

/// The running stub.
#[derive(Debug)]
pub struct Stub {
    url: String,
    // Ends before its folder goes.
    _program: Program,
    _folder: TempDir,
}

impl Stub {
    /// Starts nginx in a folder of its own.
    pub async fn start(programs: &Programs) -> anyhow::Result<Self> {
        let (folder, port) = (folder()?, free_port()?);
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(folder.path(), port))?;
        let mut command = Command::new(programs.nginx()?);
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).arg("-e").arg("stderr");
        let mut program = Program::start("nginx", command, folder.path())?;
        program.until_listens(port).await?;
        Ok(Self { url: format!("http://127.0.0.1:{port}"), _program: program, _folder: folder })
    }

    /// Its address, for both roles.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// One process without a master, so that killing it ends it. Every answer of the Graph API has an id of its own.
fn configuration(folder: &Path, port: u16) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {};\n", folder.join(kind).display()))
        .collect();
    format!(
        r#"daemon off;
master_process off;
pid {pid};
error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
{temporary}    server {{
        listen 127.0.0.1:{port} backlog=4096;
        default_type application/json;
        location = /v1/chat/completions {{
            return 200 '{{"id":"chat-1","object":"chat.completion","model":"small","choices":[{{"index":0,"message":{{"role":"assistant","content":"praise"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":60,"completion_tokens":1,"total_tokens":61}}}}';
        }}
        location / {{
            return 200 '{{"id":"${{connection}}_${{connection_requests}}","message_id":"m_${{connection}}_${{connection_requests}}","recipient_id":"1"}}';
        }}
    }}
}}
"#,
        pid = folder.join("nginx.pid").display(),
    )
}
