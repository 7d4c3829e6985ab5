"""Notices, measures and interpretations as files: read, split along their headings, made into draft entries."""
