"""The tab that tells how the page's model learned."""
