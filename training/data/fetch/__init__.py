"""Gets the data: from repositories, packages and a download of yours into DATA_DIR."""
