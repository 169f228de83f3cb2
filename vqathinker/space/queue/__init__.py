"""Who may use the model, and when: visitors, their requests, the line, the model behind it."""
