"""The page: header, tabs and the endpoints for programs."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import replace
from importlib.util import find_spec
from typing import NoReturn

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from gradio.http_server import INITIAL_PORT_VALUE, TRY_NUM_PORTS
from starlette.middleware import Middleware

from ..bundled import checkpoint_folder
from ..errors import VQAThinkerError
from ..heap import few_arenas, give_back
from .about import about_page, measured_caveat
from .banner import build_banner
from .compare.tab import build_compare_tab
from .history.tab import build_learned_tab
from .lab.tab import LAB_TAB_ID as LAB
from .lab.tab import build_lab_tab, open_shared
from .queue.model import Model
from .queue.requests import Wishes
from .rate.tab import build_rate_tab
from .server.api import add_endpoints
from .server.assets import Assets
from .server.calls import Calls
from .server.page import Page
from .server.service import GateMiddleware, Service
from .server.stopping import Stop, end, leave_at_once
from .server.tools import mend_tools
from .server.uploads import Uploads
from .settings import Settings
from .widgets import markup, texts
from .widgets.parts import PICK, html
from .widgets.records import load_examples, load_rated
from .widgets.theme import CSS, make_theme

GRACE_S = 1
"""How long open connections are waited for at the end."""
MOST_QUEUED, SPARE_THREADS = 512, 32
"""Requests that Gradio holds: far more than may be in the line, so that all others are refused with a sentence; and
threads for everything that does not wait in the line."""
OPEN_LAB = f"() => ({{__type__: 'update', selected: '{LAB}'}})"


def build(settings: Settings, uploads: Uploads) -> tuple[Page, Model]:
    """The whole page and its model, which is loaded in the background from here on."""
    model, to_rate, to_compare, to_follow, to_follow_both = Model(settings), Wishes(), Wishes(), Wishes(), Wishes()
    checkpoint = checkpoint_folder(settings.model)
    expected = measured_caveat(checkpoint)
    with Page(title=texts.TITLE, analytics_enabled=False, fill_width=False) as page:
        page.calls = Calls(uploads.folder, settings.urls, bool(settings.beside_model))
        build_banner(model, page, expected)
        rollouts_state = gr.State([])
        with gr.Tabs():  # named, so that who opens a tab from elsewhere, and every client, finds it
            with gr.Tab("Rate"):
                teachers = html("teachers", markup.to_lab(), js_on_load=PICK)
                build_rate_tab(model, to_rate, to_follow, settings, rollouts_state, expected)
            with gr.Tab("Compare"):
                build_compare_tab(model, to_compare, to_follow_both, settings)
            lab = build_lab_tab(rollouts_state, settings)
            open_shared(page, lab)
            teachers.click(None, None, lab.parent, js=OPEN_LAB, api_visibility="private")
            build_learned_tab(settings.model)
            with gr.Tab("About"):
                gr.Markdown(about_page(settings, checkpoint), elem_id="about")
        add_endpoints(model)

        def leave(request: gr.Request) -> None:
            for wishes in (to_rate, to_compare, to_follow, to_follow_both):
                wishes.forget(request.session_hash or "")

        page.unload(leave)
    return page, model


def placed(settings: Settings) -> Settings:
    """The settings with a port that is free, so that the page knows its address. Raises VQAThinkerError."""
    host = settings.host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    anywhere = range(INITIAL_PORT_VALUE, INITIAL_PORT_VALUE + TRY_NUM_PORTS)
    for port in anywhere if settings.port is None else (settings.port,):
        with contextlib.suppress(OSError), socket.create_server((host.strip("[]"), port), family=family):
            return replace(settings, port=port)
    tried = f"{anywhere[0]} to {anywhere[-1]}" if settings.port is None else settings.port
    raise VQAThinkerError(f"{host} port {tried} cannot be used; choose another --port or --host")


def launch(settings: Settings) -> NoReturn:
    """Serve the page until Ctrl-C or SIGTERM, which end the process. Raises VQAThinkerError when it cannot begin."""
    few_arenas()
    settings = placed(settings)
    uploads = Uploads(settings.keep_s)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads.folder)
    with Stop() as stop:
        page, model = build(settings, uploads)
        page.queue(max_size=MOST_QUEUED)
        uploads.keep_swept(give_back)
        model.metrics.gauge("vqathinker_upload_bytes", "Bytes of uploads on the disk", uploads.bytes)
        try:
            _, address, _ = start_server(page, settings, Service(model, uploads, page.calls, settings.max_bytes))
            mend_tools(page.mcp_server_obj, page.calls)
            print(f"VQAThinker is at {address} (Ctrl-C stops it).", flush=True)
            page.server.config.timeout_graceful_shutdown = GRACE_S
            stop.wait()
        except (OSError, ValueError) as error:  # ValueError: Gradio gives itself some seconds to reach its own server
            raise VQAThinkerError(f"the page cannot be started: {error}") from error
        finally:
            end([model.close, lambda: page.close(verbose=False)], uploads.close)
    leave_at_once(0)


def shown_files(settings: Settings) -> list[dict]:
    """The clips and pictures that the page itself shows."""
    return [*load_examples(settings.examples), *load_rated(settings.examples)]


def start_server(page: Page, settings: Settings, service: Service) -> tuple:
    """Start the server in a thread of its own; what Gradio's launch returns."""
    return page.launch(
        prevent_thread_lock=True,
        quiet=True,
        server_name=settings.host,
        server_port=settings.port,
        theme=make_theme(),
        css_paths=CSS,
        allowed_paths=[str(settings.examples / entry["file"]) for entry in shown_files(settings)],
        max_file_size=settings.max_bytes,
        max_threads=settings.bounds.whole + SPARE_THREADS,
        app_kwargs={"middleware": [Middleware(GateMiddleware, service=service), Middleware(Assets)]},
        mcp_server=find_spec("mcp") is not None,
        footer_links=["api", "settings"],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        share=False,
        favicon_path=None,
    )
