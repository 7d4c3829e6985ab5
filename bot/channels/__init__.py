"""Channels: how messages arrive and replies leave."""
