"""What the records tell those who keep the knowledge: gaps, proposals for the answer bank, topics, figures. Knows no channel."""
