"""The tab that rates one video."""
