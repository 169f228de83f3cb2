#!/usr/bin/env bash
# gradio[mcp] 6.31.0 with mcp 1.30.0: an app that sets GRADIO_TEMP_DIR after `import gradio` has its uploads in that folder,
# but what an MCP client sends along as a data: URI is written to the folder that was set at the import, and stays there
# when the app is closed. Guessed: both lie in the same folder. Besides, a tool's object arrives as Python shows it
# ("None", single quotes), not as JSON, and an input that is gr.JSON has the schema {"type": {}}, which is none.
# Output:
#   upload over HTTP     in the folder set after the import
#   data: URI over MCP   in the folder set at the import, left there
#   object over MCP      {'name': 'file.bin', 'nothing': None}
#   schema of gr.JSON    {}
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "gradio[mcp]==6.31.0" mcp==1.30.0
mkdir "$folder/before" "$folder/after"
cd "$folder"
GRADIO_ANALYTICS_ENABLED=False GRADIO_TEMP_DIR="$folder/before" "$folder/env/bin/python" - "$folder" <<'PYTHON'
import asyncio
import base64
import os
import sys
from pathlib import Path

import gradio as gr
import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

before, after = Path(sys.argv[1], "before"), Path(sys.argv[1], "after")
os.environ["GRADIO_TEMP_DIR"] = str(after)


def tell(file: str, options: dict | None = None) -> dict:
    return {"name": os.path.basename(file), "nothing": None}


with gr.Blocks() as app:
    box, more, told, go = gr.File(), gr.JSON(), gr.JSON(), gr.Button()
    go.click(tell, [box, more], told, api_name="tell")


async def ask(address: str) -> tuple[str, dict]:
    data = "data:application/octet-stream;base64," + base64.b64encode(b"sent along").decode()
    async with streamablehttp_client(f"{address}gradio_api/mcp/") as (read, write, _):
        async with ClientSession(read, write) as client:
            await client.initialize()
            [tool] = (await client.list_tools()).tools
            answer = await client.call_tool("tell", {"file": data})
            return answer.content[0].text, tool.inputSchema["properties"]["options"]["type"]


def holding(content: bytes) -> list[Path]:
    return [path for path in (*before.rglob("*"), *after.rglob("*")) if path.is_file() and path.read_bytes() == content]


_, address, _ = app.launch(prevent_thread_lock=True, quiet=True, mcp_server=True)
httpx.post(f"{address}gradio_api/upload", files={"files": ("a.bin", b"uploaded")}).raise_for_status()
text, schema = asyncio.run(ask(address))
app.close(verbose=False)
[uploaded] = holding(b"uploaded")
left = [path for path in holding(b"sent along") if path.is_relative_to(before)]
print("upload over HTTP     in the folder set", "after" if uploaded.is_relative_to(after) else "at", "the import")
print("data: URI over MCP  ", "in the folder set at the import, left there" if left else "not there")
print("object over MCP     ", text)
print("schema of gr.JSON   ", schema)
assert uploaded.is_relative_to(after) and left
assert text.endswith("'nothing': None}") and schema == {}
PYTHON
