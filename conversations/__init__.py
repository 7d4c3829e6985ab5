"""One turn of a conversation, and the case it belongs to. Knows no HTTP framework and no channel's format."""
