"""Where users of other libraries find this one: transformers' Auto classes and pipelines, metrics, Ray Data."""
