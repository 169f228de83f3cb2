"""The looks: a quiet theme with system fonts, so that the page asks nothing of the network."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

CSS = sorted(Path(__file__).parents[1].rglob("*.css"), key=lambda path: path.name)
SANS = ["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
GRAPHITE = gr.themes.Color(
    name="graphite", c50="#f6f6f4", c100="#eeeeeb", c200="#e0e0dc", c300="#c9c9c4", c400="#9a9b99", c500="#696b72",
    c600="#54575e", c700="#3a3d43", c800="#24272c", c900="#191b1f", c950="#111316",
)  # fmt: skip
TEAL = gr.themes.Color(
    name="teal", c50="#eef7f6", c100="#d5ebe8", c200="#aed8d3", c300="#7fbfb9", c400="#4fa39d", c500="#2f8780",
    c600="#216c67", c700="#1d5753", c800="#1a4644", c900="#183b39", c950="#0a2221",
)  # fmt: skip


def make_theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue=TEAL,
        secondary_hue=TEAL,
        neutral_hue=GRAPHITE,
        font=SANS,
        font_mono=MONO,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        block_radius="12px",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        link_text_color_hover_dark="*primary_200",
        link_text_color_visited_dark="*primary_300",
        link_text_color_active_dark="*primary_200",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_shadow="none",
        block_shadow_dark="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
    )
