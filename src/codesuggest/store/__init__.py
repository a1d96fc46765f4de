"""Where incidents, suggestions, confirmations and who did what are kept."""
