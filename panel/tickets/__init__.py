"""工单: board, list, one ticket with its steps, filing for callers, ratings and the rectification of bad ones."""
