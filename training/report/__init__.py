"""Tells what was measured: model card, tables, plots, the log that the page replays."""
