"""What transformers calls the cache of keys and values: `past_key_values` up to 5.23, `cache` from 5.24 on, which takes
the old name until 5.40. Our own code says `past_key_values`; what goes to its classes and comes back is named here."""

from __future__ import annotations

from dataclasses import fields

from transformers.modeling_outputs import BaseModelOutputWithPast

OLD, NEW = "past_key_values", "cache"
CACHE = NEW if NEW in {field.name for field in fields(BaseModelOutputWithPast)} else OLD


def with_cache_name(arguments: dict, name: str = CACHE) -> dict:
    """Arguments of a forward pass, with the cache under this name, whichever of the two it had.

    >>> with_cache_name({"past_key_values": None, "use_cache": True}, "cache")
    {'use_cache': True, 'cache': None}
    """
    other = OLD if name == NEW else NEW
    if other not in arguments:
        return arguments
    return {key: value for key, value in arguments.items() if key != other} | {name: arguments[other]}
