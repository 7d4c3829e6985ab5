"""What enterprises and people tell about themselves, and whether a policy's conditions hold. Pure: no tables, no web, no entries."""
