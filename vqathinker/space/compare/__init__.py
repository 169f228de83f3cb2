"""The tab that compares two videos."""
