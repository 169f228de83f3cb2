"""The page: header, tabs and the endpoints for programs."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import replace
from importlib.util import find_spec

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from gradio.http_server import INITIAL_PORT_VALUE, TRY_NUM_PORTS

from ..bundled import checkpoint_folder
from ..errors import VQAThinkerError
from . import texts, views
from .about import about, caveat
from .api import add_endpoints
from .compare_tab import build_compare_tab
from .lab_tab import build_lab_tab, open_shared
from .learned_tab import build_learned_tab
from .model import Model
from .panel import html
from .rate_tab import build_rate_tab
from .settings import Settings
from .theme import CSS, make_theme
from .wishes import Wishes

CACHE_EVERY_S, CACHE_AGE_S = 900, 3600
GRACE_S, CLEANING_S = 3, 30
"""How long open connections are waited for at the end, and then for the uploads to be deleted."""


def build(settings: Settings) -> gr.Blocks:
    """The whole page; the model is loaded in the background from here on."""
    model, to_rate, to_compare = Model(settings), Wishes(), Wishes()
    checkpoint = checkpoint_folder(settings.model)
    with gr.Blocks(
        title=texts.TITLE, analytics_enabled=False, delete_cache=(CACHE_EVERY_S, CACHE_AGE_S), fill_width=False
    ) as page:
        html("header", views.header(settings.model, caveat(checkpoint)))
        rollouts_state = gr.State([])
        with gr.Tabs():  # named, so that who opens a tab from elsewhere, and every client, finds it
            with gr.Tab("Rate"):
                build_rate_tab(model, to_rate, settings, rollouts_state)
            with gr.Tab("Compare"):
                build_compare_tab(model, to_compare, settings)
            open_shared(page, build_lab_tab(rollouts_state))
            build_learned_tab(settings.model)
            with gr.Tab("About"):
                gr.Markdown(about(settings.model, settings.address, checkpoint), elem_id="about")
        add_endpoints(model)

        def leave(request: gr.Request) -> None:
            for wishes in (to_rate, to_compare):
                wishes.forget(request.session_hash or "")

        page.unload(leave)
    return page


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


def launch(settings: Settings) -> int:
    """Serve the page until it is stopped; returns the exit code for a shell."""
    settings = placed(settings)
    page = build(settings).queue(max_size=32)
    try:
        _, address, _ = page.launch(
            prevent_thread_lock=True,
            quiet=True,
            server_name=settings.host,
            server_port=settings.port,
            theme=make_theme(),
            css_paths=CSS,
            allowed_paths=[str(settings.examples)],
            max_file_size=settings.max_bytes,
            mcp_server=find_spec("mcp") is not None,
            footer_links=["api", "settings"],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            share=False,
            favicon_path=None,
        )
    except OSError as error:
        raise VQAThinkerError(str(error)) from error
    print(f"VQAThinker is at {address} (Ctrl-C stops it).", flush=True)
    page.server.config.timeout_graceful_shutdown = GRACE_S
    page.block_thread()
    page.server.thread.join(CLEANING_S)
    return 0
