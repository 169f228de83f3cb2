"""Checkpoints of every family, loaded by one function.

A family is a folder here, with a module `loading`, which is a `Family` of load.py: `KINDS`, `check` and `load`. What a
scorer of it is called, can do, and how its answers are read stands in vqathinker/scorers. Everything behind that, from
slots to the page, knows a `LoadedModel` only: a model whose `forward` takes a cache and positions, and a processor with
`video_spec`, `scorer`, `asking` and `__call__`.
"""
