"""Tests of gaps, answer bank, topics and figures."""
