"""Pages that show what the records tell: gaps, answer bank, topics, figures."""
