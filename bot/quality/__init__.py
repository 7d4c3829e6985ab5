"""Figures on the whole assistant: intents, golden conversations, and what it refuses. Retrieval alone: `retrieval.evaluation`."""
