"""From files of others to entries: read rows, map them by a profile, write them in short batches."""
