"""Parts that several tabs show: score card, thumbnails, charts, records, texts, looks."""
