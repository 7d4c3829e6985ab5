"""The live desk of the hotline's agents: lists, conversations, suggestions, and what agents do with them. Knows no web."""
